"""Mark existing groups without cooperatives as platform-wide, as which they counted until now."""

from django.db import migrations


def name_platform_wide_groups(apps, schema_editor):
    Group = apps.get_model("accounts", "Group")
    Group.objects.filter(cooperative_rows=None).update(is_platform_wide=True)


def empty_groups_of_nobody(apps, schema_editor):
    """Remove the permissions of groups that grant nothing now: older code treats them as platform-wide."""
    GroupPermission = apps.get_model("accounts", "GroupPermission")
    GroupPermission.objects.filter(group__is_platform_wide=False, group__cooperative_rows=None).delete()


class Migration(migrations.Migration):

    dependencies = [
        ("cooperatives", "0003_follows_and_checked_certificates"),
        ("accounts", "0004_platform_wide_groups"),
    ]

    operations = [
        migrations.RunPython(name_platform_wide_groups, empty_groups_of_nobody),
    ]
