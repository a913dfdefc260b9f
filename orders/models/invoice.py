from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from orders.models.order import Order


class InvoiceDetails(models.Model):
    """The company to which the seller invoices an order, as the buyer entered it.

    The seller issues the invoice. None of our documents is an invoice. An order without this row needs no
    company invoice. `tax_code` is normalised (`shop.core.identifiers.tax_codes`).
    """

    order = models.OneToOneField(Order, models.CASCADE, related_name="invoice")
    company = models.CharField(max_length=250)
    tax_code = models.CharField(max_length=20)
    address = models.CharField(max_length=250)
    email = models.EmailField(blank=True, default="")

    class Meta:
        verbose_name = pgettext_lazy("model", "invoice company")
        verbose_name_plural = pgettext_lazy("models", "invoice companies")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(company="") & ~models.Q(tax_code="") & ~models.Q(address=""),
                name="invoice_details_are_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.company} ({self.tax_code})"

    @property
    def details(self) -> dict[str, str]:
        """The entered values by column name."""
        return {name: getattr(self, name) for name in ("company", "tax_code", "address", "email")}

    def copy_for(self, order: Order) -> InvoiceDetails:
        """Return an unsaved copy for another order."""
        return InvoiceDetails(order=order, **self.details)
