"""The invoice's company, an extension of Saleor's schema, which has no field for it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from orders.models import InvoiceDetails
from shop.api.account.clients import require_valid_email
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.input_data import InputData
from shop.api.object_types import Row, Type
from shop.api.orders.types import order_object
from shop.core.identifiers import tax_codes

_COLUMNS = {"name": "company", "taxCode": "tax_code", "address": "address"}
_REQUIRED = {
    "name": _("Enter the company name."),
    "taxCode": _("Enter the tax code of the company."),
    "address": _("Enter the registered address of the company."),
}

invoice_company_object = Type("InvoiceCompany", lambda context: InvoiceDetails.objects.all())
invoice_company_object.columns(**_COLUMNS, email="email")


@order_object.field("invoiceCompany", needs=("id", "may_show_address"))
def invoice_company_of_orders(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    """Resolve the company. Staff of cooperatives see it as long as they see the address."""
    rows = invoice_company_object.rows(context).filter(
        order__in=[order_row.id for order_row in orders if order_row.may_show_address]
    )
    companies_by_order = invoice_company_object.grouped(rows, selection.names(), by="order_id")
    return [next(iter(companies_by_order.get(order_row.id, ())), None) for order_row in orders]


def invoice_from(input_data: InputData | None) -> InvoiceDetails | None:
    """Convert an `InvoiceCompanyInput` to an unsaved row. Raises InputError by the checkout page's rules."""
    if input_data is None:
        return None
    values = {column: input_data[name].strip() for name, column in _COLUMNS.items()}
    for name, column in _COLUMNS.items():
        if not values[column]:
            raise InputError("REQUIRED", _REQUIRED[name], field=name)
        if len(values[column]) > 250:
            raise InputError("INVALID", _("This text is too long."), field=name)
    values["tax_code"] = tax_codes.normalise_tax_code(values["tax_code"])
    if not tax_codes.is_tax_code(values["tax_code"]):
        message = _("This tax code is not valid. Check the digits: a tax code has 10, 12 or 13.")
        raise InputError("INVALID", message, field="taxCode")
    email = require_valid_email(input_data["email"]) if input_data.get("email") else ""
    return InvoiceDetails(**values, email=email)


TYPES = (invoice_company_object,)
