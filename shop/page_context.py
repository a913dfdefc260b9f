"""The context of the base template on every page: shop, languages, section, menu, basket, text size."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse, translate_url
from django.utils.functional import SimpleLazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language

from cooperatives.models import Membership
from orders.views.current_basket import count_basket_items
from shop.core.database.compiled_query import compiled_query
from shop.core.models import shop_settings
from shop.core.web.public_urls import canonical_url
from shop.staff_menu import build_staff_menu

# Pages of the account section that the orders app provides, because it knows all of a person's rows.
ACCOUNT_PAGES = {
    "orders:my-data",
    "orders:request-deletion",
    "orders:file-data-request",
    "orders:confirm-guest-request",
    "orders:addresses",
    "orders:add-address",
    "orders:address",
}
TEXT_SIZE = "text_size"  # a cookie with a single value
LARGE = "large"
LANGUAGE_NAMES = {"vi": "Tiếng Việt", "en": "English"}
SECTIONS = {
    "home": "home",
    "catalog:products": "products",
    "catalog:product": "products",
    "catalog:category": "products",
    "catalog:search": "products",
    "catalog:cooperatives": "cooperatives",
    "catalog:cooperative": "cooperatives",
    "catalog:follow": "cooperatives",
    "catalog:regions": "cooperatives",
    "catalog:region": "cooperatives",
    "catalog:ocop": "products",
    "catalog:request-back-in-stock": "products",
    "catalog:seasons": "seasons",
    "catalog:bulletins": "home",
    "catalog:bulletin": "home",
    "catalog:follow-market": "home",
    "catalog:follows": "account",
    "orders:basket": "basket",
    "orders:find-order": "orders",
    "orders:order": "orders",
    "orders:cancel-order": "orders",
    "orders:file-complaint": "orders",
    "orders:add-to-complaint": "orders",
    "orders:refund-account": "orders",
    "orders:order-code": "orders",
    "members:today": "members-today",
    "members:parts": "members-parts",
    "members:part": "members-parts",
    "members:listings": "members-listings",
    "members:listing": "members-listings",
    "members:create-listing": "members-listings",
    "members:listing-imports": "members-listings",
    "members:edit-many-products": "members-listings",
    "members:stock": "members-listings",
    "members:stocktake": "members-listings",
    "members:cash": "members-cash",
    "members:settlements": "members-money",
    "members:settlement": "members-money",
    "members:payout-account": "members-money",
}


def text_size(request: HttpRequest) -> str:
    """Return `large` if the visitor chose large text, else ""."""
    return LARGE if request.COOKIES.get(TEXT_SIZE) == LARGE else ""


def work_interface(path: str) -> str:
    """Return `desk` or `members` for a path of these interfaces, else ""."""
    for interface, home in (("desk", reverse("desk:home")), ("members", reverse("members:today"))):
        if path.startswith(home):
            return interface
    return ""


def build_page_context(request: HttpRequest) -> dict[str, object]:
    """Return the base template's context: shop, languages, section, basket.

    Everything is lazy. A response without that template (a fragment, a file) runs no query, and an error page
    for an unknown host does not read the host.
    """
    return {
        "shop": SimpleLazyObject(shop_settings),
        "languages": SimpleLazyObject(lambda: _languages(request)),
        # Templates call these, some several times, and get text.
        "canonical": cache(
            lambda: canonical_url(request.path, request.GET, get_language() or settings.LANGUAGE_CODE)
        ),
        "interface": cache(lambda: work_interface(request.path)),
        "section": _section(request),
        "text_size": text_size(request),
        "basket_count": SimpleLazyObject(lambda: count_basket_items(request)),
        "memberships": SimpleLazyObject(lambda: _read_memberships(request)),
        "staff_menu": SimpleLazyObject(lambda: build_staff_menu(request)),
        "previous_page_url": SimpleLazyObject(lambda: _previous_page(request)),
        "is_order_url": "/don-hang/" in request.path,
    }


def _languages(request: HttpRequest) -> list[dict[str, object]]:
    current_language = get_language()
    return [
        {
            "code": code,
            "name": LANGUAGE_NAMES[code],
            "is_current": code == current_language,
            "path": translate_url(request.get_full_path(), code),
            "address": canonical_url(request.path, request.GET, code),
        }
        for code, _name in settings.LANGUAGES
    ]


def _section(request: HttpRequest) -> str:
    match = request.resolver_match
    if match is None:
        return ""
    is_account = match.namespace == "accounts" or match.view_name in ACCOUNT_PAGES
    return "account" if is_account else SECTIONS.get(match.view_name, "")


def _read_memberships(request: HttpRequest) -> list[Membership]:
    return _memberships_of(request.user.pk) if request.user.is_authenticated else []


@compiled_query
def _memberships_of(user_id: int) -> QuerySet[Membership]:
    active_memberships = Membership.objects.filter(user=user_id, is_active=True)
    return active_memberships.select_related("cooperative").order_by("pk")


def _previous_page(request: HttpRequest) -> str:
    """Return the page of this site that the person came from, for error pages, or "" if none."""
    came_from = request.headers.get("Referer", "")
    is_own = url_has_allowed_host_and_scheme(
        came_from, {request.get_host()}, require_https=request.is_secure()
    )
    return came_from if is_own else ""
