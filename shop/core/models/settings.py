from __future__ import annotations

import datetime

from django.core.validators import MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.core.database.compiled_query import compiled_query
from shop.core.dates.calendar import vietnam_date
from shop.core.models.bases import WithMetadata


class PeriodUnit(models.TextChoices):
    DAY = "day", _("day")
    WEEK = "week", _("week")
    MONTH = "month", _("month")
    YEAR = "year", _("year")


class ShopSettings(WithMetadata):
    """The shop's settings: one typed row, read only through `shop_settings()`.

    The first block is Saleor's site settings with Saleor's defaults. The second identifies the
    platform, as the E-commerce Law (122/2025) requires in the footer. The third is the market's own.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)

    name = models.CharField(max_length=120, default="Chợ Phiên")
    description = models.CharField(max_length=500, blank=True, default="")
    track_inventory_by_default = models.BooleanField(default=True)
    default_weight_unit = models.CharField(max_length=10, default="kg")
    default_digital_max_downloads = models.PositiveIntegerField(null=True, blank=True)
    default_digital_url_valid_days = models.PositiveIntegerField(null=True, blank=True)
    limit_quantity_per_checkout = models.PositiveIntegerField(null=True, blank=True, default=50)
    reserve_stock_duration_anonymous_user = models.PositiveIntegerField(null=True, blank=True)
    reserve_stock_duration_authenticated_user = models.PositiveIntegerField(null=True, blank=True)
    fulfillment_auto_approve = models.BooleanField(default=True)
    fulfillment_allow_unpaid = models.BooleanField(default=True)
    enable_account_confirmation_by_email = models.BooleanField(default=True)
    allow_login_without_confirmation = models.BooleanField(default=False)
    use_legacy_update_webhook_emission = models.BooleanField(default=True)
    password_login_mode = models.CharField(max_length=20, default="enabled")
    customer_set_password_url = models.CharField(max_length=255, blank=True, default="")

    company_address = models.ForeignKey(
        "accounts.Address", models.SET_NULL, related_name="+", null=True, blank=True
    )

    operator_name = models.CharField(max_length=250, blank=True, default="")
    operator_registration = models.CharField(
        max_length=250, blank=True, default="", help_text=_("Number, date and issuer of the registration.")
    )
    operator_address = models.CharField(max_length=250, blank=True, default="")
    operator_phone = models.CharField(max_length=40, blank=True, default="")
    operator_zalo_phone = models.CharField(max_length=40, blank=True, default="")
    operator_email = models.EmailField(blank=True, default="")
    ministry_notice_url = models.URLField(blank=True, default="")

    accept_within_hours = models.PositiveSmallIntegerField(
        default=24, help_text=_("Hours within which a cooperative accepts its part of an order.")
    )
    attention_hours_before = models.PositiveSmallIntegerField(
        default=4,
        help_text=_("Hours before that deadline at which staff are notified of an unaccepted part."),
    )

    substitute_answer_hours = models.PositiveSmallIntegerField(
        default=4,
        validators=[MinValueValidator(1)],
        help_text=_("Hours within which a buyer answers whether they want a substitute."),
    )

    bank_bin = models.CharField(
        max_length=6,
        blank=True,
        default="",
        help_text=_("Bank identification number (BIN) of the account that buyers transfer to."),
    )
    bank_account = models.CharField(max_length=19, blank=True, default="")
    bank_holder = models.CharField(max_length=120, blank=True, default="")
    is_tax_withheld = models.BooleanField(
        default=False, help_text=_("Whether the market withholds cooperatives' tax (Decree 117/2025).")
    )
    complaint_days = models.PositiveSmallIntegerField(
        default=7, help_text=_("Minimum number of days after receipt during which a buyer may complain.")
    )
    answer_complaints_days = models.PositiveSmallIntegerField(
        default=7, help_text=_("Days within which a complaint is answered.")
    )
    payout_weekday = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text=_("Weekday on which cooperatives are paid, 0 is Monday; empty if none is announced."),
    )
    # Maximums of Decree 356/2025/NĐ-CP (`shop.accounts.personal.data_requests.LAWFUL_DAYS`).
    data_access_days = models.PositiveSmallIntegerField(
        default=10, help_text=_("Days within which a copy of personal data is provided.")
    )
    data_correction_days = models.PositiveSmallIntegerField(
        default=10, help_text=_("Days within which personal data is corrected.")
    )
    data_withdrawal_days = models.PositiveSmallIntegerField(
        default=15, help_text=_("Days within which a withdrawn consent or an objection takes effect.")
    )
    data_deletion_days = models.PositiveSmallIntegerField(
        default=20, help_text=_("Days within which personal data is deleted.")
    )
    deletion_wait_days = models.PositiveSmallIntegerField(
        default=7, help_text=_("Days during which a deletion can still be cancelled.")
    )

    requires_second_factor_of_staff = models.BooleanField(
        default=True, help_text=_("Whether staff must use two-step sign-in.")
    )
    requires_second_factor_of_managers = models.BooleanField(
        default=False, help_text=_("Whether managers of cooperatives must use two-step sign-in.")
    )
    second_factor_grace_days = models.PositiveSmallIntegerField(
        default=14, help_text=_("Days within which a person must set up two-step sign-in.")
    )

    # Without an amount, gift cards that are sold never expire.
    gift_card_expiry_amount = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("How long gift cards work that are sold; empty if they never expire."),
    )
    gift_card_expiry_unit = models.CharField(max_length=5, choices=PeriodUnit, default=PeriodUnit.YEAR)

    needs_second_person_for_payouts = models.BooleanField(
        default=False, help_text=_("Whether a second person confirms each payment before it is sent.")
    )
    needs_second_person_for_account_changes = models.BooleanField(
        default=False, help_text=_("Whether a second person confirms each change of a bank account.")
    )

    class Meta:
        verbose_name = pgettext_lazy("model", "market settings")
        verbose_name_plural = pgettext_lazy("models", "market settings")
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="shop_settings_are_one_row"),
            models.CheckConstraint(
                condition=models.Q(deletion_wait_days__lt=models.F("data_deletion_days")),
                name="shop_settings_deletion_in_time",
            ),
            models.CheckConstraint(
                condition=models.Q(payout_weekday=None) | models.Q(payout_weekday__range=(0, 6)),
                name="shop_settings_payout_weekday",
            ),
            models.CheckConstraint(
                condition=models.Q(gift_card_expiry_amount=None) | models.Q(gift_card_expiry_amount__gte=1),
                name="shop_settings_gift_card_expiry_positive",
            ),
            models.CheckConstraint(
                condition=models.Q(substitute_answer_hours__gte=1),
                name="shop_settings_substitute_answer_hours_positive",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def next_payout_day(self, today: datetime.date) -> datetime.date | None:
        """Return the next announced day of payment, which may be today, or None if none is announced."""
        if self.payout_weekday is None:
            return None
        return today + datetime.timedelta(days=(self.payout_weekday - today.weekday()) % 7)

    def missed_payout_day(self, due_since: datetime.datetime, today: datetime.date) -> datetime.date | None:
        """Return the day announced for money due since then if it has passed, else None."""
        announced_day = self.next_payout_day(vietnam_date(due_since))
        return announced_day if announced_day is not None and announced_day < today else None


def shop_settings() -> ShopSettings:
    """Return the saved settings, or the defaults if none were saved."""
    return next(iter(_settings()), None) or ShopSettings()


@compiled_query
def _settings() -> models.QuerySet[ShopSettings]:
    return ShopSettings.objects.order_by("pk")[:1]
