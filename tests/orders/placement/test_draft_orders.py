"""Draft orders that staff write for buyers who call."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal

import pytest

from catalog.models import Listing
from orders.actions.basket.basket_lines import NotForSale
from orders.actions.fulfilment.cancel_parts import cancel_order, cancel_part
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.placement.draft_orders import (
    NotADraft,
    create_draft,
    delete_draft,
    edit_draft,
    place_draft,
)
from orders.actions.placement.order_sweeps import decline_unanswered_part
from orders.actions.placement.place_order import BasketChanged, BasketEmpty, ConsentRequired
from orders.actions.quotes.quote_types import QuoteProblem, RequestedDelivery, RequestedLine
from orders.actions.settlement.commission_rates import add_withholding_rate, switch_withholding
from orders.models import Order, OrderNumber, OrderPart, OrderSource
from orders.states import OrderStatus, PartState
from shop.accounts.models import Address, Consent, ConsentPurpose
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing
from shop.notifications.models import Notification
from tests.factories import (
    NOW,
    get_stock,
    make_channel,
    make_commission_rate,
    make_contact,
    make_order,
    make_variant,
    unknown_uuid,
)
from tests.invariants import check_everything
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
STAFF = Actor.system("test")
CONSENTS = frozenset({ConsentPurpose.ORDER})
LATER = NOW + datetime.timedelta(days=3)


def make_draft():
    return create_draft(channel=make_channel(), source=OrderSource.PHONE, actor=STAFF, now=NOW)


def edit(order, *items, delivery_method=True, contact=None):
    """Set the draft's lines: (variant, quantity) or (variant, quantity, price)."""
    lines = [
        RequestedLine(uuid.uuid4(), item[0].pk, item[1], forced_price=item[2] if len(item) > 2 else None)
        for item in items
    ]
    delivery_methods = {
        item[0].cooperative_id: RequestedDelivery(item[0].cooperative.delivery_methods.get().pk)
        for item in items
    }
    return edit_draft(
        order_id=order.pk,
        lines=lines,
        deliveries=delivery_methods if delivery_method else {},
        contact=contact or make_contact(),
        actor=STAFF,
        now=NOW,
    )


def test_draft_allocates_nothing_notifies_nobody_and_is_hidden() -> None:
    variant = make_variant(on_hand=5, price=45_000)
    order = make_draft()

    edit(order, (variant, 2))

    order.refresh_from_db()
    assert (order.status, order.total_gross) == (OrderStatus.DRAFT, 120_000)
    assert (get_stock(variant).free, Notification.objects.count()) == (5, 0)
    assert not OrderPart.objects.for_cooperative(variant.cooperative).exists()
    check_everything()


def test_editing_again_replaces_lines_and_address() -> None:
    first, second = make_variant(), make_variant(price=45_000)
    order = make_draft()
    edit(order, (first, 2))
    addresses = Address.objects.count()

    edit(order, (second, 1), contact=make_contact(name="Ma Thị Ninh"))

    order.refresh_from_db()
    assert [line.variant_id for line in order.lines.all()] == [second.pk]
    assert (order.buyer_name, order.total_gross) == ("Ma Thị Ninh", 75_000)
    assert Address.objects.count() == addresses
    check_everything()


def test_draft_is_placed_at_agreed_prices() -> None:
    variant = make_variant(on_hand=5, price=45_000)
    order = make_draft()
    edit(order, (variant, 2, 40_000))
    variant.prices.update(amount=99_000)

    placed = place_draft(order_id=order.pk, consents=CONSENTS, actor=STAFF, now=LATER)

    assert (placed.total_gross, placed.status, placed.placed_at) == (110_000, OrderStatus.PLACED, LATER)
    assert get_stock(variant).allocated == 2
    check_everything()


def test_draft_takes_rates_of_placement_day() -> None:
    variant = make_variant(price=45_000)
    make_commission_rate(10)
    order = make_draft()
    edit(order, (variant, 2))
    commission_of_draft = order.lines.get().commission
    day = vietnam_date(LATER)
    make_commission_rate(4, variant.cooperative, valid_from=day)
    add_withholding_rate(name="VAT", percent=Decimal("1.5"), valid_from=day, actor=STAFF, now=LATER)
    switch_withholding(is_on=True, day=day, actor=STAFF, now=LATER)

    place_draft(order_id=order.pk, consents=CONSENTS, actor=STAFF, now=LATER)

    line, part = order.lines.get(), order.parts.get()
    assert (commission_of_draft, line.commission_rate, line.commission) == (9_000, 4, 3_600)
    assert (part.commission, part.withholding_rate) == (3_600, Decimal("1.5"))
    check_everything()


def test_acceptance_deadline_starts_when_draft_is_placed() -> None:
    order = make_draft()
    edit(order, (make_variant(), 1))
    part = order.parts.get()
    waiting = list(OrderPart.objects.overdue(LATER))

    place_draft(order_id=order.pk, consents=CONSENTS, actor=STAFF, now=LATER)

    part.refresh_from_db()
    assert waiting == []
    assert part.accept_by == LATER + datetime.timedelta(hours=24)


def test_draft_part_is_missing_for_fulfilment_actions() -> None:
    order = make_draft()
    edit(order, (make_variant(), 1))
    part = order.parts.get()

    with assert_refused(Missing, "missing"):
        accept_part(part_id=part.pk, actor=STAFF, now=NOW)
    with assert_refused(Missing, "missing"):
        cancel_part(part_id=part.pk, reason="x", actor=STAFF, now=NOW)
    with assert_refused(Missing, "missing"):
        cancel_order(order_id=order.pk, reason="x", actor=STAFF, now=NOW)
    with assert_refused(Missing, "missing"):
        decline_unanswered_part(part_id=part.pk, actor=STAFF, now=LATER)

    assert part.state == PartState.NEW


@pytest.mark.parametrize("state", ["paused", "withdrawn", "draft"])
def test_staff_can_sell_unpublished_product(state) -> None:
    variant = make_variant(on_hand=5, price=45_000)
    Listing.objects.filter(product=variant.product_id).update(state=state)
    order = make_draft()

    quote = edit(order, (variant, 1))
    placed = place_draft(order_id=order.pk, consents=CONSENTS, actor=STAFF, now=NOW)

    assert quote.lines[0].problems == [QuoteProblem.NOT_FOR_SALE]
    assert placed.total_gross == 75_000


def test_unpriced_variant_needs_price() -> None:
    variant = make_variant()
    variant.prices.all().delete()
    order = make_draft()

    with assert_refused(NotForSale, "not_for_sale"):
        edit(order, (variant, 1))
    edit(order, (variant, 1, 12_000))

    order.refresh_from_db()
    assert order.total_gross == 42_000


def test_unknown_variant_is_missing() -> None:
    variant = make_variant()
    order = make_draft()
    line = RequestedLine(uuid.uuid4(), variant.pk + 1000, 1)

    with assert_refused(Missing, "missing"):
        edit_draft(
            order_id=order.pk, lines=[line], deliveries={}, contact=make_contact(), actor=STAFF, now=NOW
        )


def test_draft_without_stock_or_delivery_cannot_be_placed() -> None:
    variant = make_variant(on_hand=1)
    short_draft, nowhere = make_draft(), make_draft()
    edit(short_draft, (variant, 2))
    edit(nowhere, (variant, 1), delivery_method=False)

    with assert_refused(BasketChanged, "basket_changed") as refusal:
        place_draft(order_id=short_draft.pk, consents=CONSENTS, actor=STAFF, now=NOW)
    with assert_refused(BasketChanged, "basket_changed"):
        place_draft(order_id=nowhere.pk, consents=CONSENTS, actor=STAFF, now=NOW)

    assert refusal.value.details["quote"].lines[0].problems == [QuoteProblem.FEWER_IN_STOCK]


def test_empty_draft_cannot_be_placed() -> None:
    order = make_draft()

    with assert_refused(BasketEmpty, "basket_empty"):
        place_draft(order_id=order.pk, consents=CONSENTS, actor=STAFF, now=NOW)


def test_placed_order_is_not_a_draft() -> None:
    order = make_order()

    with assert_refused(NotADraft, "not_a_draft"):
        edit(order)
    with assert_refused(NotADraft, "not_a_draft"):
        place_draft(order_id=order.pk, consents=CONSENTS, actor=STAFF, now=NOW)
    with assert_refused(NotADraft, "not_a_draft"):
        delete_draft(order_id=order.pk, actor=STAFF, now=NOW)
    with assert_refused(Missing, "missing"):
        place_draft(order_id=unknown_uuid(), consents=CONSENTS, actor=STAFF, now=NOW)


def test_number_of_deleted_draft_is_not_reused() -> None:
    order = make_draft()
    edit(order, (make_variant(), 1))

    delete_draft(order_id=order.pk, actor=STAFF, now=NOW)

    assert not Order.objects.exists()
    assert make_draft().number > order.number
    assert OrderNumber.objects.count() == 2


def test_placing_draft_requires_and_records_consent() -> None:
    order = make_draft()
    edit(order, (make_variant(on_hand=5), 1))

    with assert_refused(ConsentRequired, "consent_required"):
        place_draft(order_id=order.pk, consents=frozenset(), actor=STAFF, now=NOW)
    place_draft(order_id=order.pk, consents=CONSENTS, actor=STAFF, now=LATER)

    consent = Consent.objects.get(subject=f"order:{order.pk}")
    assert (consent.purpose, consent.given_at, consent.entry_point) == (ConsentPurpose.ORDER, LATER, "system")
