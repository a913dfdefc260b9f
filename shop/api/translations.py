"""Load translated texts for `translation(languageCode:)`."""

from __future__ import annotations

from collections.abc import Iterable

from shop.api.ids import Key
from shop.api.language_codes import tag_from_code
from shop.core.models import Translation


def read_translated_texts(translation_kind: str, keys: Iterable[Key], code: str) -> dict[str, dict[str, str]]:
    """Return the texts of these rows of a model ("catalog.product") in a language. It takes one query.

    The result maps key (as text) to field to text. A text in the base language ("en") is used if there is
    none in the regional one ("EN_US").
    """
    exact = tag_from_code(code)
    languages = {exact, exact.partition("-")[0]}
    rows = Translation.objects.filter(
        kind=translation_kind, key__in=[str(key) for key in keys], language__in=languages
    )
    texts_by_key: dict[str, dict[str, str]] = {}
    for row in sorted(rows, key=lambda row: len(row.language)):  # the exact language last, to override
        texts_by_key.setdefault(row.key, {})[row.field] = row.text
    return texts_by_key
