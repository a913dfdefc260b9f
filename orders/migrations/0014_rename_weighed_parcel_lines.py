"""Name the column of lines sold by weight as in order lines."""

from django.db import migrations, models
from django.db.models import Q

CONSTRAINT = "parcel_line_by_weight_is_weighed"


class Migration(migrations.Migration):
    dependencies = [("orders", "0013_rename_report_columns")]
    operations = [
        migrations.RemoveConstraint("parcelline", CONSTRAINT),
        migrations.RenameField("parcelline", "by_weight", "is_by_weight"),
        migrations.AddConstraint(
            "parcelline",
            models.CheckConstraint(
                condition=Q(is_by_weight=False) | Q(grams__isnull=False, grams__gt=0), name=CONSTRAINT
            ),
        ),
    ]
