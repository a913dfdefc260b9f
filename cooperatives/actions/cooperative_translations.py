"""Translate a cooperative, its households and its delivery methods."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.db import transaction

from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.models import record_change
from shop.core.texts.translations import save_children_translations, save_row_translations

COOPERATIVE_TEXTS = ("name", "summary", "story", "return_terms", "pause_note")
HOUSEHOLD_TEXTS = ("products_made", "place")
DELIVERY_METHOD_TEXTS = ("name", "note")


@transaction.atomic(durable=True)
def translate_cooperative(
    *,
    cooperative_id: int,
    language: str,
    texts: Mapping[str, str],
    households: Mapping[int, Mapping[str, str]],
    delivery_methods: Mapping[int, Mapping[str, str]],
    actor: Actor,
    now: datetime.datetime,
) -> Cooperative:
    """Store translations of the cooperative, its households and delivery methods (by key).

    An empty text deletes the translation. Raises Missing.
    """
    cooperative = lock_row(Cooperative.objects.filter(pk=cooperative_id))
    if cooperative is None:
        raise Missing()
    changed = save_row_translations(cooperative, language, texts, translatable_fields=COOPERATIVE_TEXTS)
    changed += save_children_translations(
        cooperative.producers, "household", language, households, translatable_fields=HOUSEHOLD_TEXTS
    )
    changed += save_children_translations(
        cooperative.delivery_methods,
        "delivery_method",
        language,
        delivery_methods,
        translatable_fields=DELIVERY_METHOD_TEXTS,
    )
    if changed:
        record_change(
            "cooperative.translated",
            cooperative,
            actor=actor,
            now=now,
            cooperative_id=cooperative.pk,
            data={"language": language, "fields": changed},
        )
    return cooperative
