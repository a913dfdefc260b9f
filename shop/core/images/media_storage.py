"""Storage of uploaded files and of the files made from them."""

from __future__ import annotations

from functools import lru_cache

from django.core.files.storage import FileSystemStorage
from django.utils.encoding import filepath_to_uri


class MediaStorage(FileSystemStorage):
    """Files below MEDIA_ROOT. A list page shows over a hundred URLs of pictures, so making one is cheap."""

    def url(self, name: str | None) -> str:
        """Return the URL of a file. `name` is relative, as all names that a storage returns."""
        return f"{self.base_url}{_quoted(name or '')}"


@lru_cache(maxsize=10_000)
def _quoted(name: str) -> str:
    return (filepath_to_uri(name) or "").lstrip("/")
