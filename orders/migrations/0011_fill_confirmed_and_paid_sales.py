"""Fill the columns of confirmed and paid sales from the orders."""

from django.db import migrations
from django.db.models import Exists, OuterRef

ACTIVE_PART_STATES = ("new", "accepted")
PAID_COVERAGES = ("full", "over")


def fill_columns(apps, schema_editor):
    Order, OrderPart, OrderLine = (
        apps.get_model("orders", name) for name in ("Order", "OrderPart", "OrderLine")
    )
    confirmed = Order.objects.filter(pk=OuterRef("order"), confirmed_at__isnull=False)
    paid = Order.objects.filter(pk=OuterRef("order"), charge_coverage__in=PAID_COVERAGES)
    active_parts = OrderPart.objects.filter(state__in=ACTIVE_PART_STATES)
    OrderPart.objects.filter(Exists(confirmed)).update(is_confirmed=True)
    OrderLine.objects.filter(Exists(confirmed)).update(is_confirmed=True)
    active_parts.filter(Exists(paid)).update(is_paid=True)
    OrderLine.objects.filter(Exists(paid), part__in=active_parts.values("pk")).update(is_paid=True)


class Migration(migrations.Migration):
    dependencies = [("orders", "0010_confirmed_and_paid_sales")]

    operations = [migrations.RunPython(fill_columns, migrations.RunPython.noop)]
