"""Name the column of cooperatives that make food as a question."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("cooperatives", "0010_producer_portrait")]
    operations = [migrations.RenameField("cooperative", "makes_food", "is_food_producer")]
