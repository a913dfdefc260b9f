"""Name the report columns of parts and lines, and the indexes on them, for what they hold."""

from django.db import migrations, models

NEW_NAMES = {
    "sold_on": "report_date",
    "sold_in": "report_channel",
    "sold_from": "report_source",
    "sold_to": "report_province",
}
COLUMNS = ["report_date", "report_channel", "has_ended", "is_confirmed", "is_paid"]
ORIGIN = ["cooperative", "report_province", "report_source"]


class Migration(migrations.Migration):
    dependencies = [("orders", "0012_cash_shortfalls")]
    operations = [
        migrations.RemoveIndex("orderpart", "part_counted"),
        migrations.RemoveIndex("orderline", "line_counted"),
        *(
            migrations.RenameField(model, old, new)
            for model in ("orderpart", "orderline")
            for old, new in NEW_NAMES.items()
        ),
        migrations.AddIndex(
            "orderpart",
            models.Index(
                fields=[*COLUMNS, *ORIGIN, "order", "goods_gross", "delivery_gross", "commission"],
                name="part_report",
            ),
        ),
        migrations.AddIndex(
            "orderline",
            models.Index(
                fields=[*COLUMNS, "category_key", "product_key", *ORIGIN, "part", "order", "total_gross", "commission"],
                name="line_report",
            ),
        ),
    ]
