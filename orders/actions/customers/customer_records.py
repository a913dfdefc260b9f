"""Keep a cooperative's customers. The change log names the changed fields and holds no personal data."""

from __future__ import annotations

import datetime
from dataclasses import asdict, dataclass, replace

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders.models import CooperativeCustomer, PriceTier
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, Refused
from shop.core.identifiers.phones import normalise_phone, require_phone
from shop.core.models import find_key_of_created_row, record_change
from shop.core.texts.folding import fold, sort_key

MAX_NAME_LENGTH = 120
MAX_GROUP_LENGTH = 60
MAX_NOTE_LENGTH = 1000


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


@dataclass(frozen=True, slots=True)
class CustomerDetails:
    """What a cooperative notes about a customer. `birthday` is only what the customer gave."""

    name: str
    phone: str
    group: str = ""
    price_tier: PriceTier = PriceTier.RETAIL
    birthday: datetime.date | None = None
    note: str = ""


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
    CustomerNameRequired, CustomerPhoneRequired, InvalidPhone, KeyReused, Missing.
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
    customer = CooperativeCustomer(cooperative=cooperative, created_at=now, **asdict(details))
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

    Raises BirthdayInFuture, CustomerExists, CustomerNameRequired, CustomerPhoneRequired, InvalidPhone,
    Missing.
    """
    details = _require_valid_details(details, now)
    _lock_cooperative(cooperative)
    customer = _lock_customer(cooperative, customer_id)
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
    """Delete a customer and all that is noted about them. Raises Missing."""
    _delete_locked_customer(_lock_customer(cooperative, customer_id), actor=actor, now=now)


def delete_customers_of_phone(phone: str, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: delete the customers of all cooperatives who have this number."""
    for customer in lock_rows(CooperativeCustomer.objects.filter(phone=phone)):
        _delete_locked_customer(customer, actor=actor, now=now)


def _delete_locked_customer(customer: CooperativeCustomer, *, actor: Actor, now: datetime.datetime) -> None:
    record_change("customer.deleted", customer, actor=actor, now=now, cooperative_id=customer.cooperative_id)
    customer.delete()


def _lock_cooperative(cooperative: Cooperative) -> None:
    """Lock the cooperative, so that two requests cannot use one phone number. Raises Missing."""
    if lock_row(Cooperative.objects.filter(pk=cooperative.pk)) is None:
        raise Missing()


def _lock_customer(cooperative: Cooperative, customer_id: int) -> CooperativeCustomer:
    customer = lock_row(CooperativeCustomer.objects.for_cooperative(cooperative).filter(pk=customer_id))
    if customer is None:
        raise Missing()
    return customer


def _require_valid_details(details: CustomerDetails, now: datetime.datetime) -> CustomerDetails:
    """Return the details as they are stored.

    Raises BirthdayInFuture, CustomerNameRequired, CustomerPhoneRequired, InvalidPhone.
    """
    name = " ".join(details.name.split())[:MAX_NAME_LENGTH]
    if not name:
        raise CustomerNameRequired(field="name")
    if not details.phone.strip():
        raise CustomerPhoneRequired(field="phone")
    require_phone(details.phone, is_business=True)
    if details.birthday is not None and details.birthday > vietnam_date(now):
        raise BirthdayInFuture(field="birthday")
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
