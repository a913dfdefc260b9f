"""Change the shop's settings."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from shop.accounts.company_address import change_company_address
from shop.api.addresses import convert_address
from shop.api.base.inputs import ShopAddressUpdateArguments, ShopSettingsUpdateArguments
from shop.api.base.shop import SETTINGS_PERMISSIONS
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.input_data import InputData
from shop.api.metadata import metadata_from_input
from shop.api.root_fields import Mutations
from shop.core.change_shop_settings import change_shop_settings
from shop.core.models import ShopSettings

mutation = Mutations()

_COLUMNS = {
    "name": "name",
    "description": "description",
    "trackInventoryByDefault": "track_inventory_by_default",
    "defaultWeightUnit": "default_weight_unit",
    "fulfillmentAutoApprove": "fulfillment_auto_approve",
    "fulfillmentAllowUnpaid": "fulfillment_allow_unpaid",
    "customerSetPasswordUrl": "customer_set_password_url",
    "reserveStockDurationAnonymousUser": "reserve_stock_duration_anonymous_user",
    "reserveStockDurationAuthenticatedUser": "reserve_stock_duration_authenticated_user",
    "limitQuantityPerCheckout": "limit_quantity_per_checkout",
    "enableAccountConfirmationByEmail": "enable_account_confirmation_by_email",
    "allowLoginWithoutConfirmation": "allow_login_without_confirmation",
    "passwordLoginMode": "password_login_mode",
    "useLegacyUpdateWebhookEmission": "use_legacy_update_webhook_emission",
}
_MAY_BE_EMPTY = {
    "reserve_stock_duration_anonymous_user",
    "reserve_stock_duration_authenticated_user",
    "limit_quantity_per_checkout",
}


@mutation.field(permissions=SETTINGS_PERMISSIONS, needs_recent_sign_in=True)
def shop_settings_update(
    arguments: ShopSettingsUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data: InputData = arguments["input"]
    values = {
        column: input_data[name]
        for name, column in _COLUMNS.items()
        if name in input_data and (input_data[name] is not None or column in _MAY_BE_EMPTY)
    }
    for name, column in _COLUMNS.items():
        _check(values.get(column), column, name)
    for name, column in (("metadata", "metadata"), ("privateMetadata", "private_metadata")):
        if input_data.get(name) is not None:
            values[column] = getattr(context.settings, column) | metadata_from_input(input_data[name])
    return {"shop": change_shop_settings(values=values, actor=context.actor, now=context.now)}


@mutation.field(permissions=SETTINGS_PERMISSIONS, needs_recent_sign_in=True)
def shop_address_update(
    arguments: ShopAddressUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments.get("input")
    address = None
    if input_data:
        existing = context.settings.company_address
        address = convert_address(input_data, context, existing=existing, is_business=True)
    return {"shop": change_company_address(address=address, **context.actor_and_time)}


def _check(value: object, column: str, name: str) -> None:
    """Raise InputError for an invalid setting."""
    longest = getattr(ShopSettings._meta.get_field(column), "max_length", None)
    if isinstance(value, str) and longest is not None and len(value) > longest:
        raise InputError("INVALID", _("This text is too long."), field=name)
    if isinstance(value, int) and not isinstance(value, bool) and value < (1 if "limit" in column else 0):
        raise InputError("INVALID", _("This number is too small."), field=name)
    if name == "name" and isinstance(value, str) and not value.strip():
        raise InputError("REQUIRED", _("This information is required."), field=name)
