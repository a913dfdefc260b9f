"""Rename the stored reason of transfers for orders with another payment method."""

from django.db import migrations


def rename(apps, old, new):
    apps.get_model("orders", "BankTransfer").objects.filter(reason=old).update(reason=new)


def forwards(apps, schema_editor):
    rename(apps, "other_way", "other_method")


def backwards(apps, schema_editor):
    rename(apps, "other_method", "other_way")


class Migration(migrations.Migration):
    dependencies = [("orders", "0017_rename_webhook_events_and_list_prices")]
    operations = [migrations.RunPython(forwards, backwards)]
