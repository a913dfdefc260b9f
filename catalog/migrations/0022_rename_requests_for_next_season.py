"""Name the column of back-in-stock requests as a question."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalog", "0021_find_merged_categories")]
    operations = [
        migrations.RenameField("backinstockrequest", "waits_for_season", "is_for_next_season")
    ]
