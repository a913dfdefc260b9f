"""Tax rates of a country: of its tax classes, and of items without a class."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from catalog.actions.markets.country_tax_rates import change_country_rates, end_country_rates
from catalog.actions.markets.tax_classes import MAX_RATE, InvalidTaxRate
from shop.accounts.staff.permissions import Permission
from shop.api.base.places import country
from shop.api.breadth import Selection
from shop.api.catalogue.inputs import (
    TaxClassRateInput,
    TaxCountryConfigurationArguments,
    TaxCountryConfigurationDeleteArguments,
    TaxCountryConfigurationUpdateArguments,
)
from shop.api.catalogue.taxes import country_rate_object
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.field_permissions import FieldAccess
from shop.api.ids import global_id, input_key
from shop.api.object_types import Row, Type
from shop.api.root_fields import Mutations, Queries
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing
from shop.core.models import TaxRate

_STAFF = (FieldAccess.STAFF, FieldAccess.APP)
_TAX_PERMISSIONS = (Permission.MANAGE_TAXES,)

tax_country_object = Type("TaxCountryConfiguration")
tax_country_object.value_fields("country")


@tax_country_object.field()
def tax_class_country_rates(
    countries: list[dict[str, dict[str, str]]], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    """Resolve the rates valid today. The rate of items without a class has no tax class."""
    codes = [row["country"]["code"] for row in countries]
    rates = TaxRate.objects.in_force_on(vietnam_date(context.now)).filter(country__in=codes)
    rates = rates.order_by("country", "tax_class_id", "pk")
    rates_by_code = country_rate_object.grouped(rates, selection.names(), by="country")
    return [rates_by_code.get(code, []) for code in codes]


query = Queries()
mutation = Mutations()


@query.field("taxCountryConfiguration", permissions=_STAFF)
def one_tax_country_configuration(
    arguments: TaxCountryConfigurationArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return {"country": country(arguments["countryCode"])}


@query.field("taxCountryConfigurations", permissions=_STAFF)
def all_tax_country_configurations(
    arguments: object, context: Context, selection: Selection
) -> list[dict[str, object]]:
    """Resolve the countries that have rates today."""
    rates = TaxRate.objects.in_force_on(vietnam_date(context.now))
    codes = rates.order_by("country").values_list("country", flat=True).distinct()
    return [{"country": country(code)} for code in codes]


@mutation.field(permissions=_TAX_PERMISSIONS, needs_recent_sign_in=True)
def tax_country_configuration_update(
    arguments: TaxCountryConfigurationUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Set rates from today. A null rate ends one."""
    code = arguments["countryCode"]
    try:
        rates = _rates(arguments["updateTaxClassRates"])
        change_country_rates(country=code, rates=rates, **context.actor_and_time)
    except InvalidTaxRate as error:
        keys = error.details["tax_classes"]
        is_negative = any((rates[key] or 0) < 0 for key in keys)
        raise InputError(
            "CANNOT_CREATE_NEGATIVE_RATE" if is_negative else "INVALID",
            error.message,
            field="updateTaxClassRates",
            taxClassIds=[global_id("TaxClass", key) for key in keys if key is not None],
        ) from error
    except InputError as error:
        error.details.setdefault("taxClassIds", [])
        raise
    except Missing as error:
        raise InputError("NOT_FOUND", error.message, field="updateTaxClassRates", taxClassIds=[]) from error
    return {"taxCountryConfiguration": {"country": country(code)}}


@mutation.field(permissions=_TAX_PERMISSIONS, needs_recent_sign_in=True)
def tax_country_configuration_delete(
    arguments: TaxCountryConfigurationDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """End all rates of a country."""
    code = arguments["countryCode"]
    end_country_rates(country=code, **context.actor_and_time)
    return {"taxCountryConfiguration": {"country": country(code)}}


def _rates(inputs: list[TaxClassRateInput]) -> dict[int | None, Decimal | None]:
    """Return rates (percent, in thousandths) by tax class. Raises InputError."""
    rates: dict[int | None, Decimal | None] = {}
    for entry in inputs:
        text, percent = entry.get("taxClassId"), entry.get("rate")
        key = None if text is None else int(input_key(text, "TaxClass", field="updateTaxClassRates"))
        if key in rates:
            raise InputError(
                "ONLY_ONE_DEFAULT_COUNTRY_RATE_ALLOWED" if key is None else "INVALID",
                _("Enter one rate for each tax class."),
                field="updateTaxClassRates",
            )
        rate = None if percent is None else Decimal(str(percent))
        rates[key] = rate if rate is None or abs(rate) > MAX_RATE else round(rate, 3)
    return rates


TYPES = (tax_country_object, query, mutation)
