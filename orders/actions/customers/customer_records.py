"""Keep a cooperative's customers. The change log names the changed fields and holds no personal data."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass, replace

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders import locks
from orders.models import CooperativeCustomer, DebtEntry, PriceTier
from orders.models.handover import REDACTED
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, Refused
from shop.core.identifiers.phones import normalise_phone, require_phone
from shop.core.models import find_key_of_created_row, market_channel, record_change
from shop.core.texts.folding import fold, sort_key

MAX_NAME_LENGTH = 120
MAX_GROUP_LENGTH = 60
MAX_NOTE_LENGTH = 1000
MAX_DEBT = 1_000_000_000
MAX_PAYMENT_DAYS = 365
_DEFAULT_CURRENCY = "VND"  # of a shop without a market channel


class CustomerNameRequired(Refused):
    code = "customer_name_required"
    default_message = _("Enter the customer's name.")


class CustomerPhoneRequired(Refused):
    code = "customer_phone_required"
    default_message = _("Enter the customer's phone number.")


class CustomerExists(Refused):
    """The cooperative already has a customer with this number. `details["customer_id"]` is its key."""

    code = "customer_exists"
    default_message = _("%(name)s already has this phone number.")


class BirthdayInFuture(Refused):
    code = "birthday_in_future"
    default_message = _("A birthday cannot be in the future.")


class InvalidCreditTerms(Refused):
    """A negative or absurd debt limit or term of payment."""

    code = "invalid_credit_terms"
    default_message = _("Enter a limit from 0 to 1,000,000,000 and a term of at most 365 days.")


class CustomerHasDebt(Refused):
    """Something is owed, by the customer or, after a payment in advance, to the customer."""

    code = "customer_has_debt"
    default_message = _("The debt book is not settled with this customer. Settle it first.")


@dataclass(frozen=True, slots=True)
class CustomerDetails:
    """What a cooperative notes about a customer. `birthday` is only what the customer gave.

    `credit_limit` is in minor units. None means no limit, and 0 that the customer buys nothing on account.
    `payment_days` is None if no day is agreed.
    """

    name: str
    phone: str
    group: str = ""
    price_tier: PriceTier = PriceTier.RETAIL
    birthday: datetime.date | None = None
    note: str = ""
    credit_limit: int | None = None
    payment_days: int | None = None


@transaction.atomic(durable=True)
def create_customer(
    *,
    cooperative: Cooperative,
    details: CustomerDetails,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> CooperativeCustomer:
    """Create a customer of the cooperative.

    A repeated `idempotency_key` returns the first customer. Raises BirthdayInFuture, CustomerExists,
    CustomerNameRequired, CustomerPhoneRequired, InvalidCreditTerms, InvalidPhone, KeyReused, Missing.
    """
    details = _require_valid_details(details, now)
    _lock_cooperative(cooperative)
    existing_key = find_key_of_created_row(idempotency_key, "customer.created", cooperative_id=cooperative.pk)
    if existing_key is not None:
        existing = CooperativeCustomer.objects.filter(pk=existing_key).first()
        if existing is None:
            raise Missing()
        return existing
    _require_unused_phone(cooperative, details.phone)
    channel = market_channel()
    customer = CooperativeCustomer(
        cooperative=cooperative,
        currency=channel.currency if channel else _DEFAULT_CURRENCY,
        created_at=now,
        **asdict(details),
    )
    _save_customer(customer)
    record_change(
        "customer.created",
        customer,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        idempotency_key=idempotency_key,
    )
    return customer


@transaction.atomic(durable=True)
def change_customer(
    *,
    cooperative: Cooperative,
    customer_id: int,
    details: CustomerDetails,
    actor: Actor,
    now: datetime.datetime,
) -> CooperativeCustomer:
    """Change what the cooperative notes about a customer.

    Raises BirthdayInFuture, CustomerExists, CustomerNameRequired, CustomerPhoneRequired, InvalidCreditTerms,
    InvalidPhone, Missing.
    """
    details = _require_valid_details(details, now)
    _lock_cooperative(cooperative)
    customer = lock_own_customer(cooperative, customer_id)
    values = asdict(details)
    changed = [name for name, value in values.items() if getattr(customer, name) != value]
    if not changed:
        return customer
    if "phone" in changed:
        _require_unused_phone(cooperative, details.phone)
    for name in changed:
        setattr(customer, name, values[name])
    _save_customer(customer)
    record_change(
        "customer.changed",
        customer,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        data={"fields": changed},
    )
    return customer


@transaction.atomic(durable=True)
def delete_customer(
    *, cooperative: Cooperative, customer_id: int, actor: Actor, now: datetime.datetime
) -> None:
    """Delete a customer, or empty the row if the debt book refers to it. Raises CustomerHasDebt, Missing."""
    customer = lock_own_customer(cooperative, customer_id)
    if customer.debt_entries.balance():
        raise CustomerHasDebt()
    erase_locked_customer(customer, actor=actor, now=now)


def erase_customers_of_phone(phone: str, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: erase the customers of all cooperatives who have this number.

    With an unsettled debt the cooperative keeps what it needs, and the customer is erased once it is settled.
    """
    for customer in lock_rows(CooperativeCustomer.objects.filter(phone=phone, erased_at=None)):
        if customer.debt_entries.balance():
            customer.erasure_requested_at = now
            customer.save(update_fields=["erasure_requested_at"])
        else:
            erase_locked_customer(customer, actor=actor, now=now)


def erase_locked_customer(customer: CooperativeCustomer, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: delete a locked customer, or empty the row and its notes if it has debt entries."""
    record_change("customer.deleted", customer, actor=actor, now=now, cooperative_id=customer.cooperative_id)
    entries = DebtEntry.objects.filter(customer=customer)
    if not entries.exists():
        customer.delete()
        return
    entries.exclude(note="").update(note=REDACTED)
    customer.name = customer.phone = customer.group = customer.note = ""
    customer.search_text = customer.sort_key = ""
    customer.birthday = None
    customer.erased_at = now
    customer.save()


def lock_own_customer(cooperative: Cooperative, customer_id: int) -> CooperativeCustomer:
    """In a transaction: lock a customer of the cooperative. Raises Missing."""
    customer = locks.lock_customer(customer_id)
    if customer.cooperative_id != cooperative.pk:
        raise Missing()
    return customer


def _lock_cooperative(cooperative: Cooperative) -> None:
    """Lock the cooperative, so that two requests cannot use one phone number. Raises Missing."""
    if lock_row(Cooperative.objects.filter(pk=cooperative.pk)) is None:
        raise Missing()


def _require_valid_details(details: CustomerDetails, now: datetime.datetime) -> CustomerDetails:
    """Return the details as they are stored.

    Raises BirthdayInFuture, CustomerNameRequired, CustomerPhoneRequired, InvalidCreditTerms, InvalidPhone.
    """
    name = " ".join(details.name.split())[:MAX_NAME_LENGTH]
    if not name:
        raise CustomerNameRequired(field="name")
    if not details.phone.strip():
        raise CustomerPhoneRequired(field="phone")
    require_phone(details.phone, is_business=True)
    if details.birthday is not None and details.birthday > vietnam_date(now):
        raise BirthdayInFuture(field="birthday")
    if not 0 <= (details.credit_limit or 0) <= MAX_DEBT:
        raise InvalidCreditTerms(field="credit_limit")
    if not 0 <= (details.payment_days or 0) <= MAX_PAYMENT_DAYS:
        raise InvalidCreditTerms(field="payment_days")
    return replace(
        details,
        name=name,
        phone=normalise_phone(details.phone),
        group=" ".join(details.group.split())[:MAX_GROUP_LENGTH],
        note=details.note.strip()[:MAX_NOTE_LENGTH],
    )


def _require_unused_phone(cooperative: Cooperative, phone: str) -> None:
    other = CooperativeCustomer.objects.for_cooperative(cooperative).filter(phone=phone).first()
    if other is not None:
        raise CustomerExists(
            CustomerExists.default_message % {"name": other.name}, field="phone", customer_id=other.pk
        )


def _save_customer(customer: CooperativeCustomer) -> None:
    customer.search_text = fold(f"{customer.name} {customer.group}")
    customer.sort_key = sort_key(customer.name)
    customer.save()
