import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0012_gateway_calls"),
    ]

    operations = [
        migrations.CreateModel(
            name="InvoiceDetails",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="invoice", to="orders.order"
                    ),
                ),
                ("company", models.CharField(max_length=250)),
                ("tax_code", models.CharField(max_length=20)),
                ("address", models.CharField(max_length=250)),
                ("email", models.EmailField(blank=True, default="", max_length=254)),
            ],
            options={
                "verbose_name": "invoice company",
                "verbose_name_plural": "invoice companies",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("company", ""), _negated=True),
                            models.Q(("tax_code", ""), _negated=True),
                            models.Q(("address", ""), _negated=True),
                        ),
                        name="invoice_details_are_whole",
                    )
                ],
            },
        ),
    ]
