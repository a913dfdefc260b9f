"""Rename keys of stored gateway requests and of proposed rules, which follow the names in the code."""

from django.db import migrations

REQUEST_KEYS = {"hold": "is_authorisation_only", "hosted": "is_hosted"}
PROPOSED_KEYS = {
    "payouts_need_second_person": "needs_second_person_for_payouts",
    "account_changes_need_second_person": "needs_second_person_for_account_changes",
}


def rename_keys(rows, column, new_names):
    for row in rows.iterator():
        stored = getattr(row, column)
        renamed = {new_names.get(key, key): value for key, value in stored.items()}
        if renamed != stored:
            rows.filter(pk=row.pk).update(**{column: renamed})


def rename_all(apps, reverse):
    for model, column, new_names in (
        ("GatewayCall", "request_parameters", REQUEST_KEYS),
        ("Approval", "proposed_values", PROPOSED_KEYS),
        ("Approval", "basis", PROPOSED_KEYS),
    ):
        names = {new: old for old, new in new_names.items()} if reverse else new_names
        rename_keys(apps.get_model("orders", model).objects, column, names)


def forwards(apps, schema_editor):
    rename_all(apps, reverse=False)


def backwards(apps, schema_editor):
    rename_all(apps, reverse=True)


class Migration(migrations.Migration):
    dependencies = [("orders", "0014_rename_weighed_parcel_lines")]
    operations = [migrations.RunPython(forwards, backwards)]
