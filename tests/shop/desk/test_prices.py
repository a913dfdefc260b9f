"""Unusual prices that apps set are on the desk's list until somebody confirms them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.actions.products.variant_prices import confirm_price, set_variant_prices
from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import create_variant
from catalog.models import Price, Variant
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor, ActorKind, EntryPoint
from shop.core.errors import Missing
from shop.core.models import Change
from shop.core.states import TransitionNotAllowed
from tests.factories import NOW, make_channel, make_staff, make_variant
from tests.markup import html_of
from tests.refusals import assert_refused

pytestmark = [pytest.mark.django_db, pytest.mark.both]
APP = Actor(ActorKind.APP, EntryPoint.API, key="1", name="Kho hàng")
DESK = Actor.system("test")


def set_price(variant: Variant, amount: int, actor: Actor = APP) -> Price:
    """Set the variant's price and return the stored row."""
    prices = [ListPrice(make_channel(), amount)]
    set_variant_prices(variant_id=variant.pk, prices=prices, actor=actor, now=NOW)
    return Price.objects.get(variant=variant)


def test_unusual_price_of_an_app_is_listed_until_it_is_confirmed(client) -> None:
    variant = make_variant(name="Miến dong", price=320_000)
    price = set_price(variant, 32_000)
    client.force_login(make_staff(Permission.MANAGE_PRODUCTS))
    assert "Miến dong" in html_of(client.get("/quan-tri/"))
    page = html_of(client.get("/quan-tri/gia-la/"))
    address = f"/quan-tri/gia-la/{price.pk}/dung/"

    response = client.post(address, {"amount": "32000"})

    assert f'action="{address}"' in page
    assert response.url == "/quan-tri/gia-la/"
    assert "Không có giá bất thường." in html_of(client.get(response.url))
    assert Price.objects.get().unusual_since is None
    assert Change.objects.filter(action="price.confirmed").count() == 1


def test_queries_of_the_list_do_not_grow_with_prices(client) -> None:
    client.force_login(make_staff(Permission.MANAGE_PRODUCTS))
    counts = []
    for names in (("Miến dong",), ("Mật ong", "Gạo nếp", "Măng khô")):
        for name in names:
            set_price(make_variant(name=name, price=320_000), 32_000)
        with CaptureQueriesContext(connection) as queries:
            assert names[-1] in html_of(client.get("/quan-tri/gia-la/"))
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_first_price_of_an_app_is_compared_with_the_siblings() -> None:
    variant = make_variant(price=100_000, content_grams=1000)

    for name, amount in (("500 g", 5_000), ("250 g", 25_000)):
        create_variant(
            product_id=variant.product_id,
            values={"name": name, "content_grams": int(name[:3])},
            prices=[ListPrice(make_channel(), amount)],
            actor=APP,
            now=NOW,
        )

    assert [price.amount for price in Price.objects.unusual()] == [5_000]


def test_usual_prices_and_those_of_other_programs_are_not_listed() -> None:
    variant = make_variant(price=100_000)

    assert set_price(variant, 90_000).unusual_since is None
    assert set_price(variant, 9_000, DESK).unusual_since is None
    assert set_price(variant, 90_000).unusual_since == NOW
    assert set_price(variant, 91_000).unusual_since is None


def test_price_is_confirmed_as_it_was_read() -> None:
    price = set_price(make_variant(price=100_000), 1_000)

    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        confirm_price(price_id=price.pk, amount=10_000, actor=DESK, now=NOW)
    with assert_refused(Missing, "missing"):
        confirm_price(price_id=0, amount=1_000, actor=DESK, now=NOW)
    for _attempt in range(2):
        confirm_price(price_id=price.pk, amount=1_000, actor=DESK, now=NOW)

    assert Change.objects.filter(action="price.confirmed").count() == 1


@pytest.mark.parametrize("amount", ["", "x", "-1", "9" * 20])
def test_invalid_amount_is_missing(client, amount) -> None:
    price = set_price(make_variant(price=100_000), 1_000)
    client.force_login(make_staff(Permission.MANAGE_PRODUCTS))

    response = client.post(f"/quan-tri/gia-la/{price.pk}/dung/", {"amount": amount})

    assert response.status_code == 404
    assert Price.objects.get().unusual_since == NOW
