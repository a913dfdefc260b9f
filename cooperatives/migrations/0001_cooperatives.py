import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_users"),
        ("core", "0003_pictures"),
    ]

    operations = [
        migrations.CreateModel(
            name="Cooperative",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("metadata", models.JSONField(blank=True, default=dict)),
                ("private_metadata", models.JSONField(blank=True, default=dict)),
                ("external_reference", models.CharField(blank=True, max_length=250, null=True, unique=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("slug", models.SlugField(max_length=120, unique=True)),
                ("name", models.CharField(help_text="Short name that buyers see.", max_length=120)),
                ("folded_name", models.CharField(blank=True, default="", max_length=250)),
                ("is_platform_seller", models.BooleanField(default=False)),
                (
                    "is_sample",
                    models.BooleanField(default=False, help_text="Sample data to show how the market works."),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("applied", "applied"),
                            ("needs_more", "more is needed"),
                            ("approved", "approved"),
                            ("suspended", "suspended"),
                            ("rejected", "rejected"),
                        ],
                        default="applied",
                        max_length=20,
                    ),
                ),
                ("state_reason", models.TextField(blank=True, default="")),
                ("sort_order", models.PositiveIntegerField(default=1000)),
                ("legal_name", models.CharField(blank=True, default="", max_length=250)),
                ("registration_number", models.CharField(blank=True, default="", max_length=40)),
                ("registration_issuer", models.CharField(blank=True, default="", max_length=250)),
                ("registered_on", models.DateField(blank=True, null=True)),
                ("tax_code", models.CharField(blank=True, default="", max_length=20)),
                ("representative", models.CharField(blank=True, default="", max_length=250)),
                ("email", models.EmailField(blank=True, default="", max_length=254)),
                ("phone", models.CharField(blank=True, default="", max_length=40)),
                ("zalo_phone", models.CharField(blank=True, default="", max_length=40)),
                (
                    "is_food_producer",
                    models.BooleanField(
                        blank=True,
                        help_text="Whether it processes or packs food, which needs a food safety certificate.",
                        null=True,
                    ),
                ),
                ("bank_bin", models.CharField(blank=True, default="", max_length=6)),
                ("bank_account", models.CharField(blank=True, default="", max_length=19)),
                ("bank_holder", models.CharField(blank=True, default="", max_length=120)),
                (
                    "stripe_account",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="Key of its connected Stripe account for sales abroad.",
                        max_length=80,
                    ),
                ),
                ("province_code", models.CharField(blank=True, default="", max_length=10)),
                ("commune_code", models.CharField(blank=True, default="", max_length=10)),
                ("province_name", models.CharField(blank=True, default="", max_length=120)),
                ("commune_name", models.CharField(blank=True, default="", max_length=120)),
                ("hamlet", models.CharField(blank=True, default="", max_length=250)),
                ("latitude", models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True)),
                ("longitude", models.DecimalField(blank=True, decimal_places=6, max_digits=9, null=True)),
                ("summary", models.CharField(blank=True, default="", max_length=250)),
                ("story", models.TextField(blank=True, default="")),
                (
                    "cover",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="core.picture",
                    ),
                ),
                (
                    "portrait",
                    models.ForeignKey(
                        blank=True,
                        help_text="Photo of its people that buyers see beside its name.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="core.picture",
                    ),
                ),
                ("return_terms", models.TextField(blank=True, default="")),
                (
                    "complaint_hours",
                    models.PositiveSmallIntegerField(
                        default=24, help_text="Hours after receipt within which damage may be reported."
                    ),
                ),
                (
                    "accept_within_hours",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Hours to accept an order; empty: the market's default.",
                        null=True,
                    ),
                ),
                ("paused_from", models.DateTimeField(blank=True, null=True)),
                (
                    "paused_until",
                    models.DateField(blank=True, help_text="First day on which it sells again.", null=True),
                ),
                ("pause_note", models.CharField(blank=True, default="", max_length=250)),
            ],
            options={
                "verbose_name": "cooperative",
                "verbose_name_plural": "cooperatives",
                "indexes": [models.Index(fields=["state", "sort_order", "id"], name="cooperative_by_state")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_platform_seller", True)),
                        fields=("is_platform_seller",),
                        name="one_platform_seller",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "cooperative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="cooperatives.cooperative",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("manager", "manager"),
                            ("lister", "lister"),
                            ("packer", "packer"),
                            ("cashier", "cashier"),
                            ("bookkeeper", "bookkeeper"),
                        ],
                        max_length=12,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                ("joined_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "member",
                "verbose_name_plural": "members",
                "constraints": [
                    models.UniqueConstraint(fields=("cooperative", "user"), name="membership_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="Producer",
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
                    "cooperative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="producers",
                        to="cooperatives.cooperative",
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("products_made", models.CharField(blank=True, default="", max_length=120)),
                ("place", models.CharField(blank=True, default="", max_length=250)),
                ("agreed_on", models.DateField(blank=True, null=True)),
                ("phone", models.CharField(blank=True, default="", max_length=40)),
                (
                    "portrait",
                    models.ForeignKey(
                        blank=True,
                        help_text="Photo that buyers see beside its name once it agreed.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="core.picture",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "household",
                "verbose_name_plural": "households",
            },
        ),
        migrations.CreateModel(
            name="Certificate",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "cooperative",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="certificates",
                        to="cooperatives.cooperative",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("ocop", "OCOP"),
                            ("vietgap", "VietGAP"),
                            ("organic", "organic (TCVN 11041)"),
                            ("growing_area", "growing area code"),
                            ("origin", "geographical indication"),
                        ],
                        max_length=20,
                    ),
                ),
                ("stars", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("number", models.CharField(blank=True, default="", max_length=120)),
                ("issuer", models.CharField(blank=True, default="", max_length=250)),
                ("issued_on", models.DateField(blank=True, null=True)),
                ("expires_on", models.DateField(blank=True, null=True)),
                (
                    "is_sample",
                    models.BooleanField(default=False, help_text="Whether number and dates are sample data."),
                ),
                (
                    "picture",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="core.picture",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("in_review", "in review"),
                            ("confirmed", "confirmed"),
                            ("returned", "to be corrected"),
                        ],
                        default="confirmed",
                        max_length=10,
                    ),
                ),
                ("state_reason", models.TextField(blank=True, default="")),
                ("submitted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "replaces",
                    models.OneToOneField(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="proposal",
                        to="cooperatives.certificate",
                    ),
                ),
            ],
            options={
                "verbose_name": "certificate",
                "verbose_name_plural": "certificates",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "in_review")),
                        fields=["submitted_at", "id"],
                        name="certificate_waiting",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "ocop"), ("stars__gte", 3), ("stars__lte", 5)),
                            models.Q(models.Q(("kind", "ocop"), _negated=True), ("stars", None)),
                            _connector="OR",
                        ),
                        name="certificate_ocop_has_three_to_five_stars",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("issued_on", None),
                            ("expires_on", None),
                            ("expires_on__gte", models.F("issued_on")),
                            _connector="OR",
                        ),
                        name="certificate_expires_after_it_is_issued",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("replaces", None),
                            models.Q(("state", "confirmed"), _negated=True),
                            _connector="OR",
                        ),
                        name="certificate_proposal_is_not_shown",
                    ),
                ],
            },
        ),
    ]
