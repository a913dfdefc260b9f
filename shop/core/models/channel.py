from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.core.database.compiled_query import compiled_query
from shop.core.models.bases import WithMetadata


class AllocationStrategy(models.TextChoices):
    PRIORITIZE_SORTING_ORDER = "prioritize-sorting-order", _("warehouses in their order")
    PRIORITIZE_HIGH_STOCK = "prioritize-high-stock", _("the fullest warehouse first")


class TransactionFlow(models.TextChoices):
    CHARGE = "charge", _("charge at once")
    AUTHORIZATION = "authorization", _("authorise, charge later")


class Channel(WithMetadata):
    """A market with one currency. Defaults are Saleor's, except for our own columns."""

    name = models.CharField(max_length=250)
    slug = models.SlugField(max_length=255, unique=True)
    is_active = models.BooleanField(default=False)
    currency = models.CharField(max_length=3)
    default_country = models.CharField(max_length=2, default="VN")
    allocation_strategy = models.CharField(
        max_length=40, choices=AllocationStrategy, default=AllocationStrategy.PRIORITIZE_SORTING_ORDER
    )

    automatically_confirm_all_new_orders = models.BooleanField(default=True)
    automatically_fulfill_non_shippable_gift_card = models.BooleanField(default=True)
    allow_unpaid_orders = models.BooleanField(default=False)
    mark_as_paid_strategy = models.CharField(max_length=40, default="payment_flow")
    default_transaction_flow = models.CharField(
        max_length=20, choices=TransactionFlow, default=TransactionFlow.CHARGE
    )
    expire_orders_after_minutes = models.PositiveIntegerField(null=True, blank=True)
    delete_expired_orders_after_days = models.PositiveIntegerField(default=60)
    include_draft_order_in_voucher_usage = models.BooleanField(default=False)
    draft_order_line_price_freeze_hours = models.PositiveIntegerField(default=24)
    use_legacy_error_flow_for_checkout = models.BooleanField(default=True)
    automatically_complete_fully_paid_checkouts = models.BooleanField(default=False)
    prices_entered_with_tax = models.BooleanField(default=True)
    charge_taxes = models.BooleanField(default=True)
    display_gross_prices = models.BooleanField(default=True)

    reservation_minutes = models.PositiveSmallIntegerField(
        default=15,
        help_text=_("Minutes for which stock is reserved once checkout is opened; 0 reserves nothing."),
    )
    payment_deadline_minutes = models.PositiveIntegerField(
        default=24 * 60,
        help_text=_("Minutes for which stock is reserved while a transfer or card payment is awaited."),
    )
    requires_listing_review = models.BooleanField(
        default=False,
        help_text=_(
            "Whether listings need every field that consumer law requires before they are published."
        ),
    )

    class Meta:
        verbose_name = pgettext_lazy("model", "sales channel")
        verbose_name_plural = pgettext_lazy("models", "sales channels")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(currency__regex=r"^[A-Z]{3}$"), name="channel_currency_is_iso_4217"
            ),
        ]

    def __str__(self) -> str:
        return self.name


def market_channel() -> Channel | None:
    """Return the channel of our own pages, which is the first active one, or None on an empty shop."""
    return next(iter(_select_market_channel()), None)


@compiled_query
def _select_market_channel() -> models.QuerySet[Channel]:
    return Channel.objects.filter(is_active=True).order_by("pk")[:1]
