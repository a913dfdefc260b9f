"""What a cooperative owes to producers and suppliers: purchases, payments in parts, advances, corrections."""

from __future__ import annotations

import datetime
import random

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from cooperatives.models import Producer
from orders.actions.customers.debt_entries import InvalidDebtAmount, InvalidDebtDay
from orders.actions.suppliers.supplier_entries import (
    DueBeforePurchase,
    PayableBelowZero,
    SupplierExists,
    SupplierNameRequired,
    correct_payable,
    create_supplier,
    record_purchase,
    record_supplier_payment,
)
from orders.models import (
    DebtPaymentMethod,
    LedgerAccount,
    LedgerEntry,
    Supplier,
    SupplierEntry,
    SupplierEntryKind,
)
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, ReasonRequired
from shop.core.models import KeyReused
from shop.management.verification.ledger import find_unbalanced_postings, find_wrong_debts
from tests.factories import NOW, make_cooperative
from tests.refusals import assert_refused
from tests.without_triggers import without_triggers

pytestmark = [pytest.mark.django_db, pytest.mark.both]
ACTED = {"actor": Actor.system("test"), "now": NOW}
TODAY = vietnam_date(NOW)


@pytest.fixture
def supplier() -> Supplier:
    return create_supplier(cooperative=make_cooperative(), name=" Bao bì  Hà Nội ", **ACTED)


def whose(supplier: Supplier) -> dict:
    return {"cooperative": supplier.cooperative, "supplier_id": supplier.pk} | ACTED


def buy(supplier: Supplier, amount: int, **fields) -> SupplierEntry:
    return record_purchase(**{**whose(supplier), "amount": amount, "happened_on": TODAY} | fields)


def pay(supplier: Supplier, amount: int, **fields) -> SupplierEntry:
    values = {"amount": amount, "happened_on": TODAY, "method": DebtPaymentMethod.CASH}
    return record_supplier_payment(**{**whose(supplier), **values} | fields)


def correct(supplier: Supplier, amount: int, reason: str = "Ghi nhầm", **fields) -> SupplierEntry:
    return correct_payable(**{**whose(supplier), "amount": amount, "reason": reason} | fields)


def test_purchases_payments_and_corrections_add_up_and_are_booked(supplier) -> None:
    buy(supplier, 900_000, note=" Túi  giấy ")
    pay(supplier, 300_000)
    pay(supplier, 200_000, method=DebtPaymentMethod.TRANSFER)
    correct(supplier, -50_000)

    assert supplier.name == "Bao bì Hà Nội"
    assert supplier.entries.get(amount=900_000).note == "Túi giấy"
    assert [row.balance for row in Supplier.objects.with_balance()] == [350_000]
    entries = LedgerEntry.objects.filter(cooperative=supplier.cooperative)
    assert {row.account: entries.filter(account=row.account).balance() for row in entries} == {
        LedgerAccount.SUPPLIER_PAYABLE: -350_000,
        LedgerAccount.PURCHASES: 850_000,
        LedgerAccount.COUNTER_CASH: -300_000,
        LedgerAccount.COUNTER_BANK: -200_000,
    }
    assert [*find_unbalanced_postings(), *find_wrong_debts()] == []


def test_payable_that_is_not_booked_is_found(supplier) -> None:
    buy(supplier, 900_000)

    with without_triggers():
        LedgerEntry.objects.all().delete()

    assert list(find_wrong_debts()) == [
        f"cooperative {supplier.cooperative_id}: owes 900000 VND, the ledger says 0"
    ]


@pytest.mark.parametrize("seed", range(3))
def test_what_is_owed_is_purchases_less_payments_for_random_entries(supplier, seed: int) -> None:
    chance, owed = random.Random(seed), 0
    for _step in range(25):
        amount, record = chance.randint(1, 400_000), chance.choice([buy, buy, pay, correct])
        record(supplier, amount)
        owed += -amount if record is pay else amount

    assert supplier.entries.balance() == owed
    assert [*find_unbalanced_postings(), *find_wrong_debts()] == []


def test_paying_more_than_owed_is_asked_once_and_then_an_advance(supplier) -> None:
    buy(supplier, 100_000)

    with assert_refused(PayableBelowZero, "payable_below_zero") as question:
        pay(supplier, 300_000, confirmation_token="")
    token = question.value.confirmation_token
    with assert_refused(PayableBelowZero, "payable_below_zero"):
        pay(supplier, 400_000, confirmation_token=token)
    pay(supplier, 300_000, confirmation_token=token)

    assert supplier.entries.balance() == -200_000


def test_invalid_entries_are_refused(supplier) -> None:
    for amount in (0, -1, 1_000_000_001):
        with assert_refused(InvalidDebtAmount, "invalid_debt_amount"):
            buy(supplier, amount)
    with assert_refused(InvalidDebtDay, "invalid_debt_day"):
        pay(supplier, 1000, happened_on=TODAY + datetime.timedelta(days=1))
    with assert_refused(DueBeforePurchase, "due_before_purchase"):
        buy(supplier, 1000, due_on=TODAY - datetime.timedelta(days=1))
    with assert_refused(ReasonRequired, "reason_required"):
        correct(supplier, 1000, " ")


def test_repeated_keys_record_once(supplier) -> None:
    other = create_supplier(cooperative=supplier.cooperative, name="Phân bón", idempotency_key="s", **ACTED)
    again = create_supplier(cooperative=supplier.cooperative, name="Phân bón", idempotency_key="s", **ACTED)

    bought = [buy(supplier, 100_000, idempotency_key="a") for _ in range(2)]
    paid = [pay(supplier, 40_000, idempotency_key="b") for _ in range(2)]
    corrected = [correct(supplier, -10_000, idempotency_key="c") for _ in range(2)]

    assert again == other
    assert all(first == second for first, second in (bought, paid, corrected))
    assert supplier.entries.balance() == 50_000
    with assert_refused(KeyReused, "key_reused"):
        buy(other, 100_000, idempotency_key="a")


def test_supplier_has_a_name_of_its_own_and_may_be_a_household(supplier) -> None:
    cooperative, foreign = supplier.cooperative, make_cooperative("HTX khác")
    household = Producer.objects.create(cooperative=cooperative, name="Nhà ông Sơn")
    create_supplier(cooperative=cooperative, name="Nhà ông Sơn", producer=household, **ACTED)

    with assert_refused(SupplierNameRequired, "supplier_name_required"):
        create_supplier(cooperative=cooperative, name=" ", **ACTED)
    with assert_refused(SupplierExists, "supplier_exists"):
        create_supplier(cooperative=cooperative, name="Bao bì Hà Nội", **ACTED)
    with assert_refused(SupplierExists, "supplier_exists"):
        create_supplier(cooperative=cooperative, name="Ông Sơn", producer=household, **ACTED)
    with assert_refused(Missing, "missing"):
        create_supplier(cooperative=foreign, name="Ông Sơn", producer=household, **ACTED)
    with assert_refused(Missing, "missing"):
        buy(supplier, 1000, cooperative=foreign)


def test_entries_are_neither_changed_nor_deleted_nor_senseless(supplier) -> None:
    entry = buy(supplier, 900_000)

    with pytest.raises(DatabaseError), transaction.atomic():
        SupplierEntry.objects.update(amount=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        entry.delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        SupplierEntry.objects.create(
            supplier=supplier,
            kind=SupplierEntryKind.PAYMENT,
            amount=1,
            method=DebtPaymentMethod.CASH,
            happened_on=TODAY,
            recorded_at=NOW,
        )

    assert SupplierEntry.objects.get().amount == 900_000
