from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Channel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("name", models.CharField(max_length=250)),
                ("slug", models.SlugField(max_length=255, unique=True)),
                ("is_active", models.BooleanField(default=False)),
                ("currency", models.CharField(max_length=3)),
                ("default_country", models.CharField(default="VN", max_length=2)),
                (
                    "allocation_strategy",
                    models.CharField(
                        choices=[
                            ("prioritize-sorting-order", "warehouses in their order"),
                            ("prioritize-high-stock", "the fullest warehouse first"),
                        ],
                        default="prioritize-sorting-order",
                        max_length=40,
                    ),
                ),
                ("automatically_confirm_all_new_orders", models.BooleanField(default=True)),
                ("automatically_fulfill_non_shippable_gift_card", models.BooleanField(default=True)),
                ("allow_unpaid_orders", models.BooleanField(default=False)),
                ("mark_as_paid_strategy", models.CharField(default="payment_flow", max_length=40)),
                (
                    "default_transaction_flow",
                    models.CharField(
                        choices=[("charge", "charge at once"), ("authorization", "authorise, charge later")],
                        default="charge",
                        max_length=20,
                    ),
                ),
                ("expire_orders_after_minutes", models.PositiveIntegerField(blank=True, null=True)),
                ("delete_expired_orders_after_days", models.PositiveIntegerField(default=60)),
                ("include_draft_order_in_voucher_usage", models.BooleanField(default=False)),
                ("draft_order_line_price_freeze_hours", models.PositiveIntegerField(default=24)),
                ("use_legacy_error_flow_for_checkout", models.BooleanField(default=True)),
                ("automatically_complete_fully_paid_checkouts", models.BooleanField(default=False)),
                ("prices_entered_with_tax", models.BooleanField(default=True)),
                ("charge_taxes", models.BooleanField(default=True)),
                ("display_gross_prices", models.BooleanField(default=True)),
                (
                    "reservation_minutes",
                    models.PositiveSmallIntegerField(
                        default=15,
                        help_text="Minutes for which stock is reserved once checkout is opened; 0 reserves nothing.",
                    ),
                ),
                (
                    "payment_deadline_minutes",
                    models.PositiveIntegerField(
                        default=1440,
                        help_text="Minutes for which stock is reserved while a transfer or card payment is awaited.",
                    ),
                ),
                (
                    "requires_listing_review",
                    models.BooleanField(
                        default=False,
                        help_text="Whether listings need every field that consumer law requires before they are published.",
                    ),
                ),
            ],
            options={
                "verbose_name": "sales channel",
                "verbose_name_plural": "sales channels",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="channel_currency_is_iso_4217",
                    )
                ],
            },
        ),
    ]
