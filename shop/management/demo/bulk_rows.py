"""Build single rows of past orders, as the shop's actions would write them."""

from __future__ import annotations

import datetime

from catalog.models import Movement, MovementReason
from orders.models import EventKind, Order, OrderLine, Parcel, ParcelLine, Payment, PaymentEvent
from shop.accounts.models import Consent, ConsentPurpose
from shop.accounts.personal.consents import CONSENT_TEXT_VERSION
from shop.core.actors import Actor


def build_event(
    payment: Payment, kind: EventKind, amount: int, key: str, actor: Actor, happened_at: datetime.datetime
) -> PaymentEvent:
    return PaymentEvent(
        payment=payment,
        kind=kind,
        amount=amount,
        currency=payment.currency,
        idempotency_key=f"{payment.idempotency_key}:{key}",
        actor_kind=actor.kind,
        actor_key=actor.key,
        created_at=happened_at,
    )


def build_parcel_line(parcel: Parcel, line: OrderLine, stock_id: int) -> ParcelLine:
    return ParcelLine(
        parcel=parcel,
        order_line=line,
        stock_id=stock_id,
        quantity=line.quantity,
        is_sold_by_weight=line.is_sold_by_weight,
        grams=line.estimate_grams,
    )


def build_movement(
    parcel_line: ParcelLine, stock_id: int, member: Actor, happened_at: datetime.datetime
) -> Movement:
    return Movement(
        stock_id=stock_id,
        quantity=-parcel_line.quantity,
        grams=None if parcel_line.grams is None else -parcel_line.grams,
        reason=MovementReason.DISPATCH,
        document=f"parcel:{parcel_line.parcel_id}",
        actor_kind=member.kind,
        actor_key=member.key,
        entry_point=member.entry_point,
        created_at=happened_at,
    )


def build_consent(order: Order, actor: Actor, happened_at: datetime.datetime) -> Consent:
    return Consent(
        user_id=order.user_id,
        subject=f"order:{order.pk}",
        purpose=ConsentPurpose.ORDER,
        version=CONSENT_TEXT_VERSION,
        given_at=happened_at,
        entry_point=actor.entry_point,
    )
