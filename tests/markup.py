"""A page's HTML, independent of how its template is indented."""

from __future__ import annotations

import re
from typing import Any

_TAG = re.compile(r"<[^<>]+>")
_CLASS = re.compile(r'class=" ?([^"]*?) ?"')
# Beside their tags white space is not shown.
_BLOCKS = (
    "html|head|body|main|header|footer|nav|section|article|aside|div|p|ul|ol|li|dl|dt|dd|form|fieldset|legend"
    "|h[1-6]|hr|br|details|summary|table|thead|tbody|tfoot|tr|td|th|caption|address|figure|select|option"
    "|optgroup|title|meta|link|script|template"
)
_BESIDE_BLOCK = re.compile(rf" ?(</?(?:{_BLOCKS})(?: [^<>]*)?>) ?")


def html_of(response: Any) -> str:
    """Return the response's HTML with white space only where a browser shows it."""
    return collapse(response.content.decode())


def collapse(html: str) -> str:
    """Collapse white space; drop it beside block elements and at the ends of tags."""
    html = re.sub(r"[ \t\r\n\f]+", " ", html)
    html = _TAG.sub(lambda tag: _CLASS.sub(r'class="\1"', tag[0].replace(" >", ">")), html)
    return _BESIDE_BLOCK.sub(r"\1", html).strip()
