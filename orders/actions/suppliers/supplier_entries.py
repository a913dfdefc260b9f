"""Write what a cooperative owes to producers and suppliers: purchases, payments and corrections."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative, Producer
from orders import locks
from orders.actions.customers.debt_entries import (
    ACCOUNTS_OF_METHODS,
    MAX_ENTRY_NOTE_LENGTH,
    require_valid_entry_amount,
    require_valid_entry_day,
)
from orders.actions.ledger.ledger_postings import PostingEntry, post_entries
from orders.models import (
    DebtPaymentMethod,
    LedgerAccount,
    PostingKind,
    Supplier,
    SupplierEntry,
    SupplierEntryKind,
)
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, NeedsConfirmation, ReasonRequired, Refused
from shop.core.models import find_key_of_created_row, market_channel, record_change
from shop.core.texts.folding import sort_key
from shop.core.texts.formatting import format_money

MAX_SUPPLIER_NAME_LENGTH = 120
_DEFAULT_CURRENCY = "VND"  # of a shop without a market channel
_ACTIONS = {
    SupplierEntryKind.PURCHASE: "supplier.purchase_recorded",
    SupplierEntryKind.PAYMENT: "supplier.payment_recorded",
    SupplierEntryKind.CORRECTION: "supplier.corrected",
}
_POSTING_KINDS = {
    SupplierEntryKind.PURCHASE: PostingKind.PURCHASE,
    SupplierEntryKind.PAYMENT: PostingKind.PAYMENT,
    SupplierEntryKind.CORRECTION: PostingKind.CORRECTION,
}


class SupplierNameRequired(Refused):
    code = "supplier_name_required"
    default_message = _("Enter the supplier's name.")


class SupplierExists(Refused):
    code = "supplier_exists"
    default_message = _("You already have a supplier of this name, or of this household.")


class DueBeforePurchase(Refused):
    code = "due_before_purchase"
    default_message = _("The day of payment cannot be before the purchase.")


class PayableBelowZero(NeedsConfirmation):
    """The cooperative pays more than it owes: a typing error, or an advance."""

    code = "payable_below_zero"
    default_message = _(
        "You owe %(name)s %(owed)s. After this, %(advance)s is paid in advance. Save again if that is right."
    )


@transaction.atomic(durable=True)
def create_supplier(
    *,
    cooperative: Cooperative,
    name: str,
    producer: Producer | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Supplier:
    """Create a supplier of the cooperative, which may be one of its producers.

    A repeated `idempotency_key` returns the first supplier. Raises KeyReused, Missing, SupplierExists,
    SupplierNameRequired.
    """
    name = " ".join(name.split())[:MAX_SUPPLIER_NAME_LENGTH]
    if not name:
        raise SupplierNameRequired(field="name")
    if lock_row(Cooperative.objects.filter(pk=cooperative.pk)) is None:
        raise Missing()
    existing_key = find_key_of_created_row(idempotency_key, "supplier.created", cooperative_id=cooperative.pk)
    if existing_key is not None:
        return Supplier.objects.get(pk=existing_key)
    if producer is not None and producer.cooperative_id != cooperative.pk:
        raise Missing(field="producer")
    suppliers = Supplier.objects.for_cooperative(cooperative)
    if suppliers.filter(name=name).exists() or (producer and suppliers.filter(producer=producer).exists()):
        raise SupplierExists(field="name")
    channel = market_channel()
    supplier = Supplier.objects.create(
        cooperative=cooperative,
        producer=producer,
        name=name,
        sort_key=sort_key(name),
        currency=channel.currency if channel else _DEFAULT_CURRENCY,
        created_at=now,
    )
    record_change(
        "supplier.created",
        supplier,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        idempotency_key=idempotency_key,
    )
    return supplier


@transaction.atomic(durable=True)
def record_purchase(
    *,
    cooperative: Cooperative,
    supplier_id: int,
    amount: int,
    happened_on: datetime.date,
    due_on: datetime.date | None = None,
    note: str = "",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> SupplierEntry:
    """Record what the cooperative bought and has yet to pay, as `amount` minor units.

    A repeated `idempotency_key` returns the first entry. Raises DueBeforePurchase, InvalidDebtAmount,
    InvalidDebtDay, KeyReused, Missing.
    """
    supplier = _lock_own_supplier(cooperative, supplier_id)
    recorded = _find_recorded_entry(supplier, SupplierEntryKind.PURCHASE, idempotency_key)
    if recorded is not None:
        return recorded
    require_valid_entry_amount(amount)
    require_valid_entry_day(happened_on, now)
    if due_on is not None and due_on < happened_on:
        raise DueBeforePurchase(field="due_on")
    entry = SupplierEntry(
        kind=SupplierEntryKind.PURCHASE, amount=amount, happened_on=happened_on, due_on=due_on, note=note
    )
    return _record_entry(supplier, entry, idempotency_key=idempotency_key, actor=actor, now=now)


@transaction.atomic(durable=True)
def record_supplier_payment(
    *,
    cooperative: Cooperative,
    supplier_id: int,
    amount: int,
    method: DebtPaymentMethod,
    happened_on: datetime.date,
    note: str = "",
    confirmation_token: str | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> SupplierEntry:
    """Record what the cooperative paid a supplier, as `amount` minor units.

    `confirmation_token` is "" at the first try, then the token of the PayableBelowZero that was raised. None
    accepts any amount. A repeated `idempotency_key` returns the first entry. Raises InvalidDebtAmount,
    InvalidDebtDay, KeyReused, Missing, PayableBelowZero.
    """
    supplier = _lock_own_supplier(cooperative, supplier_id)
    recorded = _find_recorded_entry(supplier, SupplierEntryKind.PAYMENT, idempotency_key)
    if recorded is not None:
        return recorded
    require_valid_entry_amount(amount)
    require_valid_entry_day(happened_on, now)
    _require_owed(supplier, amount, confirmation_token)
    entry = SupplierEntry(
        kind=SupplierEntryKind.PAYMENT, amount=-amount, method=method, happened_on=happened_on, note=note
    )
    return _record_entry(supplier, entry, idempotency_key=idempotency_key, actor=actor, now=now)


@transaction.atomic(durable=True)
def correct_payable(
    *,
    cooperative: Cooperative,
    supplier_id: int,
    amount: int,
    reason: str,
    confirmation_token: str | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> SupplierEntry:
    """Correct what the cooperative owes by `amount` minor units, negative if it becomes less.

    `confirmation_token` and `idempotency_key` are as for `record_supplier_payment`. Raises InvalidDebtAmount,
    KeyReused, Missing, PayableBelowZero, ReasonRequired.
    """
    supplier = _lock_own_supplier(cooperative, supplier_id)
    recorded = _find_recorded_entry(supplier, SupplierEntryKind.CORRECTION, idempotency_key)
    if recorded is not None:
        return recorded
    require_valid_entry_amount(abs(amount))
    if not reason.strip():
        raise ReasonRequired(field="reason")
    if amount < 0:
        _require_owed(supplier, -amount, confirmation_token)
    entry = SupplierEntry(
        kind=SupplierEntryKind.CORRECTION, amount=amount, happened_on=vietnam_date(now), note=reason
    )
    return _record_entry(supplier, entry, idempotency_key=idempotency_key, actor=actor, now=now)


def _lock_own_supplier(cooperative: Cooperative, supplier_id: int) -> Supplier:
    supplier = locks.lock_supplier(supplier_id)
    if supplier.cooperative_id != cooperative.pk:
        raise Missing()
    return supplier


def _find_recorded_entry(
    supplier: Supplier, kind: SupplierEntryKind, idempotency_key: str | None
) -> SupplierEntry | None:
    key = find_key_of_created_row(
        idempotency_key, _ACTIONS[kind], cooperative_id=supplier.cooperative_id, root=supplier
    )
    return SupplierEntry.objects.get(pk=key) if key is not None else None


def _record_entry(
    supplier: Supplier,
    entry: SupplierEntry,
    *,
    idempotency_key: str | None,
    actor: Actor,
    now: datetime.datetime,
) -> SupplierEntry:
    """Store and book an entry. What is owed is a credit of the ledger, so its sign is turned round."""
    entry.supplier, entry.recorded_by_id, entry.recorded_at = supplier, actor.user_id, now
    entry.note = " ".join(entry.note.split())[:MAX_ENTRY_NOTE_LENGTH]
    entry.save(force_insert=True)
    kind = SupplierEntryKind(entry.kind)
    method = DebtPaymentMethod(entry.method) if entry.method else None
    other_account = LedgerAccount.PURCHASES if method is None else ACCOUNTS_OF_METHODS[method]
    post_entries(
        f"supplier-entry:{entry.pk}",
        _POSTING_KINDS[kind],
        [
            PostingEntry(
                LedgerAccount.SUPPLIER_PAYABLE, -entry.amount, cooperative_id=supplier.cooperative_id
            ),
            PostingEntry(other_account, entry.amount, cooperative_id=supplier.cooperative_id),
        ],
        currency=supplier.currency,
        actor=actor,
        now=now,
    )
    record_change(
        _ACTIONS[kind],
        entry,
        actor=actor,
        now=now,
        root=supplier,
        cooperative_id=supplier.cooperative_id,
        data={"amount": abs(entry.amount) if kind == SupplierEntryKind.PAYMENT else entry.amount},
        idempotency_key=idempotency_key,
    )
    return entry


def _require_owed(supplier: Supplier, amount: int, confirmation_token: str | None) -> None:
    """Raise PayableBelowZero unless the cooperative owes the amount, or the member has confirmed it."""
    if confirmation_token is None:
        return
    owed = supplier.entries.balance()
    token = f"{owed}-{amount}"
    if amount > owed and confirmation_token != token:
        values = {
            "name": supplier.name,
            "owed": format_money(max(0, owed), supplier.currency),
            "advance": format_money(amount - owed, supplier.currency),
        }
        text = str(PayableBelowZero.default_message) % values
        raise PayableBelowZero(text, field="amount", confirmation_token=token)
