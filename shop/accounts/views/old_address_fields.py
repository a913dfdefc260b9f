"""Form fields for addresses from before July 2025: suggest today's communes and let people pick one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.forms import BaseForm
from django.http import QueryDict
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from shop.core.dates.calendar import vietnam_date
from shop.core.geography.old_addresses import Suggestion, suggest_communes
from shop.core.models.geography import Division

_RELOAD_BUTTONS = frozenset({"reload", "pick"})
_MARKED = "marked"


def needs_reload(posted: Mapping[str, object]) -> bool:
    """Return whether to show the form again, for a new province or an old address without a commune."""
    return bool(_RELOAD_BUTTONS & posted.keys()) or _is_new(posted)


def find_suggestions(entered: Mapping[str, object]) -> list[Suggestion]:
    """Return today's communes that match the old address. None of them is picked automatically."""
    text = str(entered.get("old_address", ""))
    return suggest_communes(text, day=vietnam_date(timezone.now())) if text.strip() else []


def marked_fields(posted: Mapping[str, object]) -> list[str]:
    """Return the names of the fields that the page marked as wrong before it was reloaded."""
    return posted.getlist(_MARKED) if isinstance(posted, MultiValueDict) else []


def keep_marked_errors(
    form: BaseForm, posted: Mapping[str, object], checked_fields: Iterable[str] = ()
) -> None:
    """Drop errors of fields that the page had not marked: a reload only brings new choices.

    Those of `checked_fields` stay: the page checks these fields as soon as they are filled in.
    """
    for name in form.errors.keys() - {*marked_fields(posted), *checked_fields}:
        del form.errors[name]


def apply_picked_commune(posted: QueryDict) -> QueryDict:
    """Return the form data with the picked commune. A street already entered stays."""
    if "pick" not in posted:
        return posted
    picked = Division.objects.current(day=vietnam_date(timezone.now())).select_related("parent")
    commune = picked.filter(code=posted["pick"][:10]).first()
    if commune is None or commune.parent is None:
        return posted
    matching_suggestions = (
        suggestion for suggestion in find_suggestions(posted) if suggestion.commune.pk == commune.pk
    )
    suggestion = next(matching_suggestions, None)
    values = {"province": commune.parent.code, "commune": commune.code, "old_address": ""}
    if suggestion is not None and not posted.get("street", "").strip():
        values["street"] = suggestion.street
    return with_values(posted, values)


def with_values(posted: QueryDict, values: Mapping[str, str]) -> QueryDict:
    """Return a copy of the form data with these values set."""
    filled = posted.copy()
    for name, value in values.items():
        filled[name] = value
    return filled


def _is_new(posted: Mapping[str, object]) -> bool:
    """Return whether the form holds an old address that got no suggestions yet."""
    entered = str(posted.get("old_address", "")).strip()
    return entered not in ("", str(posted.get("old_address_seen", "")).strip())
