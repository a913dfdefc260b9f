"""A parcel takes the lots that expire first, unless the packer chooses others. Expired ones need a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.actions.stock.lots import LotDetails, receive_lot
from catalog.models import LotBalance, Movement, Variant
from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.lot_picks import ExpiredLot, LotChoices, LotQuantityShort, suggest_lots
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.models import Parcel, ParcelLine
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import NOW, get_stock, make_order, make_variant, make_variant_sold_by_weight
from tests.invariants import check_everything
from tests.refusals import assert_refused
from tests.row_reuse import reuse_rows

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW = {"actor": Actor.system("test"), "now": NOW}
TODAY = vietnam_date(NOW)


@reuse_rows
def make_lot(variant, quantity, days=None):
    return receive_lot(
        cooperative=variant.cooperative,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        quantity=quantity,
        details=LotDetails(expires_on=None if days is None else TODAY + timedelta(days)),
        **ACTOR_AND_NOW,
    )


@reuse_rows
def accepted_part(*lines):
    part = make_order(*lines).parts.get()
    accept_part(part_id=part.pk, **ACTOR_AND_NOW)
    return part


def pack(part, quantity, **options):
    return pack_parcel(
        part_id=part.pk, quantities={part.lines.get().pk: quantity}, **options, **ACTOR_AND_NOW
    )


def choice(part, lot, reason=""):
    return LotChoices({part.lines.get().pk: lot.pk if lot is not None else None}, reason)


def contents(parcel):
    return list(parcel.lines.order_by("pk").values_list("lot", "quantity"))


def balances(variant):
    return list(
        LotBalance.objects.filter(stock=get_stock(variant)).order_by("lot").values_list("on_hand", flat=True)
    )


def test_lots_go_out_first_expired_first_then_stock_without_a_lot() -> None:
    variant = make_variant(on_hand=5)
    late, early, undated = make_lot(variant, 2, 20), make_lot(variant, 3, 5), make_lot(variant, 1)
    part = accepted_part((variant, 8))

    parcel = pack(part, 8)
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)

    assert contents(parcel) == [(early.pk, 3), (late.pk, 2), (undated.pk, 1), (None, 2)]
    assert (balances(variant), get_stock(variant).on_hand) == ([0, 0, 0], 3)
    dispatched = Movement.objects.filter(reason="dispatch").order_by("pk").values_list("lot", "quantity")
    assert list(dispatched) == [(early.pk, -3), (late.pk, -2), (undated.pk, -1), (None, -2)]
    check_everything()


def test_what_lies_in_undispatched_parcels_is_not_taken_again() -> None:
    variant = make_variant(on_hand=0)
    early, late = make_lot(variant, 3, 5), make_lot(variant, 3, 20)
    first, second = accepted_part((variant, 2)), accepted_part((variant, 2))

    parcel = pack(first, 2)
    packed = contents(pack(second, 2))
    void_parcel(parcel_id=parcel.pk, reason="gói nhầm", **ACTOR_AND_NOW)
    packed_again = contents(pack(first, 2))

    assert packed == [(early.pk, 1), (late.pk, 1)]
    assert packed_again == [(early.pk, 2)]
    check_everything()


def test_voiding_a_dispatched_parcel_returns_its_lots() -> None:
    variant = make_variant(on_hand=0)
    make_lot(variant, 3, 5)
    make_lot(variant, 3, 20)
    parcel = pack(accepted_part((variant, 4)), 4)
    close_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    hand_over_parcel(parcel_id=parcel.pk, **ACTOR_AND_NOW)
    dispatched = balances(variant)

    void_parcel(parcel_id=parcel.pk, reason="gửi nhầm", **ACTOR_AND_NOW)

    assert (dispatched, balances(variant)) == ([0, 2], [3, 3])
    check_everything()


def test_packer_takes_another_lot_or_none() -> None:
    variant = make_variant(on_hand=4)
    make_lot(variant, 3, 5)
    late = make_lot(variant, 3, 20)
    first, second = accepted_part((variant, 2)), accepted_part((variant, 2))

    chosen = contents(pack(first, 2, lots=choice(first, late)))
    of_no_lot = contents(pack(second, 2, lots=choice(second, None)))

    assert (chosen, of_no_lot) == ([(late.pk, 2)], [(None, 2)])


def test_chosen_lot_with_less_is_refused() -> None:
    variant = make_variant(on_hand=0)
    make_lot(variant, 5, 5)
    late = make_lot(variant, 1, 20)
    part = accepted_part((variant, 2))

    with assert_refused(LotQuantityShort, "lot_quantity_short") as refusal:
        pack(part, 2, lots=choice(part, late))

    assert refusal.value.details == {"free": 1}


def test_lots_of_other_variants_are_missing() -> None:
    variant = make_variant(on_hand=0)
    make_lot(variant, 5, 5)
    other = make_lot(make_variant(on_hand=0), 5)
    part = accepted_part((variant, 2))

    with assert_refused(Missing, "missing"):
        pack(part, 2, lots=choice(part, other))


def test_expired_lots_are_sent_only_with_a_reason() -> None:
    variant = make_variant(on_hand=0)
    expired, fresh = make_lot(variant, 5, -1), make_lot(variant, 2, 0)
    part = accepted_part((variant, 4))

    with assert_refused(ExpiredLot, "expired_lot") as refusal:
        pack(part, 4)
    with assert_refused(ExpiredLot, "expired_lot"):
        pack(part, 1, lots=choice(part, expired, " "))
    allowed = pack(part, 3, lots=LotChoices(reason="Người mua đồng ý"))

    assert refusal.value.details == {"lots": [expired.code]}
    assert contents(allowed) == [(fresh.pk, 2), (expired.pk, 1)]
    assert Change.objects.get(action="parcel.created").reason == "Người mua đồng ý"


def test_packing_recorded_a_day_later_takes_the_lot_that_was_in_date_then() -> None:
    variant = make_variant(on_hand=9)
    lot = make_lot(variant, 5, -1)
    part = accepted_part((variant, 3))
    with assert_refused(ExpiredLot, "expired_lot"):
        pack(part, 1, lots=choice(part, lot))
    late = {"happened_at": NOW - timedelta(days=1)}

    chosen, suggested = pack(part, 1, lots=choice(part, lot), **late), pack(part, 1, **late)

    assert (contents(chosen), contents(suggested)) == ([(lot.pk, 1)], [(lot.pk, 1)])


def test_goods_beyond_all_records_are_packed_without_a_lot() -> None:
    """The records say that the lot is empty; the packer holds the goods."""
    variant = make_variant(on_hand=0)
    lot = make_lot(variant, 4, 5)
    part = accepted_part((variant, 4))
    LotBalance.objects.filter(lot=lot).update(on_hand=1)

    parcel = pack(part, 4)

    assert contents(parcel) == [(lot.pk, 1), (None, 3)]


def test_repeated_packing_keeps_the_first_lots() -> None:
    variant = make_variant(on_hand=0)
    early = make_lot(variant, 3, 5)
    make_lot(variant, 3, 20)
    part = accepted_part((variant, 2))

    parcels = {pack(part, 2, idempotency_key="phone-3").pk for _attempt in range(2)}

    assert len(parcels) == 1
    assert list(ParcelLine.objects.values_list("lot", "quantity")) == [(early.pk, 2)]


def test_weight_is_divided_among_the_lots() -> None:
    variant = make_variant_sold_by_weight(on_hand=0)
    make_lot(variant, 1, 5)
    make_lot(variant, 2, 20)
    part = accepted_part((variant, 3))
    line = part.lines.get()
    weigh_line(part_id=part.pk, line_id=line.pk, grams=7201, **ACTOR_AND_NOW)

    parcel = pack(part, 3)

    assert list(parcel.lines.order_by("pk").values_list("quantity", "grams")) == [(1, 2400), (2, 4801)]
    check_everything()


def test_suggestion_names_the_lots_that_packing_takes() -> None:
    variant = make_variant(on_hand=1)
    early, expired = make_lot(variant, 2, 5), make_lot(variant, 9, -3)
    part = accepted_part((variant, 3))
    line = part.lines.get()

    suggestion = suggest_lots({line: 3}, today=TODAY)[line.pk]

    assert (suggestion.picks, suggestion.lots, suggestion.has_expired) == (
        [(early, 2), (None, 1)],
        [expired, early],
        True,
    )


def test_no_suggestion_without_lots() -> None:
    part = accepted_part((make_variant(), 3))

    assert suggest_lots({part.lines.get(): 3}, today=TODAY) == {}


def test_statements_of_packing_do_not_grow_with_lots() -> None:
    def statements_of_packing(lot_count):
        variant = make_variant(on_hand=0)
        for days in range(lot_count):
            make_lot(variant, 1, days)
        part = accepted_part((variant, lot_count))
        with CaptureQueriesContext(connection) as queries:
            pack(part, lot_count)
        return len(queries)

    assert statements_of_packing(7) == statements_of_packing(1)
    assert Parcel.objects.count() == 2
    assert Variant.objects.count() == 2
