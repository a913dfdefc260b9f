"""Placing orders: copied columns, refusals, allocated stock and notifications."""

from __future__ import annotations

import datetime
from functools import partial

import pytest

from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import update_variant
from catalog.actions.stock.stock_movements import count_stock
from catalog.models import Listing, Variant
from cooperatives.actions.cooperative_lifecycle import pause_cooperative, set_cooperative_state
from cooperatives.models import DeliveryMethod, Follow, PickupSlot, WarehouseChannel
from cooperatives.states import CooperativeState
from orders.actions.checkout.open_checkout import open_checkout
from orders.actions.placement.place_order import BasketChanged, BasketEmpty, ConsentRequired, place_order
from orders.actions.quotes.quote_types import QuoteProblem, RequestedDelivery
from orders.models import Allocation, Basket, CommissionRate, Order, PaymentEvent, Reservation
from shop.accounts.models import Consent, ConsentPurpose
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.factories import (
    HANOI,
    NOW,
    THAI_NGUYEN,
    carrier_deliveries,
    get_stock,
    make_basket,
    make_channel,
    make_contact,
    make_delivery_method,
    make_market_pickup,
    make_order,
    make_seller,
    make_tax_class,
    make_variant,
    make_variant_sold_by_weight,
    make_warehouse,
    unknown_uuid,
)
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
ACTOR = Actor.guest()
LATER = NOW + datetime.timedelta(minutes=30)


def prepare_order(basket, *, deliveries=None, consents=frozenset({ConsentPurpose.ORDER}), now=NOW, **more):
    return partial(
        place_order,
        basket_id=basket.pk,
        contact=make_contact(**more),
        deliveries=carrier_deliveries(basket) if deliveries is None else deliveries,
        consents=consents,
        actor=ACTOR,
        now=now,
    )


def problems_of(refusal):
    """Return problems of the refused quote by name of the product or cooperative."""
    quote = refusal.value.details["quote"]
    lines = {line.variant.product.name: line.problems for line in quote.lines if line.problems}
    return lines | {
        seller_quote.cooperative.name: seller_quote.problems
        for seller_quote in quote.seller_quotes
        if seller_quote.problems
    }


def reprice(variant, price):
    update_variant(
        cooperative=variant.cooperative,
        variant_id=variant.pk,
        values={},
        prices=[ListPrice(make_channel(), price)],
        actor=ACTOR,
        now=NOW,
    )


def count(variant, counted):
    count_stock(
        cooperative=variant.cooperative,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        counted_quantity=counted,
        actor=ACTOR,
        now=NOW,
    )


def test_all_line_problems_are_reported_together() -> None:
    seller = make_seller()
    pillow = make_variant(seller, name="Gối thảo dược", on_hand=5)
    noodles = make_variant(seller, name="Miến dong", price=45_000)
    tea = make_variant(seller, name="Chè Shan tuyết", on_hand=5)
    rice = make_variant(seller, name="Gạo nếp", price=30_000)
    basket = make_basket((pillow, 1), (noodles, 1), (tea, 4), (rice, 1))
    count(pillow, 0)
    reprice(noodles, 47_000)
    count(tea, 3)

    with assert_refused(BasketChanged, "basket_changed") as refusal:
        prepare_order(basket)()

    assert problems_of(refusal) == {
        "Gối thảo dược": [QuoteProblem.SOLD_OUT],
        "Miến dong": [QuoteProblem.PRICE_CHANGED],
        "Chè Shan tuyết": [QuoteProblem.FEWER_IN_STOCK],
    }
    (short,) = [line for line in refusal.value.details["quote"].lines if line.variant.pk == tea.pk]
    assert short.available_quantity == 3


def test_price_shown_at_checkout_is_accepted() -> None:
    variant = make_variant(price=45_000)
    basket = make_basket((variant, 2))
    reprice(variant, 47_000)

    quote = open_checkout(basket_id=basket.pk, now=NOW)
    order = prepare_order(basket)()

    assert quote.lines[0].problems == [QuoteProblem.PRICE_CHANGED]
    assert order.total_gross == 2 * 47_000 + 30_000


def test_different_agreed_total_is_refused() -> None:
    basket = make_basket((make_variant(price=100_000), 1))

    with assert_refused(BasketChanged, "basket_changed"):
        prepare_order(basket)(agreed_total=130_001)

    assert prepare_order(basket)(agreed_total=130_000).total_gross == 130_000


def test_different_agreed_maximum_is_refused() -> None:
    gourd = make_variant_sold_by_weight()
    basket = make_basket((gourd, 2))
    Variant.objects.filter(pk=gourd.pk).update(tolerance_percent=50)

    with assert_refused(BasketChanged, "basket_changed"):
        prepare_order(basket)(agreed_total=102_000, agreed_maximum=116_400)

    order = prepare_order(basket)(agreed_total=102_000, agreed_maximum=138_000)
    line = order.lines.get()
    assert (line.bound_grams, line.bound_gross) == (7200, 108_000)


def test_unpublished_product_cannot_be_ordered() -> None:
    variant = make_variant(name="Miến dong")
    basket = make_basket((variant, 1))
    Listing.objects.filter(product=variant.product_id).update(state="paused")

    with assert_refused(BasketChanged, "basket_changed") as refusal:
        prepare_order(basket)()

    assert problems_of(refusal) == {"Miến dong": [QuoteProblem.NOT_FOR_SALE]}


def test_product_of_suspended_cooperative_cannot_be_ordered() -> None:
    good, bad = make_seller("HTX Thiên An"), make_seller("HTX Tài Hoan")
    basket = make_basket((make_variant(good), 1), (make_variant(bad, name="Miến dong"), 1))
    set_cooperative_state(
        cooperative_id=bad.pk, new_state=CooperativeState.SUSPENDED, reason="thiếu giấy", actor=ACTOR, now=NOW
    )

    with assert_refused(BasketChanged, "basket_changed") as refusal:
        prepare_order(basket)()

    assert problems_of(refusal) == {"Miến dong": [QuoteProblem.NOT_FOR_SALE]}
    assert basket.lines.count() == 2


def test_paused_cooperative_takes_no_orders_until_return_date() -> None:
    seller = make_seller()
    basket = make_basket((make_variant(seller), 1))
    return_date = vietnam_date(NOW) + datetime.timedelta(days=7)
    pause_cooperative(
        cooperative_id=seller.pk, until=return_date, note="Tết", today=vietnam_date(NOW), actor=ACTOR, now=NOW
    )

    with assert_refused(BasketChanged, "basket_changed") as refusal:
        prepare_order(basket, now=NOW + datetime.timedelta(days=6))()
    order = prepare_order(basket, now=NOW + datetime.timedelta(days=7))()

    assert problems_of(refusal) == {"HTX Thiên An": [QuoteProblem.PAUSED]}
    assert order.parts.count() == 1


def test_foreign_delivery_method_is_refused_like_unknown_one() -> None:
    seller, other = make_seller(), make_seller("HTX Tài Hoan")
    basket = make_basket((make_variant(seller), 1))
    foreign = DeliveryMethod.objects.get(cooperative=other)

    for delivery_method_id in (foreign.pk, foreign.pk + 1000):
        with assert_refused(BasketChanged, "basket_changed") as refusal:
            prepare_order(basket, deliveries={seller.pk: RequestedDelivery(delivery_method_id)})()
        assert problems_of(refusal) == {"HTX Thiên An": [QuoteProblem.NOT_DELIVERED]}


def test_inactive_delivery_method_is_refused() -> None:
    seller = make_seller()
    basket = make_basket((make_variant(seller), 1))
    make_delivery_method(seller, make_channel(), name="Xe khách", fee=20_000)
    inactive = DeliveryMethod.objects.get(cooperative=seller, name="Giao tận nhà")
    DeliveryMethod.objects.filter(pk=inactive.pk).update(is_active=False)

    with assert_refused(BasketChanged, "basket_changed") as refusal:
        prepare_order(basket, deliveries={seller.pk: RequestedDelivery(inactive.pk)})()

    assert problems_of(refusal) == {"HTX Thiên An": [QuoteProblem.NOT_DELIVERED]}


def test_province_not_served_is_refused() -> None:
    channel = make_channel()
    seller = make_seller()
    seller.delivery_methods.all().delete()
    delivery_method = make_delivery_method(seller, channel, provinces=(THAI_NGUYEN,))
    basket = make_basket((make_variant(seller), 1))
    choice = {seller.pk: RequestedDelivery(delivery_method.pk)}

    with assert_refused(BasketChanged, "basket_changed") as refusal:
        prepare_order(basket, deliveries=choice, province_code=HANOI)()
    order = prepare_order(basket, deliveries=choice, province_code=THAI_NGUYEN)()

    assert problems_of(refusal) == {"HTX Thiên An": [QuoteProblem.NOT_DELIVERED]}
    assert order.delivery_gross == 30_000


def test_order_without_chosen_delivery_is_refused() -> None:
    basket = make_basket((make_variant(), 1))

    with assert_refused(BasketChanged, "basket_changed") as refusal:
        prepare_order(basket, deliveries={})()

    assert problems_of(refusal) == {"HTX Thiên An": [QuoteProblem.NO_DELIVERY_CHOSEN]}


def market_day_choice(capacity):
    """Return a variant and the choice of the next market day pickup with the given capacity."""
    seller = make_seller()
    delivery_method = make_market_pickup(seller, make_channel(), capacity=capacity)
    time = DeliveryMethod.objects.active_with_terms().get(pk=delivery_method.pk).pickup_times(now=NOW)[0]
    return make_variant(seller), {seller.pk: RequestedDelivery(delivery_method.pk, time.day, time.starts)}


def test_pickup_books_slot_and_is_recorded_on_part() -> None:
    variant, choice = market_day_choice(capacity=2)

    part = make_order((variant, 1), deliveries=choice).parts.get()

    assert PickupSlot.objects.get().booked == 1
    assert (part.pickup_day, part.pickup_starts, part.total_gross) == (
        datetime.date(2026, 11, 29),
        datetime.time(6),
        320_000,
    )


def test_full_pickup_slot_is_refused() -> None:
    variant, choice = market_day_choice(capacity=1)
    make_order((variant, 1), deliveries=choice)
    basket = make_basket((variant, 1))

    with assert_refused(BasketChanged, "basket_changed") as refusal:
        prepare_order(basket, deliveries=choice)()

    assert problems_of(refusal) == {"HTX Thiên An": [QuoteProblem.SLOT_GONE]}


@pytest.mark.parametrize(
    ("day", "starts"),
    [(None, None), (datetime.date(2026, 11, 30), datetime.time(6)), (datetime.date(2026, 11, 29), None)],
)
def test_unknown_pickup_time_is_refused(day, starts) -> None:
    variant, choice = market_day_choice(capacity=None)
    ((seller, choice_of_market),) = choice.items()
    basket = make_basket((variant, 1))

    with assert_refused(BasketChanged, "basket_changed") as refusal:
        prepare_order(
            basket, deliveries={seller: RequestedDelivery(choice_of_market.delivery_method_id, day, starts)}
        )()

    assert problems_of(refusal) == {"HTX Thiên An": [QuoteProblem.SLOT_GONE]}


def test_order_without_consent_is_refused() -> None:
    basket = make_basket((make_variant(), 1))

    with assert_refused(ConsentRequired, "consent_required") as refusal:
        prepare_order(basket, consents=frozenset({ConsentPurpose.NEWS}))()

    assert refusal.value.field == "consent"


def test_consents_are_recorded_with_version_and_time() -> None:
    both = frozenset({ConsentPurpose.ORDER, ConsentPurpose.NEWS})

    order = prepare_order(make_basket((make_variant(), 1)), consents=both)()

    recorded = Consent.objects.filter(subject=f"order:{order.pk}").order_by("purpose")
    assert [(one.purpose, one.version, one.given_at) for one in recorded] == [
        ("news", "2026-12", NOW),
        ("order", "2026-12", NOW),
    ]


def test_empty_basket_is_refused_and_unknown_basket_is_missing() -> None:
    basket = make_basket((make_variant(), 1))
    basket.lines.all().delete()

    with assert_refused(BasketEmpty, "basket_empty"):
        prepare_order(basket, deliveries={})()
    with assert_refused(Missing, "missing"):
        prepare_order(Basket(pk=unknown_uuid()), deliveries={})()


def test_repeated_placement_returns_first_order() -> None:
    basket = make_basket((make_variant(), 2))
    place = prepare_order(basket)
    first = place()
    changes, mails = Change.objects.count(), Notification.objects.count()

    second = place()

    assert second == first
    assert (Order.objects.count(), Change.objects.count(), Notification.objects.count()) == (
        1,
        changes,
        mails,
    )


def test_reserved_stock_is_sold_only_to_its_buyer() -> None:
    variant = make_variant(on_hand=3)
    reserving, other = make_basket((variant, 2)), make_basket((variant, 2))
    open_checkout(basket_id=reserving.pk, now=NOW)

    with assert_refused(BasketChanged, "basket_changed"):
        prepare_order(other)()
    prepare_order(reserving)()

    stock = get_stock(variant)
    assert (stock.reserved, stock.allocated, stock.free) == (0, 2, 1)
    assert not Reservation.objects.exists()


def test_expired_but_unreleased_reservation_serves_its_buyer() -> None:
    variant = make_variant(on_hand=2)
    basket = make_basket((variant, 2))
    open_checkout(basket_id=basket.pk, now=NOW)

    order = prepare_order(basket, now=LATER)()

    assert order.lines.get().quantity == 2
    assert (get_stock(variant).reserved, get_stock(variant).allocated) == (0, 2)


def test_pickup_order_allocates_from_pickup_warehouse() -> None:
    channel = make_channel()
    seller = make_seller()
    variant = make_variant(seller, on_hand=5)
    market_warehouse = make_warehouse(seller, channel, name="Kho chợ")
    delivery_method = make_market_pickup(seller, channel)
    DeliveryMethod.objects.filter(pk=delivery_method.pk).update(warehouse=market_warehouse)
    time = DeliveryMethod.objects.active_with_terms().get(pk=delivery_method.pk).pickup_times(now=NOW)[0]
    choice = {seller.pk: RequestedDelivery(delivery_method.pk, time.day, time.starts)}
    basket = make_basket((variant, 1))
    # This reserves in the other warehouse, before the method is chosen.
    open_checkout(basket_id=basket.pk, now=NOW)

    with assert_refused(BasketChanged, "basket_changed") as refusal:
        prepare_order(basket, deliveries=choice)()
    count_stock(
        cooperative=seller,
        variant_id=variant.pk,
        warehouse_id=market_warehouse.pk,
        counted_quantity=1,
        actor=ACTOR,
        now=NOW,
    )
    prepare_order(basket, deliveries=choice)()

    assert problems_of(refusal) == {"Gối thảo dược": [QuoteProblem.SOLD_OUT]}
    assert Allocation.objects.get().stock.warehouse == market_warehouse


def test_warehouse_outside_channel_or_zone_sells_nothing() -> None:
    variant = make_variant(on_hand=5)
    basket = make_basket((variant, 1))
    warehouse = get_stock(variant).warehouse
    zone = warehouse.zones.get()
    warehouse.zones.clear()

    with assert_refused(BasketChanged, "basket_changed"):
        prepare_order(basket)()
    warehouse.zones.add(zone)
    WarehouseChannel.objects.filter(warehouse=warehouse).delete()
    with assert_refused(BasketChanged, "basket_changed"):
        prepare_order(basket)()


def test_order_is_allocated_from_several_warehouses_in_channel_order() -> None:
    seller = make_seller()
    variant = make_variant(seller, on_hand=2)
    second = make_warehouse(seller, make_channel())
    count_stock(
        cooperative=seller,
        variant_id=variant.pk,
        warehouse_id=second.pk,
        counted_quantity=5,
        actor=ACTOR,
        now=NOW,
    )

    make_order((variant, 4))

    quantities = Allocation.objects.order_by("stock").values_list("quantity", flat=True)
    assert list(quantities) == [2, 2]
    assert not Allocation.objects.filter(stock__warehouse=second).exclude(quantity=2).exists()


def test_order_keeps_price_name_tax_and_commission_of_placement() -> None:
    seller = make_seller(commission=5)
    variant = make_variant(seller, name="Miến dong", price=108_000, tax_class=make_tax_class(8))
    order = make_order((variant, 2))
    reprice(variant, 200_000)
    variant.product.name = "Miến khác"
    variant.product.save()
    CommissionRate.objects.update(percent=50)

    line = order.lines.get()

    assert (line.product_name, line.unit_price, line.total_net, line.total_gross) == (
        "Miến dong",
        108_000,
        200_000,
        216_000,
    )
    assert (line.tax_rate, line.commission_rate, line.commission) == (8, 5, 10_800)


def test_order_requests_its_total_once() -> None:
    order = make_order((make_variant(price=45_000), 2))

    (event,) = PaymentEvent.objects.filter(payment__order=order)
    assert (event.kind, event.amount) == ("charge_request", 120_000)


def test_buyer_and_cooperative_are_notified_once() -> None:
    seller = make_seller(email="thienan@example.com")

    order = make_order((make_variant(seller), 1), email="hoa@example.com")

    notifications = Notification.objects.order_by("key").values_list("recipient", "contact_method")
    assert list(notifications) == [("hoa@example.com", "email"), ("thienan@example.com", "email")]
    assert order.code in Notification.objects.get(recipient="hoa@example.com").subject


def test_buyer_without_email_gets_sms_with_order_link() -> None:
    order = make_order(email="", phone="+84987654321")

    (text,) = Notification.objects.filter(contact_method="sms")
    assert (text.recipient, text.subject) == ("+84987654321", "")
    assert f"/don-hang/{order.pk}/" in text.text


def test_part_keeps_name_of_delivery_tax_class() -> None:
    variant = make_variant()
    delivery_method = variant.cooperative.delivery_methods.get()
    delivery_method.service.tax_class = make_tax_class(8)
    delivery_method.service.save(update_fields=["tax_class"])

    part = make_order((variant, 1)).parts.get()

    assert (part.delivery_tax_class_name, part.delivery_tax_rate) == ("8 %", 8)


def test_only_buyer_with_news_consent_gets_follow_confirmation() -> None:
    variant = make_variant()
    for email, consents in (
        ("hoa@example.com", {ConsentPurpose.ORDER, ConsentPurpose.NEWS}),
        ("lan@example.com", {ConsentPurpose.ORDER}),
        ("", {ConsentPurpose.ORDER, ConsentPurpose.NEWS}),
    ):
        basket = make_basket((variant, 1))
        place_order(
            basket_id=basket.pk,
            contact=make_contact(email=email),
            deliveries=carrier_deliveries(basket),
            consents=frozenset(consents),
            actor=Actor.guest(),
            now=NOW,
        )

    follow = Follow.objects.get()
    assert (follow.email, follow.cooperative, follow.confirmed_at) == ("hoa@example.com", None, None)
    assert Notification.objects.filter(key__startswith="follow-asked").get().recipient == "hoa@example.com"
