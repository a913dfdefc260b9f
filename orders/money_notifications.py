"""Notices to cooperatives about money: a closed settlement, a payout, another bank account."""

from __future__ import annotations

import datetime

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from cooperatives.access import MemberRight
from cooperatives.models import Cooperative
from orders.models import Approval, Payout, Settlement
from orders.notifications.member_mails import notify_members
from orders.payments.banks import find_bank


def notify_settlement_closed(settlement: Settlement, *, now: datetime.datetime) -> None:
    """Tell members who may see the cooperative's money the result of a settlement and the next step."""
    with translation.override("vi"):
        notify_members(
            settlement.cooperative,
            "settlement_closed",
            subject=_("Settlement %(number)s of %(cooperative)s")
            % {"number": settlement.number, "cooperative": settlement.cooperative.name},
            occasion=str(settlement.pk),
            right=MemberRight.SEE_SETTLEMENTS,
            now=now,
            settlement=settlement,
            owed_by_them=-settlement.payable,
            has_account=bool(settlement.cooperative.bank_account or settlement.cooperative.stripe_account),
            url=f"{settings.PUBLIC_URL}/xa-vien/quyet-toan/{settlement.pk}/",
        )


def notify_payout_paid(payout: Payout, settlement: Settlement, *, now: datetime.datetime) -> None:
    """Tell the same members that a payout was paid, to which account and under which reference."""
    bank = find_bank(payout.bank_bin)
    with translation.override("vi"):
        notify_members(
            settlement.cooperative,
            "payout_paid",
            subject=_("%(cooperative)s: settlement %(number)s has been paid out")
            % {"number": settlement.number, "cooperative": settlement.cooperative.name},
            occasion=f"{payout.pk}:{payout.paid_at:%Y%m%d%H%M%S}",
            right=MemberRight.SEE_SETTLEMENTS,
            now=now,
            settlement=settlement,
            payout=payout,
            bank=bank.short_name if bank else payout.bank_bin,
            account=mask_account(payout.bank_account),
            url=f"{settings.PUBLIC_URL}/xa-vien/quyet-toan/{settlement.pk}/",
        )


def notify_payout_undone(
    payout: Payout, settlement: Settlement, *, occasion: str, now: datetime.datetime
) -> None:
    """Tell the same members that a payout was marked as paid by mistake and is still due."""
    with translation.override("vi"):
        notify_members(
            settlement.cooperative,
            "payout_undone",
            subject=_("%(cooperative)s: settlement %(number)s has not been paid out yet")
            % {"number": settlement.number, "cooperative": settlement.cooperative.name},
            occasion=occasion,
            right=MemberRight.SEE_SETTLEMENTS,
            now=now,
            settlement=settlement,
            payout=payout,
            url=f"{settings.PUBLIC_URL}/xa-vien/quyet-toan/{settlement.pk}/",
        )


def notify_account_change(
    cooperative: Cooperative, before: str, changed_by: str, *, occasion: int, now: datetime.datetime
) -> None:
    """Tell all managers that the bank account changed and who changed it, in case a thief did."""
    bank = find_bank(cooperative.bank_bin)
    with translation.override("vi"):
        notify_members(
            cooperative,
            "account_changed",
            subject=_("%(cooperative)s: the bank account was changed") % {"cooperative": cooperative.name},
            occasion=str(occasion),
            right=MemberRight.MANAGE,
            now=now,
            before=mask_account(before),
            bank=bank.short_name if bank else cooperative.bank_bin,
            account=mask_account(cooperative.bank_account),
            who=changed_by,
            at=now,
            url=f"{settings.PUBLIC_URL}/xa-vien/tai-khoan-ngan-hang/",
        )


def notify_account_proposal(
    cooperative: Cooperative,
    bank_bin: str,
    account: str,
    proposed_by: str,
    proposal: Approval,
    *,
    now: datetime.datetime,
) -> None:
    """Tell all managers that an account change was proposed and awaits a second person's confirmation."""
    bank = find_bank(bank_bin)
    with translation.override("vi"):
        notify_members(
            cooperative,
            "account_proposed",
            subject=_("%(cooperative)s: a new bank account is waiting for confirmation")
            % {"cooperative": cooperative.name},
            occasion=str(proposal.pk),
            right=MemberRight.MANAGE,
            now=now,
            bank=bank.short_name if bank else bank_bin,
            account=mask_account(account),
            who=proposed_by,
            at=now,
            url=f"{settings.PUBLIC_URL}/xa-vien/tai-khoan-ngan-hang/",
        )


def mask_account(account: str) -> str:
    """Mask an account except its last four characters, which are enough to recognise one's own."""
    return f"••••{account[-4:]}" if account else ""
