"""Name the settings of second factors and second persons as the questions that they answer."""

from django.db import migrations

NEW_NAMES = {
    "second_factor_for_staff": "requires_second_factor_of_staff",
    "second_factor_for_managers": "requires_second_factor_of_managers",
    "payouts_need_second_person": "needs_second_person_for_payouts",
    "account_changes_need_second_person": "needs_second_person_for_account_changes",
}


class Migration(migrations.Migration):
    dependencies = [("core", "0012_rename_sweeps")]
    operations = [migrations.RenameField("shopsettings", old, new) for old, new in NEW_NAMES.items()]
