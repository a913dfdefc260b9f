"""Check the number, size and type of the files of an application document."""

from __future__ import annotations

import io
from collections.abc import Sequence

from django.core.files import File
from django.utils.translation import gettext_lazy as _

from cooperatives.models import DocumentContentType
from shop.core.errors import Refused
from shop.core.images.image_files import NotAPicture, inspect_picture

MAX_FILES = 6
MAX_DOCUMENT_BYTES = 10 * 1024 * 1024  # of all files, which are read and written at once
_SIGNATURES = (
    (b"%PDF-", DocumentContentType.PDF),
    (b"\xff\xd8", DocumentContentType.JPEG),
    (b"\x89PNG\r\n\x1a\n", DocumentContentType.PNG),
    (b"RIFF", DocumentContentType.WEBP),
)


class UnknownDocumentType(Refused):
    code = "unknown_document_type"
    default_message = _("Add photos (JPEG, PNG or WebP) or PDF files.")


class DocumentTooHeavy(Refused):
    code = "document_too_heavy"
    default_message = _("These files are larger than 10 MB together. Send fewer or smaller ones.")


class TooManyDocumentFiles(Refused):
    code = "too_many_document_files"
    default_message = _("Add at most six files.")


class NoDocumentFile(Refused):
    code = "no_document_file"
    default_message = _("Take or choose a photo, or choose a PDF file.")


def inspect_files(files: Sequence[File[bytes]]) -> list[DocumentContentType]:
    """Return the type of each file by its content.

    Raises NoDocumentFile, TooManyDocumentFiles, DocumentTooHeavy, UnknownDocumentType, PictureTooLarge.
    """
    if not files:
        raise NoDocumentFile(field="pages")
    if len(files) > MAX_FILES:
        raise TooManyDocumentFiles(field="pages")
    if sum(file.seek(0, io.SEEK_END) for file in files) > MAX_DOCUMENT_BYTES:
        raise DocumentTooHeavy(field="pages")
    return [_inspect_file(file) for file in files]


def _inspect_file(file: File[bytes]) -> DocumentContentType:
    file.seek(0)
    start = file.read(16)
    file.seek(0)
    content_type = next(
        (known_type for signature, known_type in _SIGNATURES if start.startswith(signature)), None
    )
    if content_type is None:
        raise UnknownDocumentType(field="pages")
    if content_type != DocumentContentType.PDF:
        try:
            inspect_picture(file)
        except NotAPicture as error:
            raise UnknownDocumentType(field="pages") from error
    return content_type
