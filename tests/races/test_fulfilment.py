"""Races of fulfilment: packing, handing over, cancelling, and merging baskets."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from cooperatives.actions.cooperative_lifecycle import AlreadyApplied, ApplicationDetails, apply_to_sell
from cooperatives.models import Cooperative
from orders import locks
from orders.actions.basket.merge_baskets import merge_guest_basket
from orders.actions.fulfilment import pack_parcels
from orders.actions.fulfilment.cancel_parts import (
    PartAlreadyHandedOver,
    PartAlreadyPacked,
    cancel_order,
    cancel_part,
    cancel_part_as_buyer,
)
from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.one_step_fulfilment import LineToSend, fulfil_order
from orders.actions.fulfilment.pack_parcels import QuantityNotOpen, accept_part, close_parcel, pack_parcel
from orders.actions.order_records.recalculate_order import read_unpacked_quantities
from orders.actions.placement.place_order import place_order
from orders.models import Basket, Order, OrderPart, Parcel, ParcelLine, PaymentEvent
from orders.states import ParcelState, PartState
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.states import TransitionNotAllowed
from tests.factories import (
    NOW,
    carrier_deliveries,
    get_stock,
    make_basket,
    make_contact,
    make_order,
    make_seller,
    make_user,
    make_variant,
)
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)
MEMBER = Actor.system("test")


def accepted_part(quantity=4, on_hand=10):
    """Return an accepted part with one line of this quantity, and its variant."""
    variant = make_variant(on_hand=on_hand)
    part = make_order((variant, quantity)).parts.get()
    accept_part(part_id=part.pk, actor=MEMBER, now=NOW)
    return part, variant


def packed_parcel(part):
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 4}, actor=MEMBER, now=NOW)
    return close_parcel(parcel_id=parcel.pk, actor=MEMBER, now=NOW)


def type_names(results):
    return sorted(type(result).__name__ for result in results)


def packed_quantity(part):
    return ParcelLine.objects.filter(parcel__part=part).aggregate(sum=Sum("quantity"))["sum"]


def test_second_member_cannot_pack_same_items() -> None:
    part, _variant = accepted_part()
    packing = partial(
        pack_parcel, part_id=part.pk, quantities={part.lines.get().pk: 3}, actor=MEMBER, now=NOW
    )

    results = run_in_threads([packing, packing])

    assert type_names(results) == ["Parcel", "QuantityNotOpen"], results
    refusal = next(result for result in results if isinstance(result, QuantityNotOpen))
    assert list(refusal.details["open"].values()) == [1]
    assert packed_quantity(part) == 3


def test_without_lock_items_are_packed_twice_or_database_fails(monkeypatch) -> None:
    part, _variant = accepted_part()
    line = part.lines.get()
    both_read = threading.Barrier(2, timeout=20)
    if connection.vendor == "postgresql":

        def read_without_lock(rows):
            read_rows = list(rows.order_by("pk"))
            both_read.wait()
            return next(iter(read_rows), None)

        monkeypatch.setattr(locks, "lock_row", read_without_lock)
    else:
        monkeypatch.setattr(pack_parcels, "read_unpacked_quantities", lambda _lines: stale_reads.open)
    stale_reads = threading.local()

    def packing():
        if connection.vendor == "sqlite":
            stale_reads.open = read_unpacked_quantities([line])
            both_read.wait()
        return pack_parcel(part_id=part.pk, quantities={line.pk: 3}, actor=MEMBER, now=NOW)

    results = run_in_threads([packing, packing])

    outcomes = [(["Parcel", "Parcel"], 6)]
    if connection.vendor == "postgresql":
        # If both read before either has written, they take the same parcel number, which is unique.
        outcomes.append((["IntegrityError", "Parcel"], 3))
    assert (type_names(results), packed_quantity(part)) in outcomes, results


def fulfilling(order):
    """Return a callable that fulfils the whole order, as an API client does."""
    line = order.lines.get()
    lines = [LineToSend(line.pk, get_stock(line.variant).warehouse_id, line.quantity)]
    return partial(fulfil_order, order_id=order.pk, lines_to_send=lines, actor=MEMBER, now=NOW)


def test_order_fulfilled_in_parallel_is_dispatched_once() -> None:
    variant = make_variant(on_hand=10)
    order = make_order((variant, 4))

    results = run_in_threads([fulfilling(order)] * 4)

    assert type_names(results) == [*["QuantityNotOpen"] * 3, "list"], results
    stock = get_stock(variant)
    assert (stock.on_hand, stock.allocated) == (6, 0)
    assert Parcel.objects.get().state == ParcelState.HANDED_OVER


def test_without_reading_open_quantities_under_lock_items_are_sent_twice(monkeypatch) -> None:
    order = make_order((make_variant(on_hand=10), 4))
    line, fulfil = order.lines.get(), fulfilling(order)
    both_read, stale_reads = threading.Barrier(2, timeout=20), threading.local()
    monkeypatch.setattr(pack_parcels, "read_unpacked_quantities", lambda _lines: stale_reads.open)

    def fulfilling_as_read_before():
        stale_reads.open = read_unpacked_quantities([line])
        both_read.wait()
        return fulfil()

    results = run_in_threads([fulfilling_as_read_before] * 2)

    assert type_names(results) == ["list", "list"], results
    assert packed_quantity(order.parts.get()) == 8


def test_parallel_requests_with_one_key_create_one_parcel() -> None:
    part, _variant = accepted_part()
    packing = partial(
        pack_parcel,
        part_id=part.pk,
        quantities={part.lines.get().pk: 4},
        idempotency_key="k",
        actor=MEMBER,
        now=NOW,
    )

    results = run_in_threads([packing] * 10)

    assert {getattr(result, "pk", result) for result in results} == {Parcel.objects.get().pk}


def test_part_is_handed_over_or_cancelled_but_not_both() -> None:
    parts = [accepted_part() for _ in range(6)]
    parcels = [packed_parcel(part) for part, _variant in parts]
    calls = []
    for (part, _variant), parcel in zip(parts, parcels, strict=True):
        calls.append(partial(hand_over_parcel, parcel_id=parcel.pk, actor=MEMBER, now=NOW))
        calls.append(partial(cancel_part, part_id=part.pk, reason="hết hàng", actor=MEMBER, now=NOW))

    results = run_in_threads(calls)

    for n, (part, variant) in enumerate(parts):
        handed_over, cancelled = results[2 * n : 2 * n + 2]
        part.refresh_from_db()
        stock = get_stock(variant)
        if isinstance(handed_over, Parcel):
            assert isinstance(cancelled, PartAlreadyHandedOver)
            assert (part.state, stock.on_hand, stock.allocated) == (PartState.ACCEPTED, 6, 0)
        else:
            assert isinstance(handed_over, TransitionNotAllowed)
            assert (part.state, stock.on_hand, stock.allocated) == (PartState.CANCELLED, 10, 0)
            assert parcels[n].part.parcels.get().state == ParcelState.VOIDED


def test_without_lock_cancelled_part_is_handed_over(monkeypatch) -> None:
    part, variant = accepted_part()
    parcel = packed_parcel(part)
    both_read, is_cancelled = threading.Barrier(2, timeout=20), threading.Event()
    lock_parcel = locks.lock_parcel

    def read_stale(parcel_id):
        """Return rows read before the other thread wrote, without waiting for its lock."""
        return stale_parcel

    with transaction.atomic():
        stale_parcel = lock_parcel(parcel.pk)
    monkeypatch.setattr(locks, "lock_parcel", read_stale)

    def handing_over():
        both_read.wait()
        assert is_cancelled.wait(timeout=20)
        return hand_over_parcel(parcel_id=parcel.pk, actor=MEMBER, now=NOW)

    def cancelling():
        both_read.wait()
        try:
            return cancel_part(part_id=part.pk, reason="hết hàng", actor=MEMBER, now=NOW)
        finally:
            is_cancelled.set()

    results = run_in_threads([handing_over, cancelling])

    assert type_names(results) == ["OrderPart", "Parcel"], results
    part.refresh_from_db()
    assert (part.state, part.parcels.get().state) == (PartState.CANCELLED, ParcelState.HANDED_OVER)
    assert get_stock(variant).on_hand == 6


def test_buyer_cancels_part_only_before_it_is_packed() -> None:
    part, variant = accepted_part()
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 4}, actor=MEMBER, now=NOW)

    closed, cancelled = run_in_threads(
        [
            partial(close_parcel, parcel_id=parcel.pk, actor=MEMBER, now=NOW),
            partial(cancel_part_as_buyer, part_id=part.pk, actor=Actor.guest(), now=NOW),
        ]
    )

    parcel.refresh_from_db()
    if isinstance(cancelled, OrderPart):
        assert isinstance(closed, TransitionNotAllowed)
        assert (parcel.state, get_stock(variant).allocated) == (ParcelState.VOIDED, 0)
    else:
        assert isinstance(cancelled, PartAlreadyPacked)
        assert (parcel.state, get_stock(variant).allocated) == (ParcelState.PACKED, 4)


def test_parallel_delivery_reports_collect_cash_once() -> None:
    part, _variant = accepted_part()
    parcel = packed_parcel(part)
    hand_over_parcel(parcel_id=parcel.pk, actor=MEMBER, now=NOW)
    delivering = partial(deliver_parcel, parcel_id=parcel.pk, is_cash_collected=True, actor=MEMBER, now=NOW)

    results = run_in_threads([delivering] * 6)

    assert type_names(results) == ["Parcel", *["TransitionNotAllowed"] * 5]
    assert PaymentEvent.objects.filter(kind="charge_success").count() == 1
    assert Order.objects.get().charged == part.total_gross


def test_cancelling_and_placing_do_not_deadlock() -> None:
    variants = [make_variant(make_seller(name), on_hand=100) for name in ("HTX Thiên An", "HTX Tài Hoan")]
    orders = [make_order(*[(variant, 1) for variant in reversed(variants)]) for _ in range(8)]
    baskets = [make_basket(*[(variant, 1) for variant in variants]) for _ in range(8)]
    cancelling = [
        partial(cancel_order, order_id=order.pk, reason="khách gọi", actor=MEMBER, now=NOW)
        for order in orders
    ]
    placing = [
        partial(
            place_order,
            basket_id=basket.pk,
            contact=make_contact(),
            deliveries=carrier_deliveries(basket),
            consents=frozenset({ConsentPurpose.ORDER}),
            actor=Actor.guest(),
            now=NOW,
        )
        for basket in baskets
    ]

    results = run_in_threads([call for pair in zip(cancelling, placing, strict=True) for call in pair])

    assert type_names(results) == ["Order"] * 16, results
    assert [get_stock(variant).allocated for variant in variants] == [8, 8]


def test_merging_and_placing_baskets_lose_no_items() -> None:
    variant = make_variant(on_hand=20)
    user = make_user()
    user_basket = make_basket((variant, 1), user=user)
    guest_basket = make_basket((variant, 2))

    placed, merged = run_in_threads(
        [
            partial(
                place_order,
                basket_id=user_basket.pk,
                contact=make_contact(),
                deliveries=carrier_deliveries(user_basket),
                consents=frozenset({ConsentPurpose.ORDER}),
                actor=Actor.guest(),
                now=NOW,
            ),
            partial(merge_guest_basket, guest_basket_id=guest_basket.pk, user_id=user.pk, now=NOW),
        ]
    )

    assert isinstance(placed, Order), placed
    assert merged is None or isinstance(merged, Basket), merged
    basket_quantity = sum(line.quantity for basket in Basket.objects.all() for line in basket.lines.all())
    assert placed.lines.get().quantity + basket_quantity == 3


def test_parallel_applications_create_one_cooperative() -> None:
    user = make_user()
    details = ApplicationDetails(
        name="HTX Nhung Lũy",
        legal_name="HTX Nhung Lũy",
        registration_number="1",
        representative="Lý Thị Nhung",
        phone="+84912345678",
        email="nhung@example.com",
        province_code="19",
        commune_code="01894",
        province_name="Thái Nguyên",
        commune_name="Ba Bể",
    )
    applying = partial(apply_to_sell, user=user, details=details, actor=MEMBER, now=NOW)

    results = run_in_threads([applying] * 5)

    assert type_names(results) == [*["AlreadyApplied"] * 4, "Cooperative"], results
    assert Cooperative.objects.count() == 1
    assert all(isinstance(result, (AlreadyApplied, Cooperative)) for result in results)


def test_cancelling_part_and_order_in_parallel_ends_part_once() -> None:
    part, variant = accepted_part()

    results = run_in_threads(
        [
            partial(cancel_part, part_id=part.pk, reason="hết hàng", actor=MEMBER, now=NOW),
            partial(cancel_order, order_id=part.order_id, reason="khách gọi", actor=MEMBER, now=NOW),
        ]
    )

    assert "TransitionNotAllowed" in type_names(results)
    assert PaymentEvent.objects.filter(kind="cancel_success").count() == 1
    assert get_stock(variant).free == 10
    with pytest.raises(Missing):
        cancel_part(part_id=part.pk + 1, reason="x", actor=MEMBER, now=NOW)
