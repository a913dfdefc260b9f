"""The ledger only grows."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from orders.models import Account, LedgerEntry, LedgerPosting, PostingKind

pytestmark = pytest.mark.django_db


def booked() -> LedgerEntry:
    posting = LedgerPosting.objects.create(key="a fact", kind=PostingKind.PAYMENT, at=timezone.now())
    LedgerEntry.objects.create(posting=posting, account=Account.BANK, currency="VND", amount=50_000)
    return LedgerEntry.objects.create(posting=posting, account=Account.BUYER, currency="VND", amount=-50_000)


def test_an_entry_cannot_be_changed() -> None:
    entry = booked()

    with pytest.raises(DatabaseError, match="the ledger only grows"), transaction.atomic():
        LedgerEntry.objects.filter(pk=entry.pk).update(amount=-1)

    assert list(LedgerEntry.objects.order_by("pk").values_list("amount", flat=True)) == [50_000, -50_000]


def test_an_entry_cannot_be_deleted() -> None:
    entry = booked()

    with pytest.raises(DatabaseError, match="the ledger only grows"), transaction.atomic():
        LedgerEntry.objects.filter(pk=entry.pk).delete()

    assert LedgerEntry.objects.count() == 2


def test_a_posting_cannot_be_changed() -> None:
    posting = booked().posting

    with pytest.raises(DatabaseError, match="the ledger only grows"), transaction.atomic():
        LedgerPosting.objects.filter(pk=posting.pk).update(memo="something else")

    posting.refresh_from_db()
    assert posting.memo == ""


@pytest.mark.django_db(transaction=True)
def test_between_two_tests_it_is_emptied_all_the_same() -> None:
    booked()
