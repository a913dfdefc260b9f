"""A seeded history of orders with discounts, weighed goods, cancellations, refunds and money."""

from __future__ import annotations

import datetime
import random
from typing import Any

from catalog.models import Variant
from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.placement.order_sweeps import expire_order
from orders.actions.placement.place_order import place_order
from orders.actions.refunds.offer_substitute import SubstituteOffer, offer_substitute
from orders.actions.vouchers.redeem_vouchers import apply_voucher_code
from orders.models import Complaint, CostBearer, Order, OrderPart, Parcel, PaymentMethod
from orders.states import ParcelState
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from tests.factories import (
    NOW,
    carrier_deliveries,
    make_bank_account,
    make_basket,
    make_contact,
    make_order,
    make_seller,
    make_user,
    make_variant,
    make_variant_sold_by_weight,
    make_voucher,
    set_wholesale_prices,
)
from tests.orders.bank_transfers.transfer_helpers import receive_transfer
from tests.orders.ledger.test_earnings_postings import deliver, refund
from tests.orders.settlement.settlement_helpers import make_open_settlement, make_sale

PLACED_ON = [NOW - datetime.timedelta(days=days) for days in (70, 40, 9, 3, 0)]
ON_TIME = datetime.date(2026, 11, 20)
_SYSTEM = Actor.system("test")
_PHONES = ("+84987654321", "+84912345678")


def make_history(seed: int) -> None:
    """Make orders of three cooperatives and two guests and an account over ten weeks."""
    chance = random.Random(seed)
    make_bank_account()
    make_voucher("CHAO10", starts_at=PLACED_ON[0])
    sellers = [make_seller(name) for name in ("HTX Thiên An", "HTX Tài Hoan", "HTX Yến Dương")]
    goods = [make_variant(seller, price=chance.randrange(1_000, 400_000), on_hand=99) for seller in sellers]
    account = make_user()
    for number, placed_at in enumerate(PLACED_ON):
        chosen = [
            (variant, chance.randrange(1, 4)) for variant in chance.sample(goods, chance.choice((1, 2)))
        ]
        order = _place_with_voucher(chosen, placed_at, phone=_PHONES[number % 2])
        if chance.random() < 0.3:
            part = order.parts.order_by("number")[0]
            cancel_part(part_id=part.pk, reason="Hết hàng", actor=_SYSTEM, now=NOW)
        make_order((chance.choice(goods), 1), user=account if number % 2 else None, now=placed_at)
    _weigh_a_part(make_variant_sold_by_weight(sellers[0]), chance.randrange(4_000, 5_700))
    make_order((goods[0], 1), method=PaymentMethod.TRANSFER)
    paid = make_order((goods[1], 1), method=PaymentMethod.TRANSFER)
    receive_transfer(f"{paid.code}", paid.current_total_gross)
    for number, seller in enumerate(sellers):
        make_sale(seller, price=50_000 + number, refunded_amount=chance.randrange(0, 40_000))
        make_open_settlement(seller, chance.randrange(1, 90_000), idempotency_key=str(number))
    part = OrderPart.objects.filter(order__confirmed_at__isnull=False, has_ended=False).order_by("pk").last()
    assert part is not None
    refund(part, delivery=chance.randrange(1, 20_000), bearer=CostBearer.PLATFORM)


def _place_with_voucher(
    requested: list[tuple[Variant, int]], placed_at: datetime.datetime, *, phone: str
) -> Order:
    basket = make_basket(*requested, now=placed_at)
    apply_voucher_code(basket_id=basket.pk, code="CHAO10", now=placed_at)
    return place_order(
        basket_id=basket.pk,
        contact=make_contact(phone=phone),
        deliveries=carrier_deliveries(basket),
        consents=frozenset({ConsentPurpose.ORDER}),
        method=PaymentMethod.COD,
        actor=Actor.guest(),
        now=placed_at,
    )


def _weigh_a_part(variant: Variant, grams: int) -> None:
    part = make_order((variant, 2)).parts.get()
    part = accept_part(part_id=part.pk, actor=_SYSTEM, now=NOW)
    line = part.lines.get()
    weigh_line(part_id=part.pk, line_id=line.pk, grams=grams, actor=_SYSTEM, now=NOW)
    part.refresh_from_db()
    deliver(part)


def make_full_history(seed: int) -> None:
    """Make the history with rows for every report and grouping."""
    make_history(seed)
    make_complaint(OrderPart.objects.order_by("pk")[0])
    deliver_parcel_at(datetime.datetime(2026, 11, 20, 3, tzinfo=datetime.UTC))
    Parcel.objects.filter(number=1).update(failed_at=NOW)
    make_lost_sales(seed)


def make_lost_sales(seed: int) -> None:
    """Make wholesale lines, expired orders, unfinished baskets and a substitute."""
    chance = random.Random(seed)
    seller = make_seller("HTX Bán Sỉ")
    variant = make_variant(seller, price=90_000, on_hand=500)
    set_wholesale_prices(variant, {5: 80_000, 20: chance.randrange(60_000, 79_000)})
    for quantity in (4, 5, chance.randrange(20, 40)):
        make_order((variant, quantity))
    for placed_at in PLACED_ON[:2]:
        unpaid = make_order((variant, 1), method=PaymentMethod.TRANSFER, now=placed_at)
        expire_order(order_id=unpaid.pk, actor=_SYSTEM, now=NOW)
    for user in (None, make_user(email="gio@example.com")):
        make_basket((variant, chance.randrange(1, 9)), user=user)
    part = accept_part(part_id=make_order((variant, 3)).parts.get().pk, actor=_SYSTEM, now=NOW)
    cheaper = make_variant(seller, price=50_000, on_hand=9)
    offer = SubstituteOffer(part.lines.get().pk, 2, cheaper.pk, 2)
    offer_substitute(part_id=part.pk, offer=offer, actor=_SYSTEM, now=NOW)


def deliver_parcel_at(delivered_at: datetime.datetime, **fields: Any) -> Parcel:
    """Make a parcel delivered at that moment whose buyer was promised 20 November."""
    part = make_order((make_variant(**fields), 1)).parts.get()
    OrderPart.objects.filter(pk=part.pk).update(expected_until=ON_TIME)
    return Parcel.objects.create(
        part=part,
        number=1,
        label_code="ABC",
        carrier="Viettel Post",
        state=ParcelState.DELIVERED,
        delivered_at=delivered_at,
    )


def make_complaint(part: OrderPart, **fields: Any) -> Complaint:
    """Make a complaint of NOW that is to be answered within two days."""
    due_by = NOW + datetime.timedelta(days=2)
    return Complaint.objects.create(part=part, text="Dập.", created_at=NOW, due_by=due_by, **fields)
