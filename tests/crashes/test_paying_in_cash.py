"""Kill the process anywhere between the basket of a cash order and its collected cash."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.placement.order_sweeps import release_expired_reservations
from orders.actions.placement.place_order import place_order
from orders.models import Basket, Order, Payment, PaymentMethod
from orders.states import CodState
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from tests.crashes.killed_process import kill_at_each_point
from tests.factories import NOW, carrier_deliveries, get_stock, make_basket, make_contact, make_variant
from tests.invariants import check_everything

pytestmark = pytest.mark.django_db(transaction=True)
SOMEBODY = Actor.system("crash")


def order_basket(basket: Basket) -> Order:
    return place_order(
        basket_id=basket.pk,
        contact=make_contact(),
        deliveries=carrier_deliveries(basket) if basket.lines.exists() else {},
        consents=frozenset({ConsentPurpose.ORDER}),
        method=PaymentMethod.COD,
        actor=SOMEBODY,
        now=NOW,
    )


def place_and_collect(basket: Basket) -> None:
    """Send all steps up to collected cash as a phone does: each with a key, so that it can be repeated."""
    order = order_basket(basket)
    part = order.parts.get()
    key = str(basket.pk)
    who: dict[str, Any] = {"actor": SOMEBODY, "now": NOW}
    accept_part(part_id=part.pk, idempotency_key=f"accept:{key}", **who)
    quantities = {line.pk: line.quantity for line in part.lines.all()}
    parcel = pack_parcel(part_id=part.pk, quantities=quantities, idempotency_key=f"pack:{key}", **who)
    close_parcel(parcel_id=parcel.pk, idempotency_key=f"close:{key}", **who)
    hand_over_parcel(parcel_id=parcel.pk, idempotency_key=f"hand:{key}", **who)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, idempotency_key=f"deliver:{key}", **who)


def check_every_point(*, is_only_at_commits: bool) -> int:
    """Kill the process at each point, repeat as a phone would, and check, and return the number of runs."""
    variant = make_variant(on_hand=1_000, price=45_000)
    count = 0
    for baskets in kill_at_each_point(
        partial(make_basket, (variant, 2)), place_and_collect, is_only_at_commits=is_only_at_commits
    ):
        release_expired_reservations(now=NOW)
        for basket in baskets:
            place_and_collect(basket)

        count += len(baskets)
        for basket in baskets:
            assert_collected_once(Order.objects.get(basket_key=basket.pk))
        assert not Basket.objects.exists()
        assert get_stock(variant).on_hand == 1_000 - 2 * count
        check_everything(order_limit=len(baskets))
    return count


def assert_collected_once(order: Order) -> None:
    (parcel,) = order.parts.get().parcels.all()
    sums = Payment.objects.filter(order=order).sums()
    assert [(one.charged, one.charge_pending) for one in sums.values()] == [(order.total_gross, 0)]
    assert (parcel.cod_state, parcel.cod_collected) == (CodState.COLLECTED, order.total_gross)


def test_money_and_stock_are_consistent_if_process_dies_at_commit_or_call() -> None:
    assert check_every_point(is_only_at_commits=True) > 5


def count_statements() -> int:
    """Count the statements of an undisturbed purchase. The process dies before each of them."""
    basket = make_basket((make_variant(on_hand=10, price=45_000), 2))
    with CaptureQueriesContext(connection) as queries:
        place_and_collect(basket)
    return sum(not query["sql"].startswith(("BEGIN", "COMMIT")) for query in queries)


@pytest.mark.long
def test_money_and_stock_are_consistent_if_process_dies_at_any_step() -> None:
    statement_count = count_statements()

    assert check_every_point(is_only_at_commits=False) > statement_count > 100
