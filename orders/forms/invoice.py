"""Form fields for an order's company invoice, at the checkout and at the desk."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from orders.models import InvoiceDetails
from shop.core.identifiers import tax_codes

_REQUIRED = {
    "invoice_company": _("Enter the company name."),
    "invoice_tax_code": _("Enter the tax code of the company."),
    "invoice_address": _("Enter the registered address of the company."),
}


class InvoiceForm(forms.Form):
    """Invoice details, ignored unless `invoice` is ticked. `invoice_email` defaults to the form's `email`."""

    invoice = forms.BooleanField(label=_("I need a company invoice."), required=False)
    invoice_company = forms.CharField(
        label=_("Company name"),
        max_length=250,
        required=False,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "organization"}),
    )
    invoice_tax_code = forms.CharField(
        label=_("Tax code"),
        max_length=20,
        required=False,
        help_text=_("10 digits, for example 0101248141. Branches have 3 more."),
        widget=forms.TextInput(attrs={"class": "input", "inputmode": "numeric", "autocomplete": "off"}),
    )
    invoice_address = forms.CharField(
        label=_("Company address"),
        max_length=250,
        required=False,
        help_text=_("As registered."),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    invoice_email = forms.EmailField(
        label=_("Email for the invoice"),
        required=False,
        help_text=_("Leave empty to use the email of the order."),
        widget=forms.EmailInput(attrs={"class": "input", "autocomplete": "off"}),
        error_messages={"invalid": _("Enter an email address such as hoa@example.com.")},
    )

    def clean(self) -> dict[str, object]:
        cleaned: dict[str, object] = super().clean() or self.cleaned_data
        if cleaned.get("invoice"):
            self._add_invoice_errors(cleaned)
        else:
            for name in (*_REQUIRED, "invoice_email"):
                self.errors.pop(name, None)
        return cleaned

    def _add_invoice_errors(self, cleaned: dict[str, object]) -> None:
        for name, error_message in _REQUIRED.items():
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, error_message)
        code = cleaned["invoice_tax_code"] = tax_codes.normalise_tax_code(
            str(cleaned.get("invoice_tax_code", ""))
        )
        if code and not tax_codes.is_tax_code(code):
            self.add_error(
                "invoice_tax_code",
                _("This tax code is not valid. Check the digits: a tax code has 10, 12 or 13."),
            )
        if (
            not cleaned.get("invoice_email")
            and not cleaned.get("email")
            and "invoice_email" not in self.errors
        ):
            self.add_error(
                "invoice_email", _("Enter an email address for the invoice, here or with the order.")
            )

    @property
    def invoice_details(self) -> InvoiceDetails | None:
        """The unsaved invoice details of a valid form, or None if no invoice is wanted."""
        cleaned = self.cleaned_data
        if not cleaned["invoice"]:
            return None
        return InvoiceDetails(
            company=cleaned["invoice_company"],
            tax_code=cleaned["invoice_tax_code"],
            address=cleaned["invoice_address"],
            email=cleaned["invoice_email"] or cleaned["email"],
        )


def initial_invoice(details: InvoiceDetails | None) -> dict[str, str]:
    """Return initial values for the form's fields, except the `invoice` checkbox."""
    return {f"invoice_{name}": value for name, value in details.details.items()} if details else {}
