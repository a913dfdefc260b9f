"""Bank accounts that money is paid to: those of cooperatives and those of payouts.

A changed account diverts money. Every change is therefore recorded and announced to all managers of the
cooperative. Payouts that are already due keep their account until staff redirect them. A refund to an account
that did not pay the order waits one day, and the buyer is notified.
"""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative
from orders import locks, money_notifications
from orders.actions.payouts.complete_payouts import PayoutAlreadyPaid
from orders.actions.payouts.proposals import create_proposal
from orders.models import Approval, ApprovalKind, BankTransfer, Order, Payout, Settlement
from orders.notifications import refunds as refund_notifications
from orders.payments.banks import find_bank
from orders.payments.vietqr import fold_note
from orders.states import PayoutState
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.errors import Missing, Refused
from shop.core.models import Change, record_change, shop_settings

_NUMBER = re.compile("[0-9A-Za-z]{4,19}")
_HOLDER_LENGTH = 120
# Gives the buyer time to object before a stranger's account receives the refund.
_HOLD_PERIOD = datetime.timedelta(days=1)


class InvalidBankAccount(Refused):
    code = "invalid_bank_account"
    default_message = _("Enter the bank, the account number and the account holder.")


@dataclass(frozen=True, slots=True)
class BankAccount:
    """A bank account. `bank_bin` is the bank's number at NAPAS."""

    bank_bin: str
    number: str
    holder: str

    @classmethod
    def from_stored(cls, values: Mapping[str, str]) -> BankAccount:
        """Build the account of a proposal's stored values."""
        return cls(values["bank_bin"], values["account"], values["holder"])

    @property
    def stored_values(self) -> dict[str, str]:
        """The account as proposals store it."""
        return {"bank_bin": self.bank_bin, "account": self.number, "holder": self.holder}

    @property
    def description(self) -> str:
        """Bank, number and holder in one text for the change log, without what is empty."""
        return " ".join(filter(None, (self.bank_bin, self.number, self.holder)))

    @property
    def ending(self) -> str:
        """The last four characters, enough for the owner to recognise the account."""
        return self.number[-4:]

    def is_same_as(self, other: BankAccount) -> bool:
        """Compare only bank and number, because the names of holders are spelled in many ways."""
        return (self.bank_bin, self.number.upper()) == (other.bank_bin, other.number.upper())


def require_valid_bank_account(submitted: BankAccount) -> BankAccount:
    """Return the account in the banks' spelling, the holder without diacritics. Raises InvalidBankAccount."""
    number, holder = (
        submitted.number.strip().upper(),
        fold_note(submitted.holder, max_length=_HOLDER_LENGTH).upper(),
    )
    if find_bank(submitted.bank_bin) is None or not _NUMBER.fullmatch(number) or not holder:
        raise InvalidBankAccount(field="account")
    return BankAccount(submitted.bank_bin, number, holder)


@transaction.atomic(durable=True)
def change_cooperative_account(
    *, cooperative_id: int, account: BankAccount, actor: Actor, now: datetime.datetime
) -> Approval | None:
    """Set the account a cooperative is paid to, and use it for due payouts that have no account yet.

    If a second person is required, creates a proposal and returns it. All managers of the cooperative are
    notified. An unchanged account does nothing. Raises Missing, InvalidBankAccount, PersonRequired,
    ProposalPending.
    """
    account = require_valid_bank_account(account)
    cooperative = lock_cooperative_account(cooperative_id)
    if account_of_cooperative(cooperative) == account:
        return None
    if not shop_settings().needs_second_person_for_account_changes:
        _change_account(cooperative, account, actor=actor, now=now)
        return None
    proposal = create_proposal(
        ApprovalKind.COOPERATIVE_ACCOUNT,
        proposed_values=account.stored_values,
        basis=account_of_cooperative(cooperative).stored_values,
        cooperative=cooperative,
        actor=actor,
        now=now,
    )
    money_notifications.notify_account_proposal(
        cooperative, account.bank_bin, account.number, actor.name, proposal, now=now
    )
    return proposal


def lock_cooperative_account(cooperative_id: int) -> Cooperative:
    """In a transaction: lock the cooperative and its open settlements, so that its account cannot change.

    Raises Missing.
    """
    # Closing a settlement copies the account under the settlement's lock, so it sees the old or the new one.
    lock_rows(Settlement.objects.open().filter(cooperative=cooperative_id))
    cooperative = lock_row(Cooperative.objects.filter(pk=cooperative_id))
    if cooperative is None:
        raise Missing()
    return cooperative


def read_cooperative_account_values(cooperative_id: int) -> Mapping[str, object]:
    """Return the cooperative's current account in the form that proposals store."""
    return account_of_cooperative(Cooperative.objects.get(pk=cooperative_id)).stored_values


def apply_cooperative_account(
    cooperative_id: int, proposed_values: Mapping[str, str], *, actor: Actor, now: datetime.datetime
) -> None:
    """After `lock_cooperative_account`: apply a confirmed account change. Raises Missing."""
    _change_account(
        lock_cooperative_account(cooperative_id),
        BankAccount.from_stored(proposed_values),
        actor=actor,
        now=now,
    )


def _change_account(
    cooperative: Cooperative, account: BankAccount, *, actor: Actor, now: datetime.datetime
) -> None:
    previous = account_of_cooperative(cooperative)
    cooperative.bank_bin, cooperative.bank_account, cooperative.bank_holder = (
        account.bank_bin,
        account.number,
        account.holder,
    )
    cooperative.save(update_fields=["bank_bin", "bank_account", "bank_holder", "updated_at"])
    data = {"from": previous.description, "to": account.description}
    change = record_change(
        "cooperative.account_changed",
        cooperative,
        actor=actor,
        now=now,
        cooperative_id=cooperative.pk,
        data=data,
    )
    waiting_payouts = Payout.objects.due().filter(settlement__cooperative=cooperative, bank_account="")
    for payout_id in waiting_payouts.values_list("pk", flat=True):
        _change_payout_account(locks.lock_payout(payout_id), account, actor=actor, now=now)
    money_notifications.notify_account_change(
        cooperative, previous.number, actor.name, occasion=change.pk, now=now
    )


@transaction.atomic(durable=True)
def set_payout_account(
    *, payout_id: uuid.UUID, account: BankAccount, actor: Actor, now: datetime.datetime
) -> Payout:
    """Set the account of a due payout. The buyer of a refund is notified.

    Raises PayoutAlreadyPaid, Missing, InvalidBankAccount.
    """
    account = require_valid_bank_account(account)
    payout = locks.lock_payout(payout_id)
    if payout.state != PayoutState.DUE:
        raise PayoutAlreadyPaid()
    change = _change_payout_account(payout, account, actor=actor, now=now)
    if payout.refund is not None and change is not None:
        notify_buyer_of_refund_account(
            payout.refund.order, [payout], account, occasion=str(change.pk), now=now
        )
    return payout


@transaction.atomic(durable=True)
def use_current_cooperative_account(*, payout_id: uuid.UUID, actor: Actor, now: datetime.datetime) -> Payout:
    """Redirect a settlement's payout to the cooperative's current account.

    Raises PayoutAlreadyPaid, Missing, InvalidBankAccount.
    """
    payout = locks.lock_payout(payout_id)
    if payout.settlement is None:
        raise Missing()
    if payout.state != PayoutState.DUE:
        raise PayoutAlreadyPaid()
    _change_payout_account(
        payout,
        require_valid_bank_account(account_of_cooperative(payout.settlement.cooperative)),
        actor=actor,
        now=now,
    )
    return payout


def account_of_cooperative(cooperative: Cooperative) -> BankAccount:
    """Return the cooperative's current account. Its fields are empty if none is set."""
    return BankAccount(cooperative.bank_bin, cooperative.bank_account, cooperative.bank_holder)


def find_last_payer_account(order: Order) -> BankAccount | None:
    """Return the account of the order's last bank transfer, if the bank reported it. Only a suggestion."""
    paid = BankTransfer.objects.filter(shares__payment__order=order).exclude(payer_account="")
    last = paid.order_by("-booked_at", "-pk").first()
    if last is None:
        return None
    return BankAccount(last.payer_bin, last.payer_account, last.payer_holder)


def redirect_refund_payout(
    payout: Payout, account: BankAccount, paid_from: BankAccount | None, *, now: datetime.datetime
) -> None:
    """On a locked and due refund payout: redirect it to this account.

    If the account is not the one that paid the order, the payout waits one day. Setting the same account
    again does not change the waiting time.
    """
    if not account.is_same_as(BankAccount(payout.bank_bin, payout.bank_account, payout.bank_holder)):
        is_known = paid_from is not None and account.is_same_as(paid_from)
        payout.payable_from = None if is_known else now + _HOLD_PERIOD
    payout.bank_bin, payout.bank_account, payout.bank_holder = (
        account.bank_bin,
        account.number,
        account.holder,
    )
    payout.save(update_fields=["bank_bin", "bank_account", "bank_holder", "payable_from"])


def notify_buyer_of_refund_account(
    order: Order, payouts: Sequence[Payout], account: BankAccount, *, occasion: str, now: datetime.datetime
) -> None:
    """In a transaction: tell the buyer on every known channel where the refund goes, and from when on."""
    held_until = [payout.payable_from for payout in payouts if payout.payable_from is not None]
    refund_notifications.notify_refund_account(
        order,
        account.ending,
        sum(payout.amount for payout in payouts),
        payable_from=max(held_until, default=None),
        occasion=occasion,
        now=now,
    )


def _change_payout_account(
    payout: Payout, account: BankAccount, *, actor: Actor, now: datetime.datetime
) -> Change | None:
    previous = BankAccount(payout.bank_bin, payout.bank_account, payout.bank_holder)
    if previous == account:
        return None
    if payout.refund is not None:
        redirect_refund_payout(payout, account, find_last_payer_account(payout.refund.order), now=now)
    else:
        payout.bank_bin, payout.bank_account, payout.bank_holder = (
            account.bank_bin,
            account.number,
            account.holder,
        )
        payout.save(update_fields=["bank_bin", "bank_account", "bank_holder"])
    settlement = payout.settlement
    return record_change(
        "payout.account_changed",
        payout,
        actor=actor,
        now=now,
        root=settlement,
        cooperative_id=settlement.cooperative_id if settlement else None,
        data={"from": previous.description, "to": account.description},
    )
