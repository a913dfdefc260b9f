"""Which state of the program this is, as far as people see it: its pages, looks and words."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings

_SEEN = ("templates", "shop/static", "locale")


@cache
def build_id() -> str:
    """Twelve letters that differ as soon as a template, a static file or a translation does.

    Made from what the files hold, so that all machines with the same files say the same.
    """
    digest = hashlib.sha256()
    base = Path(settings.BASE_DIR)
    for path in sorted(path for folder in _SEEN for path in (base / folder).rglob("*") if path.is_file()):
        if path.suffix != ".mo":
            digest.update(str(path.relative_to(base)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
