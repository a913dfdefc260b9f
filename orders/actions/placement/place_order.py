"""Place one order for a whole basket, with one part per cooperative."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import SoldOut
from cooperatives.actions.followers import create_follow_request
from orders import locks, notifications
from orders.actions.gateway_requests.card_capture import capture_or_void_cards
from orders.actions.order_records.order_facts import read_facts_of_new_order
from orders.actions.order_records.pickup_slots import take_pickup_slots
from orders.actions.order_records.recalculate_order import (
    adjust_pending_charges,
    recalculate_columns,
    recalculate_order,
)
from orders.actions.order_records.record_order import Contact, record_order, require_contact_phone
from orders.actions.payments.basket_payments import (
    capture_carried_payments,
    carry_payments_over,
    payments_of_basket,
    read_amount_paid_for_basket,
)
from orders.actions.payments.confirm_order import confirm_if_covered
from orders.actions.payments.order_payments import expect_payment, require_payment_method, start_card_payment
from orders.actions.placement.allocate_order_stock import allocate_order_stock
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.purchase_limits import require_within_buyer_limits
from orders.actions.quotes.quote_types import Buyer, Quote, QuoteProblem, RequestedDelivery
from orders.actions.vouchers.redeem_vouchers import record_voucher_use
from orders.models import (
    Basket,
    BasketLine,
    DeliveryChoice,
    InvoiceDetails,
    Order,
    OrderLine,
    OrderPart,
    OrderSource,
    Payment,
    PaymentMethod,
)
from orders.payments.transfer_instructions import build_order_transfer_instructions
from shop.accounts.models import Address, Consent, ConsentPurpose
from shop.accounts.personal.consents import CONSENT_TEXT_VERSION
from shop.core.actors import Actor
from shop.core.database.transactions import delete_rows
from shop.core.errors import Missing, Refused
from shop.core.models import record_change


class BasketChanged(Refused):
    """The basket differs from what the buyer last saw. The basket is kept.

    `details["quote"]` is the new quote.
    """

    code = "basket_changed"
    default_message = _("Something has changed since you last looked. Check the order and place it again.")


class BasketEmpty(Refused):
    code = "basket_empty"
    default_message = _("Your basket is empty.")


class ConsentRequired(Refused):
    code = "consent_required"
    default_message = _("Please agree that we share your name and address for this delivery.")


@dataclass(frozen=True, slots=True)
class OrderAgreement:
    """The buyer's agreement: a locked basket's quote with contact, source and consents.

    `payments` are the basket's payments. `method` pays the remaining amount, and is None if nothing remains.
    An order that `can_confirm_at_once` does not wait for its payment, because it is due on delivery or free.
    """

    basket: Basket
    quote: Quote
    contact: Contact
    source: OrderSource
    consents: frozenset[str]
    payments: Sequence[Payment]
    method: PaymentMethod | None
    can_confirm_at_once: bool


@transaction.atomic(durable=True)
def place_order(
    *,
    basket_id: uuid.UUID,
    contact: Contact,
    deliveries: Mapping[int, RequestedDelivery],
    consents: frozenset[str],
    actor: Actor,
    now: datetime.datetime,
    source: OrderSource = OrderSource.WEB,
    method: PaymentMethod = PaymentMethod.COD,
    agreed_total: int | None = None,
    agreed_maximum: int | None = None,
    seen_prices: Mapping[uuid.UUID, int] | None = None,
    language: str = "",
) -> Order:
    """Turn a basket into an order.

    An order with cash on delivery is confirmed at once. Others wait for their payment.

    `agreed_total` is the amount on the buyer's button and `agreed_maximum` its maximum after weighing, in
    minor units. A quote with another amount is refused. `seen_prices` holds changed prices that the page has
    shown, by basket line. `language` is that of the page and of later mails. A repeated call (double click,
    lost response) returns the order that the basket became.

    Raises BasketChanged, BuyerLimitReached, PickupSlotFull, ConsentRequired, BasketEmpty, InvalidPhone,
    PaymentMethodNotOffered, AmountNotForCards, Missing. Nothing has changed then.
    """
    basket = locks.lock_basket(basket_id)
    if basket is None:
        return find_order_of_basket(basket_id)
    basket.language = language or basket.language
    return place_locked_basket(
        basket,
        contact=contact,
        deliveries=deliveries,
        consents=consents,
        actor=actor,
        now=now,
        source=source,
        method=method,
        agreed_total=agreed_total,
        agreed_maximum=agreed_maximum,
        seen_prices=seen_prices,
    )


def place_locked_basket(
    basket: Basket,
    *,
    contact: Contact,
    deliveries: Mapping[int, RequestedDelivery],
    consents: frozenset[str],
    actor: Actor,
    now: datetime.datetime,
    source: OrderSource,
    method: PaymentMethod,
    agreed_total: int | None,
    agreed_maximum: int | None,
    seen_prices: Mapping[uuid.UUID, int] | None = None,
) -> Order:
    """On a locked basket: turn it into an order, as `place_order` does."""
    require_consent(consents)
    require_contact_phone(contact)
    quote = _quote_basket(basket, contact, deliveries, seen_prices or {}, now=now)
    _require_agreement(quote, agreed_total, agreed_maximum)
    payments = payments_of_basket(basket.pk)
    paid = read_amount_paid_for_basket(basket) if payments else 0
    expected_method, can_confirm_at_once = _remaining_payment_method(basket, quote, paid, method)
    agreed = OrderAgreement(
        basket=basket,
        quote=quote,
        contact=contact,
        source=source,
        consents=consents,
        payments=payments,
        method=expected_method,
        can_confirm_at_once=can_confirm_at_once,
    )
    order, _lines = place_agreed_order(agreed, actor=actor, now=now)
    return order


def place_agreed_order(
    agreed: OrderAgreement, *, actor: Actor, now: datetime.datetime
) -> tuple[Order, list[OrderLine]]:
    """On a locked basket: create the order from the agreed quote, and send the notifications.

    It is used both to place an order and to complete a checkout. Returns the order and its lines.

    The limits per buyer are checked here, after all else, so that nobody can probe phone numbers without an
    attempted order, which counts towards the daily limits. Raises BuyerLimitReached, BasketChanged,
    PickupSlotFull, AmountNotForCards.
    """
    basket, quote, contact = agreed.basket, agreed.quote, agreed.contact
    require_within_buyer_limits(quote, now=now)
    order, lines = record_order(
        quote,
        basket=basket,
        contact=contact,
        source=agreed.source,
        now=now,
        is_confirmed=agreed.can_confirm_at_once and basket.channel.automatically_confirm_all_new_orders,
    )
    record_voucher_use(order, quote, now=now)
    _allocate_or_refuse(lines, quote)
    take_pickup_slots(order, quote)
    carry_payments_over(
        order, agreed.payments, should_keep_pending_payments=agreed.method is None, actor=actor, now=now
    )
    payment = _expect_amount_due(order, agreed.method, len(agreed.payments), actor=actor, now=now)
    record_consents(order, agreed.consents, actor=actor, now=now)
    if agreed.payments or agreed.method == PaymentMethod.CARD:
        # Nothing has arrived yet that the ledger would book.
        recalculated = recalculate_order(order, now=now, facts=read_facts_of_new_order(lines, None))
        capture_or_void_cards(order, recalculated.payments, now=now)
    else:
        new_payments = [payment] if payment is not None else []
        adjust_pending_charges(order, read_facts_of_new_order(lines, new_payments), now=now)
    capture_carried_payments(order, agreed.payments, actor=actor, now=now)
    data = {"total": order.total_gross, "source": agreed.source}
    record_change("order.placed", order, actor=actor, now=now, data=data)
    current_payment = payment or (order.payments.current() if agreed.payments else None)
    parts = notifications.parts_of_new_order(lines)
    _notify_of_placement(order, parts, quote, current_payment, contact.invoice, now=now)
    if order.confirmed_at is None:
        confirm_if_covered(order, actor=actor, now=now)
    _delete_basket(basket, order)
    return order, lines


def _quote_basket(
    basket: Basket,
    contact: Contact,
    deliveries: Mapping[int, RequestedDelivery],
    seen_prices: Mapping[uuid.UUID, int],
    *,
    now: datetime.datetime,
) -> Quote:
    """Lock what limits the order, and quote it with the final contact, deliveries and prices."""
    locks.lock_voucher(basket.voucher_code)
    saved_request = build_basket_request(basket)
    locks.lock_limited_variants((saved_request.variants or {}).values())
    request = replace(
        saved_request,
        province_code=contact.province_code,
        lines=[
            replace(line, seen_price=seen_prices[line.key]) if line.key in seen_prices else line
            for line in saved_request.lines
        ],
        deliveries={**saved_request.deliveries, **deliveries},
        buyer=Buyer(basket.user_id, contact.phone, contact.email),
    )
    return build_quote(request, now=now)


def _require_agreement(quote: Quote, agreed_total: int | None, agreed_maximum: int | None) -> None:
    """Require that the quote can be placed at the sums that the buyer saw. Raises BasketEmpty, BasketChanged.

    A voucher code that no longer applies is refused only for buyers who agreed to no sum. On a page the buyer
    has seen the total without the voucher.
    """
    if not quote.seller_quotes:
        raise BasketEmpty()
    if not quote.is_ready:
        raise BasketChanged(quote=quote)
    refusal = quote.voucher.refusal if quote.voucher else None
    if agreed_total is None and refusal is not None:
        raise BasketChanged(refusal.message, quote=quote, voucher=refusal)
    if agreed_total not in (None, quote.total) or agreed_maximum not in (None, quote.maximum_total):
        raise BasketChanged(refusal.message if refusal else None, quote=quote)


def _remaining_payment_method(
    basket: Basket, quote: Quote, paid: int, method: PaymentMethod
) -> tuple[PaymentMethod | None, bool]:
    """Return the method of the payment still expected, and whether the order is confirmed at once.

    The method is None if nothing remains to be paid. Raises PaymentMethodNotOffered, AmountNotForCards.
    """
    if paid >= max(1, quote.total):
        return None, False
    chosen = method if quote.total else PaymentMethod.COD
    require_payment_method(basket.channel, chosen, quote.total, shop=quote.shop)
    return chosen, chosen == PaymentMethod.COD


def _allocate_or_refuse(lines: Sequence[OrderLine], quote: Quote) -> None:
    try:
        allocate_order_stock(lines, quote)
    except SoldOut as shortage:
        free = shortage.details["free"]
        for line in quote.lines:
            if line.variant.pk in free:
                line.available_quantity = free[line.variant.pk]
                line.problems.append(
                    QuoteProblem.FEWER_IN_STOCK if line.available_quantity else QuoteProblem.SOLD_OUT
                )
        raise BasketChanged(shortage.message, quote=quote) from shortage


def _expect_amount_due(
    order: Order,
    method: PaymentMethod | None,
    payment_count: int,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> Payment | None:
    """Expect a payment of the amount due, and start a card payment. Raises AmountNotForCards."""
    if method is None:
        return None
    payment = expect_payment(order, method, payment_count=payment_count, now=now)
    if method == PaymentMethod.CARD:
        recalculate_columns(order)
        start_card_payment(order, payment, is_hosted=False, actor=actor, now=now)
    return payment


def _notify_of_placement(
    order: Order,
    parts: Sequence[OrderPart],
    quote: Quote,
    payment: Payment | None,
    invoice: InvoiceDetails | None,
    *,
    now: datetime.datetime,
) -> None:
    """Notify the buyer, and the cooperatives of a confirmed order."""
    transfer = build_order_transfer_instructions(order, payment, quote.shop)
    notifications.notify_order_placed(
        order, parts, payment, transfer, invoice=invoice, shop=quote.shop, now=now
    )
    if order.confirmed_at is not None:
        notifications.notify_order_confirmed(order, parts, payment, invoice=invoice, shop=quote.shop, now=now)


def _delete_basket(basket: Basket, order: Order) -> None:
    """Delete the basket and the addresses that only it used."""
    basket_address_ids = (basket.shipping_address_id, basket.billing_address_id)
    order_address_ids = (order.shipping_address_id, order.billing_address_id)
    unused_ids = [key for key in basket_address_ids if key is not None and key not in order_address_ids]
    # The order has the payments, and the allocation has released the reservations.
    delete_rows(DeliveryChoice.objects.filter(basket=basket))
    delete_rows(BasketLine.objects.filter(basket=basket))
    delete_rows(Basket.objects.filter(pk=basket.pk))
    if unused_ids:
        Address.objects.filter(pk__in=unused_ids, user=None).delete()


def find_order_of_basket(basket_id: uuid.UUID) -> Order:
    """Return the order that a basket became. Raises Missing."""
    order = Order.objects.filter(basket_key=basket_id).first()
    if order is None:
        raise Missing()
    return order


def require_consent(consents: frozenset[str]) -> None:
    """In a transaction: require consent to pass name and address on for the delivery.

    Raises ConsentRequired.
    """
    if ConsentPurpose.ORDER not in consents:
        raise ConsentRequired(field="consent")


def record_consents(order: Order, consents: frozenset[str], *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: record the buyer's consents with the version of their text and the interface used.

    Consent to news sends a confirmation mail first, since the address may belong to another person.
    """
    Consent.objects.bulk_create(
        Consent(
            user_id=order.user_id,
            subject=f"order:{order.pk}",
            purpose=purpose,
            version=CONSENT_TEXT_VERSION,
            given_at=now,
            entry_point=actor.entry_point,
        )
        for purpose in sorted(consents)
    )
    if ConsentPurpose.NEWS in consents and order.email:
        create_follow_request(
            None, order.email, user=order.user, language=order.language, actor=actor, now=now
        )
