"""Provinces and communes to choose among, and the province that a buyer chose on any page."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest
from django.utils import timezone

from shop.core.calendar import day_of
from shop.core.models.geography import Division

SESSION_KEY = "province_code"


def all_provinces() -> list[Division]:
    return list(Division.objects.current(on=day_of(timezone.now())).provinces())


def communes_of(province_code: str) -> list[Division]:
    """Those in force today; none without a province."""
    if not province_code:
        return []
    return list(Division.objects.current(on=day_of(timezone.now())).communes_of(province_code[:10]))


def chosen_province(request: HttpRequest, provinces: Sequence[Division]) -> Division | None:
    """The province of the address (`?tinh=01`), which is remembered, or else the one remembered before.

    An empty one (`?tinh=`) is a choice too: none.
    """
    by_code = {province.code: province for province in provinces}
    if request.GET.get("tinh") == "":
        request.session.pop(SESSION_KEY, None)
        return None
    wanted = by_code.get(request.GET.get("tinh", ""))
    if wanted is not None:
        if request.session.get(SESSION_KEY) != wanted.code:
            request.session[SESSION_KEY] = wanted.code
        return wanted
    return by_code.get(request.session.get(SESSION_KEY, ""))
