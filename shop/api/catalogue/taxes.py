"""Tax classes and their rates by country."""

from __future__ import annotations

from django.db.models import Q

from shop.accounts.staff.permissions import Permission
from shop.api.base.places import country
from shop.api.breadth import Selection
from shop.api.catalogue.inputs import TaxClassArguments, TaxClassesArguments
from shop.api.catalogue.types import product_object, product_type_object
from shop.api.connections import SortKey, connect
from shop.api.context import Context
from shop.api.field_permissions import FieldAccess
from shop.api.filters import Conditions, build_condition, has_metadata, id_in, sort_keys
from shop.api.ids import key_from_id
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Type
from shop.api.root_fields import Queries
from shop.core.dates.calendar import vietnam_date
from shop.core.models import TaxClass, TaxRate

_STAFF = (FieldAccess.STAFF, FieldAccess.APP)

tax_class_object = Type("TaxClass", lambda context: TaxClass.objects.all())
tax_class_object.id()
tax_class_object.columns(name="name")
add_metadata_fields(tax_class_object, TaxClass, permissions=[Permission.MANAGE_TAXES])

country_rate_object = Type("TaxClassCountryRate", lambda context: TaxRate.objects.all())
country_rate_object.related("taxClass", tax_class_object, column="tax_class_id")


@country_rate_object.field("country", needs="country")
def country_of_country_rates(rows: list[Row], *_: object) -> list[dict[str, str]]:
    return [country(row.country) for row in rows]


@country_rate_object.field("rate", needs="rate")
def rate_of_country_rates(rows: list[Row], *_: object) -> list[float]:
    return [float(row.rate) for row in rows]


@tax_class_object.field(needs="id")
def countries(rows: list[Row], arguments: object, context: Context, selection: Selection) -> list[list[Row]]:
    """Resolve the rates valid today."""
    rates = TaxRate.objects.in_force_on(vietnam_date(context.now)).filter(
        tax_class__in={row.id for row in rows}
    )
    rates = rates.order_by("tax_class_id", "country", "valid_from", "pk")
    rates_by_class = country_rate_object.grouped(rates, selection.names(), by="tax_class_id")
    return [rates_by_class.get(row.id, []) for row in rows]


@product_object.field("taxClass", needs=("tax_class_id", "product_type__tax_class_id"), permissions=_STAFF)
def tax_class_of_products(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    """Resolve a product's tax class, by default that of its product type."""
    keys = [row.tax_class_id or row.product_type__tax_class_id for row in rows]
    classes_by_key = tax_class_object.by_key(context, keys, selection.names())
    return [classes_by_key.get(key) for key in keys]


@product_type_object.field("taxClass", needs="tax_class_id", permissions=_STAFF)
def tax_class_of_product_types(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    classes_by_key = tax_class_object.by_key(context, [row.tax_class_id for row in rows], selection.names())
    return [classes_by_key.get(row.tax_class_id) for row in rows]


tax_type_object = Type("TaxType")
tax_type_object.value_fields("description", "taxCode")
product_object.unsupported("taxType")
product_type_object.unsupported("taxType")

query = Queries()


@query.field("taxClass", permissions=_STAFF)
def one_tax_class(arguments: TaxClassArguments, context: Context, selection: Selection) -> Row | None:
    key = key_from_id(arguments["id"], "TaxClass")
    return tax_class_object.by_key(context, [key], selection.names()).get(key)


@query.field("taxClasses", permissions=_STAFF)
def all_tax_classes(
    arguments: TaxClassesArguments, context: Context, selection: Selection
) -> dict[str, object]:
    rows = tax_class_object.rows(context).filter(
        build_condition(arguments.get("filter"), _CONDITIONS, context)
    )
    order = sort_keys(arguments.get("sortBy"), {"NAME": [SortKey("name")]}, [SortKey("name")])
    return connect(tax_class_object, rows, arguments, selection, order=order)


_CONDITIONS: Conditions = {
    "metadata": has_metadata(),
    "ids": id_in("TaxClass"),
    "countries": lambda context, codes: Q(
        pk__in=TaxRate.objects.filter(country__in=codes, tax_class__isnull=False).values("tax_class")
    ),
}

TYPES = (tax_class_object, country_rate_object, tax_type_object, query)
