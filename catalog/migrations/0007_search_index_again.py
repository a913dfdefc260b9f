"""0006 rebuilt catalog_product on SQLite, which lost the triggers that keep the search's index: make them again."""

from importlib import import_module

from django.db import migrations

index = import_module("catalog.migrations.0002_search_index")


def forwards(apps, schema_editor):
    if schema_editor.connection.vendor == "sqlite":
        index.backwards(apps, schema_editor)
        index.forwards(apps, schema_editor)


class Migration(migrations.Migration):
    dependencies = [("catalog", "0006_return_days")]
    operations = [migrations.RunPython(forwards, migrations.RunPython.noop)]
