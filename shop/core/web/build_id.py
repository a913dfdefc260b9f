"""The build id: a digest of the files that change what users see (templates, static files, translations)."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings

_VISIBLE_FOLDERS = ("templates", "shop/static", "locale")


@cache
def build_id() -> str:
    """Return twelve characters that change with any template, static file or translation.

    Computed from the files' content, so that machines with the same files agree.
    """
    digest = hashlib.sha256()
    base = Path(settings.BASE_DIR)
    for path in sorted(
        path for folder in _VISIBLE_FOLDERS for path in (base / folder).rglob("*") if path.is_file()
    ):
        if path.suffix != ".mo":
            digest.update(str(path.relative_to(base)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
