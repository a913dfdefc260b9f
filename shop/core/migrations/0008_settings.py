import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0007_limit_counters"),
    ]

    operations = [
        migrations.CreateModel(
            name="ShopSettings",
            fields=[
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                (
                    "id",
                    models.PositiveSmallIntegerField(
                        default=1, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(default="Chợ Phiên", max_length=120)),
                ("description", models.CharField(blank=True, default="", max_length=500)),
                ("track_inventory_by_default", models.BooleanField(default=True)),
                ("default_weight_unit", models.CharField(default="kg", max_length=10)),
                ("default_digital_max_downloads", models.PositiveIntegerField(blank=True, null=True)),
                ("default_digital_url_valid_days", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "limit_quantity_per_checkout",
                    models.PositiveIntegerField(blank=True, default=50, null=True),
                ),
                ("reserve_stock_duration_anonymous_user", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "reserve_stock_duration_authenticated_user",
                    models.PositiveIntegerField(blank=True, null=True),
                ),
                ("fulfillment_auto_approve", models.BooleanField(default=True)),
                ("fulfillment_allow_unpaid", models.BooleanField(default=True)),
                ("enable_account_confirmation_by_email", models.BooleanField(default=True)),
                ("allow_login_without_confirmation", models.BooleanField(default=False)),
                ("use_legacy_update_webhook_emission", models.BooleanField(default=True)),
                ("password_login_mode", models.CharField(default="enabled", max_length=20)),
                ("customer_set_password_url", models.CharField(blank=True, default="", max_length=255)),
                ("operator_name", models.CharField(blank=True, default="", max_length=250)),
                (
                    "operator_registration",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Number, date and issuer of the registration.",
                        max_length=250,
                    ),
                ),
                ("operator_address", models.CharField(blank=True, default="", max_length=250)),
                ("operator_phone", models.CharField(blank=True, default="", max_length=40)),
                ("operator_email", models.EmailField(blank=True, default="", max_length=254)),
                ("ministry_notice_url", models.URLField(blank=True, default="")),
                (
                    "accept_within_hours",
                    models.PositiveSmallIntegerField(
                        default=24, help_text="Hours within which a cooperative accepts its part of an order."
                    ),
                ),
                (
                    "attention_hours_before",
                    models.PositiveSmallIntegerField(
                        default=4,
                        help_text="Hours before that deadline at which staff are notified of an unaccepted part.",
                    ),
                ),
                (
                    "substitute_answer_hours",
                    models.PositiveSmallIntegerField(
                        default=4,
                        help_text="Hours within which a buyer answers whether they want a substitute.",
                        validators=[django.core.validators.MinValueValidator(1)],
                    ),
                ),
                (
                    "bank_bin",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Bank identification number (BIN) of the account that buyers transfer to.",
                        max_length=6,
                    ),
                ),
                ("bank_account", models.CharField(blank=True, default="", max_length=19)),
                ("bank_holder", models.CharField(blank=True, default="", max_length=120)),
                (
                    "is_tax_withheld",
                    models.BooleanField(
                        default=False,
                        help_text="Whether the market withholds cooperatives' tax (Decree 117/2025).",
                    ),
                ),
                (
                    "complaint_days",
                    models.PositiveSmallIntegerField(
                        default=7,
                        help_text="Minimum number of days after receipt during which a buyer may complain.",
                    ),
                ),
                (
                    "answer_complaints_days",
                    models.PositiveSmallIntegerField(
                        default=7, help_text="Days within which a complaint is answered."
                    ),
                ),
                (
                    "payout_weekday",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Weekday on which cooperatives are paid, 0 is Monday; empty if none is announced.",
                        null=True,
                    ),
                ),
                (
                    "data_access_days",
                    models.PositiveSmallIntegerField(
                        default=10, help_text="Days within which a copy of personal data is provided."
                    ),
                ),
                (
                    "data_correction_days",
                    models.PositiveSmallIntegerField(
                        default=10, help_text="Days within which personal data is corrected."
                    ),
                ),
                (
                    "data_withdrawal_days",
                    models.PositiveSmallIntegerField(
                        default=15,
                        help_text="Days within which a withdrawn consent or an objection takes effect.",
                    ),
                ),
                (
                    "data_deletion_days",
                    models.PositiveSmallIntegerField(
                        default=20, help_text="Days within which personal data is deleted."
                    ),
                ),
                (
                    "deletion_wait_days",
                    models.PositiveSmallIntegerField(
                        default=7, help_text="Days during which a deletion can still be cancelled."
                    ),
                ),
                (
                    "requires_second_factor_of_staff",
                    models.BooleanField(default=True, help_text="Whether staff must use two-step sign-in."),
                ),
                (
                    "requires_second_factor_of_managers",
                    models.BooleanField(
                        default=False, help_text="Whether managers of cooperatives must use two-step sign-in."
                    ),
                ),
                (
                    "second_factor_grace_days",
                    models.PositiveSmallIntegerField(
                        default=14, help_text="Days within which a person must set up two-step sign-in."
                    ),
                ),
                (
                    "needs_second_person_for_payouts",
                    models.BooleanField(
                        default=False,
                        help_text="Whether a second person confirms each payment before it is sent.",
                    ),
                ),
                (
                    "needs_second_person_for_account_changes",
                    models.BooleanField(
                        default=False,
                        help_text="Whether a second person confirms each change of a bank account.",
                    ),
                ),
            ],
            options={
                "verbose_name": "market settings",
                "verbose_name_plural": "market settings",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="shop_settings_are_one_row"),
                    models.CheckConstraint(
                        condition=models.Q(("deletion_wait_days__lt", models.F("data_deletion_days"))),
                        name="shop_settings_deletion_in_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("payout_weekday", None), ("payout_weekday__range", (0, 6)), _connector="OR"
                        ),
                        name="shop_settings_payout_weekday",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("substitute_answer_hours__gte", 1)),
                        name="shop_settings_substitute_answer_hours_positive",
                    ),
                ],
            },
        ),
    ]
