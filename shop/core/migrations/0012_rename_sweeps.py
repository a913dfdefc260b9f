"""Give failed rows of two sweeps their tasks' new names."""

from django.db import migrations

NEW_NAMES = {
    "catalog.tell_back": "catalog.send_back_in_stock_notices",
    "accounts.sweep_entrance": "accounts.delete_expired_access",
}


def rename(apps, names):
    failures = apps.get_model("core", "SweepFailure").objects
    for old, new in names.items():
        failures.filter(sweep=old).update(sweep=new)


def forwards(apps, schema_editor):
    rename(apps, NEW_NAMES)


def backwards(apps, schema_editor):
    rename(apps, {new: old for old, new in NEW_NAMES.items()})


class Migration(migrations.Migration):
    dependencies = [("core", "0011_second_person")]
    operations = [migrations.RunPython(forwards, backwards)]
