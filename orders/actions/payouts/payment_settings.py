"""Payment settings of the market: the account that buyers transfer to, and the deadlines."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _

from orders.actions.payouts.bank_accounts import BankAccount, require_valid_bank_account
from orders.actions.payouts.proposals import create_proposal
from orders.models import Approval, ApprovalKind
from shop.core.actors import Actor
from shop.core.database.metadata import set_tracked_columns
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.models import Channel, ShopSettings, record_change
from shop.notifications.models import ContactMethod
from shop.notifications.send import queue_notification


@transaction.atomic(durable=True)
def change_market_account(
    *, account: BankAccount | None, actor: Actor, now: datetime.datetime
) -> Approval | None:
    """Set the account that buyers transfer to. None switches bank transfers off.

    The platform is notified, because the account receives the buyers' money. Orders that await a transfer
    show the new account at once. If a second person is required, a proposal is created and returned. An
    unchanged account changes nothing. Raises InvalidBankAccount, PersonRequired, ProposalPending.
    """
    shop = lock_shop_settings()
    new_account = BankAccount("", "", "") if account is None else require_valid_bank_account(account)
    if new_account.stored_values == market_account_values(shop):
        return None
    if shop.needs_second_person_for_account_changes:
        basis = market_account_values(shop)
        return create_proposal(
            ApprovalKind.MARKET_ACCOUNT,
            proposed_values=new_account.stored_values,
            basis=basis,
            actor=actor,
            now=now,
        )
    apply_market_account(shop, new_account.stored_values, actor=actor, now=now)
    return None


def market_account_values(shop: ShopSettings) -> Mapping[str, object]:
    """Return the market's current account in the form that proposals store."""
    return BankAccount(shop.bank_bin, shop.bank_account, shop.bank_holder).stored_values


def apply_market_account(
    shop: ShopSettings, proposed_values: Mapping[str, str], *, actor: Actor, now: datetime.datetime
) -> None:
    """On the locked settings: change the account that buyers transfer to."""
    previous, new_account = (
        BankAccount(shop.bank_bin, shop.bank_account, shop.bank_holder),
        BankAccount.from_stored(proposed_values),
    )
    shop.bank_bin, shop.bank_account, shop.bank_holder = (
        new_account.bank_bin,
        new_account.number,
        new_account.holder,
    )
    shop.save(update_fields=["bank_bin", "bank_account", "bank_holder"])
    data = {"from": previous.description, "to": new_account.description}
    change = record_change("market.account_changed", shop, actor=actor, now=now, data=data)
    if shop.operator_email:
        _notify_operator(shop, actor, data, occasion=str(change.pk), now=now)


@transaction.atomic(durable=True)
def change_market_deadlines(
    *,
    payment_deadline_minutes: Mapping[int, int],
    complaint_days: int,
    answer_complaints_days: int,
    payout_weekday: int | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """Set the time to pay by transfer for each channel, the days to file and answer complaints, and payouts.

    Orders and complaints that are already open keep their deadlines.
    """
    shop = lock_shop_settings()
    times = {
        "complaint_days": complaint_days,
        "answer_complaints_days": answer_complaints_days,
        "payout_weekday": payout_weekday,
    }
    changes = set_tracked_columns(shop, times)
    if changes["fields"]:
        shop.save(update_fields=list(times))
        record_change("market.deadlines_changed", shop, actor=actor, now=now, data=changes)
    for channel in lock_rows(Channel.objects.filter(pk__in=list(payment_deadline_minutes))):
        minutes = payment_deadline_minutes[channel.pk]
        changes = set_tracked_columns(channel, {"payment_deadline_minutes": minutes})
        if changes["fields"]:
            channel.save(update_fields=["payment_deadline_minutes"])
            record_change("market.deadlines_changed", channel, actor=actor, now=now, data=changes)


def lock_shop_settings() -> ShopSettings:
    """In a transaction: lock and return the market's settings."""
    ShopSettings.objects.get_or_create(pk=1)
    shop = lock_row(ShopSettings.objects.filter(pk=1))
    assert shop is not None
    return shop


def _notify_operator(
    shop: ShopSettings, actor: Actor, data: Mapping[str, str], *, occasion: str, now: datetime.datetime
) -> None:
    with translation.override("vi"):
        context = {"shop": shop, "site": settings.PUBLIC_URL, "who": actor.name, **data, "was": data["from"]}
        queue_notification(
            key=f"market-account:{occasion}",
            contact_method=ContactMethod.EMAIL,
            recipient=shop.operator_email,
            subject=_("The market's bank account was changed"),
            text=render_to_string("emails/market_account.txt", context),
            now=now,
        )
