"""Opening the checkout reserves stock for fifteen minutes."""

from __future__ import annotations

import datetime

import pytest

from orders.actions.checkout.open_checkout import open_checkout
from orders.actions.quotes.quote_types import QuoteProblem
from orders.models import Reservation
from shop.core.errors import Missing
from shop.core.models import Channel
from tests.factories import NOW, get_stock, make_basket, make_variant, unknown_uuid
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


def test_stock_is_reserved_for_fifteen_minutes() -> None:
    variant = make_variant(on_hand=5)
    basket = make_basket((variant, 3))

    open_checkout(basket_id=basket.pk, now=NOW)

    (reservation,) = Reservation.objects.all()
    assert (reservation.quantity, reservation.expires_at) == (3, NOW + datetime.timedelta(minutes=15))
    assert (get_stock(variant).reserved, get_stock(variant).free) == (3, 2)


def test_reopening_extends_reservation_without_doubling_it() -> None:
    variant = make_variant(on_hand=5)
    basket = make_basket((variant, 3))
    later = NOW + datetime.timedelta(minutes=10)

    open_checkout(basket_id=basket.pk, now=NOW)
    open_checkout(basket_id=basket.pk, now=later)

    assert Reservation.objects.get().expires_at == later + datetime.timedelta(minutes=15)
    assert get_stock(variant).reserved == 3


def test_short_line_reserves_nothing_and_reports_free_quantity() -> None:
    short_variant, enough = make_variant(on_hand=2), make_variant(on_hand=9)
    basket = make_basket((short_variant, 3), (enough, 1))

    quote = open_checkout(basket_id=basket.pk, now=NOW)

    assert {line.variant.pk: (line.problems, line.available_quantity) for line in quote.lines} == {
        short_variant.pk: ([QuoteProblem.FEWER_IN_STOCK], 2),
        enough.pk: ([], 9),
    }
    assert (get_stock(short_variant).reserved, get_stock(enough).reserved) == (0, 1)


def test_channel_without_reservation_time_reserves_nothing() -> None:
    variant = make_variant()
    basket = make_basket((variant, 3))
    Channel.objects.update(reservation_minutes=0)

    open_checkout(basket_id=basket.pk, now=NOW)

    assert get_stock(variant).reserved == 0


def test_unknown_basket_is_missing() -> None:
    with assert_refused(Missing, "missing"):
        open_checkout(basket_id=unknown_uuid(), now=NOW)
