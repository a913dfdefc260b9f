"""The buyer's chosen province and commune, stored in the session."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest

from cooperatives.models import Cooperative
from shop.accounts.models import User
from shop.core.geography.division_choices import load_provinces
from shop.core.models.geography import Division

PROVINCE_SESSION_KEY = "province_code"
COMMUNE_SESSION_KEY = "commune_code"


def find_selling_provinces() -> list[Division]:
    """Return provinces with a public cooperative, in alphabetical order."""
    codes = set(Cooperative.objects.public().order_by().values_list("province_code", flat=True).distinct())
    return [province for province in load_provinces() if province.code in codes]


def remember_chosen_province(request: HttpRequest, provinces: Sequence[Division]) -> Division | None:
    """Return the province of the URL (`?tinh=01`), stored in the session, or else the stored one.

    A signed-in user without a choice gets the province of their default address. An empty value (`?tinh=`)
    clears the choice.
    """
    by_code = {province.code: province for province in provinces}
    if request.GET.get("tinh") == "":
        if PROVINCE_SESSION_KEY in request.session or isinstance(request.user, User):
            _store_location(request, "", "")
        return None
    requested = by_code.get(request.GET.get("tinh", ""))
    if requested is not None:
        if request.session.get(PROVINCE_SESSION_KEY) != requested.code:
            _store_location(request, requested.code, "")
        return requested
    return by_code.get(load_province_code(request))


def load_province_code(request: HttpRequest) -> str:
    """Return the code of the stored province, or of a signed-in user's default address. It may be empty."""
    if PROVINCE_SESSION_KEY not in request.session and isinstance(request.user, User):
        _store_home_location(request, request.user)
    return str(request.session.get(PROVINCE_SESSION_KEY, ""))


def remember_chosen_commune(request: HttpRequest, communes: Sequence[Division]) -> Division | None:
    """Return the commune of the URL (`?xa=…`) or the stored one.

    Call it after `remember_chosen_province`.
    """
    by_code = {commune.code: commune for commune in communes}
    requested = by_code.get(request.GET.get("xa", ""))
    if requested is not None and request.session.get(COMMUNE_SESSION_KEY) != requested.code:
        request.session[COMMUNE_SESSION_KEY] = requested.code
    return requested or by_code.get(request.session.get(COMMUNE_SESSION_KEY, ""))


def _store_home_location(request: HttpRequest, user: User) -> None:
    home_address = user.default_shipping_address
    if home_address is not None and home_address.province_code:
        _store_location(request, home_address.province_code, home_address.commune_code)


def _store_location(request: HttpRequest, province_code: str, commune_code: str) -> None:
    request.session[PROVINCE_SESSION_KEY] = province_code
    request.session[COMMUNE_SESSION_KEY] = commune_code
