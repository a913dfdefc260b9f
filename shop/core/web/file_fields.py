"""File fields that accept several files at once."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict

from shop.core.errors import Refused
from shop.core.images.image_files import inspect_picture
from shop.core.web.form_options import Label


class MultipleFileInput(forms.FileInput):
    """Returns the list of files. `uploaded_files` reads it."""

    allow_multiple_selected = True

    def value_from_datadict(
        self, data: Mapping[str, object], files: Mapping[str, object], name: str
    ) -> object:
        return files.getlist(name) if isinstance(files, MultiValueDict) else files.get(name)


def uploaded_files(data: object) -> list[UploadedFile[bytes]]:
    """Return the uploaded files among the values of a MultipleFileInput."""
    return [file for file in data if isinstance(file, UploadedFile)] if isinstance(data, list) else []


class PhotosField(forms.FileField):
    """Several photos, whose contents are checked. `too_many` is the error for more than `max_count` files."""

    widget = MultipleFileInput(attrs={"class": "input", "accept": "image/*"})

    def __init__(
        self, *, label: Label, max_count: int, too_many: Label, help_text: Label = "", required: bool = False
    ) -> None:
        super().__init__(label=label, help_text=help_text, required=required)
        self._max_count = max_count
        self._too_many = too_many

    def clean(self, data: object, initial: object = None) -> list[UploadedFile[bytes]]:
        uploads = uploaded_files(data)
        if len(uploads) > self._max_count:
            raise forms.ValidationError(self._too_many)
        for upload in uploads:
            super().clean(upload, initial)
            try:
                inspect_picture(upload)
            except Refused as refused:
                raise forms.ValidationError(str(refused.message), code=refused.code) from refused
        return uploads
