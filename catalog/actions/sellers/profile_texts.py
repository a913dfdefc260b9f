"""Change texts that sellers write about themselves. They are shown at once, without a review."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from catalog.actions.wording.forbidden_phrases import require_allowed_texts
from cooperatives.actions.cooperative_translations import translate_cooperative
from cooperatives.actions.profile import HouseholdDetails, add_household, update_household, update_profile
from cooperatives.models import Cooperative, Producer
from shop.core.actors import Actor


def update_seller_profile(
    *, cooperative: Cooperative, summary: str, story: str, actor: Actor, now: datetime.datetime
) -> None:
    """Update summary and story. Raises ForbiddenWords, Missing, InvalidColumnValue."""
    require_allowed_texts({"summary": summary, "story": story})
    update_profile(cooperative=cooperative, summary=summary, story=story, actor=actor, now=now)


def add_seller_household(
    *, cooperative: Cooperative, details: HouseholdDetails, actor: Actor, now: datetime.datetime
) -> Producer:
    """Add a producing household. Raises ForbiddenWords, InvalidColumnValue, InvalidPhone."""
    _require_allowed_household(details)
    return add_household(cooperative=cooperative, details=details, actor=actor, now=now)


def update_seller_household(
    *,
    cooperative: Cooperative,
    household_id: int,
    details: HouseholdDetails,
    actor: Actor,
    now: datetime.datetime,
) -> Producer:
    """Update a household. Raises ForbiddenWords, InvalidColumnValue, InvalidPhone, Missing."""
    _require_allowed_household(details)
    return update_household(
        cooperative=cooperative, household_id=household_id, details=details, actor=actor, now=now
    )


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


def _require_allowed_household(details: HouseholdDetails) -> None:
    require_allowed_texts(
        {"name": details.name, "products_made": details.products_made, "place": details.place}
    )
