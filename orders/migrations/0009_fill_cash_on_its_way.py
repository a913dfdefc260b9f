"""Say of parcels that left before in whose hands their cash is, and since when."""

from django.db import migrations
from django.db.models import F, Q


def fill(apps, schema_editor):
    parcels = apps.get_model("orders", "Parcel").objects.exclude(cod_state="none").exclude(handed_over_at=None)
    left = parcels.filter(cod_holder="")
    by_carrier = ~Q(carrier="") & Q(part__way_kind="carrier")
    left.filter(pk__in=left.filter(by_carrier).values("pk")).update(cod_holder="carrier")
    left.update(cod_holder="cooperative")
    parcels.filter(cod_state="collected", cod_collected_at=None).update(cod_collected_at=F("delivered_at"))


class Migration(migrations.Migration):
    dependencies = [("orders", "0008_cash_on_its_way")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
