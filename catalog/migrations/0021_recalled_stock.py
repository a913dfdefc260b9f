"""Rename the column that holds what recalled lots have in a stock.

The database renames it in the generated column and in the constraint itself. Django's own operation would try
to build the generated column from the old name.
"""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("catalog", "0020_wholesale_prices")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE catalog_stock RENAME COLUMN stopped TO recalled",
                    "ALTER TABLE catalog_stock RENAME COLUMN recalled TO stopped",
                )
            ],
            state_operations=[
                migrations.RemoveConstraint("stock", "stock_recalled_not_negative"),
                migrations.RemoveField("stock", "free"),
                migrations.RenameField("stock", "stopped", "recalled"),
                migrations.AddField(
                    "stock",
                    "free",
                    models.GeneratedField(
                        db_persist=True,
                        expression=F("on_hand") - F("reserved") - F("allocated") - F("recalled"),
                        output_field=models.IntegerField(),
                    ),
                ),
                migrations.AddConstraint(
                    "stock",
                    models.CheckConstraint(
                        condition=Q(recalled__gte=0), name="stock_recalled_not_negative"
                    ),
                ),
            ],
        )
    ]
