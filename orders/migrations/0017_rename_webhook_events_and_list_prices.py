"""Name webhook events after all services that send them, and the list price of one step in full."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0016_substitutes")]
    operations = [
        migrations.RemoveConstraint("gatewayevent", "gateway_event_once"),
        migrations.RenameModel("GatewayEvent", "WebhookEvent"),
        migrations.RenameIndex(
            "webhookevent", old_name="gateway_event_to_handle", new_name="webhook_event_unhandled"
        ),
        migrations.AddConstraint(
            "webhookevent",
            models.UniqueConstraint(fields=["provider", "event_id"], name="webhook_event_once"),
        ),
        migrations.RenameField("orderline", "unit_list", "unit_list_price"),
        migrations.RenameField("substitute", "unit_list", "unit_list_price"),
        migrations.AlterField(
            "banktransfer",
            "reason",
            models.CharField(
                blank=True,
                choices=[
                    ("no_code", "no order code in the note"),
                    ("unknown_code", "no order has this code"),
                    ("too_little", "less than is due"),
                    ("too_much", "more than is due"),
                    ("several", "several orders in one transfer"),
                    ("late", "after the deadline"),
                    ("paid", "the order is paid already"),
                    ("ended", "the order was cancelled or has expired"),
                    ("other_method", "the order is paid by another method"),
                    ("other_account", "to an account that is not ours"),
                    ("repeated", "possibly a repeated report of a known transfer"),
                ],
                default="",
                max_length=16,
            ),
        ),
    ]
