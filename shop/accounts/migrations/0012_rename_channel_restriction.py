"""Name the restriction of a group to channels as a question."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_confirmed_phones_are_unique")]
    operations = [migrations.RenameField("group", "restricted_to_channels", "is_restricted_to_channels")]
