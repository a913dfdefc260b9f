"""A file input that accepts several files at once."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict


class MultipleFileInput(forms.FileInput):
    """Returns the list of files; `uploads_in` reads it."""

    allow_multiple_selected = True

    def value_from_datadict(
        self, data: Mapping[str, object], files: Mapping[str, object], name: str
    ) -> object:
        return files.getlist(name) if isinstance(files, MultiValueDict) else files.get(name)


def uploads_in(data: object) -> list[UploadedFile[bytes]]:
    """Return the uploaded files among the values of a MultipleFileInput."""
    return [file for file in data if isinstance(file, UploadedFile)] if isinstance(data, list) else []
