"""Placing an order: one for the whole basket, a part for each cooperative."""

from __future__ import annotations

import datetime
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import Pick, SoldOut, choose_stock, write_promises
from cooperatives.actions.followers import begin_follow
from orders import locks, notices
from orders.actions.basket.basket_lines import give_back, kept_for
from orders.actions.order_records.recalculate_order import derive_standing, update_standing
from orders.actions.order_records.record_order import Contact, record_order, take_slots
from orders.actions.payments.basket_payments import bring_payments, paid_before, take_what_was_held
from orders.actions.payments.order_payments import (
    begin_card,
    confirm_if_covered,
    expect_payment,
    require_way,
)
from orders.actions.quotes.build_quote import quote, wanted_of
from orders.actions.quotes.quote_queries import stock_in_order
from orders.actions.quotes.quote_types import Buyer, Problem, Quote, Wanted, WantedDelivery
from orders.actions.vouchers.redeem_vouchers import record_use
from orders.models import (
    Allocation,
    Basket,
    Method,
    Order,
    OrderLine,
    Source,
)
from orders.payments.transfer_requests import asked_of
from shop.accounts.models import Address, Consent, ConsentPurpose
from shop.accounts.personal.consents import CONSENT_VERSION
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import record_change


class BasketChanged(Refused):
    """Something is not as the buyer last saw it; the basket is kept. `details["quote"]` says what."""

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
    deliveries: Mapping[int, WantedDelivery],
    consents: frozenset[str],
    actor: Actor,
    now: datetime.datetime,
    source: Source = Source.WEB,
    method: Method = Method.COD,
    agreed_total: int | None = None,
    agreed_most: int | None = None,
    seen_prices: Mapping[uuid.UUID, int] | None = None,
    language: str = "",
) -> Order:
    """Turn a basket into an order. One paid for in cash counts at once; else it waits for its money.

    `agreed_total` is what the buyer saw on the button, and `agreed_most` what goods sold by weight may make
    of it, both in minor units: another sum is asked about first. `seen_prices` are new prices of lines that
    the page showed as changed. `language` is that of the page, and of the letters to come.
    Sent again (a double click, a lost answer), it returns the order that the basket became. Raises
    BasketChanged, SlotFull, ConsentNeeded, BasketEmpty, WayNotOffered, AmountNotForCards, Missing; then
    nothing has changed.
    """
    return place(
        basket_id=basket_id,
        contact=contact,
        deliveries=deliveries,
        consents=consents,
        actor=actor,
        now=now,
        source=source,
        method=method,
        agreed_total=agreed_total,
        agreed_most=agreed_most,
        seen_prices=seen_prices,
        language=language,
    )


def place(
    *,
    basket_id: uuid.UUID,
    contact: Contact,
    deliveries: Mapping[int, WantedDelivery],
    consents: frozenset[str],
    actor: Actor,
    now: datetime.datetime,
    source: Source = Source.WEB,
    method: Method = Method.COD,
    agreed_total: int | None = None,
    agreed_most: int | None = None,
    seen_prices: Mapping[uuid.UUID, int] | None = None,
    language: str = "",
) -> Order:
    """Step of `place_order`: a counter sale places, pays and dispatches in one transaction."""
    basket = locks.lock_basket(basket_id)
    if basket is None:
        return already_placed(basket_id)
    require_consent(consents)
    basket.language = language or basket.language
    wanted = _wanted(basket, contact, deliveries, seen_prices or {})
    locks.lock_voucher(wanted.voucher_code)
    offer = quote(wanted, now=now)
    if not offer.shares:
        raise BasketEmpty()
    _require_agreement(offer, agreed_total, agreed_most)
    chosen = method if offer.total else Method.COD  # nobody waits for what costs nothing
    is_paid = paid_before(basket) >= max(1, offer.total)
    if not is_paid:
        require_way(basket.channel, chosen, offer.total, shop=offer.shop)
    return write_order(
        offer,
        basket=basket,
        contact=contact,
        source=source,
        method=None if is_paid else chosen,
        counts_at_once=not is_paid and chosen == Method.COD,
        consents=consents,
        actor=actor,
        now=now,
    )


def _wanted(
    basket: Basket,
    contact: Contact,
    deliveries: Mapping[int, WantedDelivery],
    seen_prices: Mapping[uuid.UUID, int],
) -> Wanted:
    """What the basket asks for, as it is said at last: the basket, which goes, need not hear of it."""
    wanted = wanted_of(basket)
    return replace(
        wanted,
        province_code=contact.province_code,
        lines=[
            replace(line, seen_price=seen_prices[line.key]) if line.key in seen_prices else line
            for line in wanted.lines
        ],
        deliveries={**wanted.deliveries, **deliveries},
        buyer=Buyer(basket.user_id, contact.phone, contact.email),
    )


def write_order(
    offer: Quote,
    *,
    basket: Basket,
    contact: Contact,
    source: Source,
    method: Method | None,
    counts_at_once: bool,
    consents: frozenset[str],
    actor: Actor,
    now: datetime.datetime,
) -> Order:
    """Step, on a locked basket: the order that a quote of it is, with all that follows.

    What was paid for the basket comes along; `method` is how the rest is to come, None where nothing is
    left. Raises BasketChanged, SlotFull, AmountNotForCards.
    """
    order, lines = record_order(
        offer,
        basket=basket,
        contact=contact,
        source=source,
        now=now,
        confirmed=counts_at_once and basket.channel.automatically_confirm_all_new_orders,
    )
    record_use(order, offer, now=now)
    _allocate(lines, offer)
    take_slots(order, offer)
    carried = bring_payments(order, basket, keeps_promises=method is None, actor=actor, now=now)
    payment = expect_payment(order, method, earlier=len(carried), now=now) if method is not None else None
    if payment is not None and method == Method.CARD:
        derive_standing(order)
        begin_card(order, payment, hosted=False, actor=actor, now=now)
    keep_consents(order, consents, actor=actor, now=now)
    update_standing(order, now=now)
    take_what_was_held(order, carried, actor=actor, now=now)
    record_change(
        "order.placed", order, actor=actor, now=now, data={"total": order.total_gross, "source": source}
    )
    payment = payment or order.payments.current()
    parts = notices.parts_of(order)
    asked = asked_of(order, payment, offer.shop)
    notices.order_placed(order, parts, payment, asked, invoice=contact.invoice, shop=offer.shop, now=now)
    if order.confirmed_at is not None:
        notices.order_confirmed(order, parts, payment, invoice=contact.invoice, shop=offer.shop, now=now)
    else:
        confirm_if_covered(order, actor=actor, now=now)
    _forget(basket, order)
    return order


def _forget(basket: Basket, order: Order) -> None:
    """The basket goes, with the addresses that were its own and are not the order's now."""
    own = (basket.shipping_address_id, basket.billing_address_id)
    taken = (order.shipping_address_id, order.billing_address_id)
    left = [key for key in own if key is not None and key not in taken]
    basket.delete()
    if left:
        Address.objects.filter(pk__in=left, user=None).delete()


def _require_agreement(offer: Quote, agreed_total: int | None, agreed_most: int | None) -> None:
    """Raises BasketChanged unless the quote can be placed at the sums that the buyer saw.

    A code that does nothing any more stands in the way of those alone who agreed to no sum: on a page
    the sum without it was seen.
    """
    if not offer.is_ready:
        raise BasketChanged(quote=offer)
    refused = offer.voucher.refused if offer.voucher else None
    if agreed_total is None and refused is not None:
        raise BasketChanged(refused.words, quote=offer, voucher=refused)
    if agreed_total not in (None, offer.total) or agreed_most not in (None, offer.most):
        raise BasketChanged(refused.words if refused else None, quote=offer)


def allocate(lines: Sequence[OrderLine], offer: Quote) -> None:
    """Step: promise stock to an order's lines. What was reserved for the quoted basket is given back for it.

    Raises SoldOut with every shortage at once.
    """
    wanted: Counter[int] = Counter()
    for line in offer.lines:
        if line.variant.track_inventory:
            wanted[line.variant.pk] += line.wanted.quantity
    chosen = (share.chosen.way if share.chosen else None for share in offer.shares)
    ids = stock_in_order(offer.wanted, wanted, chosen)
    basket_id = offer.wanted.basket_id
    kept = kept_for(basket_id) if basket_id is not None else []
    rows = locks.lock_stock({*ids, *(each.stock_id for each in kept)})
    freed = give_back(kept_for(basket_id) if basket_id is not None and kept else [], rows)
    picks = choose_stock(
        wanted,
        [rows[stock_id] for stock_id in ids if stock_id in rows],
        order=ids,
        strategy=offer.wanted.channel.allocation_strategy,
    )
    for pick in picks:
        rows[pick.stock_id].allocated += pick.quantity
    Allocation.objects.bulk_create(_allocations(lines, picks))
    write_promises(rows[stock_id] for stock_id in freed | {pick.stock_id for pick in picks})


def _allocations(lines: Sequence[OrderLine], picks: Sequence[Pick]) -> list[Allocation]:
    """Hand what was picked of each variant to its lines in their order."""
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


def _allocate(lines: Sequence[OrderLine], offer: Quote) -> None:
    try:
        allocate(lines, offer)
    except SoldOut as short:
        free = short.details["free"]
        for line in offer.lines:
            if line.variant.pk in free:
                line.free = free[line.variant.pk]
                line.problems.append(Problem.ONLY_LEFT if line.free else Problem.SOLD_OUT)
        raise BasketChanged(short.words, quote=offer) from short


def already_placed(basket_id: uuid.UUID) -> Order:
    """The order that a basket became. Raises Missing."""
    order = Order.objects.filter(basket_key=basket_id).first()
    if order is None:
        raise Missing()
    return order


def require_consent(consents: frozenset[str]) -> None:
    """Step: nobody's address goes on without their word. Raises ConsentNeeded."""
    if ConsentPurpose.ORDER not in consents:
        raise ConsentNeeded(field="consent")


def keep_consents(order: Order, consents: frozenset[str], *, actor: Actor, now: datetime.datetime) -> None:
    """Step: what the buyer agreed to, in which version of the words, and at which door.

    Who wants news follows the market: a letter asks them to confirm an address that may not be theirs.
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
        begin_follow(None, order.email, user=order.user, language=order.language, actor=actor, now=now)
