"""What a seller writes about itself: refused with forbidden phrases, and otherwise shown at once."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from catalog.actions.wording.forbidden_words import require_allowed_texts
from cooperatives.actions.cooperative_translations import translate_cooperative
from cooperatives.actions.profile import update_profile
from cooperatives.models import Cooperative
from shop.core.actors import Actor


def update_seller_profile(
    *, cooperative: Cooperative, summary: str, story: str, actor: Actor, now: datetime.datetime
) -> None:
    """Update summary and story. Raises ForbiddenWords, Missing, InvalidColumnValue."""
    require_allowed_texts({"summary": summary, "story": story})
    update_profile(cooperative=cooperative, summary=summary, story=story, actor=actor, now=now)


def translate_seller(
    *,
    cooperative_id: int,
    language: str,
    texts: Mapping[str, str],
    households: Mapping[int, Mapping[str, str]],
    delivery_methods: Mapping[int, Mapping[str, str]],
    actor: Actor,
    now: datetime.datetime,
) -> Cooperative:
    """Store translations of a seller's texts. Raises ForbiddenWords, Missing."""
    for fields in (texts, *households.values(), *delivery_methods.values()):
        require_allowed_texts(fields)
    return translate_cooperative(
        cooperative_id=cooperative_id,
        language=language,
        texts=texts,
        households=households,
        delivery_methods=delivery_methods,
        actor=actor,
        now=now,
    )
