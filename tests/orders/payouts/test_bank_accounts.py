"""Bank accounts: managers hear of changes; due payouts keep their account or take the new one."""

from __future__ import annotations

import pytest

from cooperatives.models import Role
from orders.actions.payouts.bank_accounts import (
    BankAccount,
    InvalidBankAccount,
    change_cooperative_account,
    set_payout_account,
    use_current_cooperative_account,
)
from orders.actions.payouts.complete_payouts import PayoutAlreadyPaid, mark_payout_paid
from orders.actions.settlement.close_settlement import close_settlement, correct_balance
from orders.models import Payout, Settlement
from shop.core.actors import Actor, EntryPoint
from shop.core.errors import Missing
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.factories import NOW, make_cooperative, make_member, unknown_uuid
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
DESK = Actor.person(1, "Bàn", EntryPoint.DESK)
MANAGER = Actor.person(2, "Triệu Thị Nhất", EntryPoint.MEMBERS)
OURS = BankAccount("970405", "8888000011", "HTX Thiên An")
OTHER = BankAccount("970436", "0099887766", "Nguyễn Văn Đức")


def change_account(cooperative, to=OURS):
    return change_cooperative_account(cooperative_id=cooperative.pk, account=to, actor=MANAGER, now=NOW)


def due_payout(cooperative):
    """Return the payout of a closed settlement of 50,000."""
    correct_balance(
        cooperative_id=cooperative.pk,
        currency="VND",
        amount=50_000,
        reason="thưởng",
        idempotency_key="1",
        actor=DESK,
        now=NOW,
    )
    settlement = Settlement.objects.open().get(cooperative=cooperative)
    close_settlement(settlement_id=settlement.pk, actor=DESK, now=NOW)
    return Payout.objects.get(settlement=settlement)


def accounts(payout):
    payout.refresh_from_db()
    return payout.bank_bin, payout.bank_account, payout.bank_holder


def test_changed_account_is_normalised_and_recorded() -> None:
    cooperative = make_cooperative(bank_bin="970436", bank_account="0011", bank_holder="CU")

    change_account(cooperative, BankAccount("970405", " 8888abc011 ", "Hợp tác xã Thiên An"))

    cooperative.refresh_from_db()
    assert (cooperative.bank_bin, cooperative.bank_account) == ("970405", "8888ABC011")
    assert cooperative.bank_holder == "HOP TAC XA THIEN AN"
    recorded = Change.objects.get(action="cooperative.account_changed")
    assert (recorded.actor_name, recorded.cooperative) == ("Triệu Thị Nhất", cooperative.pk)
    assert recorded.data == {"from": "970436 0011 CU", "to": "970405 8888ABC011 HOP TAC XA THIEN AN"}


def test_all_managers_and_nobody_else_are_notified_of_changed_account() -> None:
    cooperative = make_cooperative(email="htx@example.com", bank_account="0011223344")
    make_member(cooperative, email="mot@example.com")
    make_member(cooperative, email="hai@example.com")
    make_member(cooperative, Role.BOOKKEEPER, email="ke-toan@example.com")
    former_manager = make_member(cooperative, email="da-nghi@example.com")
    former_manager.memberships.update(is_active=False)

    change_account(cooperative)

    notifications = Notification.objects.order_by("pk")
    assert [notification.recipient for notification in notifications] == [
        "htx@example.com",
        "mot@example.com",
        "hai@example.com",
    ]
    text = notifications[0].text
    assert "••••3344" in text
    assert "Agribank" in text
    assert "••••0011" in text
    assert "Triệu Thị Nhất" in text
    assert "8888000011" not in text


def test_setting_same_account_changes_nothing() -> None:
    cooperative = make_cooperative()
    change_account(cooperative)

    change_account(cooperative)

    assert Change.objects.filter(action="cooperative.account_changed").count() == 1
    assert Notification.objects.count() == 1


def test_payout_without_account_takes_new_account() -> None:
    cooperative = make_cooperative()
    payout = due_payout(cooperative)
    assert accounts(payout) == ("", "", "")

    change_account(cooperative)

    assert accounts(payout) == ("970405", "8888000011", "HTX THIEN AN")


def test_payout_keeps_its_account_until_readdressed() -> None:
    cooperative = make_cooperative()
    change_account(cooperative)
    payout = due_payout(cooperative)
    change_account(cooperative, OTHER)
    assert accounts(payout) == ("970405", "8888000011", "HTX THIEN AN")

    use_current_cooperative_account(payout_id=payout.pk, actor=DESK, now=NOW)

    assert accounts(payout) == ("970436", "0099887766", "NGUYEN VAN DUC")
    assert Change.objects.filter(action="payout.account_changed").count() == 1


def test_payout_is_not_sent_to_invalid_account() -> None:
    payout = due_payout(make_cooperative())

    with assert_refused(InvalidBankAccount, "invalid_bank_account"):
        use_current_cooperative_account(payout_id=payout.pk, actor=DESK, now=NOW)
    with assert_refused(InvalidBankAccount, "invalid_bank_account"):
        set_payout_account(payout_id=payout.pk, account=BankAccount("000000", "12", ""), actor=DESK, now=NOW)


def test_account_of_paid_payout_cannot_be_changed() -> None:
    payout = due_payout(make_cooperative())
    mark_payout_paid(payout_id=payout.pk, reference="FT1", actor=DESK, now=NOW)

    with assert_refused(PayoutAlreadyPaid, "payout_already_paid"):
        set_payout_account(payout_id=payout.pk, account=OURS, actor=DESK, now=NOW)
    with assert_refused(PayoutAlreadyPaid, "payout_already_paid"):
        use_current_cooperative_account(payout_id=payout.pk, actor=DESK, now=NOW)


def test_unknown_cooperative_or_payout_is_missing() -> None:
    with assert_refused(Missing, "missing"):
        change_cooperative_account(cooperative_id=999_999, account=OURS, actor=DESK, now=NOW)
    with assert_refused(Missing, "missing"):
        set_payout_account(payout_id=unknown_uuid(), account=OURS, actor=DESK, now=NOW)
