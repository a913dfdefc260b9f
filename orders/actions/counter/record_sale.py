"""Record a sale at the counter: an order that is paid in cash and handed over as it is made."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.stock.stock_movements import (
    SoldOut,
    StockPick,
    choose_stock,
    lock_stock_rows,
    save_reserved_and_allocated,
)
from catalog.models import Stock
from cooperatives.models import Cooperative, Warehouse
from orders import locks
from orders.actions.counter.quote_sale import SaleLine, SaleQuote, quote_sale
from orders.actions.counter.sale_discounts import SaleDiscount
from orders.actions.counter.shifts import MAX_CASH, ShiftClosed, lock_own_shift
from orders.actions.fulfilment.deliver_parcels import DispatchDetails, deliver_locked_parcel, dispatch_parcel
from orders.actions.fulfilment.lot_picks import LotChoices
from orders.actions.fulfilment.pack_parcels import accept_locked_part, close_locked_parcel, create_parcel
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.actions.order_records.pricing_by_weight import read_total_at_weight, reprice_line_by_weight
from orders.actions.order_records.record_order import create_order_row, write_parts
from orders.actions.payments.order_payments import expect_payment
from orders.actions.placement.allocate_order_stock import distribute_picks
from orders.models import (
    Allocation,
    CounterSale,
    Order,
    OrderLine,
    OrderPart,
    OrderSource,
    PaymentMethod,
    Shift,
)
from shop.core.actors import Actor
from shop.core.errors import NeedsConfirmation, Refused
from shop.core.models import find_key_of_created_row, record_change
from shop.core.texts.formatting import format_money

# A larger sale is questioned once, in minor units.
USUAL_SALE = 20_000_000


class SaleTotalChanged(Refused):
    """The sale costs `details["total"]` (minor units), which the seller has not seen."""

    code = "sale_total_changed"
    default_message = _("A price has changed. The sale now costs %(total)s. Tell the customer, then sell it.")


class NotEnoughCash(Refused):
    """The customer gave less than the total, `details["missing"]` in minor units."""

    code = "not_enough_cash"
    default_message = _("%(missing)s is missing. Enter all the cash that the customer gave.")


class InvalidCashGiven(Refused):
    code = "invalid_cash_given"
    default_message = _("Enter the cash that the customer gave, as a whole number.")


class UnusualSale(NeedsConfirmation):
    """The total is far above a usual sale: a typing error in a price, a quantity or a weight."""

    code = "unusual_sale"
    default_message = _("This sale costs %(total)s. Sell again if that is right.")


@transaction.atomic(durable=True)
def record_sale(
    *,
    cooperative: Cooperative,
    shift_id: int,
    lines: Sequence[SaleLine],
    discount: SaleDiscount | None = None,
    role: str,
    cash_given: int,
    agreed_total: int,
    expired_lot_reason: str = "",
    confirmation_token: str | None = None,
    language: str = "vi",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> CounterSale:
    """Sell goods at an open shift's till for cash, and take them from stock, first expired, first out.

    What the records lack is sold too, because the seller holds it: the stock becomes negative. `agreed_total`
    is what the seller told the customer. `confirmation_token` is "" at the first try, then the token of the
    UnusualSale that was raised; None accepts any sale. A repeated `idempotency_key` returns the first sale.

    Raises ExpiredLot, InvalidCashGiven, KeyReused, NotEnoughCash, RecalledLot, SaleTotalChanged, ShiftClosed,
    UnusualSale, and what `quote_sale` raises. Nothing has changed then.
    """
    shift = lock_own_shift(cooperative, shift_id)
    existing_key = find_key_of_created_row(
        idempotency_key, "sale.recorded", cooperative_id=cooperative.pk, root=shift.till
    )
    if existing_key is not None:
        return CounterSale.objects.get(pk=existing_key)
    if not shift.is_open:
        raise ShiftClosed()
    priced = quote_sale(cooperative=cooperative, lines=lines, discount=discount, role=role, now=now)
    _require_agreed_total(shift, priced.total, agreed_total)
    _require_enough_cash(shift, priced.total, cash_given)
    _require_usual_sale(shift, priced.total, confirmation_token)
    number = _read_next_number(shift)
    order = _write_order(shift, priced, language=language, actor=actor, now=now)
    part = _hand_over(order, expired_lot_reason, actor=actor, now=now)
    sale = CounterSale.objects.create(
        order=order,
        till=shift.till,
        shift=shift,
        number=number,
        total=part.total_gross,
        cash_given=cash_given,
        change_given=cash_given - priced.total,
        sold_by_id=actor.user_id,
        sold_at=now,
    )
    record_change(
        "sale.recorded",
        sale,
        actor=actor,
        now=now,
        root=shift.till,
        cooperative_id=cooperative.pk,
        reason=priced.discount.reason if priced.discount else "",
        data={"number": sale.number, "total": sale.total, "order": order.code},
        idempotency_key=idempotency_key,
    )
    return sale


def _require_agreed_total(shift: Shift, total: int, agreed_total: int) -> None:
    if total != agreed_total:
        text = str(SaleTotalChanged.default_message) % {"total": format_money(total, shift.till.currency)}
        raise SaleTotalChanged(text, total=total)


def _require_enough_cash(shift: Shift, total: int, cash_given: int) -> None:
    """Raise NotEnoughCash, or InvalidCashGiven for an impossible sum."""
    if not 0 <= cash_given <= MAX_CASH:
        raise InvalidCashGiven(field="cash_given")
    if cash_given < total:
        missing = format_money(total - cash_given, shift.till.currency)
        text = str(NotEnoughCash.default_message) % {"missing": missing}
        raise NotEnoughCash(text, field="cash_given", missing=total - cash_given)


def _require_usual_sale(shift: Shift, total: int, confirmation_token: str | None) -> None:
    if total > USUAL_SALE and confirmation_token not in (None, str(total)):
        text = str(UnusualSale.default_message) % {"total": format_money(total, shift.till.currency)}
        raise UnusualSale(text, confirmation_token=str(total))


def _read_next_number(shift: Shift) -> int:
    """Return the till's next receipt number. The till is locked, so nobody else takes it."""
    last = CounterSale.objects.filter(till=shift.till_id).order_by("number").last()
    return last.number + 1 if last is not None else 1


def _write_order(
    shift: Shift, priced: SaleQuote, *, language: str, actor: Actor, now: datetime.datetime
) -> Order:
    """In a transaction: create the confirmed order with its lines at their weights, stock and payment."""
    quote = priced.quote
    order = create_order_row(
        quote.terms,
        channel=quote.requested.channel,
        currency=quote.requested.channel.currency,
        source=OrderSource.COUNTER,
        language=language,
        placed_at=now,
        confirmed_at=now,
    )
    lines = write_parts(order, quote, {}, now=now)
    part = order.parts.get()
    _waive_commission_and_withholding(part, lines)
    for requested, line in zip(quote.requested.lines, lines, strict=True):
        grams = priced.grams_by_key.get(requested.key)
        if grams is not None:
            _set_weight(order, part, line, grams)
    _allocate(shift, lines, quote.stock_ids)
    expect_payment(order, PaymentMethod.COD, payment_count=0, now=now)
    finish_order_change(order, now=now)
    data = {"total": order.total_gross, "source": order.source}
    record_change("order.placed", order, actor=actor, now=now, data=data)
    return order


def _waive_commission_and_withholding(part: OrderPart, lines: Sequence[OrderLine]) -> None:
    """In a transaction: charge nothing for a sale that the market did not bring about."""
    for line in lines:
        line.commission_rate = line.commission = 0
    OrderLine.objects.bulk_update(lines, ["commission_rate", "commission"])
    part.commission = part.withholding_rate = 0
    part.save(update_fields=["commission", "withholding_rate"])


def _set_weight(order: Order, part: OrderPart, line: OrderLine, grams: int) -> None:
    """In a transaction: price a line at its weight. The customer agrees to it at the scale."""
    if grams > (line.bound_grams or 0):
        line.bound_gross = read_total_at_weight(order, line, grams)
        line.bound_grams = grams
    reprice_line_by_weight(order, part, line, grams)


def _allocate(shift: Shift, lines: Sequence[OrderLine], stock_ids: Sequence[int]) -> None:
    """In a transaction: allocate stock to the lines, also what the records lack."""
    quantities: Counter[int] = Counter()
    for line in lines:
        if line.variant is not None and line.variant.track_inventory:
            quantities[line.variant.pk] += line.quantity
    stocks = locks.lock_stock(stock_ids)
    rows = [stocks[stock_id] for stock_id in stock_ids if stock_id in stocks]
    try:
        picks = choose_stock(quantities, rows, stock_ids_in_order=stock_ids)
    except SoldOut as shortage:
        free: dict[int, int] = shortage.details["free"]
        available = Counter({key: free.get(key, quantity) for key, quantity in quantities.items()})
        picks = choose_stock(+available, rows, stock_ids_in_order=stock_ids)
        for variant_id, missing in (quantities - available).items():
            stock = _find_stock_to_overdraw(shift, variant_id, rows)
            if stock is not None:
                stocks[stock.pk] = stock
                picks.append(StockPick(variant_id, stock.pk, missing))
    merged: Counter[tuple[int, int]] = Counter()
    for pick in picks:
        stocks[pick.stock_id].allocated += pick.quantity
        merged[pick.variant_id, pick.stock_id] += pick.quantity
    picks = [StockPick(*key, quantity) for key, quantity in merged.items()]
    Allocation.objects.bulk_create(distribute_picks(lines, picks))
    save_reserved_and_allocated(stocks[pick.stock_id] for pick in picks)


def _find_stock_to_overdraw(shift: Shift, variant_id: int, stocks: Sequence[Stock]) -> Stock | None:
    """In a transaction: return the locked stock from which the missing goods are taken.

    A variant that was never in stock gets a row in the cooperative's first warehouse. None without one.
    """
    for stock in stocks:
        if stock.variant_id == variant_id:
            return stock
    cooperative = shift.till.cooperative
    warehouse = Warehouse.objects.for_cooperative(cooperative).open().first()
    if warehouse is None:
        return None
    return lock_stock_rows(cooperative=cooperative, variant_id=variant_id, warehouse_ids=[warehouse.pk])[0]


def _hand_over(order: Order, expired_lot_reason: str, *, actor: Actor, now: datetime.datetime) -> OrderPart:
    """On a locked order: pack all of it into one parcel, and deliver the parcel for its cash."""
    part = order.parts.select_related("cooperative").get()
    accept_locked_part(order, part, actor=actor, now=now)
    parcel = create_parcel(
        order,
        part,
        dict(part.lines.values_list("pk", "quantity")),
        lots=LotChoices(reason=expired_lot_reason),
        actor=actor,
        now=now,
    )
    close_locked_parcel(order, part, parcel, actor=actor, now=now)
    dispatch_parcel(order, part, parcel, DispatchDetails(), actor=actor, now=now)
    deliver_locked_parcel(order, part, parcel, is_cash_collected=True, actor=actor, now=now)
    return part
