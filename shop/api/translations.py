"""Texts in other languages, for `translation(languageCode:)`: null where there are none, so that clients
fall back.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from shop.api.language_codes import tag_of
from shop.core.models import Translation


def texts_in(kind: str, keys: Iterable[Any], code: str) -> dict[str, dict[str, str]]:
    """The texts of these rows of a model ("catalog.product") in the language of a code, in one query.

    By key (as text), then by field. A text in the language as such stands in for its regional form (`en` for
    `EN_US`).
    """
    exact = tag_of(code)
    languages = {exact, exact.partition("-")[0]}
    rows = Translation.objects.filter(kind=kind, key__in=[str(key) for key in keys], language__in=languages)
    found: dict[str, dict[str, str]] = {}
    for row in sorted(rows, key=lambda row: len(row.language)):  # the exact one last, so that it stands
        found.setdefault(row.key, {})[row.field] = row.text
    return found
