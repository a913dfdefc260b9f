"""The form that sends a document of an application."""

from __future__ import annotations

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from cooperatives.actions.document_files import inspect_files
from cooperatives.models import DocumentContentType, DocumentKind
from shop.core.errors import Refused
from shop.core.web.file_fields import MultipleFileInput, uploaded_files
from shop.core.web.form_options import FormData, FormFiles
from shop.members.forms.fields import MembersForm

_HINTS = {
    DocumentKind.REGISTRATION: _("Every page of the cooperative's registration certificate."),
    DocumentKind.REPRESENTATIVE: _(
        "Both sides of the ID card, and the mandate if you are not the legal representative."
    ),
    DocumentKind.BANK_ACCOUNT: _(
        "A bank letter, a statement or a screenshot that shows bank, account number and holder."
    ),
    DocumentKind.FOOD_SAFETY: _(
        "The food safety certificate, a HACCP or ISO 22000 certificate, or the signed commitment of a small "
        "producer."
    ),
}


class FilesField(forms.FileField):
    """Photos and PDF files. The content of each is checked."""

    # The accepted types begin with a photo's, by which members.js knows which files to make smaller.
    widget = MultipleFileInput(attrs={"accept": ",".join(DocumentContentType.values)})

    def clean(self, data: object, initial: object = None) -> list[UploadedFile[bytes]]:
        uploads = uploaded_files(data)
        for upload in uploads:
            super().clean(upload, initial)
        try:
            inspect_files(uploads)
        except Refused as refused:
            raise forms.ValidationError(str(refused.message), code=refused.code) from refused
        return uploads


class DocumentForm(MembersForm):
    """The files of one document."""

    pages = FilesField(label=_("Photos or PDF"))

    def __init__(self, kind: DocumentKind, data: FormData = None, files: FormFiles = None) -> None:
        super().__init__(data, files, prefix=kind.value)
        self.fields["pages"].help_text = _HINTS[kind]
