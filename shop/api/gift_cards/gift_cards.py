"""Fields of gift cards and their tags."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.db.models import F
from django.db.models.functions import Coalesce

from orders.models import GiftCard, GiftCardTag
from shop.accounts.models import App, User
from shop.accounts.staff.permissions import Permission
from shop.api.account.types import user_object
from shop.api.apps.types import app_object
from shop.api.breadth import Selection
from shop.api.connections import SortKey, connect_for_parents
from shop.api.context import Context
from shop.api.errors import PermissionDenied
from shop.api.field_permissions import permission_name
from shop.api.gift_cards.inputs import UserGiftCardsArguments
from shop.api.gift_cards.types import GIFT_CARD_PERMISSIONS, gift_card_object, gift_card_tag_object
from shop.api.metadata import add_metadata_fields
from shop.api.money import MoneyAmount
from shop.api.object_types import Row
from shop.core.dates.calendar import start_of_day

gift_card_object.id()
gift_card_object.columns(
    created="created_at",
    lastUsedOn="last_used_at",
    expiryDate="expiry_date",
    isActive="is_active",
)
gift_card_object.unsupported("product", "boughtInChannel", "startDate")
add_metadata_fields(gift_card_object, GiftCard, permissions=GIFT_CARD_PERMISSIONS)

gift_card_tag_object.id()
gift_card_tag_object.columns(name="name")


@gift_card_object.field(needs="code")
def display_code(cards: list[Row], *_: object) -> list[str]:
    return [card.code[-4:] for card in cards]


@gift_card_object.field("last4CodeChars", needs="code")
def last4_code_chars(cards: list[Row], *_: object) -> list[str]:
    return [card.code[-4:] for card in cards]


@gift_card_object.field("code", needs=("code", "used_by_id", "assigned_to_id"))
def code_of_gift_cards(cards: list[Row], arguments: object, context: Context, *_: object) -> Sequence[object]:
    """Resolve the code, which is money: staff need a recent sign-in to read the codes of others."""
    user_id = context.user.pk if context.user is not None else None
    foreign = [
        card for card in cards if user_id is None or user_id not in (card.used_by_id, card.assigned_to_id)
    ]
    may_read_all = context.may(*GIFT_CARD_PERMISSIONS)
    if foreign and may_read_all:
        context.require_recent_sign_in()
    denied = PermissionDenied(["OWNER", permission_name(Permission.MANAGE_GIFT_CARD)])
    return [card.code if may_read_all or card not in foreign else denied for card in cards]


@gift_card_object.field(needs=("initial_balance", "currency"))
def initial_balance(cards: list[Row], *_: object) -> list[MoneyAmount]:
    return [MoneyAmount(card.initial_balance, card.currency) for card in cards]


@gift_card_object.field(needs=("current_balance", "currency"))
def current_balance(cards: list[Row], *_: object) -> list[MoneyAmount]:
    return [MoneyAmount(card.current_balance, card.currency) for card in cards]


@gift_card_object.field(needs="expiry_date")
def end_date(cards: list[Row], *_: object) -> list[datetime.datetime | None]:
    return [None if card.expiry_date is None else start_of_day(card.expiry_date) for card in cards]


def _add_person(field: str, column: str, *, is_denied_with_error: bool) -> None:
    """Add a field for a user, visible to themselves and to those who manage users."""

    @gift_card_object.field(field, needs=column)
    def person(cards: list[Row], arguments: object, context: Context, selection: Selection) -> list[object]:
        keys = [getattr(card, column) for card in cards]
        own_key = context.user.pk if context.user is not None else None
        may_read = context.may(Permission.MANAGE_USERS)
        visible_keys = [key for key in keys if may_read or key == own_key]
        people = user_object.by_key(context, visible_keys, selection.names(), rows=User.objects.all())
        denied = PermissionDenied(["OWNER", permission_name(Permission.MANAGE_USERS)])
        hidden = denied if is_denied_with_error else None
        return [hidden if key is not None and key not in visible_keys else people.get(key) for key in keys]


_add_person("createdBy", "created_by_id", is_denied_with_error=True)
_add_person("assignedTo", "assigned_to_id", is_denied_with_error=True)
_add_person("usedBy", "used_by_id", is_denied_with_error=False)
_add_person("user", "created_by_id", is_denied_with_error=False)


@gift_card_object.field("app", needs="app_id")
def app_of_gift_cards(
    cards: list[Row], arguments: object, context: Context, selection: Selection
) -> list[object]:
    return load_apps(context, [card.app_id for card in cards], selection)


def load_apps(context: Context, keys: Sequence[int | None], selection: Selection) -> list[object]:
    """Return apps, each visible to itself and to those who manage apps. Others are denied."""
    own_key = context.app.pk if context.app is not None else None
    may_read = context.may(Permission.MANAGE_APPS)
    visible_keys = [key for key in keys if may_read or key == own_key]
    rows_by_key = app_object.by_key(context, visible_keys, selection.names(), rows=App.objects.all())
    denied = PermissionDenied(["OWNER", permission_name(Permission.MANAGE_APPS)])
    return [denied if key is not None and key not in visible_keys else rows_by_key.get(key) for key in keys]


def _add_email(field: str, person: str, column: str) -> None:
    """Add a field for an address, of which those without rights see the first letter and the domain."""

    @gift_card_object.field(field, needs=(f"{person}_id", column))
    def email(cards: list[Row], arguments: object, context: Context, *_: object) -> list[str | None]:
        own_key = context.user.pk if context.user is not None else None
        may_read = context.may(*GIFT_CARD_PERMISSIONS)
        return [
            _shown_email(
                getattr(card, column),
                may_read or (own_key is not None and getattr(card, f"{person}_id") == own_key),
            )
            for card in cards
        ]


def _shown_email(address: str | None, is_readable: bool) -> str | None:
    if not address:
        return None
    if is_readable:
        return address
    name, _at, domain = address.partition("@")
    return f"{name[:1]}...@{domain}"


_add_email("createdByEmail", "created_by", "created_by__email")
_add_email("assignedToEmail", "assigned_to", "assigned_to__email")
_add_email("usedByEmail", "used_by", "used_by_email")


@gift_card_object.field(needs="id", permissions=GIFT_CARD_PERMISSIONS)
def tags(cards: list[Row], arguments: object, context: Context, selection: Selection) -> list[list[Row]]:
    keys = [card.id for card in cards]
    rows = GiftCardTag.objects.filter(gift_cards__in=keys).annotate(card_key=F("gift_cards"))
    by_card = gift_card_tag_object.grouped(rows.order_by("name"), selection.names(), by="card_key")
    return [by_card.get(key, []) for key in keys]


@user_object.field("giftCards", needs="id")
def gift_cards_of_users(
    users: list[Row], arguments: UserGiftCardsArguments, context: Context, selection: Selection
) -> Sequence[object]:
    return connect_for_parents(
        gift_card_object,
        gift_card_object.rows(context).annotate(owner_key=Coalesce("assigned_to", "used_by")),
        arguments,
        selection,
        order=[SortKey("code"), SortKey("id")],
        parent_column="owner_key",
        parents=[user.id for user in users],
    )


TYPES = (gift_card_object, gift_card_tag_object)
