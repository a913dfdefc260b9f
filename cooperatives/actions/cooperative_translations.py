"""Translate a cooperative, its households and its delivery methods."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.db import transaction

from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.transactions import locked_one
from shop.core.errors import Missing
from shop.core.models import record_change
from shop.core.texts.translations import say_each_in_language, say_in_language

COOPERATIVE_TEXTS = ("name", "summary", "story", "return_terms", "pause_note")
HOUSEHOLD_TEXTS = ("makes", "place")
WAY_TEXTS = ("name", "note")


@transaction.atomic(durable=True)
def translate_cooperative(
    *,
    cooperative_id: int,
    language: str,
    texts: Mapping[str, str],
    households: Mapping[int, Mapping[str, str]],
    ways: Mapping[int, Mapping[str, str]],
    actor: Actor,
    now: datetime.datetime,
) -> Cooperative:
    """Store translations of the cooperative, its households and delivery methods (by key).

    An empty text deletes the translation. Raises Missing.
    """
    cooperative = locked_one(Cooperative.objects.filter(pk=cooperative_id))
    if cooperative is None:
        raise Missing()
    changed = say_in_language(cooperative, language, texts, of=COOPERATIVE_TEXTS)
    changed += say_each_in_language(
        cooperative.producers, "household", language, households, of=HOUSEHOLD_TEXTS
    )
    changed += say_each_in_language(cooperative.ways, "way", language, ways, of=WAY_TEXTS)
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
