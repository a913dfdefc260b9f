"""Lock rows, always in the same order.

The order is: basket, order (with all its rows and payments), bank transfer, voucher, gift cards by key,
variants with a limit per buyer, stock by key, settlements by key. A carrier's statement, a cash remittance
and a delivery run are locked before orders, and several orders by key. A till is locked before all of these,
also for its shifts. A customer or supplier of a cooperative is locked after orders and before settlements,
also for its entries.

On PostgreSQL these functions lock rows. On SQLite the transaction itself (IMMEDIATE) is the lock. So all of
them must be called inside a transaction.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable

from django.db.models import QuerySet

from catalog.models import Stock, Variant
from orders.models import (
    BankTransfer,
    Basket,
    CashRemittance,
    Complaint,
    CooperativeCustomer,
    DeliveryRun,
    GatewayCall,
    GiftCard,
    Order,
    OrderPart,
    Parcel,
    Payout,
    Refund,
    Settlement,
    Shift,
    StatementImport,
    StatementKind,
    Substitute,
    Supplier,
    Till,
    Voucher,
    VoucherCode,
    WeightQuestion,
    normalise_voucher_code,
)
from shop.core.database.transactions import keep_from_deletion, lock_compiled_rows, lock_row, lock_rows
from shop.core.errors import Missing


def lock_basket(basket_id: uuid.UUID) -> Basket | None:
    """Lock and return the basket, or None if it has become an order or never existed."""
    return next(iter(lock_compiled_rows(_select_basket, basket_id)), None)


def _select_basket(key: uuid.UUID) -> QuerySet[Basket]:
    addresses = ("shipping_address", "billing_address")
    return Basket.objects.filter(pk=key).select_related("channel", *addresses)


def lock_baskets(*basket_ids: uuid.UUID) -> dict[uuid.UUID, Basket]:
    """Lock the baskets that still exist, in the order of their ids, and return a dict by id."""
    return {basket.pk: basket for basket in lock_rows(Basket.objects.filter(pk__in=basket_ids))}


def lock_voucher(code: str) -> Voucher | None:
    """Lock an entered code's voucher if its uses are limited, so that concurrent uses are counted.

    The code itself is kept until the order is placed: whoever deletes it waits, and finds it used. Returns
    None for unknown codes and for codes without limits, for which buyers never wait.
    """
    if not code:
        return None
    entered = normalise_voucher_code(code)
    voucher = Voucher.objects.filter(codes__code=entered).first()
    if voucher is None:
        return None
    locked = lock_row(Voucher.objects.filter(pk=voucher.pk)) if voucher.is_limited else None
    keep_from_deletion(VoucherCode.objects.filter(code=entered))
    return locked


def lock_gift_card(gift_card_id: int) -> GiftCard:
    """Lock a gift card. Raises Missing."""
    card = lock_row(GiftCard.objects.filter(pk=gift_card_id))
    if card is None:
        raise Missing()
    return card


def lock_gift_cards(gift_card_ids: Iterable[int]) -> list[GiftCard]:
    """Lock the gift cards that exist among these, by key."""
    return lock_rows(GiftCard.objects.filter(pk__in=set(gift_card_ids)))


def lock_limited_variants(variants: Iterable[Variant]) -> None:
    """Lock the variants among these that have a limit per buyer, so that concurrent orders are counted."""
    limited = [variant.pk for variant in variants if variant.quantity_limit_per_customer is not None]
    if limited:
        lock_rows(Variant.objects.filter(pk__in=limited), may_be_referenced=True)


def lock_stock(stock_ids: Iterable[int]) -> dict[int, Stock]:
    """Lock these stock rows by key, and return them by id."""
    return {row.pk: row for row in lock_compiled_rows(_select_stock, list(stock_ids))}


def _select_stock(keys: Collection[int]) -> QuerySet[Stock]:
    return Stock.objects.filter(pk__in=keys)


def lock_settlements(
    cooperative_ids: Iterable[int], currency: str, *, now: datetime.datetime
) -> dict[int, Settlement]:
    """Lock the open settlement of each cooperative, creating missing ones, and return them by cooperative.

    Closing a settlement takes the same lock, so entries posted under it belong to a settlement that stays
    open until the end of the transaction.
    """
    requested = sorted(set(cooperative_ids))
    while True:
        rows = lock_rows(Settlement.objects.open().filter(cooperative__in=requested, currency=currency))
        settlements = {row.cooperative_id: row for row in rows}
        cooperatives_without_one = [
            cooperative_id for cooperative_id in requested if cooperative_id not in settlements
        ]
        if not cooperatives_without_one:
            return settlements
        for cooperative_id in cooperatives_without_one:
            _open_settlement(cooperative_id, currency, now=now)


def _open_settlement(cooperative_id: int, currency: str, *, now: datetime.datetime) -> None:
    """Create an open settlement. If another transaction does so first, its row is found on the next read."""
    settlement_count = Settlement.objects.filter(cooperative=cooperative_id, currency=currency).count()
    row = Settlement(
        cooperative_id=cooperative_id, currency=currency, number=settlement_count + 1, opened_at=now
    )
    Settlement.objects.bulk_create([row], ignore_conflicts=True)


def lock_settlement(settlement_id: int) -> Settlement:
    """Lock a settlement in any state. Raises Missing."""
    settlement = lock_row(Settlement.objects.filter(pk=settlement_id))
    if settlement is None:
        raise Missing()
    return settlement


def lock_payout(payout_id: uuid.UUID) -> Payout:
    """Lock a payout, after its order, bank transfer or settlement. Raises Missing."""
    unlocked = Payout.objects.select_related("refund").filter(pk=payout_id).first()
    if unlocked is None:
        raise Missing()
    if unlocked.refund is not None:
        lock_order(unlocked.refund.order_id)
    if unlocked.transfer_id is not None:
        lock_bank_transfer(unlocked.transfer_id)
    if unlocked.settlement_id is not None:
        lock_settlement(unlocked.settlement_id)
    payout = lock_row(Payout.objects.filter(pk=payout_id))
    if payout is None:
        raise Missing()
    return payout


def lock_gateway_call(call_id: uuid.UUID) -> tuple[Order | None, GatewayCall]:
    """Lock a gateway call, after its basket, order or payout. Raises Missing.

    The order is None if the call is about a payout or about a payment on a basket.
    """
    unlocked = GatewayCall.objects.select_related("payment").filter(pk=call_id).first()
    if unlocked is None:
        raise Missing()
    payment = unlocked.payment
    if payment is not None and payment.order_id is None:
        if payment.basket_id is not None:
            lock_basket(payment.basket_id)
        payment.refresh_from_db(fields=["order"])  # the basket may have become an order meanwhile
    order_id = payment.order_id if payment is not None else None
    order = lock_order(order_id) if order_id is not None else None
    if unlocked.payout_id is not None:
        lock_payout(unlocked.payout_id)
    lock_row(GatewayCall.objects.filter(pk=call_id))
    return order, GatewayCall.objects.select_related("payment", "refund", "payout").get(pk=call_id)


def lock_refund(refund_id: uuid.UUID) -> Refund:
    """Lock a refund's order and return the refund. Raises Missing."""
    order_id = Refund.objects.filter(pk=refund_id).values_list("order", flat=True).first()
    if order_id is None:
        raise Missing()
    order = lock_order(order_id)
    refund = Refund.objects.select_related("part").get(pk=refund_id)
    refund.order = order
    return refund


def lock_complaint(complaint_id: uuid.UUID) -> tuple[Order, OrderPart, Complaint]:
    """Lock a complaint's order, and return the order, part and complaint. Raises Missing."""
    part_id = Complaint.objects.filter(pk=complaint_id).values_list("part", flat=True).first()
    if part_id is None:
        raise Missing()
    order, part = lock_part(part_id)
    return order, part, Complaint.objects.get(pk=complaint_id)


def lock_substitute(substitute_id: uuid.UUID) -> tuple[Order, OrderPart, Substitute]:
    """Lock the order of an offered substitute, and return the order, part and offer. Raises Missing."""
    part_id = Substitute.objects.filter(pk=substitute_id).values_list("line__part", flat=True).first()
    if part_id is None:
        raise Missing()
    order, part = lock_part(part_id)
    return order, part, Substitute.objects.select_related("line", "variant__product").get(pk=substitute_id)


def lock_weight_question(question_id: uuid.UUID) -> tuple[Order, OrderPart, WeightQuestion]:
    """Lock the order of a weight question, and return the order, part and question. Raises Missing."""
    part_id = WeightQuestion.objects.filter(pk=question_id).values_list("line__part", flat=True).first()
    if part_id is None:
        raise Missing()
    order, part = lock_part(part_id)
    return order, part, WeightQuestion.objects.select_related("line").get(pk=question_id)


def lock_order(order_id: uuid.UUID) -> Order:
    """Lock an order. Raises Missing."""
    order = lock_row(Order.objects.filter(pk=order_id))
    if order is None:
        raise Missing()
    return order


def lock_orders(order_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Order]:
    """Lock these orders by key, and return them by id."""
    return {order.pk: order for order in lock_rows(Order.objects.filter(pk__in=set(order_ids)))}


def lock_parcels(parcel_ids: Iterable[int]) -> dict[int, Parcel]:
    """Lock the orders of these parcels, and return the parcels by id, with parts and orders."""
    requested = list(parcel_ids)
    orders = lock_orders(Parcel.objects.filter(pk__in=requested).values_list("part__order", flat=True))
    rows = Parcel.objects.filter(pk__in=requested).select_related("part", "remittance_line").order_by("pk")
    parcels = {parcel.pk: parcel for parcel in rows}
    for parcel in parcels.values():
        parcel.part.order = orders[parcel.part.order_id]
    return parcels


def lock_settlements_of_parcels(parcels: Iterable[Parcel], *, now: datetime.datetime) -> None:
    """Lock the open settlements of all cooperatives in the locked orders of these parcels.

    Taken at once, so that two transactions over many orders do not deadlock.
    """
    orders = {parcel.part.order_id: parcel.part.order.currency for parcel in parcels}
    parts = OrderPart.objects.filter(order__in=list(orders)).values_list("order", "cooperative")
    by_currency: dict[str, set[int]] = {}
    for order_id, cooperative_id in parts:
        by_currency.setdefault(orders[order_id], set()).add(cooperative_id)
    for currency in sorted(by_currency):
        lock_settlements(by_currency[currency], currency, now=now)


def lock_statement(statement_id: int, kind: StatementKind = StatementKind.COD) -> StatementImport:
    """Lock a statement of a carrier or of our bank. Raises Missing."""
    statements = StatementImport.objects.filter(pk=statement_id, kind=kind)
    statement = lock_row(statements)
    if statement is None:
        raise Missing()
    return statement


def lock_remittance(remittance_id: int) -> CashRemittance:
    """Lock a cash remittance, before its orders. Raises Missing."""
    remittance = lock_row(CashRemittance.objects.filter(pk=remittance_id))
    if remittance is None:
        raise Missing()
    return remittance


def lock_run(run_id: int) -> DeliveryRun:
    """Lock a delivery run, before the orders of its parcels. Raises Missing."""
    run = lock_row(DeliveryRun.objects.filter(pk=run_id))
    if run is None:
        raise Missing()
    return run


def lock_till(till_id: int) -> Till:
    """Lock a till, before the orders sold at it. Raises Missing."""
    till = lock_row(Till.objects.filter(pk=till_id))
    if till is None:
        raise Missing()
    return till


def lock_shift(shift_id: int) -> Shift:
    """Lock a shift's till, the lock of all its rows, and return the shift. Raises Missing."""
    till_id = Shift.objects.filter(pk=shift_id).values_list("till", flat=True).first()
    if till_id is None:
        raise Missing()
    till = lock_till(till_id)
    shift = Shift.objects.get(pk=shift_id)
    shift.till = till
    return shift


def lock_customer(customer_id: int) -> CooperativeCustomer:
    """Lock a cooperative's customer, also for the debt entries. Raises Missing, also if erased."""
    customer = lock_row(CooperativeCustomer.objects.filter(pk=customer_id, erased_at=None))
    if customer is None:
        raise Missing()
    return customer


def lock_supplier(supplier_id: int) -> Supplier:
    """Lock a cooperative's supplier, also for the entries. Raises Missing."""
    supplier = lock_row(Supplier.objects.filter(pk=supplier_id))
    if supplier is None:
        raise Missing()
    return supplier


def lock_bank_transfer(transfer_id: uuid.UUID) -> BankTransfer:
    """Lock a received bank transfer, after the orders it may pay. Raises Missing."""
    transfer = lock_row(BankTransfer.objects.filter(pk=transfer_id))
    if transfer is None:
        raise Missing()
    return transfer


def lock_part(part_id: int) -> tuple[Order, OrderPart]:
    """Lock a part's order, the lock of all its rows, and return both.

    Raises Missing, also for a part of a draft, which sellers do not handle yet.
    """
    order_id = OrderPart.objects.filter(pk=part_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise Missing()
    order = lock_order(order_id)
    if order.is_draft:
        raise Missing()
    return order, OrderPart.objects.select_related("cooperative").get(pk=part_id)


def lock_parcel(parcel_id: int) -> tuple[Order, OrderPart, Parcel]:
    """Lock a parcel's order, and return the order, part and parcel. Raises Missing."""
    part_id = Parcel.objects.filter(pk=parcel_id).values_list("part_id", flat=True).first()
    if part_id is None:
        raise Missing()
    order, part = lock_part(part_id)
    return order, part, Parcel.objects.get(pk=parcel_id)
