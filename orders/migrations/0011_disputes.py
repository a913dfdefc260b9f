import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0010_discounts"),
    ]

    operations = [
        migrations.CreateModel(
            name="Dispute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="disputes",
                        to="orders.payment",
                    ),
                ),
                ("reference", models.CharField(max_length=190, unique=True)),
                ("reason", models.CharField(blank=True, default="", max_length=80)),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("to_answer", "to be answered"),
                            ("answered", "with the bank"),
                            ("won", "won"),
                            ("lost", "lost"),
                        ],
                        default="to_answer",
                        max_length=10,
                    ),
                ),
                ("evidence_by", models.DateTimeField(blank=True, null=True)),
                ("received_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["state", "evidence_by", "id"], name="dispute_by_state")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="dispute_amount_positive"
                    )
                ],
            },
        ),
    ]
