"""Tax configurations. They are columns of a channel, shown as a separate object with the channel's key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from catalog.actions.markets.channels import ChannelChange, change_channel
from shop.accounts.staff.permissions import Permission
from shop.api.base.channels import channel_object
from shop.api.breadth import Selection
from shop.api.catalogue.inputs import (
    TaxConfigurationArguments,
    TaxConfigurationsArguments,
    TaxConfigurationUpdateArguments,
)
from shop.api.connections import SortKey, connect
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.field_permissions import FieldAccess
from shop.api.filters import Conditions, build_condition, id_in
from shop.api.ids import input_key, key_from_id
from shop.api.object_types import Row, Type
from shop.api.root_fields import Mutations, Queries
from shop.core.models import Channel

_STAFF = (FieldAccess.STAFF, FieldAccess.APP)
_COLUMNS = {
    "chargeTaxes": "charge_taxes",
    "displayGrossPrices": "display_gross_prices",
    "pricesEnteredWithTax": "prices_entered_with_tax",
}

tax_configuration_object = Type("TaxConfiguration", lambda context: Channel.objects.all())
tax_configuration_object.id()
tax_configuration_object.columns(**_COLUMNS)
tax_configuration_object.related("channel", channel_object, column="id", rows=Channel.objects.all())
tax_configuration_object.unsupported("taxCalculationStrategy", value="FLAT_RATES")
tax_configuration_object.unsupported("countries", "metadata", "privateMetadata", value=[])
tax_configuration_object.unsupported("metafields", "privateMetafields", value={})
tax_configuration_object.unsupported("metafield", "privateMetafield", "taxAppId")
tax_configuration_object.unsupported("useWeightedTaxForShipping", value=False)
channel_object.as_type("taxConfiguration", tax_configuration_object, permissions=_STAFF)

country_configuration_object = Type("TaxConfigurationPerCountry")
country_configuration_object.value_fields(
    "country", "chargeTaxes", "taxCalculationStrategy", "displayGrossPrices"
)
country_configuration_object.value_fields("taxAppId", "useWeightedTaxForShipping")

query = Queries()
_FILTER: Conditions = {"ids": id_in("TaxConfiguration"), "metadata": lambda context, input_data: Q(pk__in=())}


@query.field("taxConfiguration", permissions=_STAFF)
def one_tax_configuration(
    arguments: TaxConfigurationArguments, context: Context, selection: Selection
) -> Row | None:
    key = key_from_id(arguments["id"], "TaxConfiguration")
    return tax_configuration_object.by_key(context, [key], selection.names()).get(key)


@query.field("taxConfigurations", permissions=_STAFF)
def all_tax_configurations(
    arguments: TaxConfigurationsArguments, context: Context, selection: Selection
) -> dict[str, object]:
    rows = tax_configuration_object.rows(context).filter(
        build_condition(arguments.get("filter"), _FILTER, context)
    )
    return connect(tax_configuration_object, rows, arguments, selection, order=[SortKey("id")])


mutation = Mutations()


@mutation.field(permissions=[Permission.MANAGE_TAXES], needs_recent_sign_in=True)
def tax_configuration_update(
    arguments: TaxConfigurationUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    channel_key, input_data = input_key(arguments["id"], "TaxConfiguration", field="id"), arguments["input"]
    if input_data.get("taxCalculationStrategy") == "TAX_APP" or input_data.get("taxAppId"):
        message = _("Tax rates are set in the shop. Apps cannot calculate them.")
        raise InputError("INVALID", message, field="taxCalculationStrategy")
    if countries := input_data.get("updateCountriesConfiguration"):
        raise InputError(
            "INVALID",
            _("Within a channel, only the tax rates can differ between countries."),
            field="updateCountriesConfiguration",
            countryCodes=sorted({country["countryCode"] for country in countries}),
        )
    members: Mapping[str, object] = input_data
    values = {column: members[name] for name, column in _COLUMNS.items() if members.get(name) is not None}
    change_channel(channel_id=channel_key, change=ChannelChange(values), actor=context.actor, now=context.now)
    rows = tax_configuration_object.by_key(context, [channel_key], selection.names("taxConfiguration"))
    return {"taxConfiguration": rows.get(channel_key)}


update_error_object = Type("TaxConfigurationUpdateError")


@update_error_object.field()
def country_codes(errors: list[Mapping[str, Any]], *_: object) -> list[list[str]]:
    """Resolve the error's countries, usually none."""
    return [error_row.get("countryCodes", []) for error_row in errors]


TYPES = (tax_configuration_object, country_configuration_object, query, mutation, update_error_object)
