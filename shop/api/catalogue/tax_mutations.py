"""Create, change and delete tax classes."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from catalog.actions.markets.tax_classes import (
    MAX_RATE,
    InvalidTaxRate,
    add_tax_class,
    change_tax_class,
    remove_tax_class,
)
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.input_values import required_text
from shop.api.catalogue.inputs import (
    TaxClassCreateArguments,
    TaxClassCreateInput,
    TaxClassDeleteArguments,
    TaxClassUpdateArguments,
    TaxClassUpdateInput,
)
from shop.api.catalogue.taxes import tax_class_object
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import input_key
from shop.api.input_data import InputData
from shop.api.root_fields import Mutations
from shop.core.errors import Missing, Refused

mutation = Mutations()
TAX_PERMISSIONS = (Permission.MANAGE_TAXES,)


@mutation.field(permissions=TAX_PERMISSIONS, needs_recent_sign_in=True)
def tax_class_create(
    arguments: TaxClassCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    with _CountryCodesOnErrors():
        tax_class = add_tax_class(
            name=_name(input_data),
            rates=_rates(input_data.get("createCountryRates") or ()),
            actor=context.actor,
            now=context.now,
        )
    return _build_payload(tax_class.pk, context, selection)


@mutation.field(permissions=TAX_PERMISSIONS, needs_recent_sign_in=True)
def tax_class_update(
    arguments: TaxClassUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Change a tax class. Null rates and rates of `removeCountryRates` are deleted."""
    input_data = arguments["input"]
    with _CountryCodesOnErrors():
        tax_class_key = int(input_key(arguments["id"], "TaxClass", field="id"))
    rates = input_data.get("updateCountryRates") or []
    removed_countries = set(input_data.get("removeCountryRates") or ())
    changed_and_removed = removed_countries & {rate["countryCode"] for rate in rates}
    if changed_and_removed:
        message = _("The same item cannot be added and removed at once.")
        raise InputError(
            "DUPLICATED_INPUT_ITEM",
            message,
            field="removeCountryRates",
            countryCodes=sorted(changed_and_removed),
        )
    removed_countries |= {rate["countryCode"] for rate in rates if rate.get("rate") is None}
    with _CountryCodesOnErrors():
        change_tax_class(
            tax_class_id=tax_class_key,
            name=_name(input_data) if input_data.get("name") is not None else None,
            rates=_rates(rate for rate in rates if rate.get("rate") is not None),
            ended_countries=removed_countries,
            actor=context.actor,
            now=context.now,
        )
    return _build_payload(tax_class_key, context, selection)


@mutation.field(permissions=TAX_PERMISSIONS, needs_recent_sign_in=True)
def tax_class_delete(
    arguments: TaxClassDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = int(input_key(arguments["id"], "TaxClass", field="id"))
    deleted = _build_payload(key, context, selection)
    if deleted["taxClass"] is None:
        raise Missing(field="id")
    remove_tax_class(tax_class_id=key, actor=context.actor, now=context.now)
    return deleted


class _CountryCodesOnErrors:
    """Adds `countryCodes` to every refusal, empty by default."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, error_type: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, InvalidTaxRate):
            codes = error.details["countries"]
            raise InputError("INVALID", error.message, field=error.field, countryCodes=codes) from error
        if isinstance(error, InputError):
            error.details.setdefault("countryCodes", [])  # the error itself stays
        elif isinstance(error, Refused):
            code = "NOT_FOUND" if isinstance(error, Missing) else "INVALID"
            raise InputError(code, error.message, field=error.field, countryCodes=[]) from error


def _name(input_data: TaxClassCreateInput | TaxClassUpdateInput) -> str:
    try:
        return required_text(input_data, "name")
    except InputError as error:
        raise InputError("INVALID", error.message, field="name", countryCodes=[]) from error


def _rates(input_data: Iterable[InputData]) -> dict[str, Decimal]:
    """Return percentages by country, rounded to thousandths of a percent."""
    return {entry["countryCode"]: _rate(entry["rate"]) for entry in input_data}


def _rate(percent: float) -> Decimal:
    rate = Decimal(str(percent))
    return round(rate, 3) if abs(rate) <= MAX_RATE else rate


def _build_payload(key: int, context: Context, selection: Selection) -> dict[str, object]:
    return {"taxClass": tax_class_object.by_key(context, [key], selection.names("taxClass")).get(key)}


TYPES = (mutation,)
