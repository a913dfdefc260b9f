"""Ledger entries and postings are append-only."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from orders.models import LedgerAccount, LedgerEntry, LedgerPosting, PostingKind, Settlement
from orders.states import SettlementState
from tests.factories import NOW, make_cooperative

pytestmark = pytest.mark.django_db


def book_entry() -> LedgerEntry:
    posting = LedgerPosting.objects.create(
        idempotency_key="a fact", kind=PostingKind.PAYMENT, created_at=timezone.now()
    )
    LedgerEntry.objects.create(posting=posting, account=LedgerAccount.BANK, currency="VND", amount=50_000)
    return LedgerEntry.objects.create(
        posting=posting, account=LedgerAccount.BUYER, currency="VND", amount=-50_000
    )


def test_entry_cannot_be_changed() -> None:
    entry = book_entry()

    with pytest.raises(DatabaseError, match="the ledger only grows"), transaction.atomic():
        LedgerEntry.objects.filter(pk=entry.pk).update(amount=-1)

    assert list(LedgerEntry.objects.order_by("pk").values_list("amount", flat=True)) == [50_000, -50_000]


def test_entry_cannot_be_deleted() -> None:
    entry = book_entry()

    with pytest.raises(DatabaseError, match="the ledger only grows"), transaction.atomic():
        LedgerEntry.objects.filter(pk=entry.pk).delete()

    assert LedgerEntry.objects.count() == 2


def test_posting_cannot_be_changed() -> None:
    posting = book_entry().posting

    with pytest.raises(DatabaseError, match="the ledger only grows"), transaction.atomic():
        LedgerPosting.objects.filter(pk=posting.pk).update(memo="something else")

    posting.refresh_from_db()
    assert posting.memo == ""


@pytest.mark.django_db(transaction=True)
def test_ledger_is_truncated_between_transactional_tests() -> None:
    book_entry()


def closed_settlement() -> Settlement:
    settlement = Settlement.objects.create(
        cooperative=make_cooperative(), currency="VND", number=1, opened_at=NOW
    )
    Settlement.objects.filter(pk=settlement.pk).update(
        state=SettlementState.CLOSED, closed_at=NOW, goods=50_000, payable=50_000
    )
    return settlement


def test_entry_cannot_be_added_to_closed_period() -> None:
    settlement = closed_settlement()
    posting = LedgerPosting.objects.create(idempotency_key="a fact", kind=PostingKind.SALE, created_at=NOW)
    entry = LedgerEntry(
        posting=posting,
        account=LedgerAccount.COOPERATIVE_PAYABLE,
        currency="VND",
        amount=-5,
        cooperative=settlement.cooperative,
        settlement=settlement,
    )

    with pytest.raises(DatabaseError, match="a closed period never changes"), transaction.atomic():
        entry.save()

    assert LedgerEntry.objects.count() == 0


def test_figures_of_closed_period_cannot_be_changed() -> None:
    settlement = closed_settlement()

    with pytest.raises(DatabaseError, match="a closed period never changes"), transaction.atomic():
        Settlement.objects.filter(pk=settlement.pk).update(goods=0, payable=0)
    with pytest.raises(DatabaseError, match="a closed period never changes"), transaction.atomic():
        Settlement.objects.filter(pk=settlement.pk).update(state=SettlementState.OPEN)
    with pytest.raises(DatabaseError, match="a closed period never changes"), transaction.atomic():
        Settlement.objects.filter(pk=settlement.pk).delete()

    settlement.refresh_from_db()
    assert (settlement.state, settlement.payable) == (SettlementState.CLOSED, 50_000)


def test_closed_period_can_be_marked_as_paid() -> None:
    settlement = closed_settlement()

    Settlement.objects.filter(pk=settlement.pk).update(state=SettlementState.PAID, paid_at=NOW)

    settlement.refresh_from_db()
    assert settlement.state == SettlementState.PAID
