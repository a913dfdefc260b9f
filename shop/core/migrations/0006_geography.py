import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0005_change_seals"),
    ]

    operations = [
        migrations.CreateModel(
            name="Division",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=10)),
                (
                    "level",
                    models.CharField(
                        choices=[
                            ("province", "province or city"),
                            ("commune", "commune, ward or special zone"),
                        ],
                        max_length=8,
                    ),
                ),
                ("type_word", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=120)),
                ("full_name", models.CharField(max_length=150)),
                (
                    "parent",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="communes",
                        to="core.division",
                    ),
                ),
                ("folded", models.CharField(max_length=120)),
                ("sort_key", models.CharField(max_length=500)),
                ("valid_from", models.DateField()),
                (
                    "valid_until",
                    models.DateField(blank=True, help_text="Last day on which it is in force.", null=True),
                ),
            ],
            options={
                "verbose_name": "province or commune",
                "verbose_name_plural": "provinces and communes",
                "indexes": [
                    models.Index(fields=["parent", "sort_key", "id"], name="division_by_parent"),
                    models.Index(fields=["level", "sort_key", "id"], name="division_by_level"),
                    models.Index(fields=["folded"], name="division_by_folded"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("code", "valid_from"), name="division_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("valid_until", None)),
                        fields=("code",),
                        name="division_one_in_force",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("level", "province"), ("parent", None)),
                            models.Q(("level", "commune"), ("parent__isnull", False)),
                            _connector="OR",
                        ),
                        name="division_commune_has_a_province",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FormerPlace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "division",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_places",
                        to="core.division",
                    ),
                ),
                ("type_word", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=120)),
                ("district", models.CharField(blank=True, default="", max_length=120)),
                ("province", models.CharField(blank=True, default="", max_length=120)),
                ("folded", models.CharField(max_length=120)),
                ("is_part", models.BooleanField(default=False)),
            ],
            options={
                "indexes": [models.Index(fields=["folded"], name="former_place_by_folded")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("division", "type_word", "name", "district", "province"),
                        name="former_place_once",
                    )
                ],
            },
        ),
    ]
