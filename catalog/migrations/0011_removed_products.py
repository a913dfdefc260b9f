from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0007_wishes")]

    operations = [
        migrations.AddField(
            model_name="product",
            name="removed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
