"""What buyers write into a basket: quantities, a code, a place, how each share travels."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.actions.quotes.quote_types import WantedDelivery
from shop.accounts.forms import set_places
from shop.core.models.geography import Division

_WAY = re.compile(r"(\d{1,18})(?:@(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}))?")
_MOST = 1_000_000


def _quantity() -> forms.IntegerField:
    return forms.IntegerField(
        label=_("Quantity"),
        max_value=_MOST,
        error_messages={
            "required": _("Write how many you want."),
            "invalid": _("A quantity is a whole number, such as 2."),
            "max_value": _("That is more than one order may hold."),
        },
    )


class PutForm(forms.Form):
    """Into the basket with it."""

    variant = forms.IntegerField(
        label=_("Kind"),
        min_value=1,
        max_value=2**62,
        error_messages={"required": _("Choose a kind first.")},
    )
    quantity = _quantity()


class QuantityForm(forms.Form):
    """How many of a line; the button "take out" needs no number."""

    remove = forms.BooleanField(required=False)
    quantity = _quantity()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "remove" in self.data:
            del self.fields["quantity"]

    @property
    def wanted(self) -> int:
        return 0 if self.cleaned_data["remove"] else int(self.cleaned_data["quantity"])


class CodeForm(forms.Form):
    """A voucher's code; the button "take out" needs none."""

    remove = forms.BooleanField(required=False)
    code = forms.CharField(required=False, max_length=255)


class PlaceForm(forms.Form):
    province = forms.ChoiceField(label=_("I receive goods in"), required=False)

    def __init__(self, *args: Any, provinces: Sequence[Division], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_places(self.fields["province"], _("Choose a province"), provinces)


def chosen_ways(posted: Mapping[str, Any], cooperatives: Iterable[int]) -> dict[int, WantedDelivery]:
    """The radio buttons as posted ("12", "12@2026-11-29T06:00"); what makes no sense is not chosen, nor is a
    service: a basket that travels so goes on so."""
    chosen = {}
    for cooperative_id in cooperatives:
        found = _WAY.fullmatch(str(posted.get(f"way-{cooperative_id}", "")))
        if not found:
            continue
        way, day, starts = found.groups()
        try:
            chosen[cooperative_id] = WantedDelivery(
                int(way),
                datetime.date.fromisoformat(day) if day else None,
                datetime.time.fromisoformat(starts) if starts else None,
            )
        except ValueError:
            continue
    return chosen


def basket_id_of(posted: Mapping[str, Any]) -> uuid.UUID | None:
    """The basket that a page was about."""
    try:
        return uuid.UUID(str(posted.get("basket", "")))
    except ValueError:
        return None
