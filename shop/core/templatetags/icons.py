"""Inline SVG icons. Each use includes its own paths, so HTMX fragments need no sprite sheet."""

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
    """Return the named icon of static/icons.svg, hidden from screen readers because a word accompanies it.

    Raises KeyError for an unknown name.
    """
    return format_html('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', _DRAWINGS[name])
