"""The journal anew: it tells of goods' names in other languages too, and whether searches find otherwise."""

from importlib import import_module

from django.db import migrations

journal = import_module("catalog.migrations.0005_touched_goods")


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0009_search_table"),
        ("core", "0005_translated_slugs_are_ones_own"),
    ]
    operations = [migrations.RunPython(journal.again, migrations.RunPython.noop)]
