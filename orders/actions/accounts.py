"""Bank accounts that we pay to: a cooperative's, and where a due payment goes.

Whoever gets an account changed gets the money: every change is written down and told to all who manage the
cooperative, and what is due already stays with the account it was closed for until somebody decides.
"""

from __future__ import annotations

import datetime
import re
import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders import locks, money_notices
from orders.actions.payouts import AlreadyPaid
from orders.models import Payout, Settlement
from orders.payments.banks import bank_of
from orders.payments.vietqr import fold_note
from orders.states import PayoutState
from shop.core.actors import Actor
from shop.core.db import locked
from shop.core.errors import Missing, Refused
from shop.core.models import record_change

_ACCOUNT = re.compile("[0-9A-Za-z]{4,19}")
_HOLDER = 120


class NotAnAccount(Refused):
    code = "not_an_account"
    default_words = _("Write the bank, the account number and whose account it is.")


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where money goes. `bank_bin` is a bank's number at NAPAS."""

    bank_bin: str
    account: str
    holder: str

    @property
    def ending(self) -> str:
        """Its last four signs: enough for its owner to know it again."""
        return self.account[-4:]


def checked(to: BankAccount) -> BankAccount:
    """The account as banks write it, the holder without marks. Raises NotAnAccount."""
    account, holder = to.account.strip().upper(), fold_note(to.holder, longest=_HOLDER).upper()
    if bank_of(to.bank_bin) is None or not _ACCOUNT.fullmatch(account) or not holder:
        raise NotAnAccount(field="account")
    return BankAccount(to.bank_bin, account, holder)


@transaction.atomic(durable=True)
def change_account(
    *, cooperative_id: int, to: BankAccount, actor: Actor, now: datetime.datetime
) -> Cooperative:
    """Name the account that a cooperative is paid to; what waited for one goes there, too.

    The same account again changes nothing. Raises Missing, NotAnAccount.
    """
    to = checked(to)
    # Whoever closes a period copies the account under its lock: it has the old one, or the new one.
    locked(Settlement.objects.open().filter(cooperative=cooperative_id))
    cooperative = Cooperative.objects.filter(pk=cooperative_id).first()
    if cooperative is None:
        raise Missing()
    was = account_of(cooperative)
    if was == to:
        return cooperative
    cooperative.bank_bin, cooperative.bank_account, cooperative.bank_holder = (
        to.bank_bin,
        to.account,
        to.holder,
    )
    cooperative.save(update_fields=["bank_bin", "bank_account", "bank_holder", "updated_at"])
    data = {"from": _told(was), "to": _told(to)}
    change = record_change(
        "cooperative.account_changed",
        cooperative,
        actor=actor,
        now=now,
        cooperative_id=cooperative_id,
        data=data,
    )
    waiting = Payout.objects.due().filter(settlement__cooperative=cooperative_id, bank_account="")
    for payout_id in waiting.values_list("pk", flat=True):
        _readdress(locks.lock_payout(payout_id), to, actor=actor, now=now)
    money_notices.account_changed(cooperative, was.account, actor.name, occasion=change.pk, now=now)
    return cooperative


@transaction.atomic(durable=True)
def name_account(*, payout_id: uuid.UUID, to: BankAccount, actor: Actor, now: datetime.datetime) -> Payout:
    """Say where a due payment goes. Raises AlreadyPaid, Missing, NotAnAccount."""
    to = checked(to)
    payout = locks.lock_payout(payout_id)
    if payout.state != PayoutState.DUE:
        raise AlreadyPaid()
    _readdress(payout, to, actor=actor, now=now)
    return payout


@transaction.atomic(durable=True)
def follow_account(*, payout_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> Payout:
    """Pay a settlement to the account that its cooperative names now.

    Raises AlreadyPaid, Missing, NotAnAccount.
    """
    payout = locks.lock_payout(payout_id)
    if payout.settlement is None:
        raise Missing()
    if payout.state != PayoutState.DUE:
        raise AlreadyPaid()
    _readdress(payout, checked(account_of(payout.settlement.cooperative)), actor=actor, now=now)
    return payout


def account_of(cooperative: Cooperative) -> BankAccount:
    """What it names now; empty where it has named none."""
    return BankAccount(cooperative.bank_bin, cooperative.bank_account, cooperative.bank_holder)


def _readdress(payout: Payout, to: BankAccount, *, actor: Actor, now: datetime.datetime) -> None:
    was = BankAccount(payout.bank_bin, payout.bank_account, payout.bank_holder)
    if was == to:
        return
    payout.bank_bin, payout.bank_account, payout.bank_holder = to.bank_bin, to.account, to.holder
    payout.save(update_fields=["bank_bin", "bank_account", "bank_holder"])
    settlement = payout.settlement
    record_change(
        "payout.readdressed",
        payout,
        actor=actor,
        now=now,
        root=settlement,
        cooperative_id=settlement.cooperative_id if settlement else None,
        data={"from": _told(was), "to": _told(to)},
    )


def _told(account: BankAccount) -> str:
    return " ".join(filter(None, (account.bank_bin, account.account, account.holder)))
