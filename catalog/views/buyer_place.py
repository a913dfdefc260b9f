"""Provinces and communes to choose among, and the place that a buyer chose on any page."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from cooperatives.models import Cooperative
from shop.accounts.models import User
from shop.core.database.compiled_query import prepared
from shop.core.dates.calendar import day_of
from shop.core.models.geography import Division, Level

SESSION_KEY = "province_code"
COMMUNE_KEY = "commune_code"


def all_provinces() -> list[Division]:
    return _provinces(day_of(timezone.now()))


def selling_provinces() -> list[Division]:
    """Those from which something is sold here, in the alphabet's order."""
    codes = set(Cooperative.objects.public().order_by().values_list("province_code", flat=True).distinct())
    return [province for province in all_provinces() if province.code in codes]


def communes_of(province_code: str) -> list[Division]:
    """Those in force today; none without a province."""
    return _communes(day_of(timezone.now()), province_code[:10]) if province_code else []


def place_of(province_code: str, commune_code: str) -> tuple[list[Division], list[Division]]:
    """Just the province and the commune in it with these codes: of each one, or none."""
    codes = [code[:10] for code in (province_code, commune_code) if code]
    rows = _with_codes(day_of(timezone.now()), codes) if codes else []
    provinces = [row for row in rows if row.level == Level.PROVINCE and row.code == province_code]
    keys = {row.pk for row in provinces}
    return provinces, [row for row in rows if row.parent_id in keys and row.code == commune_code]


@prepared
def _provinces(day: datetime.date) -> QuerySet[Division]:
    return Division.objects.current(on=day).provinces()


@prepared
def _communes(day: datetime.date, province_code: str) -> QuerySet[Division]:
    return Division.objects.current(on=day).communes_of(province_code)


@prepared
def _with_codes(day: datetime.date, codes: Collection[str]) -> QuerySet[Division]:
    return Division.objects.current(on=day).filter(code__in=codes)


def chosen_province(request: HttpRequest, provinces: Sequence[Division]) -> Division | None:
    """The province of the address (`?tinh=01`), which is remembered, or else the one remembered before.

    Who is signed in and has chosen none yet lives where their address says. An empty one (`?tinh=`) is a
    choice too: none.
    """
    by_code = {province.code: province for province in provinces}
    if request.GET.get("tinh") == "":
        if SESSION_KEY in request.session or isinstance(request.user, User):
            _remember(request, "", "")
        return None
    wanted = by_code.get(request.GET.get("tinh", ""))
    if wanted is not None:
        if request.session.get(SESSION_KEY) != wanted.code:
            _remember(request, wanted.code, "")
        return wanted
    return by_code.get(known_province(request))


def known_province(request: HttpRequest) -> str:
    """The code of the province chosen on some page, or of the home of who is signed in; else empty."""
    if SESSION_KEY not in request.session and isinstance(request.user, User):
        _remember_home(request, request.user)
    return str(request.session.get(SESSION_KEY, ""))


def chosen_commune(request: HttpRequest, communes: Sequence[Division]) -> Division | None:
    """The commune of the address (`?xa=…`), remembered like the province it lies in; asked for after it."""
    by_code = {commune.code: commune for commune in communes}
    wanted = by_code.get(request.GET.get("xa", ""))
    if wanted is not None and request.session.get(COMMUNE_KEY) != wanted.code:
        request.session[COMMUNE_KEY] = wanted.code
    return wanted or by_code.get(request.session.get(COMMUNE_KEY, ""))


def _remember_home(request: HttpRequest, user: User) -> None:
    home = user.default_shipping_address
    if home is not None and home.province_code:
        _remember(request, home.province_code, home.commune_code)


def _remember(request: HttpRequest, province_code: str, commune_code: str) -> None:
    request.session[SESSION_KEY] = province_code
    request.session[COMMUNE_KEY] = commune_code
