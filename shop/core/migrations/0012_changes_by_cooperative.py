from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0011_translations"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="change",
            index=models.Index(
                condition=models.Q(("cooperative__isnull", False)),
                fields=["cooperative", "-created_at", "-id"],
                name="change_by_cooperative",
            ),
        ),
    ]
