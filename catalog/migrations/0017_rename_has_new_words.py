"""Name the journal's column for what it tells: whether search results may have changed."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("catalog", "0016_cite_the_law_on_advertising")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE catalog_touched RENAME COLUMN words TO has_new_words",
            "ALTER TABLE catalog_touched RENAME COLUMN has_new_words TO words",
        )
    ]
