"""Report columns for confirmed and paid sales, and the covering indexes that include them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orders", "0009_second_person")]

    operations = [
        migrations.RemoveIndex("orderpart", "part_counted"),
        migrations.RemoveIndex("orderline", "line_counted"),
        *(
            migrations.AddField(model, name, models.BooleanField(default=False))
            for model in ("orderpart", "orderline")
            for name in ("is_confirmed", "is_paid")
        ),
        migrations.AddIndex(
            "orderpart",
            models.Index(
                fields=[
                    *("sold_on", "sold_in", "has_ended", "is_confirmed", "is_paid"),
                    *("cooperative", "sold_to", "sold_from"),
                    *("order", "goods_gross", "delivery_gross", "commission"),
                ],
                name="part_counted",
            ),
        ),
        migrations.AddIndex(
            "orderline",
            models.Index(
                fields=[
                    *("sold_on", "sold_in", "has_ended", "is_confirmed", "is_paid"),
                    *("category_key", "product_key", "cooperative", "sold_to", "sold_from"),
                    *("part", "order", "total_gross", "commission"),
                ],
                name="line_counted",
            ),
        ),
    ]
