"""What the pages of the debt book show: who owes how much since when, statements, and reminders."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from cooperatives.models import Cooperative
from orders.models import CooperativeCustomer, DebtAgeing, DebtEntry
from orders.payments.banks import find_bank
from shop.core.texts.formatting import format_day, format_money

_BAR_WIDTH = 1000
_LONG_AGE, _OLD_AGE = 30, 90  # in days, as the book's age groups


@dataclass(frozen=True, slots=True)
class Debtor:
    """A customer who owes something, with their unpaid entries, oldest first."""

    customer: CooperativeCustomer
    unpaid: list[DebtEntry]
    today: datetime.date

    @property
    def debt(self) -> int:
        return sum(entry.open_amount for entry in self.unpaid)

    @property
    def oldest_day(self) -> datetime.date:
        return self.unpaid[0].happened_on

    @property
    def age(self) -> int:
        return self.unpaid[0].age_in_days(self.today)

    @property
    def overdue(self) -> int:
        return sum(entry.open_amount for entry in self.unpaid if entry.is_overdue(self.today))

    @property
    def urgency(self) -> str:
        """The CSS class of the row: something is overdue or very old, or older than a month."""
        if self.overdue or self.age > _OLD_AGE:
            return "urgent"
        return "soon" if self.age > _LONG_AGE else ""

    @property
    def tag(self) -> str:
        """The CSS class of the tag with the age."""
        return {"urgent": "bad", "soon": "wait"}.get(self.urgency, "good")


@dataclass(frozen=True, slots=True)
class AgeGroup:
    """An age group with its place in the bar, in thousandths."""

    key: str
    amount: int
    start: int
    width: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A customer's entries of some days, with the debt before and after them."""

    customer: CooperativeCustomer
    entries: list[DebtEntry]
    opening_balance: int
    closing_balance: int
    from_day: datetime.date | None
    until_day: datetime.date


def load_debtors(cooperative: Cooperative, today: datetime.date) -> list[Debtor]:
    """Return the customers who owe something, oldest debt first. It takes one query."""
    unpaid = DebtEntry.objects.for_cooperative(cooperative).unpaid().select_related("customer")
    rows = sorted(unpaid, key=lambda entry: (entry.customer_id, entry.happened_on, entry.pk))
    debtors = [
        Debtor(entries[0].customer, entries, today)
        for entries in (list(group) for _key, group in groupby(rows, key=attrgetter("customer_id")))
    ]
    return sorted(debtors, key=lambda debtor: (debtor.oldest_day, debtor.customer.sort_key))


def find_debtor(customer: CooperativeCustomer, today: datetime.date) -> Debtor | None:
    """Return a customer with what they owe, or None."""
    unpaid = list(DebtEntry.objects.filter(customer=customer).unpaid().in_order())
    return Debtor(customer, unpaid, today) if unpaid else None


def age_groups(ageing: DebtAgeing) -> list[AgeGroup]:
    """Return the age groups with their places in a bar."""
    groups: list[AgeGroup] = []
    start = 0
    for key in ("up_to_30", "up_to_60", "up_to_90", "older"):
        amount = getattr(ageing, key)
        width = amount * _BAR_WIDTH // ageing.total if ageing.total else 0
        groups.append(AgeGroup(key, amount, start, width))
        start += width
    return groups


def ageing_of_debtors(debtors: Iterable[Debtor], today: datetime.date) -> DebtAgeing:
    return DebtAgeing.of_entries((entry for debtor in debtors for entry in debtor.unpaid), today)


def load_statement(
    customer: CooperativeCustomer, from_day: datetime.date | None, until_day: datetime.date
) -> Statement:
    """Return a customer's statement. Without `from_day` it begins with the first entry."""
    rows = customer.debt_entries.with_running_balance().in_order()
    entries = [entry for entry in rows if entry.happened_on <= until_day]
    shown = [entry for entry in entries if from_day is None or entry.happened_on >= from_day]
    earlier = entries[: len(entries) - len(shown)]
    return Statement(
        customer=customer,
        entries=shown,
        opening_balance=earlier[-1].running_balance if earlier else 0,
        closing_balance=entries[-1].running_balance if entries else 0,
        from_day=from_day,
        until_day=until_day,
    )


def reminder_text(debtor: Debtor, cooperative: Cooperative) -> str:
    """Return what to write to a customer who owes something, in the shop's language."""
    with translation.override(settings.LANGUAGE_CODE):
        currency = debtor.customer.currency
        texts = [
            _("Dear %(name)s, your balance at %(cooperative)s is %(amount)s, the oldest of it from %(day)s.")
            % {
                "name": debtor.customer.name,
                "cooperative": cooperative.name,
                "amount": format_money(debtor.debt, currency),
                "day": format_day(debtor.oldest_day),
            }
        ]
        if debtor.overdue:
            texts.append(_("%(amount)s of it is due.") % {"amount": format_money(debtor.overdue, currency)})
        bank = find_bank(cooperative.bank_bin)
        if bank is not None and cooperative.bank_account:
            texts.append(
                _("Please pay at our counter, or transfer to %(bank)s %(account)s, %(holder)s.")
                % {
                    "bank": bank.short_name,
                    "account": cooperative.bank_account,
                    "holder": cooperative.bank_holder,
                }
            )
        else:
            texts.append(_("Please pay at our counter."))
        texts.append(_("Thank you!"))
        return " ".join(texts)
