"""Build the demo's English translations and rich texts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db import models

from shop.core.models import Translation

LANGUAGE = "en"


def english_translations(row: models.Model, **texts: str) -> list[Translation]:
    """Return translations of a saved row's fields. Empty texts are skipped."""
    return [
        Translation(kind=row._meta.label_lower, key=str(row.pk), language=LANGUAGE, field=field, text=text)
        for field, text in texts.items()
        if text
    ]


def insert_translations(translations: Iterable[Translation]) -> None:
    """Insert translations. Existing ones stay, because staff may have edited them."""
    Translation.objects.bulk_create(translations, ignore_conflicts=True, batch_size=500)


def blocks(text: str) -> dict[str, Any]:
    """Convert paragraphs to EditorJS JSON, the format of descriptions."""
    paragraphs = (part.strip() for part in text.split("\n\n"))
    return {"blocks": [{"type": "paragraph", "data": {"text": part}} for part in paragraphs if part]}


def blocks_json(text: str) -> str:
    return json.dumps(blocks(text), ensure_ascii=False)
