"""Rename stored values that said something else than their names in the code."""

from django.db import migrations

NEW_VALUES = (
    ("BankTransfer", "state", "settled", "assigned"),
    ("GatewayCall", "operation", "cancel", "void"),
    ("StatementRow", "problem", "settled_otherwise", "remitted_differently"),
    ("StatementRow", "problem", "undone", "voided"),
    ("WeightQuestion", "answer", "moot", "no_longer_asked"),
)


def forwards(apps, schema_editor):
    for model, column, old, new in NEW_VALUES:
        apps.get_model("orders", model).objects.filter(**{column: old}).update(**{column: new})


def backwards(apps, schema_editor):
    for model, column, old, new in NEW_VALUES:
        apps.get_model("orders", model).objects.filter(**{column: new}).update(**{column: old})


class Migration(migrations.Migration):
    dependencies = [("orders", "0022_relabel_states")]
    operations = [migrations.RunPython(forwards, backwards)]
