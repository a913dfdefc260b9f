import secrets

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("core", "0001_channels"),
    ]

    operations = [
        migrations.CreateModel(
            name="App",
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
                ("identifier", models.CharField(blank=True, default="", max_length=256)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "app",
                "verbose_name_plural": "apps",
            },
        ),
        migrations.CreateModel(
            name="AppPermission",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "app",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="permissions",
                        to="accounts.app",
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        choices=[
                            ("manage_users", "Manage customers."),
                            ("manage_staff", "Manage staff."),
                            ("impersonate_user", "Impersonate user."),
                            ("manage_apps", "Manage apps"),
                            ("manage_observability", "Manage observability"),
                            ("manage_channels", "Manage channels."),
                            ("manage_discounts", "Manage promotions and vouchers."),
                            ("manage_plugins", "Manage plugins"),
                            ("manage_gift_card", "Manage gift cards."),
                            ("manage_menus", "Manage navigation."),
                            ("manage_orders", "Manage orders."),
                            ("manage_orders_import", "Manage orders import."),
                            ("manage_pages", "Manage pages."),
                            ("manage_page_types_and_attributes", "Manage page types and attributes."),
                            ("handle_payments", "Handle payments"),
                            ("manage_products", "Manage products."),
                            ("manage_product_types_and_attributes", "Manage product types and attributes."),
                            ("manage_shipping", "Manage shipping."),
                            ("manage_settings", "Manage settings."),
                            ("manage_translations", "Manage translations."),
                            ("manage_checkouts", "Manage checkouts"),
                            ("handle_checkouts", "Handle checkouts"),
                            ("handle_taxes", "Handle taxes"),
                            ("manage_taxes", "Manage taxes"),
                        ],
                        max_length=60,
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("app", "code"), name="app_permission_once")],
            },
        ),
        migrations.CreateModel(
            name="AppToken",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "app",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="tokens", to="accounts.app"
                    ),
                ),
                ("name", models.CharField(blank=True, default="", max_length=128)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("last_characters", models.CharField(max_length=4)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("external_reference", models.CharField(blank=True, max_length=250, null=True, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("email", models.EmailField(blank=True, max_length=254, null=True, unique=True)),
                ("phone", models.CharField(blank=True, db_index=True, max_length=20, null=True)),
                (
                    "phone_confirmed_at",
                    models.DateTimeField(
                        blank=True,
                        help_text="Time at which the phone number was confirmed with a code.",
                        null=True,
                    ),
                ),
                ("first_name", models.CharField(blank=True, default="", max_length=256)),
                ("last_name", models.CharField(blank=True, default="", max_length=256)),
                ("language", models.CharField(default="vi", max_length=16)),
                (
                    "is_staff",
                    models.BooleanField(default=False, help_text="Whether the person works for the market."),
                ),
                ("is_superuser", models.BooleanField(default=False)),
                ("is_active", models.BooleanField(default=True)),
                ("is_confirmed", models.BooleanField(default=True)),
                ("date_joined", models.DateTimeField(auto_now_add=True)),
                ("note", models.TextField(blank=True, default="")),
                (
                    "revocation_key",
                    models.CharField(
                        default=secrets.token_urlsafe,
                        help_text="Secret in every token of the account; changing it signs the user out everywhere.",
                        max_length=64,
                    ),
                ),
                (
                    "second_factor_since",
                    models.DateTimeField(
                        blank=True,
                        help_text="Time since which sign-in requires a second factor; empty if it does not.",
                        null=True,
                    ),
                ),
                (
                    "second_factor_due_at",
                    models.DateTimeField(
                        blank=True, help_text="Deadline for setting up a required second factor.", null=True
                    ),
                ),
                ("erased_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "account",
                "verbose_name_plural": "accounts",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("email", ""), _negated=True), name="user_email_empty_is_null"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("phone", ""), _negated=True), name="user_phone_empty_is_null"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("phone__isnull", False), ("phone_confirmed_at", None), _connector="OR"
                        ),
                        name="user_confirms_a_phone",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("phone_confirmed_at__isnull", False)),
                        fields=("phone",),
                        name="user_confirmed_phone_is_unique",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Address",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="addresses",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("first_name", models.CharField(blank=True, default="", max_length=256)),
                ("last_name", models.CharField(blank=True, default="", max_length=256)),
                ("company_name", models.CharField(blank=True, default="", max_length=256)),
                ("street_address_1", models.CharField(blank=True, default="", max_length=256)),
                ("street_address_2", models.CharField(blank=True, default="", max_length=256)),
                ("city", models.CharField(blank=True, default="", max_length=256)),
                ("city_area", models.CharField(blank=True, default="", max_length=128)),
                ("postal_code", models.CharField(blank=True, default="", max_length=20)),
                ("country", models.CharField(default="VN", max_length=2)),
                ("country_area", models.CharField(blank=True, default="", max_length=128)),
                ("phone", models.CharField(blank=True, default="", max_length=40)),
                ("province_code", models.CharField(blank=True, default="", max_length=10)),
                ("commune_code", models.CharField(blank=True, default="", max_length=10)),
                ("landmark", models.CharField(blank=True, default="", max_length=250)),
                ("validation_skipped", models.BooleanField(default=False)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Group",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=150, unique=True)),
                (
                    "is_platform_wide",
                    models.BooleanField(
                        default=False,
                        help_text="Whether its permissions apply to the data of all cooperatives.",
                        verbose_name="whole market",
                    ),
                ),
                ("is_restricted_to_channels", models.BooleanField(default=False)),
                (
                    "users",
                    models.ManyToManyField(
                        blank=True, related_name="permission_groups", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "channels",
                    models.ManyToManyField(blank=True, related_name="permission_groups", to="core.channel"),
                ),
            ],
            options={
                "verbose_name": "staff group",
                "verbose_name_plural": "staff groups",
            },
        ),
        migrations.CreateModel(
            name="GroupPermission",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "group",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="permissions",
                        to="accounts.group",
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        choices=[
                            ("manage_users", "Manage customers."),
                            ("manage_staff", "Manage staff."),
                            ("impersonate_user", "Impersonate user."),
                            ("manage_apps", "Manage apps"),
                            ("manage_observability", "Manage observability"),
                            ("manage_channels", "Manage channels."),
                            ("manage_discounts", "Manage promotions and vouchers."),
                            ("manage_plugins", "Manage plugins"),
                            ("manage_gift_card", "Manage gift cards."),
                            ("manage_menus", "Manage navigation."),
                            ("manage_orders", "Manage orders."),
                            ("manage_orders_import", "Manage orders import."),
                            ("manage_pages", "Manage pages."),
                            ("manage_page_types_and_attributes", "Manage page types and attributes."),
                            ("handle_payments", "Handle payments"),
                            ("manage_products", "Manage products."),
                            ("manage_product_types_and_attributes", "Manage product types and attributes."),
                            ("manage_shipping", "Manage shipping."),
                            ("manage_settings", "Manage settings."),
                            ("manage_translations", "Manage translations."),
                            ("manage_checkouts", "Manage checkouts"),
                            ("handle_checkouts", "Handle checkouts"),
                            ("handle_taxes", "Handle taxes"),
                            ("manage_taxes", "Manage taxes"),
                        ],
                        max_length=60,
                    ),
                ),
            ],
            options={
                "verbose_name": "permission",
                "verbose_name_plural": "permissions",
                "constraints": [
                    models.UniqueConstraint(fields=("group", "code"), name="group_permission_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Consent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="consents",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("subject", models.CharField(blank=True, default="", max_length=80)),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            (
                                "order",
                                "sharing name, phone number and address with the seller and the carrier of this order",
                            ),
                            ("news", "news of new seasons"),
                        ],
                        max_length=20,
                    ),
                ),
                ("version", models.CharField(max_length=20)),
                ("given_at", models.DateTimeField()),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
                (
                    "entry_point",
                    models.CharField(
                        choices=[
                            ("market", "market"),
                            ("members", "members' app"),
                            ("desk", "desk"),
                            ("api", "API"),
                            ("system", "system"),
                        ],
                        max_length=10,
                    ),
                ),
            ],
            options={
                "verbose_name": "consent",
                "verbose_name_plural": "consents",
                "indexes": [models.Index(fields=["subject"], name="consent_by_subject")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("user__isnull", False), models.Q(("subject", ""), _negated=True), _connector="OR"
                        ),
                        name="consent_has_user_or_subject",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="user",
            name="default_billing_address",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="accounts.address",
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="default_shipping_address",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="accounts.address",
            ),
        ),
    ]
