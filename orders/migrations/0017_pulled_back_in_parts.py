from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("orders", "0016_names_of_models")]

    operations = [
        migrations.RemoveConstraint("gatewaycall", "gateway_call_pays_out_once"),
        migrations.AddConstraint(
            "gatewaycall",
            models.UniqueConstraint(
                fields=["payout"],
                condition=Q(operation="pay_out") & ~Q(state="failed"),
                name="gateway_call_pays_out_once",
            ),
        ),
    ]
