from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0010_sweep_failures"),
    ]

    operations = [
        migrations.CreateModel(
            name="Translation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=60)),
                ("key", models.CharField(max_length=40)),
                ("language", models.CharField(max_length=16)),
                ("field", models.CharField(max_length=60)),
                ("text", models.TextField()),
            ],
            options={
                "verbose_name": "translation",
                "verbose_name_plural": "translations",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "key", "language", "field"), name="translation_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("field", "slug")),
                        fields=("kind", "language", "text"),
                        name="translated_slug_once",
                    ),
                ],
            },
        ),
    ]
