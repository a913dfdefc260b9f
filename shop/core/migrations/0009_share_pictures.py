from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0008_settings"),
    ]

    operations = [
        migrations.CreateModel(
            name="SharePicture",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=60)),
                ("key", models.PositiveBigIntegerField()),
                ("content_digest", models.CharField(max_length=64)),
                ("path", models.CharField(max_length=200)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("kind", "key"), name="share_picture_once")],
            },
        ),
    ]
