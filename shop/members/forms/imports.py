"""Forms for importing listings from a file."""

from __future__ import annotations

from enum import StrEnum
from typing import Unpack

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.models import ListingImport
from shop.core.spreadsheets.legacy_encodings import LegacyEncoding
from shop.core.spreadsheets.tables import FileEncoding
from shop.core.web.form_options import FormData, FormFiles, FormOptions
from shop.members.forms.fields import MembersForm

ENCODING_NAMES: dict[str, Promise] = {
    FileEncoding.UTF_8: _("Unicode (UTF-8)"),
    FileEncoding.UTF_16: _("Unicode (UTF-16)"),
    FileEncoding.XLSX: _("Excel, text as it is"),
    FileEncoding.SINGLE_BYTE: _("Western letters (Windows-1252)"),
    LegacyEncoding.TCVN3: _("TCVN3 (ABC), fonts named .Vn"),
    LegacyEncoding.VNI: _("VNI, fonts named VNI-"),
    LegacyEncoding.WINDOWS_1258: _("Vietnamese (Windows-1258)"),
}


class ImportFileForm(MembersForm):
    """A file of listings."""

    file = forms.FileField(
        label=_("File (CSV or XLSX)"),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.txt"}),
        error_messages={"required": _("Choose a file."), "empty": _("This file is empty.")},
    )


class EncodingForm(MembersForm):
    """The encoding of a file's texts, which is the recognised one or another."""

    encoding = forms.ChoiceField(label=_("Character encoding of the file"), widget=forms.RadioSelect)

    def __init__(
        self,
        data: FormData = None,
        files: FormFiles = None,
        *,
        listing_import: ListingImport,
        **options: Unpack[FormOptions],
    ) -> None:
        options.setdefault("initial", {"encoding": listing_import.encoding})
        super().__init__(data, files, **options)
        file_encodings: dict[str, tuple[StrEnum, ...]] = {
            FileEncoding.XLSX: (FileEncoding.XLSX, *LegacyEncoding),
            FileEncoding.UTF_16: (FileEncoding.UTF_16,),
        }
        encodings = file_encodings.get(
            _file_encoding(listing_import), (*LegacyEncoding, FileEncoding.SINGLE_BYTE)
        )
        self.set_choices("encoding", [(encoding, ENCODING_NAMES[encoding]) for encoding in encodings])


def _file_encoding(listing_import: ListingImport) -> str:
    """Return how the file itself is stored."""
    if bytes(listing_import.content[:2]) == b"PK":
        return FileEncoding.XLSX
    return listing_import.encoding
