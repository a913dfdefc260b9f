"""The debt book: entries only added, limits, due days, payments in parts, corrections, ageing and erasure."""

from __future__ import annotations

import datetime
import random

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from orders.actions.customers.customer_records import CustomerHasDebt, delete_customer
from orders.actions.customers.debt_entries import (
    DebtBelowZero,
    DebtLimitReached,
    DueBeforeSale,
    InvalidDebtAmount,
    InvalidDebtDay,
    correct_debt,
)
from orders.actions.privacy.anonymise import anonymise_guest
from orders.models import (
    CooperativeCustomer,
    DebtAgeing,
    DebtEntry,
    DebtEntryKind,
    DebtPaymentMethod,
    LedgerAccount,
    LedgerEntry,
)
from orders.models.handover import REDACTED
from shop.core.errors import Missing, ReasonRequired
from shop.core.models import Change, KeyReused
from shop.management.verification.ledger import find_unbalanced_postings, find_wrong_debts
from tests.factories import NOW, make_cooperative
from tests.orders.customers.customer_factories import (
    ACTOR,
    days_ago,
    make_customer,
    pay_debt,
    sell_on_account,
)
from tests.refusals import assert_refused
from tests.without_triggers import without_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.both]
TODAY = days_ago(0)


def debt_of(customer: CooperativeCustomer) -> int:
    return customer.debt_entries.balance()


def correct(customer: CooperativeCustomer, amount: int, reason: str = "Ghi nhầm", **fields) -> DebtEntry:
    return correct_debt(
        cooperative=customer.cooperative,
        customer_id=customer.pk,
        amount=amount,
        reason=reason,
        **{"actor": ACTOR, "now": NOW} | fields,
    )


def booked(account: LedgerAccount) -> int:
    return LedgerEntry.objects.filter(account=account).balance()


def test_sale_payments_and_correction_add_up_and_are_booked() -> None:
    customer = make_customer()

    sell_on_account(customer, 480_000, note=" Gừng  12 kg ")
    pay_debt(customer, 300_000)
    pay_debt(customer, 100_000, method=DebtPaymentMethod.TRANSFER)
    correct(customer, -30_000)

    assert debt_of(customer) == 50_000
    assert DebtEntry.objects.in_order()[0].note == "Gừng 12 kg"
    assert {account: booked(account) for account in LedgerAccount if booked(account)} == {
        LedgerAccount.CUSTOMER_DEBT: 50_000,
        LedgerAccount.COUNTER_SALES: -450_000,
        LedgerAccount.COUNTER_CASH: 300_000,
        LedgerAccount.COUNTER_BANK: 100_000,
    }
    assert list(LedgerEntry.objects.values_list("cooperative", flat=True).distinct().order_by()) == [
        customer.cooperative_id
    ]
    assert [*find_unbalanced_postings(), *find_wrong_debts()] == []


def test_debt_that_is_not_booked_is_found() -> None:
    customer = make_customer()
    entry = sell_on_account(customer, 480_000)

    with without_triggers():
        LedgerEntry.objects.all().delete()

    assert list(find_wrong_debts()) == [
        f"cooperative {customer.cooperative_id}: is owed 480000 VND, the ledger says 0"
    ]
    assert entry.amount == 480_000


def test_term_of_payment_sets_the_due_day_unless_one_is_given() -> None:
    customer = make_customer(payment_days=30)
    given = TODAY + datetime.timedelta(days=7)

    by_term = sell_on_account(customer, 100_000, age=2)
    by_hand = sell_on_account(customer, 100_000, due_on=given)
    without_term = sell_on_account(make_customer(), 100_000)

    assert by_term.due_on == TODAY + datetime.timedelta(days=28)
    assert (by_hand.due_on, without_term.due_on) == (given, None)
    assert not by_term.is_overdue(TODAY + datetime.timedelta(days=28))
    assert by_term.is_overdue(TODAY + datetime.timedelta(days=29))


def test_sale_beyond_the_limit_is_refused_and_says_what_is_left() -> None:
    customer = make_customer(credit_limit=500_000)
    sell_on_account(customer, 300_000)

    with assert_refused(DebtLimitReached, "debt_limit_reached") as refused:
        sell_on_account(customer, 200_001)
    sell_on_account(customer, 200_000)
    pay_debt(customer, 100_000)
    sell_on_account(customer, 100_000)

    assert refused.value.details["available"] == 200_000
    assert debt_of(customer) == 500_000


def test_customer_with_limit_zero_buys_nothing_on_account_but_uses_a_credit() -> None:
    customer = make_customer(credit_limit=0)

    with assert_refused(DebtLimitReached, "debt_limit_reached"):
        sell_on_account(customer, 1)
    pay_debt(customer, 100_000)
    sell_on_account(customer, 100_000)

    assert debt_of(customer) == 0


@pytest.mark.parametrize(
    "record", [pay_debt, lambda customer, amount, **token: correct(customer, -amount, **token)]
)
def test_paying_more_than_the_debt_is_asked_once_and_then_a_credit(record) -> None:
    customer = make_customer()
    sell_on_account(customer, 300_000)

    with assert_refused(DebtBelowZero, "debt_below_zero") as question:
        record(customer, 500_000, confirmation_token="")
    token = question.value.confirmation_token
    with assert_refused(DebtBelowZero, "debt_below_zero"):
        record(customer, 600_000, confirmation_token=token)
    record(customer, 500_000, confirmation_token=token)

    assert debt_of(customer) == -200_000
    assert list(DebtEntry.objects.unpaid()) == []


def test_exact_payment_is_not_asked_about() -> None:
    customer = make_customer()
    sell_on_account(customer, 300_000)

    pay_debt(customer, 300_000, confirmation_token="")

    assert debt_of(customer) == 0


@pytest.mark.parametrize("amount", [0, -1, 1_000_000_001])
def test_absurd_amounts_are_refused(amount) -> None:
    customer = make_customer()

    with assert_refused(InvalidDebtAmount, "invalid_debt_amount"):
        sell_on_account(customer, amount)
    with assert_refused(InvalidDebtAmount, "invalid_debt_amount"):
        pay_debt(customer, amount)


def test_days_in_the_future_long_ago_and_due_before_the_sale_are_refused() -> None:
    customer = make_customer()

    with assert_refused(InvalidDebtDay, "invalid_debt_day"):
        sell_on_account(customer, 1000, age=-1)
    with assert_refused(InvalidDebtDay, "invalid_debt_day"):
        pay_debt(customer, 1000, age=5 * 365 + 1)
    with assert_refused(DueBeforeSale, "due_before_sale"):
        sell_on_account(customer, 1000, age=1, due_on=days_ago(2))


def test_correction_needs_a_reason_and_an_amount() -> None:
    customer = make_customer()

    with assert_refused(ReasonRequired, "reason_required"):
        correct(customer, 1000, "  ")
    with assert_refused(InvalidDebtAmount, "invalid_debt_amount"):
        correct(customer, 0)


def test_repeated_key_records_one_entry_and_belongs_to_one_customer() -> None:
    customer, other = make_customer(credit_limit=100_000), make_customer("Chị Hương")

    first = sell_on_account(customer, 100_000, idempotency_key="a")
    again = sell_on_account(customer, 100_000, idempotency_key="a")
    paid = [pay_debt(customer, 40_000, idempotency_key="b") for _ in range(2)]
    corrected = [correct(customer, -10_000, idempotency_key="c") for _ in range(2)]

    assert (again, paid[1], corrected[1]) == (first, paid[0], corrected[0])
    assert debt_of(customer) == 50_000
    with assert_refused(KeyReused, "key_reused"):
        sell_on_account(other, 100_000, idempotency_key="a")
    with assert_refused(KeyReused, "key_reused"):
        pay_debt(customer, 1000, idempotency_key="a")


def test_customer_of_another_cooperative_is_missing() -> None:
    customer = make_customer()
    foreign = {
        "cooperative": make_cooperative("HTX khác"),
        "customer_id": customer.pk,
        "amount": 1000,
        "reason": "Ghi nhầm",
        "actor": ACTOR,
        "now": NOW,
    }

    with assert_refused(Missing, "missing"):
        correct_debt(**foreign)


def test_change_log_has_amounts_and_no_notes() -> None:
    customer = make_customer()

    sell_on_account(customer, 480_000, note="Gừng")
    pay_debt(customer, 300_000)
    correct(customer, -30_000)

    changes = Change.objects.filter(action__startswith="debt.").oldest_first()
    assert [(row.action, row.data, row.reason) for row in changes] == [
        ("debt.sale_recorded", {"amount": 480_000}, ""),
        ("debt.payment_recorded", {"amount": 300_000}, ""),
        ("debt.corrected", {"amount": -30_000}, ""),
    ]


def test_entries_are_neither_changed_nor_deleted() -> None:
    entry = sell_on_account(make_customer(), 480_000, note="Gừng")

    for change in ({"amount": 1}, {"happened_on": days_ago(9)}, {"note": "Nghệ"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            DebtEntry.objects.filter(pk=entry.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        entry.delete()

    assert DebtEntry.objects.get().note == "Gừng"


@pytest.mark.parametrize(
    "values",
    [
        {"kind": DebtEntryKind.SALE, "amount": -1},
        {"kind": DebtEntryKind.PAYMENT, "amount": 1, "method": DebtPaymentMethod.CASH},
        {"kind": DebtEntryKind.PAYMENT, "amount": -1},
        {"kind": DebtEntryKind.CORRECTION, "amount": 0, "note": "x"},
        {"kind": DebtEntryKind.CORRECTION, "amount": 1},
        {"kind": DebtEntryKind.SALE, "amount": 1, "due_on": days_ago(1)},
    ],
)
def test_database_refuses_entries_that_make_no_sense(values) -> None:
    customer = make_customer()

    with pytest.raises(IntegrityError), transaction.atomic():
        DebtEntry.objects.create(customer=customer, happened_on=TODAY, recorded_at=NOW, **values)


def test_payments_pay_the_oldest_entries_first() -> None:
    customer, other = make_customer(), make_customer("Chị Hương")
    for age, amount in ((100, 100_000), (70, 200_000), (40, 300_000), (5, 400_000)):
        sell_on_account(customer, amount, age=age)
    sell_on_account(other, 50_000, age=95)

    pay_debt(customer, 250_000)

    unpaid = DebtEntry.objects.unpaid().filter(customer__cooperative=customer.cooperative).in_order()
    assert [entry.open_amount for entry in unpaid] == [50_000, 300_000, 400_000]
    assert DebtAgeing.of_entries(unpaid, TODAY) == DebtAgeing(
        up_to_30=400_000, up_to_60=300_000, up_to_90=50_000
    )
    everybody = DebtAgeing.of_entries(DebtEntry.objects.unpaid(), TODAY)
    assert (everybody.older, everybody.total) == (50_000, 800_000)


@pytest.mark.parametrize(
    ("age", "group"),
    [
        *((0, "up_to_30"), (30, "up_to_30"), (31, "up_to_60"), (60, "up_to_60")),
        *((61, "up_to_90"), (90, "up_to_90"), (91, "older")),
    ],
)
def test_debts_are_grouped_by_their_age(age, group) -> None:
    sell_on_account(make_customer(), 1000, age=age)

    assert DebtAgeing.of_entries(DebtEntry.objects.unpaid(), TODAY) == DebtAgeing(**{group: 1000})


def test_customer_with_debt_is_not_deleted_and_a_settled_one_keeps_only_sums() -> None:
    customer = make_customer(phone="0987654321", note="Trả chậm")
    sell_on_account(customer, 480_000, note="Giao nhà bà Lan")
    deletion = {"cooperative": customer.cooperative, "customer_id": customer.pk, "actor": ACTOR, "now": NOW}

    with assert_refused(CustomerHasDebt, "customer_has_debt"):
        delete_customer(**deletion)
    pay_debt(customer, 480_000)
    delete_customer(**deletion)

    customer.refresh_from_db()
    assert (customer.name, customer.phone, customer.note, customer.erased_at) == ("", "", "", NOW)
    assert sorted(DebtEntry.objects.values_list("amount", "note")) == [(-480_000, ""), (480_000, REDACTED)]
    assert not CooperativeCustomer.objects.for_cooperative(customer.cooperative).exists()
    make_customer("Chị Hương", cooperative=customer.cooperative, phone="0987654321")


def test_person_who_asks_to_be_forgotten_is_erased_once_the_debt_is_paid() -> None:
    customer = make_customer(phone="0987654321")
    sell_on_account(customer, 480_000)
    with transaction.atomic():
        anonymise_guest(contact="+84987654321", actor=ACTOR, now=NOW)
    customer.refresh_from_db()
    kept = customer.name

    pay_debt(customer, 400_000)
    pay_debt(customer, 80_000)

    customer.refresh_from_db()
    assert (kept, customer.name, customer.erased_at) == ("Quán phở Bà Lan", "", NOW)
    assert Change.objects.filter(action="customer.deleted").count() == 1


@pytest.mark.parametrize("seed", range(4))
def test_debt_is_sales_less_payments_for_random_entries(seed: int) -> None:
    chance = random.Random(seed)
    cooperative = make_cooperative()
    customers = [make_customer(name, cooperative=cooperative) for name in ("Bà Lan", "Chị Hương")]
    sums = {customer.pk: {"sale": 0, "payment": 0, "correction": 0} for customer in customers}
    for _step in range(30):
        customer, amount = chance.choice(customers), chance.randint(1, 400_000)
        age, kind = chance.randint(0, 120), chance.choice(["sale", "sale", "payment", "correction"])
        if kind == "sale":
            sell_on_account(customer, amount, age=age)
        elif kind == "payment":
            pay_debt(customer, amount, age=age)
        else:
            amount *= chance.choice([1, -1])
            correct(customer, amount)
        sums[customer.pk][kind] += amount

    for customer in customers:
        own = sums[customer.pk]
        debt = own["sale"] + own["correction"] - own["payment"]
        unpaid = list(DebtEntry.objects.filter(customer=customer).unpaid().in_order())
        running = list(DebtEntry.objects.filter(customer=customer).with_running_balance().in_order())
        assert debt_of(customer) == debt
        assert sum(entry.open_amount for entry in unpaid) == max(0, debt)
        assert running[-1].running_balance == debt
        assert [(entry.pk, entry.open_amount) for entry in unpaid] == expected_unpaid(customer)
    assert [*find_unbalanced_postings(), *find_wrong_debts()] == []


def expected_unpaid(customer: CooperativeCustomer) -> list[tuple[int, int]]:
    """Pay the oldest entries first, one after the other."""
    entries = list(customer.debt_entries.in_order())
    paid = -sum(entry.amount for entry in entries if entry.amount < 0)
    rests = []
    for entry in entries:
        if entry.amount > 0:
            covered = min(paid, entry.amount)
            paid -= covered
            if covered < entry.amount:
                rests.append((entry.pk, entry.amount - covered))
    return rests


def test_unpaid_entries_of_many_customers_take_one_query() -> None:
    for name in ("Bà Lan", "Chị Hương", "Anh Phúc"):
        sell_on_account(make_customer(name), 1000)

    with CaptureQueriesContext(connection) as queries:
        assert len(DebtEntry.objects.unpaid()) == 3

    assert len(queries) == 1
