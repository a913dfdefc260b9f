"""Name the resolved part of a remittance's difference plainly."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("orders", "0018_rename_review_reason")]

    operations = [
        migrations.RenameField("CashRemittance", "compensated", "resolved_difference"),
    ]
