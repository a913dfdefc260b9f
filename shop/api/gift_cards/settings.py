"""How long gift cards work that are sold as products."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.gift_cards.inputs import GiftCardSettingsUpdateArguments
from shop.api.gift_cards.types import GIFT_CARD_PERMISSIONS
from shop.api.object_types import Type
from shop.api.root_fields import Mutations, Queries
from shop.core.change_shop_settings import change_shop_settings
from shop.core.models import ShopSettings

_MAX_EXPIRY_AMOUNT = 32_767  # of the column

query = Queries()
mutation = Mutations()
settings_object = Type("GiftCardSettings")


@settings_object.field()
def expiry_type(rows: list[ShopSettings], *_: object) -> list[str]:
    return [
        "NEVER_EXPIRE" if settings.gift_card_expiry_amount is None else "EXPIRY_PERIOD" for settings in rows
    ]


@settings_object.field()
def expiry_period(rows: list[ShopSettings], *_: object) -> list[dict[str, object] | None]:
    return [
        None
        if settings.gift_card_expiry_amount is None
        else {"amount": settings.gift_card_expiry_amount, "type": settings.gift_card_expiry_unit.upper()}
        for settings in rows
    ]


@query.field("giftCardSettings", permissions=GIFT_CARD_PERMISSIONS)
def gift_card_settings(arguments: object, context: Context, selection: Selection) -> ShopSettings:
    return context.settings


@mutation.field(permissions=GIFT_CARD_PERMISSIONS, needs_recent_sign_in=True)
def gift_card_settings_update(
    arguments: GiftCardSettingsUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    is_limited = context.settings.gift_card_expiry_amount is not None
    if input_data.get("expiryType") is not None:
        is_limited = input_data["expiryType"] == "EXPIRY_PERIOD"
    period = input_data.get("expiryPeriod") if is_limited else None
    if is_limited and period is None:
        raise InputError("REQUIRED", _("Enter how long gift cards work."), field="expiryPeriod")
    if period is not None and not 1 <= period["amount"] <= _MAX_EXPIRY_AMOUNT:
        raise InputError("INVALID", _("Enter a number of at least 1."), field="expiryPeriod")
    values: dict[str, object] = {"gift_card_expiry_amount": period["amount"] if period else None}
    if period is not None:
        values["gift_card_expiry_unit"] = period["type"].lower()
    changed = change_shop_settings(values=values, **context.actor_and_time)
    return {"giftCardSettings": changed}


TYPES = (settings_object, query, mutation)
