from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0006_collections"),
    ]

    operations = [
        migrations.CreateModel(
            name="ForbiddenPhrase",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("phrase", models.CharField(max_length=80, unique=True)),
                ("reason", models.CharField(max_length=250)),
            ],
            options={
                "verbose_name": "forbidden phrase",
                "verbose_name_plural": "forbidden phrases",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("phrase", ""), _negated=True), models.Q(("reason", ""), _negated=True)
                        ),
                        name="forbidden_phrase_has_a_reason",
                    )
                ],
            },
        ),
    ]
