"""Packers of different orders who take the last of one lot at once."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial

import pytest

from catalog.actions.stock.lots import LotDetails, receive_lot
from orders import locks
from orders.actions.fulfilment import lot_picks
from orders.actions.fulfilment.lot_picks import LotSupply
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.models import ParcelLine
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from tests.factories import NOW, get_stock, make_order, make_variant
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR_AND_NOW = {"actor": Actor.system("test"), "now": NOW}
TODAY = vietnam_date(NOW)


def two_packings():
    """Return callables that pack two orders of 2, and the variant's two lots of 2 each."""
    variant = make_variant(on_hand=0)
    lots = [
        receive_lot(
            cooperative=variant.cooperative,
            variant_id=variant.pk,
            warehouse_id=get_stock(variant).warehouse_id,
            quantity=2,
            details=LotDetails(expires_on=TODAY + timedelta(days)),
            **ACTOR_AND_NOW,
        )
        for days in (5, 20)
    ]
    packings = []
    for _order in range(2):
        part = make_order((variant, 2)).parts.get()
        accept_part(part_id=part.pk, **ACTOR_AND_NOW)
        quantities = {part.lines.get().pk: 2}
        packings.append(partial(pack_parcel, part_id=part.pk, quantities=quantities, **ACTOR_AND_NOW))
    return packings, lots


def taken_lots():
    return sorted(ParcelLine.objects.values_list("lot", "quantity"))


def test_last_of_a_lot_goes_into_one_parcel() -> None:
    packings, (early, late) = two_packings()

    results = run_in_threads(packings)

    assert [result for result in results if isinstance(result, Exception)] == []
    assert taken_lots() == [(early.pk, 2), (late.pk, 2)]


def test_without_reading_the_lots_under_the_lock_one_lot_is_taken_twice(monkeypatch) -> None:
    packings, (early, _late) = two_packings()
    stock_id = get_stock(early.variant).pk
    both_read, stale = threading.Barrier(2, timeout=20), threading.local()
    monkeypatch.setattr(locks, "lock_stock", lambda _stock_ids: {})
    monkeypatch.setattr(lot_picks, "LotSupply", lambda _stock_ids, _today: stale.supply)

    def packing_as_read_before(pack):
        stale.supply = LotSupply([stock_id], TODAY)
        both_read.wait()
        return pack()

    results = run_in_threads([partial(packing_as_read_before, pack) for pack in packings])

    assert [result for result in results if isinstance(result, Exception)] == []
    assert taken_lots() == [(early.pk, 2), (early.pk, 2)]
