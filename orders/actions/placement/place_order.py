"""Place one order for a whole basket, with one part per cooperative."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import (
    SoldOut,
    StockPick,
    choose_stock,
    save_reserved_and_allocated,
)
from cooperatives.actions.followers import create_follow_request
from orders import locks, notices
from orders.actions.basket.basket_lines import release_reserved_stock, reservations_of_basket
from orders.actions.order_records.recalculate_order import recalculate_columns, recalculate_order
from orders.actions.order_records.record_order import Contact, record_order, take_pickup_slots
from orders.actions.payments.basket_payments import (
    capture_carried_payments,
    carry_payments_over,
    paid_for_basket,
)
from orders.actions.payments.order_payments import (
    confirm_if_covered,
    expect_payment,
    require_payment_method,
    start_card_payment,
)
from orders.actions.quotes.build_quote import basket_quote_request, build_quote
from orders.actions.quotes.quote_queries import reachable_stock_ids
from orders.actions.quotes.quote_types import Buyer, Quote, QuoteProblem, QuoteRequest, RequestedDelivery
from orders.actions.vouchers.redeem_vouchers import record_voucher_use
from orders.models import (
    Allocation,
    Basket,
    Order,
    OrderLine,
    OrderSource,
    PaymentMethod,
)
from orders.payments.transfer_requests import transfer_request_for_order
from shop.accounts.models import Address, Consent, ConsentPurpose
from shop.accounts.personal.consents import CONSENT_VERSION
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import record_change


class BasketChanged(Refused):
    """The basket differs from what the buyer last saw. It is kept; `details["quote"]` holds the new quote."""

    code = "basket_changed"
    default_words = _("Something has changed since you last looked. Please check and order again.")


class BasketEmpty(Refused):
    code = "basket_empty"
    default_words = _("There is nothing in the basket.")


class ConsentNeeded(Refused):
    code = "consent_needed"
    default_words = _("Please agree that we pass your name and address on for this delivery.")


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
    """Turn a basket into an order. A cash-on-delivery order counts at once; others wait for their payment.

    `agreed_total` is the sum on the buyer's button and `agreed_maximum` its maximum after weighing, both in
    minor units; a quote with another sum is refused. `seen_prices` holds changed prices that the page
    has shown, by basket line. `language` is the page's, used for later mail.
    A repeat (double click, lost response) returns the order that the basket became.

    Raises BasketChanged, PickupSlotFull, ConsentNeeded, BasketEmpty, PaymentMethodNotOffered,
    AmountNotForCards, Missing;
    then nothing has changed.
    """
    return place_order_in_transaction(
        basket_id=basket_id,
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
        language=language,
    )


def place_order_in_transaction(
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
    """Step of `place_order`, also used by counter sales, which place, pay and dispatch in one transaction."""
    basket = locks.lock_basket(basket_id)
    if basket is None:
        return order_of_basket(basket_id)
    require_consent(consents)
    basket.language = language or basket.language
    quote_request = _final_request(basket, contact, deliveries, seen_prices or {})
    locks.lock_voucher(quote_request.voucher_code)
    current_quote = build_quote(quote_request, now=now)
    if not current_quote.shares:
        raise BasketEmpty()
    _require_agreement(current_quote, agreed_total, agreed_maximum)
    chosen = method if current_quote.total else PaymentMethod.COD  # a free order has no payment to wait for
    is_paid = paid_for_basket(basket) >= max(1, current_quote.total)
    if not is_paid:
        require_payment_method(basket.channel, chosen, current_quote.total, shop=current_quote.shop)
    return place_quoted_basket(
        current_quote,
        basket=basket,
        contact=contact,
        source=source,
        method=None if is_paid else chosen,
        counts_at_once=not is_paid and chosen == PaymentMethod.COD,
        consents=consents,
        actor=actor,
        now=now,
    )


def _final_request(
    basket: Basket,
    contact: Contact,
    deliveries: Mapping[int, RequestedDelivery],
    seen_prices: Mapping[uuid.UUID, int],
) -> QuoteRequest:
    """Return the basket's quote request with the final contact, deliveries and prices, unsaved."""
    quote_request = basket_quote_request(basket)
    return replace(
        quote_request,
        province_code=contact.province_code,
        lines=[
            replace(line, seen_price=seen_prices[line.key]) if line.key in seen_prices else line
            for line in quote_request.lines
        ],
        deliveries={**quote_request.deliveries, **deliveries},
        buyer=Buyer(basket.user_id, contact.phone, contact.email),
    )


def place_quoted_basket(
    quote: Quote,
    *,
    basket: Basket,
    contact: Contact,
    source: OrderSource,
    method: PaymentMethod | None,
    counts_at_once: bool,
    consents: frozenset[str],
    actor: Actor,
    now: datetime.datetime,
) -> Order:
    """Step, on a locked basket: write the order of its quote and run all follow-up steps.

    Payments made on the basket are carried over. `method` is how the rest will be paid, None where nothing
    is left. Raises BasketChanged, PickupSlotFull, AmountNotForCards.
    """
    order, lines = record_order(
        quote,
        basket=basket,
        contact=contact,
        source=source,
        now=now,
        confirmed=counts_at_once and basket.channel.automatically_confirm_all_new_orders,
    )
    record_voucher_use(order, quote, now=now)
    _allocate_or_refuse(lines, quote)
    take_pickup_slots(order, quote)
    carried = carry_payments_over(order, basket, keeps_promises=method is None, actor=actor, now=now)
    payment = expect_payment(order, method, earlier=len(carried), now=now) if method is not None else None
    if payment is not None and method == PaymentMethod.CARD:
        recalculate_columns(order)
        start_card_payment(order, payment, hosted=False, actor=actor, now=now)
    record_consents(order, consents, actor=actor, now=now)
    recalculate_order(order, now=now)
    capture_carried_payments(order, carried, actor=actor, now=now)
    record_change(
        "order.placed", order, actor=actor, now=now, data={"total": order.total_gross, "source": source}
    )
    payment = payment or order.payments.current()
    parts = notices.parts_of(order)
    asked = transfer_request_for_order(order, payment, quote.shop)
    notices.order_placed(order, parts, payment, asked, invoice=contact.invoice, shop=quote.shop, now=now)
    if order.confirmed_at is not None:
        notices.order_confirmed(order, parts, payment, invoice=contact.invoice, shop=quote.shop, now=now)
    else:
        confirm_if_covered(order, actor=actor, now=now)
    _delete_basket(basket, order)
    return order


def _delete_basket(basket: Basket, order: Order) -> None:
    """Delete the basket and the addresses that only it used."""
    own_ids = (basket.shipping_address_id, basket.billing_address_id)
    taken = (order.shipping_address_id, order.billing_address_id)
    left = [key for key in own_ids if key is not None and key not in taken]
    basket.delete()
    if left:
        Address.objects.filter(pk__in=left, user=None).delete()


def _require_agreement(quote: Quote, agreed_total: int | None, agreed_maximum: int | None) -> None:
    """Raises BasketChanged unless the quote can be placed at the sums that the buyer saw.

    A voucher code that no longer applies is refused only for buyers who agreed to no sum: on a page the
    buyer saw the total without it.
    """
    if not quote.is_ready:
        raise BasketChanged(quote=quote)
    refused = quote.voucher.refused if quote.voucher else None
    if agreed_total is None and refused is not None:
        raise BasketChanged(refused.words, quote=quote, voucher=refused)
    if agreed_total not in (None, quote.total) or agreed_maximum not in (None, quote.most):
        raise BasketChanged(refused.words if refused else None, quote=quote)


def allocate_order_stock(lines: Sequence[OrderLine], quote: Quote) -> None:
    """Step: allocate stock to an order's lines and release the reservations of the quoted basket.

    Raises SoldOut with every shortage at once.
    """
    quantities: Counter[int] = Counter()
    for line in quote.lines:
        if line.variant.track_inventory:
            quantities[line.variant.pk] += line.wanted.quantity
    chosen = (share.chosen.way if share.chosen else None for share in quote.shares)
    ids = reachable_stock_ids(quote.wanted, quantities, chosen)
    basket_id = quote.wanted.basket_id
    kept = reservations_of_basket(basket_id) if basket_id is not None else []
    rows = locks.lock_stock({*ids, *(each.stock_id for each in kept)})
    freed = release_reserved_stock(
        reservations_of_basket(basket_id) if basket_id is not None and kept else [], rows
    )
    picks = choose_stock(
        quantities,
        [rows[stock_id] for stock_id in ids if stock_id in rows],
        order=ids,
        strategy=quote.wanted.channel.allocation_strategy,
    )
    for pick in picks:
        rows[pick.stock_id].allocated += pick.quantity
    Allocation.objects.bulk_create(_distribute_picks(lines, picks))
    save_reserved_and_allocated(rows[stock_id] for stock_id in freed | {pick.stock_id for pick in picks})


def _distribute_picks(lines: Sequence[OrderLine], picks: Sequence[StockPick]) -> list[Allocation]:
    """Distribute the picks of each variant over its lines, in line order."""
    left = {line.pk: line.quantity for line in lines}
    allocations = []
    for pick in picks:
        rest = pick.quantity
        for line in lines:
            taken = min(rest, left[line.pk]) if line.variant_id == pick.variant_id else 0
            if taken:
                allocations.append(Allocation(line=line, stock_id=pick.stock_id, quantity=taken))
                left[line.pk] -= taken
                rest -= taken
    return allocations


def _allocate_or_refuse(lines: Sequence[OrderLine], quote: Quote) -> None:
    try:
        allocate_order_stock(lines, quote)
    except SoldOut as short:
        free = short.details["free"]
        for line in quote.lines:
            if line.variant.pk in free:
                line.free = free[line.variant.pk]
                line.problems.append(QuoteProblem.ONLY_LEFT if line.free else QuoteProblem.SOLD_OUT)
        raise BasketChanged(short.words, quote=quote) from short


def order_of_basket(basket_id: uuid.UUID) -> Order:
    """Return the order that a basket became. Raises Missing."""
    order = Order.objects.filter(basket_key=basket_id).first()
    if order is None:
        raise Missing()
    return order


def require_consent(consents: frozenset[str]) -> None:
    """Step: require consent to pass name and address on for the delivery. Raises ConsentNeeded."""
    if ConsentPurpose.ORDER not in consents:
        raise ConsentNeeded(field="consent")


def record_consents(order: Order, consents: frozenset[str], *, actor: Actor, now: datetime.datetime) -> None:
    """Step: record the buyer's consents with the version of their text and the interface used.

    Consent to news sends a confirmation mail first, since the address may be somebody else's.
    """
    Consent.objects.bulk_create(
        Consent(
            user_id=order.user_id,
            about=f"order:{order.pk}",
            purpose=purpose,
            version=CONSENT_VERSION,
            given_at=now,
            door=actor.door,
        )
        for purpose in sorted(consents)
    )
    if ConsentPurpose.NEWS in consents and order.email:
        create_follow_request(
            None, order.email, user=order.user, language=order.language, actor=actor, now=now
        )
