"""Copy onto parts and lines where reports count them, so that a report reads one index."""

from django.db import migrations, models
from django.db.models import PROTECT

CHANNEL = models.ForeignKey(
    "core.channel", PROTECT, related_name="+", null=True, blank=True, db_index=False
)


def counted(model):
    return [
        migrations.AddField(model, "sold_on", models.DateField(null=True, blank=True)),
        migrations.AddField(model, "sold_in", CHANNEL.clone()),
        migrations.AddField(model, "sold_from", models.CharField(max_length=10, blank=True, default="")),
        migrations.AddField(model, "sold_to", models.CharField(max_length=10, blank=True, default="")),
        migrations.AddField(model, "has_ended", models.BooleanField(default=False)),
    ]


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0005_names_for_people"),
        ("orders", "0018_refunds_and_complaints"),
    ]
    operations = [
        migrations.RemoveIndex("order", "order_for_reports"),
        migrations.RemoveIndex("orderline", "order_line_for_reports"),
        migrations.RemoveIndex("orderpart", "part_for_reports"),
        *counted("orderpart"),
        *counted("orderline"),
        migrations.AddIndex(
            "orderpart",
            models.Index(
                fields=[
                    *("sold_on", "sold_in", "has_ended", "cooperative", "sold_to", "sold_from"),
                    *("order", "goods_gross", "delivery_gross", "commission"),
                ],
                name="part_counted",
            ),
        ),
        migrations.AddIndex(
            "orderline",
            models.Index(
                fields=[
                    *("sold_on", "sold_in", "has_ended", "category_key", "product_key"),
                    *("cooperative", "sold_to", "sold_from", "part", "order", "total_gross", "commission"),
                ],
                name="line_counted",
            ),
        ),
    ]
