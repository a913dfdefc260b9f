"""Icons drawn into the page: each use carries its own few lines, so partial pages need no sprite."""

from __future__ import annotations

import re
from pathlib import Path

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

_SHEET = Path(__file__).resolve().parents[2] / "static" / "icons.svg"
_SYMBOL = re.compile(r'<symbol id="i-([a-z0-9-]+)" viewBox="0 0 24 24">(.*?)</symbol>', re.DOTALL)


def _drawings() -> dict[str, SafeString]:
    sheet = _SHEET.read_text(encoding="utf-8")
    return {name: SafeString(drawing) for name, drawing in _SYMBOL.findall(sheet)}


_DRAWINGS = _drawings()


@register.simple_tag
def icon(name: str) -> SafeString:
    """The named icon of static/icons.svg; always beside a word, so hidden from screen readers.

    Raises KeyError for a name that the sheet does not have.
    """
    return format_html('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', _DRAWINGS[name])
