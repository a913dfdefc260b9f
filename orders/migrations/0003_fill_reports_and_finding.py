"""Fill the two columns of 0002 for orders that were written before it."""

import unicodedata

from django.db import migrations
from django.db.models import Sum


def fold(text):
    decomposed = unicodedata.normalize("NFD", text)
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.lower().replace("đ", "d").split())


def fill(apps, schema_editor):
    Order = apps.get_model("orders", "Order")
    OrderPart = apps.get_model("orders", "OrderPart")
    named = Order.objects.filter(folded_name="").exclude(buyer_name="")
    for order in named.only("pk", "buyer_name").iterator(chunk_size=1000):
        order.folded_name = fold(order.buyer_name)
        order.save(update_fields=["folded_name"])
    earning = OrderPart.objects.annotate(due=Sum("lines__commission")).filter(commission=0, due__gt=0)
    for part in earning.only("pk").iterator(chunk_size=1000):
        OrderPart.objects.filter(pk=part.pk).update(commission=part.due)


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_reports_and_finding")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
