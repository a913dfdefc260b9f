"""English beside Vietnamese: rows of translations."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.db import models

from shop.core.models import Translation

LANGUAGE = "en"


def english(row: models.Model, **texts: str) -> list[Translation]:
    """The translations of a saved row's fields; empty texts have none."""
    return [
        Translation(kind=row._meta.label_lower, key=str(row.pk), language=LANGUAGE, field=field, text=text)
        for field, text in texts.items()
        if text
    ]


def keep(translations: Iterable[Translation]) -> None:
    """Store them; what is there already stays as somebody may have mended it."""
    Translation.objects.bulk_create(translations, ignore_conflicts=True, batch_size=500)


def blocks(text: str) -> dict[str, Any]:
    """Paragraphs as EditorJS JSON, the form in which descriptions are kept."""
    paragraphs = (part.strip() for part in text.split("\n\n"))
    return {"blocks": [{"type": "paragraph", "data": {"text": part}} for part in paragraphs if part]}


def blocks_json(text: str) -> str:
    return json.dumps(blocks(text), ensure_ascii=False)
