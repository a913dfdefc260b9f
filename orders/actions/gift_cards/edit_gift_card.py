"""Change a gift card's balance, expiry date and tags, add notes to it, and choose who may use it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from orders import locks
from orders.actions.gift_cards.gift_card_changes import balance_data, record_gift_card_change
from orders.actions.gift_cards.gift_card_tags import (
    add_gift_card_tags,
    find_gift_card_tags,
    normalised_tags,
    remove_gift_card_tags,
)
from orders.actions.gift_cards.issue_gift_cards import (
    MAX_GIFT_CARD_BALANCE,
    InvalidGiftCardBalance,
    require_future_expiry,
)
from orders.models import GiftCard, GiftCardTag
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.models import Change


class GiftCardTagsContradict(Refused):
    code = "gift_card_tags_contradict"
    default_message = _("The same tag cannot be added and removed.")


class EmptyGiftCardAdjustment(Refused):
    code = "empty_gift_card_adjustment"
    default_message = _("Enter an amount other than 0.")


class GiftCardAlreadyUsed(Refused):
    code = "gift_card_already_used"
    default_message = _("This gift card has already been used, so it cannot be assigned to a person.")


class GiftCardNoteRequired(Refused):
    code = "gift_card_note_required"
    default_message = _("Write the note first.")


@dataclass(frozen=True, slots=True)
class GiftCardEdit:
    """New values of a card. None leaves a value, and `should_never_expire` lets the card never expire."""

    balance: int | None = None
    expiry_date: datetime.date | None = None
    should_never_expire: bool = False
    add_tags: Sequence[str] = ()
    remove_tags: Sequence[str] = ()
    metadata: Mapping[str, str] | None = None
    private_metadata: Mapping[str, str] | None = None


@transaction.atomic(durable=True)
def edit_gift_card(
    *, gift_card_id: int, edit: GiftCardEdit, actor: Actor, now: datetime.datetime
) -> GiftCard:
    """Change a card. A new balance becomes its initial balance too.

    Raises Missing, InvalidGiftCardBalance, GiftCardExpiresTooEarly, GiftCardTagsContradict.
    """
    card = locks.lock_gift_card(gift_card_id)
    contradicting_tags = normalised_tags(edit.add_tags) & normalised_tags(edit.remove_tags)
    if contradicting_tags:
        raise GiftCardTagsContradict(field="tags", tags=sorted(contradicting_tags))
    if edit.balance is not None and not 0 <= edit.balance <= MAX_GIFT_CARD_BALANCE:
        raise InvalidGiftCardBalance(field="balanceAmount")
    if edit.expiry_date != card.expiry_date:
        require_future_expiry(edit.expiry_date, now)
    _add_metadata(card, edit)
    if edit.balance is not None:
        _set_balance(card, edit.balance, edit.balance, "gift_card.balance_reset", actor=actor, now=now)
    if edit.should_never_expire or edit.expiry_date is not None:
        _set_expiry_date(card, edit.expiry_date, actor=actor, now=now)
    if edit.add_tags or edit.remove_tags:
        _set_tags(card, edit, actor=actor, now=now)
    return card


@transaction.atomic(durable=True)
def adjust_gift_card_balance(
    *, gift_card_id: int, amount: int, actor: Actor, now: datetime.datetime
) -> GiftCard:
    """Add a signed amount in minor units to a card's balance, which never falls below 0.

    More than the initial balance raises that too. Raises Missing, EmptyGiftCardAdjustment,
    InvalidGiftCardBalance.
    """
    if amount == 0:
        raise EmptyGiftCardAdjustment(field="amount")
    card = locks.lock_gift_card(gift_card_id)
    balance = max(0, card.current_balance + amount)
    if balance > MAX_GIFT_CARD_BALANCE:
        raise InvalidGiftCardBalance(field="amount")
    initial_balance = max(card.initial_balance, balance)
    _set_balance(card, initial_balance, balance, "gift_card.balance_adjusted", actor=actor, now=now)
    return card


@transaction.atomic(durable=True)
def assign_gift_card(*, gift_card_id: int, user: User, actor: Actor, now: datetime.datetime) -> GiftCard:
    """Let only this person pay with a card that nobody has used. Raises Missing, GiftCardAlreadyUsed."""
    card = locks.lock_gift_card(gift_card_id)
    if card.last_used_at is not None:
        raise GiftCardAlreadyUsed(field="id")
    _set_holder(card, user, "gift_card.assigned", actor=actor, now=now)
    return card


@transaction.atomic(durable=True)
def unassign_gift_card(*, gift_card_id: int, actor: Actor, now: datetime.datetime) -> GiftCard:
    """Let everybody who knows the code pay with a card. Raises Missing."""
    card = locks.lock_gift_card(gift_card_id)
    if card.assigned_to_id is not None:
        _set_holder(card, None, "gift_card.unassigned", actor=actor, now=now)
    return card


@transaction.atomic(durable=True)
def add_gift_card_note(*, gift_card_id: int, note: str, actor: Actor, now: datetime.datetime) -> Change:
    """Add a note to a card's history. Raises Missing, GiftCardNoteRequired."""
    if not note.strip():
        raise GiftCardNoteRequired(field="message")
    card = locks.lock_gift_card(gift_card_id)
    return record_gift_card_change("gift_card.note_added", card, reason=note.strip(), actor=actor, now=now)


def _add_metadata(card: GiftCard, edit: GiftCardEdit) -> None:
    card.metadata |= edit.metadata or {}
    card.private_metadata |= edit.private_metadata or {}
    if edit.metadata or edit.private_metadata:
        card.save(update_fields=["metadata", "private_metadata"])


def _set_balance(
    card: GiftCard,
    initial_balance: int,
    current_balance: int,
    action: str,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    before = (card.initial_balance, card.current_balance)
    card.initial_balance, card.current_balance = initial_balance, current_balance
    card.save(update_fields=["initial_balance", "current_balance"])
    record_gift_card_change(action, card, data=balance_data(card, before), actor=actor, now=now)


def _set_expiry_date(
    card: GiftCard, expiry_date: datetime.date | None, *, actor: Actor, now: datetime.datetime
) -> None:
    if expiry_date == card.expiry_date:
        return
    dates = [day.isoformat() if day else None for day in (card.expiry_date, expiry_date)]
    card.expiry_date = expiry_date
    card.save(update_fields=["expiry_date"])
    data = {"changed": {"expiry_date": dates}}
    record_gift_card_change("gift_card.expiry_changed", card, data=data, actor=actor, now=now)


def _set_tags(card: GiftCard, edit: GiftCardEdit, *, actor: Actor, now: datetime.datetime) -> None:
    before = find_gift_card_tags(card)
    add_gift_card_tags([card], edit.add_tags)
    remove_gift_card_tags(card, edit.remove_tags)
    GiftCardTag.objects.filter(gift_cards=None, name__in=before).delete()
    data = {"changed": {"tags": [before, find_gift_card_tags(card)]}}
    record_gift_card_change("gift_card.tags_changed", card, data=data, actor=actor, now=now)


def _set_holder(
    card: GiftCard, user: User | None, action: str, *, actor: Actor, now: datetime.datetime
) -> None:
    data = {"assigned_to": [card.assigned_to_id, user.pk if user else None]}
    card.assigned_to = user
    card.save(update_fields=["assigned_to"])
    record_gift_card_change(action, card, data=data, actor=actor, now=now)
