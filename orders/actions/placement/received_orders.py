"""Place orders that buyers sent by Zalo, Facebook or phone, and that a member of the cooperative enters."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.models import Variant
from cooperatives.models import Cooperative
from orders import locks
from orders.actions.basket.basket_lines import LineToAdd, add_lines_to_locked_basket
from orders.actions.order_records.record_order import Contact
from orders.actions.placement.place_order import BasketEmpty, find_order_of_basket, place_locked_basket
from orders.actions.quotes.quote_types import RequestedDelivery
from orders.models import Basket, Order, OrderSource, PaymentMethod
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import Channel

_BASKETS = uuid.UUID("7b0c1c86-40d5-4c6e-9d0b-3c0f5f9f2f5e")


class ReceiverUnknown(Refused):
    code = "receiver_unknown"
    default_message = _("Enter the receiver's name, phone number and province.")


@transaction.atomic(durable=True)
def place_received_order(
    *,
    key: uuid.UUID,
    cooperative: Cooperative,
    channel: Channel,
    lines: Sequence[LineToAdd],
    contact: Contact,
    delivery: RequestedDelivery | None,
    source: OrderSource,
    method: PaymentMethod,
    consents: frozenset[str],
    agreed_total: int,
    agreed_maximum: int | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Order:
    """Place an order of one cooperative's products for a buyer who asked for them elsewhere.

    It is placed as on the web, through a basket whose id is made of the cooperative and `key`: a call that is
    repeated with the same key returns the order that the first one placed. `consents` are those that the
    buyer gave to the actor.

    Raises Missing for another cooperative's product, NotForSale, InvalidQuantity,
    QuantityExceedsLimit, ReceiverUnknown, and what `place_order` raises. Nothing has changed then.
    """
    if not (contact.name and contact.phone and contact.province_code):
        raise ReceiverUnknown(field="name")
    if not lines:
        raise BasketEmpty()
    variant_ids = {line.variant_id for line in lines}
    if Variant.objects.for_cooperative(cooperative).filter(pk__in=variant_ids).count() != len(variant_ids):
        raise Missing(field="variant")
    basket_id = uuid.uuid5(_BASKETS, f"{cooperative.pk}:{key}")
    Basket.objects.get_or_create(
        pk=basket_id,
        defaults={
            "channel": channel,
            "currency": channel.currency,
            "country": channel.default_country,
            "changed_at": now,
        },
    )
    basket = locks.lock_basket(basket_id)
    # A concurrent call's order took its basket with it, so only now it is certain whether there is one.
    order = Order.objects.filter(basket_key=basket_id).first()
    if basket is None or order is not None:
        Basket.objects.filter(pk=basket_id).delete()
        return order or find_order_of_basket(basket_id)
    add_lines_to_locked_basket(basket, lines, now=now)
    return place_locked_basket(
        basket,
        contact=contact,
        deliveries={cooperative.pk: delivery} if delivery is not None else {},
        consents=consents,
        actor=actor,
        now=now,
        source=source,
        method=method,
        agreed_total=agreed_total,
        agreed_maximum=agreed_maximum,
    )
