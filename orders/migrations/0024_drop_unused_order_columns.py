"""Drop order columns that nothing writes, and name Saleor's origin and the reconciliation of remittances."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0023_rename_stored_states")]

    operations = [
        migrations.RemoveField(model_name="order", name="till"),
        migrations.RemoveField(model_name="order", name="device_time"),
        migrations.RenameField(model_name="order", old_name="origin", new_name="saleor_origin"),
        migrations.RemoveConstraint(model_name="cashremittance", name="remittance_settled_was_received"),
        migrations.AddConstraint(
            model_name="cashremittance",
            constraint=models.CheckConstraint(
                condition=models.Q(reconciled_at=None, received=None)
                | models.Q(reconciled_at__isnull=False, received__isnull=False),
                name="remittance_reconciled_was_received",
            ),
        ),
        migrations.RenameIndex(
            model_name="cashremittance", old_name="remittance_unseen", new_name="remittance_unreconciled"
        ),
    ]
