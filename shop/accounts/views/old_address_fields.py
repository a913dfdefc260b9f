"""An address as it was before July 2025, written into a form: communes of today are offered and picked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from shop.core.dates.calendar import day_of
from shop.core.geography.old_addresses import Suggestion, suggest_from_old
from shop.core.models.geography import Division

_SHOWN_ANEW = frozenset({"reload", "pick"})


def is_shown_anew(posted: Mapping[str, Any]) -> bool:
    """Whether a form is to be shown with another province's communes, or with those that are suggested or
    picked for an old address, before anything is done with it.
    """
    return bool(_SHOWN_ANEW & posted.keys()) or _is_new(posted)


def suggestions(written: Mapping[str, Any]) -> list[Suggestion]:
    """Communes of today that the old address may mean: offered, never picked."""
    text = str(written.get("old_address", ""))
    return suggest_from_old(text, on=day_of(timezone.now())) if text.strip() else []


def with_commune(posted: QueryDict) -> QueryDict:
    """What was posted, with the commune that was picked; a street that was written already stays."""
    if "pick" not in posted:
        return posted
    picked = Division.objects.current(on=day_of(timezone.now())).select_related("parent")
    commune = picked.filter(code=posted["pick"][:10]).first()
    if commune is None or commune.parent is None:
        return posted
    same = (each for each in suggestions(posted) if each.commune.pk == commune.pk)
    suggestion = next(same, None)
    said = {"province": commune.parent.code, "commune": commune.code, "old_address": ""}
    if suggestion is not None and not posted.get("street", "").strip():
        said["street"] = suggestion.street
    return filled(posted, said)


def filled(posted: QueryDict, said: Mapping[str, str]) -> QueryDict:
    """What was posted, with these in their places."""
    answer = posted.copy()
    for name, value in said.items():
        answer[name] = value
    return answer


def _is_new(posted: Mapping[str, Any]) -> bool:
    """Whether an old address stands there for which nothing was suggested yet: that comes first."""
    written = str(posted.get("old_address", "")).strip()
    return written not in ("", str(posted.get("old_address_seen", "")).strip())
