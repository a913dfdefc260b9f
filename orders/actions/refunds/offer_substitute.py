"""Offer the buyer another product instead of missing items, and withdraw the offer."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import choose_stock, save_reserved_and_allocated
from catalog.models import Price, Stock, Variant
from cooperatives.models import Cooperative
from orders import locks
from orders.actions.fulfilment.pack_parcels import require_weighed
from orders.actions.fulfilment.substitute_holds import require_no_waiting_substitute
from orders.actions.quotes.build_quote import build_quote
from orders.actions.quotes.quote_types import QuotedLine, QuoteProblem, QuoteRequest, RequestedLine
from orders.actions.refunds.refund_decisions import EmptyRefund, LineRefundLimit, read_refund_limits
from orders.actions.refunds.report_shortage import refund_of_missing
from orders.actions.refunds.substitute_quotes import (
    delivery_country,
    quote_substitute,
    substitute_loss,
)
from orders.models import Order, OrderLine, OrderPart, Substitute, SubstituteHold
from orders.notifications import substitutes as notifications
from orders.states import SUBSTITUTE_TRANSITIONS, PartState, SubstituteState
from shop.core.actors import Actor
from shop.core.dates.calendar import VIETNAM
from shop.core.errors import Missing, NeedsConfirmation, Refused
from shop.core.models import KeyReused, record_change, shop_settings, was_done_with_key
from shop.core.states import TransitionNotAllowed, change_state
from shop.core.texts.formatting import format_money

_PACKING_PERIOD = datetime.timedelta(hours=2)
_MIN_ANSWER_PERIOD = datetime.timedelta(minutes=30)


class InvalidSubstituteQuantity(Refused):
    """The quantity is not positive, or exceeds the sales units still to be packed (`details["open"]`)."""

    code = "invalid_substitute_quantity"
    default_message = _("Replace at least one item, and no more than are still to be packed.")


class SubstituteAtALoss(NeedsConfirmation):
    """The substitute is dearer than what the buyer agreed to pay. The cooperative bears the difference."""

    code = "substitute_at_a_loss"


class UnsuitableSubstitute(Refused):
    """The variant is the same, another cooperative's or not on sale, or its quantity exceeds the limit."""

    code = "unsuitable_substitute"
    default_message = _("Choose another product of your cooperative that is on sale.")


@dataclass(frozen=True, slots=True)
class SubstituteOffer:
    """`quantity` sales units of a line are replaced by `substitute_quantity` of another variant."""

    line_id: uuid.UUID
    quantity: int
    variant_id: int
    substitute_quantity: int


@dataclass(frozen=True, slots=True)
class SubstituteChoice:
    """A variant in stock, its price for one sales unit in minor units, and the sales units `free`."""

    variant: Variant
    unit_price: int
    free: int


@transaction.atomic(durable=True)
def offer_substitute(
    *,
    part_id: int,
    offer: SubstituteOffer,
    confirmation_token: str | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Substitute:
    """Hold stock of another variant and ask the buyer whether they take it instead of missing items.

    The buyer pays at most what was agreed for the missing items. Prices are frozen now. Until the answer the
    line cannot be packed. A line sold by weight that is not weighed yet is replaced as a whole. A repeated
    `idempotency_key` returns the first offer.

    `confirmation_token` is "" at the first try, then the token of the SubstituteAtALoss that was raised. Apps
    pass None and are not asked. Raises EmptyRefund (the items are free), InvalidSubstituteQuantity,
    KeyReused, LinesNotWeighed, Missing, SoldOut, SubstituteAtALoss, SubstituteUnanswered,
    UnsuitableSubstitute, TransitionNotAllowed.
    """
    order, part = locks.lock_part(part_id)
    existing = _find_existing_offer(part, idempotency_key)
    if existing is not None:
        return existing
    if part.state != PartState.ACCEPTED:
        raise TransitionNotAllowed(from_state=part.state, to_state="substitute")
    limit = read_refund_limits(order, part).lines.get(offer.line_id)
    if limit is None:
        raise Missing()
    _require_possible_quantities(limit, offer)
    require_no_waiting_substitute([limit.line.pk])
    quoted = _quote_variant(order, part, limit, offer, now=now)
    substitute = _build_substitute(part, limit, offer, quoted, idempotency_key=idempotency_key, now=now)
    quote = quote_substitute(order, limit.line, substitute)
    _require_confirmed_loss(
        offer, substitute_loss(quote), currency=order.currency, confirmation_token=confirmation_token
    )
    substitute.total_gross = quote.total
    substitute.save(force_insert=True)
    _hold_stock(order, part, substitute)
    record_substitute_change(order, part, substitute, "substitute.offered", actor=actor, now=now)
    notifications.notify_substitute_offer(order, part, substitute, now=now)
    return substitute


def _find_existing_offer(part: OrderPart, idempotency_key: str | None) -> Substitute | None:
    """Return the offer made with the same key. Raises KeyReused if it is of another part."""
    if idempotency_key is None:
        return None
    existing = Substitute.objects.filter(idempotency_key=idempotency_key).select_related("line").first()
    if existing is not None and existing.line.part_id != part.pk:
        raise KeyReused()
    return existing


def _build_substitute(
    part: OrderPart,
    limit: LineRefundLimit,
    offer: SubstituteOffer,
    quoted: QuotedLine,
    *,
    idempotency_key: str | None,
    now: datetime.datetime,
) -> Substitute:
    """Return the unsaved offer at today's price, without its total."""
    return Substitute(
        line=limit.line,
        quantity=offer.quantity,
        variant=quoted.variant,
        substitute_quantity=offer.substitute_quantity,
        unit_list_price=quoted.unit_list_price,
        unit_price=quoted.unit_price,
        tax_rate=quoted.tax_rate,
        tax_class_name=quoted.tax_class_name,
        replaced_gross=refund_of_missing(limit, offer.quantity).amount,
        offered_at=now,
        answer_by=answer_deadline(part, now=now, hours=shop_settings().substitute_answer_hours),
        idempotency_key=idempotency_key,
    )


@transaction.atomic(durable=True)
def withdraw_substitute(
    *, substitute_id: uuid.UUID, idempotency_key: str | None = None, actor: Actor, now: datetime.datetime
) -> Substitute:
    """Withdraw an unanswered offer and release its stock. The line can be packed again.

    Raises KeyReused, Missing, TransitionNotAllowed.
    """
    order, part, substitute = locks.lock_substitute(substitute_id)
    if was_done_with_key(idempotency_key, "substitute.withdrawn", substitute):
        return substitute
    change_state(substitute, SubstituteState.WITHDRAWN, SUBSTITUTE_TRANSITIONS)
    substitute.answered_at = now
    substitute.save(update_fields=["answered_at"])
    locks.lock_stock(substitute.holds.values_list("stock_id", flat=True))
    release_held_stock(substitute)
    record_substitute_change(
        order, part, substitute, "substitute.withdrawn", idempotency_key=idempotency_key, actor=actor, now=now
    )
    notifications.notify_substitute_withdrawn(order, part, substitute, now=now)
    return substitute


def answer_deadline(part: OrderPart, *, now: datetime.datetime, hours: int) -> datetime.datetime:
    """Return the stock from which this part can be packed.

    For a pickup it is the stock of the pickup warehouse.
    """
    until = now + datetime.timedelta(hours=hours)
    if part.pickup_day is not None and part.pickup_starts is not None:
        pickup = datetime.datetime.combine(part.pickup_day, part.pickup_starts, VIETNAM)
        until = min(until, pickup.astimezone(datetime.UTC) - _PACKING_PERIOD)
    return max(until, now + _MIN_ANSWER_PERIOD)


def find_substitute_choices(part: OrderPart) -> list[SubstituteChoice]:
    """Return what the cooperative may offer for this part, by name. A fixed number of queries."""
    order = part.order
    prices = Prefetch("prices", Price.objects.filter(channel=order.channel_id))
    variants = list(
        Variant.objects.for_cooperative(part.cooperative)
        .buyable_in(order.channel_id)
        .select_related("product")
        .prefetch_related(prices)
        .order_by("product__sort_key", "product", "sort_order", "pk")
    )
    free: dict[int, int] = {}
    for row in _reachable_stock(order, part, [variant.pk for variant in variants]):
        free[row.variant_id] = free.get(row.variant_id, 0) + max(0, row.free)
    return [
        SubstituteChoice(variant, variant.prices.all()[0].selling_price or 0, free.get(variant.pk, 0))
        for variant in variants
        if not variant.track_inventory or free.get(variant.pk, 0) > 0
    ]


def sort_by_similarity(choices: Iterable[SubstituteChoice], line: OrderLine) -> list[SubstituteChoice]:
    """Sort choices: products of the same type as the line's come first, then the nearest price."""
    product_type = line.variant.product.product_type_id if line.variant is not None else None
    return sorted(
        choices,
        key=lambda choice: (
            choice.variant.product.product_type_id != product_type,
            abs(choice.unit_price - line.unit_price),
        ),
    )


def release_held_stock(substitute: Substitute) -> None:
    """In a transaction: release the stock held for a substitute. The caller has locked it."""
    holds = list(substitute.holds.order_by("stock"))
    stocks = locks.lock_stock([hold.stock_id for hold in holds])
    for hold in holds:
        stocks[hold.stock_id].allocated -= hold.quantity
    SubstituteHold.objects.filter(pk__in=[hold.pk for hold in holds]).delete()
    save_reserved_and_allocated(stocks.values())


def record_substitute_change(
    order: Order,
    part: OrderPart,
    substitute: Substitute,
    action: str,
    *,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: record what happened to an offer, under its order and cooperative."""
    record_change(
        action,
        substitute,
        actor=actor,
        now=now,
        root=order,
        cooperative_id=part.cooperative_id,
        idempotency_key=idempotency_key,
        data={
            "part": part.number,
            "name": substitute.line.product_name,
            "quantity": substitute.quantity,
            "substitute": substitute.variant.product.name,
            "substitute_quantity": substitute.substitute_quantity,
            "total": substitute.total_gross,
            "currency": order.currency,
        },
    )


def _require_possible_quantities(limit: LineRefundLimit, offer: SubstituteOffer) -> None:
    if not 1 <= offer.quantity <= limit.open or offer.substitute_quantity < 1:
        raise InvalidSubstituteQuantity(field="quantity", open=limit.open)
    if offer.quantity < limit.line.quantity:
        require_weighed([limit.line])
    if not refund_of_missing(limit, offer.quantity).amount:
        raise EmptyRefund(field="quantity")


def _require_confirmed_loss(
    offer: SubstituteOffer, loss: int, *, currency: str, confirmation_token: str | None
) -> None:
    """Raise SubstituteAtALoss if a person offers at a loss and has not confirmed exactly this loss.

    Apps, whose `confirmation_token` is None, are not asked.
    """
    required_token = f"{offer.variant_id}-{offer.substitute_quantity}-{offer.quantity}-{loss}"
    if loss > 0 and confirmation_token is not None and confirmation_token != required_token:
        text = _("The cooperative bears %(amount)s. Send again if that is right.")
        raise SubstituteAtALoss(
            text % {"amount": format_money(loss, currency)}, confirmation_token=required_token
        )


def _quote_variant(
    order: Order, part: OrderPart, limit: LineRefundLimit, offer: SubstituteOffer, *, now: datetime.datetime
) -> QuotedLine:
    """Return the price and tax of the offered variant today. Raises UnsuitableSubstitute."""
    requested = RequestedLine(uuid.uuid4(), offer.variant_id, offer.substitute_quantity)
    quote = build_quote(
        QuoteRequest(order.channel, [requested], {}, country=delivery_country(order)), now=now
    )
    problems = {QuoteProblem.NOT_FOR_SALE, QuoteProblem.OVER_LIMIT}
    for quoted in quote.lines:
        is_own = _is_sold_by(part.cooperative, quoted.variant) and quoted.variant.pk != limit.line.variant_id
        if is_own and problems.isdisjoint(quoted.problems):
            return quoted
    raise UnsuitableSubstitute(field="variant")


def _is_sold_by(cooperative: Cooperative, variant: Variant) -> bool:
    return variant.cooperative_id == cooperative.pk and not variant.product.is_removed


def _hold_stock(order: Order, part: OrderPart, substitute: Substitute) -> None:
    """Hold the substitute's stock, if it is tracked. Raises SoldOut."""
    variant = substitute.variant
    if not variant.track_inventory:
        return
    reachable = list(_reachable_stock(order, part, [variant.pk]).order_by("pk").values_list("pk", flat=True))
    stocks = locks.lock_stock(reachable)
    picks = choose_stock(
        {variant.pk: substitute.substitute_quantity},
        stocks.values(),
        strategy=order.channel.allocation_strategy,
    )
    for pick in picks:
        stocks[pick.stock_id].allocated += pick.quantity
    SubstituteHold.objects.bulk_create(
        SubstituteHold(substitute=substitute, stock_id=pick.stock_id, quantity=pick.quantity)
        for pick in picks
    )
    save_reserved_and_allocated(stocks[pick.stock_id] for pick in picks)


def _reachable_stock(order: Order, part: OrderPart, variant_ids: list[int]) -> QuerySet[Stock]:
    """Return the stock from which this part can be packed.

    For a pickup it is only the stock of the pickup warehouse.
    """
    pickup_warehouse_ids = {part.cooperative_id: part.warehouse_id} if part.warehouse_id is not None else None
    reachable = Stock.objects.reachable(
        channel_id=order.channel_id,
        country=delivery_country(order),
        pickup_warehouse_ids=pickup_warehouse_ids,
    )
    return reachable.filter(variant__in=variant_ids, warehouse__closed_at=None)
