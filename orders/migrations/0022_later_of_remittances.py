from django.db import migrations, models


class Migration(migrations.Migration):
    """What of a carrier's difference was put right after its remittance was settled."""

    dependencies = [("orders", "0021_payer_of_transfers")]

    operations = [
        migrations.AddField(
            model_name="cashremittance",
            name="made_good",
            field=models.BigIntegerField(default=0),
        ),
    ]
