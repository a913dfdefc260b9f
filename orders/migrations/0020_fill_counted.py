"""Say of the parts and lines there are where reports count them."""

import zoneinfo

from django.db import migrations
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import TruncDate

VIETNAM = zoneinfo.ZoneInfo("Asia/Ho_Chi_Minh")
COLUMNS = ("sold_on", "sold_in_id", "sold_from", "sold_to", "has_ended")


def fill(apps, schema_editor):
    Order, Part, Line = (apps.get_model("orders", name) for name in ("Order", "OrderPart", "OrderLine"))
    order = Order.objects.filter(pk=OuterRef("order"))
    Part.objects.update(
        sold_on=Subquery(order.annotate(day=TruncDate("placed_at", tzinfo=VIETNAM)).values("day")[:1]),
        sold_in_id=Subquery(order.values("channel")[:1]),
        sold_from=Subquery(order.values("source")[:1]),
        sold_to=Subquery(order.values("province_code")[:1]),
    )
    ended = ~Q(state__in=["new", "accepted"]) | Q(order__expired_at__isnull=False)
    Part.objects.filter(ended).update(has_ended=True)
    part = Part.objects.filter(pk=OuterRef("part"))
    Line.objects.update(**{name: Subquery(part.values(name)[:1]) for name in COLUMNS})


class Migration(migrations.Migration):
    dependencies = [("orders", "0019_counted_by_reports")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
