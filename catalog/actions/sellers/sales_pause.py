"""Pause a cooperative with a note to buyers, which may not contain a forbidden phrase."""

from __future__ import annotations

import datetime

from catalog.actions.wording.forbidden_phrases import require_allowed_texts
from cooperatives.actions.cooperative_lifecycle import pause_cooperative, require_return_day
from shop.core.actors import Actor


def pause_cooperative_with_note(
    *,
    cooperative_id: int,
    until: datetime.date | None,
    note: str = "",
    today: datetime.date,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Pause selling with a note to buyers. Raises ForbiddenWords, InvalidReturnDay."""
    require_allowed_pause(until=until, note=note, today=today)
    pause_cooperative(
        cooperative_id=cooperative_id, until=until, note=note, today=today, actor=actor, now=now
    )


def require_allowed_pause(*, until: datetime.date | None, note: str, today: datetime.date) -> None:
    """Raise ForbiddenWords or InvalidReturnDay if a pause with this day and note would be refused."""
    require_allowed_texts({"note": note})
    require_return_day(until, today)
