"""Issue, change, switch, send and delete gift cards."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from orders.actions.gift_cards.edit_gift_card import (
    GiftCardEdit,
    add_gift_card_note,
    adjust_gift_card_balance,
    assign_gift_card,
    edit_gift_card,
    unassign_gift_card,
)
from orders.actions.gift_cards.issue_gift_cards import GiftCardTerms, issue_gift_card, issue_gift_cards
from orders.actions.gift_cards.send_gift_card import GiftCardExpired, resend_gift_card
from orders.actions.gift_cards.switch_gift_cards import (
    activate_gift_cards,
    deactivate_gift_cards,
    delete_gift_cards,
)
from orders.models import GiftCard
from shop.accounts.models import User
from shop.api.account.clients import require_valid_email
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.gift_cards.inputs import (
    GiftCardActivateArguments,
    GiftCardAddNoteArguments,
    GiftCardAssignUserArguments,
    GiftCardBalanceAdjustArguments,
    GiftCardBulkActivateArguments,
    GiftCardBulkCreateArguments,
    GiftCardBulkDeactivateArguments,
    GiftCardCreateArguments,
    GiftCardDeactivateArguments,
    GiftCardDeleteArguments,
    GiftCardResendArguments,
    GiftCardUnassignUserArguments,
    GiftCardUpdateArguments,
    PriceInput,
)
from shop.api.gift_cards.types import (
    GIFT_CARD_PERMISSIONS,
    gift_card_event_object,
    gift_card_object,
)
from shop.api.ids import input_key, input_keys
from shop.api.metadata import metadata_from_input
from shop.api.money import parse_minor_units
from shop.api.root_fields import REFUSALS, Mutations
from shop.core.errors import Missing, Refused

mutation = Mutations(
    codes={
        "gift_card_already_used": "CANNOT_ASSIGN",
        "gift_card_code_taken": "ALREADY_EXISTS",
        "gift_card_expired": "EXPIRED_GIFT_CARD",
        "gift_card_has_no_receiver": "REQUIRED",
        "gift_card_note_required": "REQUIRED",
        "gift_card_tags_contradict": "DUPLICATED_INPUT_ITEM",
    }
)


@mutation.field(permissions=GIFT_CARD_PERMISSIONS, needs_recent_sign_in=True)
def gift_card_create(
    arguments: GiftCardCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    recipient = input_data.get("userEmail") or ""
    if recipient:
        recipient = require_valid_email(recipient, field="email")
        if not input_data.get("channel"):
            raise InputError("REQUIRED", _("Name the channel that the email comes from."), field="channel")
    balance, currency = _read_balance(input_data["balance"])
    card = issue_gift_card(
        terms=GiftCardTerms(
            balance=balance,
            currency=currency,
            is_active=input_data["isActive"],
            expiry_date=input_data.get("expiryDate"),
            tags=input_data.get("addTags") or (),
            metadata=metadata_from_input(input_data.get("metadata")),
            private_metadata=metadata_from_input(input_data.get("privateMetadata"), field="privateMetadata"),
        ),
        code=input_data.get("code") or "",
        assigned_to=_find_user(input_data.get("assignedTo"), "assignedTo"),
        note=input_data.get("note") or "",
        recipient_email=recipient,
        **context.actor_and_time,
    )
    return _card_payload(card, context, selection)


@mutation.field(
    permissions=GIFT_CARD_PERMISSIONS, needs_recent_sign_in=True, refused={"count": 0, "giftCards": []}
)
def gift_card_bulk_create(
    arguments: GiftCardBulkCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    balance, currency = _read_balance(input_data["balance"])
    terms = GiftCardTerms(
        balance=balance,
        currency=currency,
        is_active=input_data["isActive"],
        expiry_date=input_data.get("expiryDate"),
        tags=input_data.get("tags") or (),
    )
    cards = issue_gift_cards(terms=terms, count=input_data["count"], **context.actor_and_time)
    keys = [card.pk for card in cards]
    rows_by_key = gift_card_object.by_key(context, keys, selection.names("giftCards"))
    return {"count": len(cards), "giftCards": [rows_by_key[key] for key in keys]}


@mutation.field(permissions=GIFT_CARD_PERMISSIONS, needs_recent_sign_in=True)
def gift_card_update(
    arguments: GiftCardUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    key = input_key(arguments["id"], "GiftCard", field="id")
    amount, balance = input_data.get("balanceAmount"), None
    if amount is not None:
        currency = _find_card(key).currency
        balance = parse_minor_units(amount, currency, field="balanceAmount")
    card = edit_gift_card(
        gift_card_id=key,
        edit=GiftCardEdit(
            balance=balance,
            expiry_date=input_data.get("expiryDate"),
            should_never_expire="expiryDate" in input_data and input_data["expiryDate"] is None,
            add_tags=input_data.get("addTags") or (),
            remove_tags=input_data.get("removeTags") or (),
            metadata=metadata_from_input(input_data.get("metadata")),
            private_metadata=metadata_from_input(input_data.get("privateMetadata"), field="privateMetadata"),
        ),
        **context.actor_and_time,
    )
    return _card_payload(card, context, selection)


@mutation.field(permissions=GIFT_CARD_PERMISSIONS, needs_recent_sign_in=True)
def gift_card_balance_adjust(
    arguments: GiftCardBalanceAdjustArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["id"], "GiftCard", field="id")
    sign = -1 if arguments["amount"] < 0 else 1
    amount = parse_minor_units(abs(arguments["amount"]), _find_card(key).currency, field="amount")
    card = adjust_gift_card_balance(gift_card_id=key, amount=sign * amount, **context.actor_and_time)
    return _card_payload(card, context, selection)


@mutation.field(permissions=GIFT_CARD_PERMISSIONS, needs_recent_sign_in=True)
def gift_card_assign_user(
    arguments: GiftCardAssignUserArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["id"], "GiftCard", field="id")
    user = _find_user(arguments["userId"], "userId")
    assert user is not None
    card = assign_gift_card(gift_card_id=key, user=user, **context.actor_and_time)
    return _card_payload(card, context, selection)


@mutation.field(permissions=GIFT_CARD_PERMISSIONS, needs_recent_sign_in=True)
def gift_card_unassign_user(
    arguments: GiftCardUnassignUserArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["id"], "GiftCard", field="id")
    return _card_payload(unassign_gift_card(gift_card_id=key, **context.actor_and_time), context, selection)


@mutation.field(permissions=GIFT_CARD_PERMISSIONS, needs_recent_sign_in=True)
def gift_card_activate(
    arguments: GiftCardActivateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["id"], "GiftCard", field="id")
    (card,) = activate_gift_cards(gift_card_ids=[key], **context.actor_and_time)
    return _card_payload(card, context, selection)


@mutation.field(permissions=GIFT_CARD_PERMISSIONS, needs_recent_sign_in=True)
def gift_card_deactivate(
    arguments: GiftCardDeactivateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["id"], "GiftCard", field="id")
    (card,) = deactivate_gift_cards(gift_card_ids=[key], **context.actor_and_time)
    return _card_payload(card, context, selection)


@mutation.field(permissions=GIFT_CARD_PERMISSIONS, needs_recent_sign_in=True)
def gift_card_delete(
    arguments: GiftCardDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Delete a card, and return it as it was."""
    key = input_key(arguments["id"], "GiftCard", field="id")
    deleted = gift_card_object.by_key(context, [key], selection.names("giftCard")).get(key)
    delete_gift_cards(gift_card_ids=[key], **context.actor_and_time)
    return {"giftCard": deleted}


@mutation.field(permissions=GIFT_CARD_PERMISSIONS, needs_recent_sign_in=True)
def gift_card_resend(
    arguments: GiftCardResendArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    email = input_data.get("email") or ""
    if email:
        email = require_valid_email(email)
    card = resend_gift_card(
        gift_card_id=input_key(input_data["id"], "GiftCard", field="id"),
        recipient_email=email,
        **context.actor_and_time,
    )
    return _card_payload(card, context, selection)


@mutation.field(permissions=GIFT_CARD_PERMISSIONS)
def gift_card_add_note(
    arguments: GiftCardAddNoteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = input_key(arguments["id"], "GiftCard", field="id")
    change = add_gift_card_note(
        gift_card_id=key, note=arguments["input"]["message"], **context.actor_and_time
    )
    event = gift_card_event_object.by_key(context, [change.pk], selection.names("event")).get(change.pk)
    return _card_payload(_find_card(key), context, selection) | {"event": event}


mutation.add_bulk_deletion(
    "giftCardBulkDelete", gift_card_delete, permissions=GIFT_CARD_PERMISSIONS, needs_recent_sign_in=True
)


@mutation.field(permissions=GIFT_CARD_PERMISSIONS, needs_recent_sign_in=True, refused={"count": 0})
def gift_card_bulk_activate(
    arguments: GiftCardBulkActivateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Activate the cards that have not expired. The refusal names the others."""
    keys = input_keys(arguments["ids"], "GiftCard", field="ids")
    refusals: list[Refused] = []
    try:
        cards = activate_gift_cards(gift_card_ids=keys, **context.actor_and_time)
    except GiftCardExpired as refused:
        valid_keys = [key for key in keys if key not in refused.details["gift_cards"]]
        cards = activate_gift_cards(gift_card_ids=valid_keys, **context.actor_and_time)
        refusals.append(refused)
    return {"count": len(cards), REFUSALS: refusals}


@mutation.field(permissions=GIFT_CARD_PERMISSIONS, needs_recent_sign_in=True, refused={"count": 0})
def gift_card_bulk_deactivate(
    arguments: GiftCardBulkDeactivateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    keys = input_keys(arguments["ids"], "GiftCard", field="ids")
    return {"count": len(deactivate_gift_cards(gift_card_ids=keys, **context.actor_and_time))}


def _card_payload(card: GiftCard, context: Context, selection: Selection) -> dict[str, object]:
    rows_by_key = gift_card_object.by_key(context, [card.pk], selection.names("giftCard"))
    return {"giftCard": rows_by_key.get(card.pk)}


def _read_balance(price: PriceInput) -> tuple[int, str]:
    """Return the amount in minor units, and the currency."""
    currency = price["currency"]
    return parse_minor_units(price["amount"], currency, field="balance"), currency


def _find_card(key: int) -> GiftCard:
    """Return a card without a lock. Raises Missing."""
    card = GiftCard.objects.filter(pk=key).first()
    if card is None:
        raise Missing(field="id")
    return card


def _find_user(global_user_id: str | None, field: str) -> User | None:
    """Return the active user of an id, or None without an id. Raises Missing."""
    if not global_user_id:
        return None
    key = input_key(global_user_id, "User", field=field)
    user = User.objects.filter(pk=key, is_active=True, erased_at=None).first()
    if user is None:
        raise Missing(field=field)
    return user


TYPES = (mutation,)
