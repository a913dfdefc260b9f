"""Stock that several members move between warehouses at once."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from catalog.actions.stock.transfer_stock import transfer_stock
from catalog.models import Stock, Variant
from cooperatives.models import Warehouse
from shop.core.actors import Actor
from tests.factories import NOW, get_stock, make_channel, make_seller, make_variant, make_warehouse
from tests.invariants import check_stock
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = Actor.system("test")


def transfer(
    variant: Variant, source: Warehouse, target: Warehouse, idempotency_key: str | None = None
) -> Any:
    return partial(
        transfer_stock,
        cooperative=variant.product.cooperative,
        variant_id=variant.pk,
        from_warehouse_id=source.pk,
        to_warehouse_id=target.pk,
        quantity=4,
        idempotency_key=idempotency_key,
        actor=ACTOR,
        now=NOW,
    )


def on_hand(variant: Variant, *warehouses: Warehouse) -> list[int]:
    return [Stock.objects.get(variant=variant, warehouse=warehouse).on_hand for warehouse in warehouses]


def test_transfers_in_both_directions_end_and_keep_the_sum() -> None:
    """The second warehouse has no stock row before, so the transfers also create it at once."""
    variant = make_variant(make_seller(), on_hand=40)
    home = get_stock(variant).warehouse
    far_warehouse = make_warehouse(variant.product.cooperative, make_channel())
    there, back = transfer(variant, home, far_warehouse), transfer(variant, far_warehouse, home)

    results = run_in_threads([there, back, there, back, there, back, there, there])

    assert [result for result in results if isinstance(result, Exception)] == []
    assert on_hand(variant, home, far_warehouse) == [32, 8]
    check_stock()


def test_repeated_transfer_moves_once() -> None:
    variant = make_variant(make_seller(), on_hand=40)
    home = get_stock(variant).warehouse
    far_warehouse = make_warehouse(variant.product.cooperative, make_channel())

    results = run_in_threads([transfer(variant, home, far_warehouse, "phone:1:transfer")] * 6)

    assert [result for result in results if isinstance(result, Exception)] == []
    assert on_hand(variant, home, far_warehouse) == [36, 4]
    check_stock()
