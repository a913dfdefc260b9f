from django.db import migrations, models


def mark_removed(apps, _schema_editor):
    """Mark removed products, which until now only the character ~ in their slug showed."""
    products = apps.get_model("catalog", "Product").objects.filter(slug__contains="~")
    products.update(removed_at=models.F("updated_at"))


class Migration(migrations.Migration):
    dependencies = [("catalog", "0011_removed_products")]

    operations = [migrations.RunPython(mark_removed, migrations.RunPython.noop)]
