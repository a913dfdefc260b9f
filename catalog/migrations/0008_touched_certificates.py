"""The journal's triggers anew: certificates were rebuilt after them, where a shop was brought up to date."""

from importlib import import_module

from django.db import migrations

journal = import_module("catalog.migrations.0005_touched_goods")


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0007_wishes"),
        ("cooperatives", "0003_follows_and_checked_certificates"),
    ]
    operations = [migrations.RunPython(journal.again, migrations.RunPython.noop)]
