"""Races of missing items: shortages, offered substitutes, the buyer's answer, cancelling and other buyers."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from catalog.actions.stock.stock_movements import SoldOut
from catalog.models import Variant
from orders import locks
from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.fulfilment.substitute_holds import SubstituteUnanswered
from orders.actions.placement.place_order import BasketChanged, place_order
from orders.actions.refunds import offer_substitute as offering
from orders.actions.refunds import report_shortage as shortages
from orders.actions.refunds import undo_shortage as undo_shortages
from orders.actions.refunds.answer_substitute import SubstituteClosed, answer_substitute
from orders.actions.refunds.offer_substitute import (
    InvalidSubstituteQuantity,
    SubstituteOffer,
    offer_substitute,
)
from orders.actions.refunds.refund_decisions import read_refund_limits
from orders.actions.refunds.report_shortage import report_shortage
from orders.actions.refunds.undo_shortage import undo_shortage
from orders.models import Order, OrderPart, Parcel, Refund, Substitute
from orders.states import PartState, SubstituteState
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor, ActorKind, EntryPoint
from tests.factories import (
    NOW,
    carrier_deliveries,
    get_stock,
    make_basket,
    make_contact,
    make_order,
    make_seller,
    make_variant,
)
from tests.invariants import check_everything
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)
MEMBER = Actor.system("test")
COOPERATIVE = Actor(ActorKind.SYSTEM, EntryPoint.MEMBERS, name="test")


def offered_part(on_hand: int = 10) -> tuple[OrderPart, Substitute]:
    """Return an accepted part of four items at 100,000 and one at 50,000; two of the four may be replaced."""
    part, offer = part_and_offer(on_hand)
    return part, offer()


def part_and_offer(on_hand: int = 10) -> tuple[OrderPart, Callable[[], Substitute]]:
    seller = make_seller()
    lines = [(make_variant(seller, price=100_000), 4), (make_variant(seller, price=50_000), 1)]
    part = accept_part(part_id=make_order(*lines).parts.get().pk, actor=MEMBER, now=NOW)
    variant = make_variant(seller, name="Bún khô", price=80_000, on_hand=on_hand)
    offer = SubstituteOffer(part.lines.order_by("position")[0].pk, 2, variant.pk, 2)
    return part, partial(offer_substitute, part_id=part.pk, offer=offer, actor=MEMBER, now=NOW)


def noodles_of(part: OrderPart) -> Variant:
    return Variant.objects.get(product__name="Bún khô", cooperative=part.cooperative)


def answering(substitute: Substitute, *, is_agreed: bool) -> Callable[[], Substitute]:
    return partial(
        answer_substitute, substitute_id=substitute.pk, is_agreed=is_agreed, actor=Actor.guest(), now=NOW
    )


def cancelling(part: OrderPart) -> Callable[[], OrderPart]:
    return partial(cancel_part, part_id=part.pk, reason="hết hàng", actor=MEMBER, now=NOW)


def placing(variant: Variant, quantity: int) -> Callable[[], Order]:
    """Place another buyer's order of this variant."""
    basket = make_basket((variant, quantity))
    return partial(
        place_order,
        basket_id=basket.pk,
        contact=make_contact(),
        deliveries=carrier_deliveries(basket),
        consents=frozenset({ConsentPurpose.ORDER}),
        actor=Actor.guest(),
        now=NOW,
    )


def read_before(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: Any) -> None:
    """Remove a lock: from now on `locks.<name>` returns the rows that are read here."""
    with transaction.atomic():
        rows = getattr(locks, name)(*arguments)
    monkeypatch.setattr(locks, name, lambda *_arguments: copy.deepcopy(rows))


def test_only_one_of_two_parallel_answers_counts() -> None:
    offers = [offered_part()[1] for _ in range(4)]

    results = run_in_threads(
        [answering(offer, is_agreed=is_agreed) for offer in offers for is_agreed in (True, False)]
    )

    for n in range(len(offers)):
        names = {type(result).__name__ for result in results[2 * n : 2 * n + 2]}
        assert names == {"Substitute", "SubstituteClosed"}, results
    assert Refund.objects.count() == len(offers)
    check_everything()


def test_without_lock_both_answers_count(monkeypatch: pytest.MonkeyPatch) -> None:
    _part, substitute = offered_part()
    read_before(monkeypatch, "lock_substitute", substitute.pk)

    answering(substitute, is_agreed=True)()
    with pytest.raises(IntegrityError, match="substitute_line_was_accepted"):
        answering(substitute, is_agreed=False)()


def test_buyers_yes_while_member_cancels_ends_cancelled() -> None:
    offered = [offered_part() for _ in range(5)]

    results = run_in_threads(
        [
            work
            for part, substitute in offered
            for work in (answering(substitute, is_agreed=True), cancelling(part))
        ]
    )

    for n, (part, substitute) in enumerate(offered):
        answered, cancelled = results[2 * n : 2 * n + 2]
        part.refresh_from_db()
        substitute.refresh_from_db()
        assert isinstance(answered, Substitute | SubstituteClosed), answered
        assert isinstance(cancelled, OrderPart), cancelled
        assert part.state == PartState.CANCELLED
        is_agreed = isinstance(answered, Substitute)
        assert substitute.state == (SubstituteState.ACCEPTED if is_agreed else SubstituteState.WITHDRAWN)
        assert get_stock(substitute.variant).allocated == 0
    assert {order.current_total_gross for order in Order.objects.all()} == {0}
    check_everything()


def test_without_lock_buyer_agrees_to_a_cancelled_part(monkeypatch: pytest.MonkeyPatch) -> None:
    part, substitute = offered_part()
    read_before(monkeypatch, "lock_substitute", substitute.pk)

    cancelling(part)()
    answering(substitute, is_agreed=True)()

    part.refresh_from_db()
    assert part.state == PartState.CANCELLED
    assert Substitute.objects.get().state == SubstituteState.ACCEPTED
    assert Refund.objects.get().part_id == part.pk


def test_offer_while_member_packs_keeps_line_either_packed_or_waiting() -> None:
    cases = [part_and_offer() for _ in range(5)]
    lines = [part.lines.order_by("position")[0] for part, _offer in cases]

    results = run_in_threads(
        [
            work
            for (part, offer), line in zip(cases, lines, strict=True)
            for work in (
                offer,
                partial(pack_parcel, part_id=part.pk, quantities={line.pk: 3}, actor=MEMBER, now=NOW),
            )
        ]
    )

    for n in range(len(cases)):
        offered, packed = results[2 * n : 2 * n + 2]
        if isinstance(offered, Substitute):
            assert isinstance(packed, SubstituteUnanswered), packed
        else:
            assert isinstance(offered, InvalidSubstituteQuantity), offered
            assert isinstance(packed, Parcel), packed
    check_everything()


def test_without_lock_packed_items_are_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    part, offer = part_and_offer()
    line = part.lines.order_by("position")[0]
    limits = read_refund_limits(part.order, part)
    read_before(monkeypatch, "lock_part", part.pk)
    monkeypatch.setattr(offering, "read_refund_limits", lambda _order, _part: limits)

    pack_parcel(part_id=part.pk, quantities={line.pk: 3}, actor=MEMBER, now=NOW)
    offered = offer()

    assert offered.quantity == 2  # of one item that is not packed
    with pytest.raises(AssertionError):
        check_everything()


def test_stock_bought_meanwhile_is_offered_or_sold_but_not_both() -> None:
    cases = [part_and_offer(on_hand=2) for _ in range(4)]
    variants = [
        Variant.objects.get(product__name="Bún khô", cooperative=part.cooperative) for part, _ in cases
    ]
    orders = [placing(variant, 1) for variant in variants]

    results = run_in_threads(
        [work for (_part, offer), order in zip(cases, orders, strict=True) for work in (offer, order)]
    )

    for n, variant in enumerate(variants):
        offered, ordered = results[2 * n : 2 * n + 2]
        assert isinstance(offered, Substitute | SoldOut), offered
        assert isinstance(ordered, Order | SoldOut | BasketChanged), ordered
        assert isinstance(offered, Substitute) != isinstance(ordered, Order)
        assert get_stock(variant).allocated == (2 if isinstance(offered, Substitute) else 1)
    check_everything()


def test_without_lock_sold_stock_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    part, offer = part_and_offer(on_hand=2)
    variant = noodles_of(part)
    order = placing(variant, 2)
    read_before(monkeypatch, "lock_stock", [get_stock(variant).pk])

    order()
    offer()

    with pytest.raises(AssertionError):
        check_everything()


def test_parallel_reports_of_one_shortage_refund_once() -> None:
    parts = [part_and_offer()[0] for _ in range(4)]
    lines = [part.lines.order_by("position")[0] for part in parts]

    results = run_in_threads(
        [
            partial(report_shortage, part_id=part.pk, available={line.pk: 3}, actor=MEMBER, now=NOW)
            for part, line in zip(parts, lines, strict=True)
            for _attempt in range(2)
        ]
    )

    for n in range(len(parts)):
        names = {type(result).__name__ for result in results[2 * n : 2 * n + 2]}
        assert names == {"Refund", "NothingShort"}, results
    assert list(Refund.objects.values_list("amount", flat=True)) == [100_000] * len(parts)
    check_everything()


def test_without_lock_one_shortage_is_refunded_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    part = part_and_offer()[0]
    line = part.lines.order_by("position")[0]
    limits = read_refund_limits(part.order, part)
    read_before(monkeypatch, "lock_part", part.pk)
    monkeypatch.setattr(shortages, "read_refund_limits", lambda _order, _part: limits)

    for _attempt in range(2):
        report_shortage(part_id=part.pk, available={line.pk: 3}, actor=MEMBER, now=NOW)

    assert list(Refund.objects.values_list("amount", flat=True)) == [100_000, 100_000]


def short_part() -> OrderPart:
    """Return an accepted part of four items and one, of which one is reported missing."""
    part = part_and_offer()[0]
    line = part.lines.order_by("position")[0]
    report_shortage(part_id=part.pk, available={line.pk: 3}, actor=COOPERATIVE, now=NOW)
    return part


def undoing(part: OrderPart) -> Callable[[], OrderPart]:
    return partial(undo_shortage, part_id=part.pk, actor=COOPERATIVE, now=NOW)


def test_parallel_undoing_of_a_shortage_allocates_once() -> None:
    parts = [short_part() for _ in range(3)]

    results = run_in_threads([undoing(part) for part in parts for _attempt in range(2)])

    for n, part in enumerate(parts):
        names = {type(result).__name__ for result in results[2 * n : 2 * n + 2]}
        assert names == {"OrderPart", "Missing"}, results
        assert get_stock(part.lines.order_by("position")[0].variant).allocated == 4
    check_everything()


def test_without_lock_undone_shortage_allocates_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    part = short_part()
    refund = Refund.objects.select_related("parcel").get()
    read_before(monkeypatch, "lock_part", part.pk)
    monkeypatch.setattr(undo_shortages, "_find_latest_shortage", lambda _part: copy.deepcopy(refund))

    undoing(part)()
    monkeypatch.setattr(undo_shortages, "require_undo_permission", lambda *_args, **_fields: None)
    monkeypatch.setattr(undo_shortages, "_require_nothing_since", lambda *_args: None)
    undoing(part)()

    assert get_stock(part.lines.order_by("position")[0].variant).allocated == 5
