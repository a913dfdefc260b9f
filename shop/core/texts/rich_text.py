"""Sanitise rich text from clients' editors (EditorJS), and convert it to plain text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nh3

# HTML allowed within a block. Everything else is removed, scripts with their content.
_TAGS = {"a", "b", "br", "code", "em", "i", "mark", "s", "strong", "sub", "sup", "u"}
_ATTRIBUTES = {"a": {"href"}}
_SCHEMES = {"http", "https", "mailto", "tel"}


def sanitise_rich_text(content: Any) -> object:
    """Return the content with all HTML sanitised, or None unless it consists of blocks."""
    if not isinstance(content, dict) or not isinstance(content.get("blocks"), list):
        return None
    return _sanitise(content)


def to_plain_text(content: Any) -> str:
    """Return the plain text, one paragraph per block."""
    blocks = (content or {}).get("blocks") or []
    paragraphs = (" ".join(_texts(block.get("data"))) for block in blocks if isinstance(block, dict))
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph)


def _sanitise(value: object) -> object:
    if isinstance(value, str):
        return nh3.clean(value, tags=_TAGS, attributes=_ATTRIBUTES, url_schemes=_SCHEMES)
    if isinstance(value, list):
        return [_sanitise(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _sanitise(item) for key, item in value.items()}
    return value


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield nh3.clean(value, tags=set()).replace("&nbsp;", " ").replace("&amp;", "&").strip()
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key in ("text", "items", "content", "caption"):
            yield from _texts(value.get(key))
