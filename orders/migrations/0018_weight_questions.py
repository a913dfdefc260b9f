import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0017_substitutes"),
    ]

    operations = [
        migrations.CreateModel(
            name="WeightQuestion",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "line",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="weight_questions",
                        to="orders.orderline",
                    ),
                ),
                ("grams", models.PositiveIntegerField()),
                ("cost_before", models.BigIntegerField()),
                ("cost_after", models.BigIntegerField()),
                ("created_at", models.DateTimeField()),
                (
                    "answer",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("agreed", "agreed"),
                            ("refused", "not agreed"),
                            ("no_longer_asked", "no longer needed"),
                        ],
                        default="",
                        max_length=16,
                    ),
                ),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("answer", "")), fields=("line",), name="weight_question_one_open"
                    )
                ],
            },
        ),
    ]
