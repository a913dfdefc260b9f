"""The money of a placed order as staff see it."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import pgettext_lazy


class PaymentState(TextChoices):
    """An order's charged amount and its latest payment decide it."""

    WAITING = "waiting", pgettext_lazy("payment state", "waiting for money")
    CASH_ON_DELIVERY = "cod", pgettext_lazy("payment state", "cash on delivery")
    AUTHORISED = "authorised", pgettext_lazy("payment state", "held on the card")
    PARTLY_PAID = "partly_paid", pgettext_lazy("payment state", "paid in part")
    PAID = "paid", pgettext_lazy("payment state", "paid")
    OVERPAID = "overpaid", pgettext_lazy("payment state", "paid too much")
    NOTHING_DUE = "nothing_due", pgettext_lazy("payment state", "nothing to pay")
