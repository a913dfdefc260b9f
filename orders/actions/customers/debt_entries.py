"""Write a cooperative's debt book: sales on account, payments and corrections, each booked in the ledger."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders.actions.customers.customer_records import MAX_DEBT, erase_locked_customer, lock_own_customer
from orders.actions.ledger.ledger_postings import PostingEntry, post_entries
from orders.models import (
    CooperativeCustomer,
    DebtEntry,
    DebtEntryKind,
    DebtPaymentMethod,
    LedgerAccount,
    PostingKind,
)
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import NeedsConfirmation, ReasonRequired, Refused
from shop.core.models import find_key_of_created_row, record_change
from shop.core.texts.formatting import format_money

MAX_ENTRY_NOTE_LENGTH = 200
OLDEST_ENTRY_AGE = datetime.timedelta(days=5 * 365)
_ACTIONS = {
    DebtEntryKind.SALE: "debt.sale_recorded",
    DebtEntryKind.PAYMENT: "debt.payment_recorded",
    DebtEntryKind.CORRECTION: "debt.corrected",
}
_POSTING_KINDS = {
    DebtEntryKind.SALE: PostingKind.SALE,
    DebtEntryKind.PAYMENT: PostingKind.PAYMENT,
    DebtEntryKind.CORRECTION: PostingKind.CORRECTION,
}
# The account on the other side of the customer's debt. Corrections are of sales.
ACCOUNTS_OF_METHODS = {
    DebtPaymentMethod.CASH: LedgerAccount.COUNTER_CASH,
    DebtPaymentMethod.TRANSFER: LedgerAccount.COUNTER_BANK,
}


class InvalidDebtAmount(Refused):
    """Zero, a negative or an absurd amount."""

    code = "invalid_debt_amount"
    default_message = _("Enter an amount from 1 to 1,000,000,000.")


class InvalidDebtDay(Refused):
    code = "invalid_debt_day"
    default_message = _("Enter a day that is not in the future and at most five years ago.")


class DueBeforeSale(Refused):
    code = "due_before_sale"
    default_message = _("The day of payment cannot be before the sale.")


class DebtLimitReached(Refused):
    """The sale would exceed the customer's limit. `details["available"]` is what is left of it."""

    code = "debt_limit_reached"
    default_message = _(
        "%(name)s owes %(debt)s and may owe at most %(limit)s, so only %(available)s more can go on account."
    )


class DebtBelowZero(NeedsConfirmation):
    """The customer pays more than they owe: a typing error, or a payment in advance."""

    code = "debt_below_zero"
    default_message = _(
        "%(name)s owes %(debt)s. After this, %(credit)s of theirs is left in advance. Save again if that is"
        " right."
    )


@transaction.atomic(durable=True)
def record_sale_on_account(
    *,
    cooperative: Cooperative,
    customer_id: int,
    amount: int,
    happened_on: datetime.date,
    due_on: datetime.date | None = None,
    note: str = "",
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> DebtEntry:
    """Record what a customer bought on account, as `amount` minor units.

    Without `due_on` the customer's term of payment decides. A repeated `idempotency_key` returns the first
    entry. Raises DebtLimitReached, DueBeforeSale, InvalidDebtAmount, InvalidDebtDay, KeyReused, Missing.
    """
    customer = lock_own_customer(cooperative, customer_id)
    recorded = _find_recorded_entry(customer, DebtEntryKind.SALE, idempotency_key)
    if recorded is not None:
        return recorded
    require_valid_entry_amount(amount)
    require_valid_entry_day(happened_on, now)
    if due_on is not None and due_on < happened_on:
        raise DueBeforeSale(field="due_on")
    _require_within_limit(customer, amount)
    if due_on is None and customer.payment_days is not None:
        due_on = happened_on + datetime.timedelta(days=customer.payment_days)
    entry = DebtEntry(
        kind=DebtEntryKind.SALE, amount=amount, happened_on=happened_on, due_on=due_on, note=note
    )
    return _record_entry(customer, entry, idempotency_key=idempotency_key, actor=actor, now=now)


@transaction.atomic(durable=True)
def record_debt_payment(
    *,
    cooperative: Cooperative,
    customer_id: int,
    amount: int,
    method: DebtPaymentMethod,
    happened_on: datetime.date,
    note: str = "",
    confirmation_token: str | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> DebtEntry:
    """Record what a customer paid, as `amount` minor units. It pays the oldest entries first.

    `confirmation_token` is "" at the first try, then the token of the DebtBelowZero that was raised. None
    accepts any amount. A repeated `idempotency_key` returns the first entry. Raises DebtBelowZero,
    InvalidDebtAmount, InvalidDebtDay, KeyReused, Missing.
    """
    customer = lock_own_customer(cooperative, customer_id)
    recorded = _find_recorded_entry(customer, DebtEntryKind.PAYMENT, idempotency_key)
    if recorded is not None:
        return recorded
    require_valid_entry_amount(amount)
    require_valid_entry_day(happened_on, now)
    _require_debt(customer, amount, confirmation_token)
    entry = DebtEntry(
        kind=DebtEntryKind.PAYMENT, amount=-amount, method=method, happened_on=happened_on, note=note
    )
    return _record_entry(customer, entry, idempotency_key=idempotency_key, actor=actor, now=now)


@transaction.atomic(durable=True)
def correct_debt(
    *,
    cooperative: Cooperative,
    customer_id: int,
    amount: int,
    reason: str,
    confirmation_token: str | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> DebtEntry:
    """Correct a customer's debt by `amount` minor units, which are negative if it becomes less.

    `confirmation_token` and `idempotency_key` are as for `record_debt_payment`. Raises DebtBelowZero,
    InvalidDebtAmount, KeyReused, Missing, ReasonRequired.
    """
    customer = lock_own_customer(cooperative, customer_id)
    recorded = _find_recorded_entry(customer, DebtEntryKind.CORRECTION, idempotency_key)
    if recorded is not None:
        return recorded
    require_valid_entry_amount(abs(amount))
    if not reason.strip():
        raise ReasonRequired(field="reason")
    if amount < 0:
        _require_debt(customer, -amount, confirmation_token)
    entry = DebtEntry(
        kind=DebtEntryKind.CORRECTION, amount=amount, happened_on=vietnam_date(now), note=reason
    )
    return _record_entry(customer, entry, idempotency_key=idempotency_key, actor=actor, now=now)


def _find_recorded_entry(
    customer: CooperativeCustomer, kind: DebtEntryKind, idempotency_key: str | None
) -> DebtEntry | None:
    key = find_key_of_created_row(
        idempotency_key, _ACTIONS[kind], cooperative_id=customer.cooperative_id, root=customer
    )
    return DebtEntry.objects.get(pk=key) if key is not None else None


def _record_entry(
    customer: CooperativeCustomer,
    entry: DebtEntry,
    *,
    idempotency_key: str | None,
    actor: Actor,
    now: datetime.datetime,
) -> DebtEntry:
    """Store and book an entry, and erase a customer who asked for it and now owes nothing."""
    entry.customer, entry.recorded_by_id, entry.recorded_at = customer, actor.user_id, now
    entry.note = " ".join(entry.note.split())[:MAX_ENTRY_NOTE_LENGTH]
    entry.save(force_insert=True)
    kind = DebtEntryKind(entry.kind)
    other_account = (
        ACCOUNTS_OF_METHODS[DebtPaymentMethod(entry.method)] if entry.method else LedgerAccount.COUNTER_SALES
    )
    seller = customer.cooperative_id
    post_entries(
        f"debt:{entry.pk}",
        _POSTING_KINDS[kind],
        [
            PostingEntry(LedgerAccount.CUSTOMER_DEBT, entry.amount, cooperative_id=seller),
            PostingEntry(other_account, -entry.amount, cooperative_id=seller),
        ],
        currency=customer.currency,
        actor=actor,
        now=now,
    )
    record_change(
        _ACTIONS[kind],
        entry,
        actor=actor,
        now=now,
        root=customer,
        cooperative_id=seller,
        data={"amount": abs(entry.amount) if kind == DebtEntryKind.PAYMENT else entry.amount},
        idempotency_key=idempotency_key,
    )
    if customer.erasure_requested_at is not None and not customer.debt_entries.balance():
        erase_locked_customer(customer, actor=actor, now=now)
    return entry


def require_valid_entry_amount(amount: int) -> None:
    if not 1 <= amount <= MAX_DEBT:
        raise InvalidDebtAmount(field="amount")


def require_valid_entry_day(day: datetime.date, now: datetime.datetime) -> None:
    today = vietnam_date(now)
    if not today - OLDEST_ENTRY_AGE <= day <= today:
        raise InvalidDebtDay(field="happened_on")


def _require_within_limit(customer: CooperativeCustomer, amount: int) -> None:
    """Raise DebtLimitReached if the customer would owe more than their limit."""
    if customer.credit_limit is None:
        return
    debt = customer.debt_entries.balance()
    available = max(0, customer.credit_limit - debt)
    if amount > available:
        values = {
            "name": customer.name,
            "debt": format_money(max(0, debt), customer.currency),
            "limit": format_money(customer.credit_limit, customer.currency),
            "available": format_money(available, customer.currency),
        }
        text = str(DebtLimitReached.default_message) % values
        raise DebtLimitReached(text, field="amount", available=available)


def _require_debt(customer: CooperativeCustomer, amount: int, confirmation_token: str | None) -> None:
    """Raise DebtBelowZero unless the customer owes the amount, or the member has confirmed it."""
    if confirmation_token is None:
        return
    debt = customer.debt_entries.balance()
    token = f"{debt}-{amount}"
    if amount > debt and confirmation_token != token:
        values = {
            "name": customer.name,
            "debt": format_money(max(0, debt), customer.currency),
            "credit": format_money(amount - debt, customer.currency),
        }
        text = str(DebtBelowZero.default_message) % values
        raise DebtBelowZero(text, field="amount", confirmation_token=token)
