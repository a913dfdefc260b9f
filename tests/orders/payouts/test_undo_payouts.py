"""Taking back that a settlement's payout was marked as paid."""

from __future__ import annotations

import datetime

import pytest

from orders.actions.payouts.complete_payouts import mark_payout_paid
from orders.actions.payouts.undo_payouts import UNDO_PERIOD, PayoutUndoExpired, undo_payout_paid
from orders.models import LedgerEntry, LedgerPosting, Payout, PostingKind
from shop.core.errors import ReasonRequired
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.factories import make_cooperative
from tests.invariants import check_everything
from tests.orders.cash_on_delivery.cash_helpers import ACTOR_AND_NOW
from tests.orders.settlement.settlement_helpers import ACCOUNT, make_due_payout
from tests.refusals import all_rows, assert_refused

pytestmark = pytest.mark.django_db
ACTOR, NOW = ACTOR_AND_NOW["actor"], ACTOR_AND_NOW["now"]


@pytest.fixture
def paid() -> Payout:
    payout = make_due_payout(make_cooperative(email="htx@example.com", **ACCOUNT), 182_000)
    return mark_payout_paid(payout_id=payout.pk, reference="FT1", actor=ACTOR, now=NOW)


def test_payout_is_due_again_and_its_posting_reversed(paid: Payout) -> None:
    undo_payout_paid(payout_id=paid.pk, reason="Nhầm khoản", actor=ACTOR, now=NOW + UNDO_PERIOD)

    paid.refresh_from_db()
    assert (paid.state, paid.reference, paid.paid_at) == ("due", "", None)
    assert (paid.settlement.state, paid.settlement.paid_at) == ("closed", None)
    assert LedgerEntry.objects.filter(account="bank").balance() == 0
    assert LedgerPosting.objects.filter(kind=PostingKind.PAYOUT).count() == 2
    change = Change.objects.get(action="payout.undone")
    assert (change.reason, change.data) == ("Nhầm khoản", {"amount": 182_000, "reference": "FT1"})
    assert "chưa được chi trả" in Notification.objects.get(key__startswith="payout_undone:").subject
    check_everything()


def test_undone_payout_is_paid_and_announced_again(paid: Payout) -> None:
    later = NOW + datetime.timedelta(minutes=5)
    undo_payout_paid(payout_id=paid.pk, reason="Nhầm mã", actor=ACTOR, now=later)

    mark_payout_paid(payout_id=paid.pk, reference="FT2", actor=ACTOR, now=later)

    paid.refresh_from_db()
    assert (paid.state, paid.reference, paid.settlement.state) == ("paid", "FT2", "paid")
    assert LedgerEntry.objects.filter(account="bank").balance() == -182_000
    texts = Notification.objects.filter(key__startswith="payout_paid:").values_list("text", flat=True)
    assert sorted("FT1" in text for text in texts) == [False, True]
    check_everything()


def test_undo_comes_too_late_after_ten_minutes(paid: Payout) -> None:
    too_late = NOW + UNDO_PERIOD + datetime.timedelta(seconds=1)

    with assert_refused(PayoutUndoExpired, "payout_undo_expired"):
        undo_payout_paid(payout_id=paid.pk, reason="Nhầm", actor=ACTOR, now=too_late)


def test_undo_needs_a_reason_and_a_paid_payout(paid: Payout) -> None:
    due = make_due_payout(make_cooperative("HTX khác", **ACCOUNT))
    before = all_rows()

    with pytest.raises(ReasonRequired):
        undo_payout_paid(payout_id=paid.pk, reason=" ", actor=ACTOR, now=NOW)
    with pytest.raises(PayoutUndoExpired):
        undo_payout_paid(payout_id=due.pk, reason="Nhầm", actor=ACTOR, now=NOW)

    assert all_rows() == before
