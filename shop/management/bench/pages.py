"""Measure the main pages as their users request them."""

from __future__ import annotations

import html
import itertools
import re
from collections.abc import Callable, Iterator, Sequence

from django.db.models import F
from django.test import Client
from django.urls import reverse

from catalog.models import Listing, Price, Stock, Variant
from cooperatives.models import Membership, Role
from cooperatives.states import CooperativeState
from orders.models import BasketLine, Order
from shop.accounts.models import User
from shop.core.models import market_channel
from shop.management.bench.measurements import Measurement, measure

SEARCHED = "bi xanh"
EXTRA_STOCK = 1_000_000
PROVINCE = "19"  # Thái Nguyên, to which every demo cooperative delivers
_HIDDEN = re.compile(r'<input\s+type="hidden"\s+name="(basket|shown_total|shown_maximum)"\s+value="([^"]*)"')
_DELIVERY_CHOICE = re.compile(r'name="(delivery-\d+)"\s+value="([^"]+)"')
_COMMUNE = re.compile(r'<option\s+value="(\d{5})"')


class UnexpectedResponse(Exception):
    """A page answered with an unexpected status, so measuring it would be meaningless."""


def measure_pages(*, seconds: float) -> Iterator[Measurement]:
    """Measure each page for about `seconds`, in the order of a sale."""
    buyer = _client()
    variants = find_variants_of_two_cooperatives()
    product = variants[0].product
    member, admin = _client(_find_member()), _client(User.objects.filter(is_superuser=True).earliest("pk"))
    yield measure("home", _page(buyer, reverse("home")), seconds=seconds)
    yield measure("list", _page(buyer, reverse("catalog:products")), seconds=seconds)
    yield measure("product", _page(buyer, reverse("catalog:product", args=[product.slug])), seconds=seconds)
    yield measure("search", _page(buyer, f"{reverse('catalog:search')}?q={SEARCHED}"), seconds=seconds)
    yield measure("basket change", _change_quantity(buyer, variants[0]), seconds=seconds)
    basket = _Checkout(variants)
    yield measure("checkout", basket.send, prepare=basket.fill, seconds=seconds)
    yield measure("member's today", _page(member, reverse("members:today")), seconds=seconds)
    yield measure(
        "sales report", _page(admin, f"{reverse('reports:sales')}?{_build_whole_history()}"), seconds=seconds
    )
    yield measure("member's money", _page(member, reverse("members:settlements")), seconds=seconds)
    yield measure("settlements", _page(admin, reverse("desk:settlements")), seconds=seconds)
    yield measure("ledger", _page(admin, reverse("desk:ledger")), seconds=seconds)


class _Checkout:
    """A guest fills a basket with products of two cooperatives, opens the checkout and places the order."""

    def __init__(self, variants: Sequence[Variant]) -> None:
        self._variants = variants
        self._count = 0

    def fill(self) -> tuple[Client, dict[str, str]]:
        client = _client()
        for variant in self._variants:
            _add_to_basket(client, variant)(None)
        client.post(reverse("orders:set-basket-province"), {"province": PROVINCE})
        client.post(reverse("orders:start-checkout"))
        page = client.get(reverse("orders:checkout")).content.decode()
        communes = client.get(reverse("orders:communes"), {"province": PROVINCE}).content.decode()
        self._count += 1
        hidden_values = {name: html.unescape(value) for name, value in _HIDDEN.findall(page)}
        # The first choice of each cooperative; where several differ much, none is checked.
        for name, value in _DELIVERY_CHOICE.findall(page):
            hidden_values.setdefault(name, html.unescape(value))
        hidden_values |= {
            "name": f"Người Đo {self._count}",
            "phone": "0912345678",
            "province": PROVINCE,
            "commune": _COMMUNE.findall(communes)[0],
            "street": "Số 5",
            "consent": "on",
        }
        return client, hidden_values

    def send(self, filled: tuple[Client, dict[str, str]]) -> None:
        client, form_values = filled
        response = client.post(reverse("orders:checkout"), form_values)
        if response.status_code != 302:
            raise UnexpectedResponse(f"checkout answered {response.status_code}")


def _client(user: User | None = None) -> Client:
    client = Client(SERVER_NAME="localhost")
    if user is not None:
        client.force_login(user)
    return client


def _page(client: Client, address: str) -> Callable[[object], None]:
    def send_request(_prepared: object) -> None:
        response = client.get(address)
        if response.status_code != 200:
            raise UnexpectedResponse(f"{address} answered {response.status_code}")

    return send_request


def _add_to_basket(client: Client, variant: Variant) -> Callable[[object], None]:
    def send_request(_prepared: object) -> None:
        response = client.post(reverse("orders:add-basket-line"), {"variant": variant.pk, "quantity": 1})
        if response.status_code != 302:
            raise UnexpectedResponse(f"the basket answered {response.status_code}")

    return send_request


def _change_quantity(client: Client, variant: Variant) -> Callable[[object], None]:
    """Change one basket line's quantity to two and back to one."""
    _add_to_basket(client, variant)(None)
    line = BasketLine.objects.order_by("-created_at")[0]
    url = reverse("orders:change-basket-line", args=[line.pk])
    quantities = itertools.cycle([2, 1])

    def send_request(_prepared: object) -> None:
        response = client.post(url, {"quantity": next(quantities)}, headers={"HX-Request": "true"})
        if response.status_code != 200:
            raise UnexpectedResponse(f"the basket answered {response.status_code}")

    return send_request


def find_variants_of_two_cooperatives() -> list[Variant]:
    """Return a variant of each of two cooperatives, stocked so that it does not sell out."""
    channel = market_channel()
    if channel is None:
        raise UnexpectedResponse("the shop has no channel")
    on_sale = Listing.objects.on_sale(channel.pk).filter(is_available=True)
    priced = Price.objects.filter(channel=channel, amount__isnull=False)
    variant_by_cooperative: dict[int, Variant] = {}
    variants = Variant.objects.filter(
        product__in=on_sale.values("product"), prices__in=priced, cooperative__paused_from=None
    )
    for variant in variants.select_related("product").order_by("product__sort_key", "pk"):
        variant_by_cooperative.setdefault(variant.cooperative_id, variant)
    chosen_variants = list(variant_by_cooperative.values())[:2]
    Stock.objects.filter(variant__in=chosen_variants).update(on_hand=F("on_hand") + EXTRA_STOCK)
    return chosen_variants


def _find_member() -> User:
    """Return a manager of the cooperative that comes first."""
    managers = Membership.objects.filter(
        role=Role.MANAGER, is_active=True, cooperative__state=CooperativeState.APPROVED
    )
    return managers.select_related("user").order_by("cooperative__sort_order", "pk")[0].user


def _build_whole_history() -> str:
    """Return the query string of a sales report over all orders, by month."""
    first, last = (
        Order.objects.placed().order_by(column).values_list("placed_at", flat=True)[0]
        for column in ("placed_at", "-placed_at")
    )
    return f"theo=month&tu={first:%d/%m/%Y}&den={last:%d/%m/%Y}"
