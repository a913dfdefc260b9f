"""What cooperatives hear of their money: a period closed, a payment sent, another account named."""

from __future__ import annotations

import datetime
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from cooperatives.access import ROLE_RIGHTS, Right
from cooperatives.models import Cooperative, Membership
from orders.models import Approval, Payout, Settlement
from orders.payments.banks import bank_of
from shop.core.models import shop_settings
from shop.notifications.models import Way
from shop.notifications.send import send


def settlement_closed(settlement: Settlement, *, now: datetime.datetime) -> None:
    """Whoever sees a cooperative's money hears what a period came to, and what follows from it."""
    with translation.override("vi"):
        _tell(
            settlement.cooperative,
            "settlement_closed",
            subject=_("Settlement %(number)s of %(cooperative)s")
            % {"number": settlement.number, "cooperative": settlement.cooperative.name},
            occasion=str(settlement.pk),
            right=Right.MONEY,
            now=now,
            settlement=settlement,
            owed_by_them=-settlement.payable,
            has_account=bool(settlement.cooperative.bank_account or settlement.cooperative.stripe_account),
            url=f"{settings.PUBLIC_URL}/xa-vien/quyet-toan/{settlement.pk}/",
        )


def payout_paid(payout: Payout, settlement: Settlement, *, now: datetime.datetime) -> None:
    """They hear that the money is on its way, to which account and under which number."""
    bank = bank_of(payout.bank_bin)
    with translation.override("vi"):
        _tell(
            settlement.cooperative,
            "payout_paid",
            subject=_("%(cooperative)s: settlement %(number)s is paid out")
            % {"number": settlement.number, "cooperative": settlement.cooperative.name},
            occasion=str(payout.pk),
            right=Right.MONEY,
            now=now,
            settlement=settlement,
            payout=payout,
            bank=bank.short_name if bank else payout.bank_bin,
            account=masked(payout.bank_account),
            url=f"{settings.PUBLIC_URL}/xa-vien/quyet-toan/{settlement.pk}/",
        )


def account_changed(
    cooperative: Cooperative, before: str, who: str, *, occasion: int, now: datetime.datetime
) -> None:
    """All who manage a cooperative hear that its account was changed and by whom: so is money stolen."""
    bank = bank_of(cooperative.bank_bin)
    with translation.override("vi"):
        _tell(
            cooperative,
            "account_changed",
            subject=_("%(cooperative)s: the bank account was changed") % {"cooperative": cooperative.name},
            occasion=str(occasion),
            right=Right.MANAGE,
            now=now,
            before=masked(before),
            bank=bank.short_name if bank else cooperative.bank_bin,
            account=masked(cooperative.bank_account),
            who=who,
            at=now,
            url=f"{settings.PUBLIC_URL}/xa-vien/tai-khoan-ngan-hang/",
        )


def account_proposed(
    cooperative: Cooperative,
    bank_bin: str,
    account: str,
    who: str,
    proposal: Approval,
    *,
    now: datetime.datetime,
) -> None:
    """All who manage a cooperative hear that another account was proposed and waits for one of them."""
    bank = bank_of(bank_bin)
    with translation.override("vi"):
        _tell(
            cooperative,
            "account_proposed",
            subject=_("%(cooperative)s: another bank account waits to be confirmed")
            % {"cooperative": cooperative.name},
            occasion=str(proposal.pk),
            right=Right.MANAGE,
            now=now,
            bank=bank.short_name if bank else bank_bin,
            account=masked(account),
            who=who,
            at=now,
            url=f"{settings.PUBLIC_URL}/xa-vien/tai-khoan-ngan-hang/",
        )


def masked(account: str) -> str:
    """An account by its last four signs: enough to know one's own, in a letter that anybody may read."""
    return f"••••{account[-4:]}" if account else ""


def _tell(
    cooperative: Cooperative,
    template: str,
    *,
    subject: str,
    occasion: str,
    right: Right,
    now: datetime.datetime,
    **context: Any,
) -> None:
    """A letter to the cooperative and to each member whose role has the right, once to each address."""
    roles = [role for role, rights in ROLE_RIGHTS.items() if right in rights]
    members = Membership.objects.filter(cooperative=cooperative, role__in=roles, is_active=True)
    mails = members.order_by("pk").values_list("user__email", flat=True)
    whole = {"cooperative": cooperative, "shop": shop_settings()} | context
    text = render_to_string(f"emails/{template}.txt", whole)
    readers = dict.fromkeys(mail for mail in (cooperative.email, *mails) if mail)
    for place, to in enumerate(readers):
        send(
            key=f"{template}:{occasion}:{place}",
            way=Way.EMAIL,
            to=to,
            subject=subject,
            text=text,
            now=now,
        )
