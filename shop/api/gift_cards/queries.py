"""Look up and list gift cards, their tags and currencies."""

from __future__ import annotations

from django.db.models import Q

from orders.models import GiftCard, normalise_voucher_code
from shop.api.breadth import Selection
from shop.api.connections import SortKey, connect
from shop.api.context import Context
from shop.api.errors import ProtocolError
from shop.api.filters import NO_ROWS, Condition, build_condition, equals, has_metadata, sort_keys
from shop.api.gift_cards.inputs import (
    GiftCardArguments,
    GiftCardsArguments,
    GiftCardTagsArguments,
)
from shop.api.gift_cards.types import GIFT_CARD_PERMISSIONS, gift_card_object, gift_card_tag_object
from shop.api.ids import key_from_id, keys_from_ids
from shop.api.input_data import InputData
from shop.api.money import to_minor_units
from shop.api.object_types import Row
from shop.api.root_fields import Queries

query = Queries()


_SORTS = {
    "PRODUCT": [SortKey("code")],
    "USED_BY": [
        SortKey("used_by__first_name", is_nullable=True),
        SortKey("used_by__last_name", is_nullable=True),
        SortKey("created_at"),
    ],
    "CURRENT_BALANCE": [SortKey("current_balance"), SortKey("created_at")],
    "CREATED_AT": [SortKey("created_at")],
    "RANK": [SortKey("created_at")],
}
_SEARCHED_COLUMNS = (
    "used_by_email",
    *(
        f"{person}__{column}"
        for person in ("used_by", "assigned_to", "created_by")
        for column in ("email", "first_name", "last_name")
    ),
)


@query.field("giftCard", permissions=GIFT_CARD_PERMISSIONS)
def one_gift_card(arguments: GiftCardArguments, context: Context, selection: Selection) -> Row | None:
    key = key_from_id(arguments["id"], "GiftCard")
    return gift_card_object.by_key(context, [key], selection.names()).get(key)


@query.field("giftCards", permissions=GIFT_CARD_PERMISSIONS)
def all_gift_cards(
    arguments: GiftCardsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """List gift cards, by code. Raises ProtocolError for an order that needs a currency or a search."""
    filter_data: InputData = arguments.get("filter") or {}
    sort_by: InputData = arguments.get("sortBy") or {}
    field = sort_by.get("field")
    search = (arguments.get("search") or "").strip()
    if field == "CURRENT_BALANCE" and not filter_data.get("currency"):
        raise ProtocolError("Sorting by balance requires filtering by currency.")
    if field == "RANK" and not search:
        raise ProtocolError("Sorting by RANK is available only with a search.")
    conditions = _FILTER | {
        "currentBalance": _in_money_range("current_balance", filter_data.get("currency")),
        "initialBalance": _in_money_range("initial_balance", filter_data.get("currency")),
    }
    rows = gift_card_object.rows(context).filter(build_condition(filter_data, conditions, context))
    if search:
        rows = rows.filter(_search_condition(search))
    order = sort_keys(arguments.get("sortBy"), _SORTS, [SortKey("code")])
    return connect(gift_card_object, rows, arguments, selection, order=order)


@query.field("giftCardCurrencies", permissions=GIFT_CARD_PERMISSIONS)
def gift_card_currencies(arguments: object, context: Context, selection: Selection) -> list[str]:
    currencies = GiftCard.objects.order_by("currency").values_list("currency", flat=True)
    return list(currencies.distinct())


@query.field("giftCardTags", permissions=GIFT_CARD_PERMISSIONS)
def all_gift_card_tags(
    arguments: GiftCardTagsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    rows = gift_card_tag_object.rows(context).filter(
        build_condition(arguments.get("filter"), {"search": _tag_condition}, context)
    )
    order = [SortKey("name"), SortKey("id")]
    return connect(gift_card_tag_object, rows, arguments, selection, order=order)


def _search_condition(text: str) -> Q:
    """Match a part of the code, or of the name or address of a person."""
    found = Q(code__contains=normalise_voucher_code(text))
    for column in _SEARCHED_COLUMNS:
        found |= Q(**{f"{column}__icontains": text})
    return found


def _in_money_range(column: str, currency: str | None) -> Condition:
    def condition(context: Context, bounds: InputData) -> Q:
        if not currency:
            raise ProtocolError("You must provide a `currency` filter parameter for filtering by price.")
        amounts = {
            f"{column}__{bound}": to_minor_units(bounds[bound], currency)
            for bound in ("gte", "lte")
            if bounds.get(bound) is not None
        }
        return Q(**amounts)

    return condition


def _tag_condition(context: Context, text: str) -> Q:
    return Q(name__contains=text.strip().lower())


def _tagged_condition(context: Context, names: list[str]) -> Q:
    """Match cards with any of these tags. An empty list does not filter."""
    tags = [name.strip().lower() for name in names]
    tagged = GiftCard.tags.through.objects.filter(giftcardtag__name__in=tags)
    return Q(pk__in=tagged.values("giftcard")) if tags else Q()


def _person_condition(column: str) -> Condition:
    def condition(context: Context, ids: list[str]) -> Q:
        return Q(**{f"{column}__in": keys_from_ids(ids, "User")}) if ids else Q()

    return condition


_FILTER: dict[str, Condition] = {
    "isActive": equals("is_active"),
    "metadata": has_metadata(),
    "tags": _tagged_condition,
    "products": lambda context, ids: NO_ROWS if ids else Q(),
    "usedBy": _person_condition("used_by"),
    "assignedTo": _person_condition("assigned_to"),
    "used": lambda context, is_used: Q(last_used_at__isnull=not is_used),
    "currency": lambda context, currency: Q(currency=currency) if currency else Q(),
    "code": lambda context, code: Q(code=normalise_voucher_code(code)) if code else Q(),
    "createdByEmail": lambda context, email: Q(created_by__email=email.lower()) if email else Q(),
}

TYPES = (query,)
