"""Find out from the change log where merged categories went."""

from django.db import migrations


def find_merged_categories(apps, schema_editor):
    Category = apps.get_model("catalog", "Category")
    merged = apps.get_model("catalog", "MergedCategory").objects
    merges = apps.get_model("core", "Change").objects.filter(action="category.merged").order_by("pk")
    rows = {int(row.key): row for row in merges if "into" in row.data}
    existing = set(Category.objects.values_list("pk", flat=True))
    for key, row in rows.items():
        into, seen = row.data["into"], {key}
        while into in rows and into not in seen:
            seen.add(into)
            into = rows[into].data["into"]
        if into in existing and key not in existing:
            slug = (row.snapshot or {}).get("slug", "")
            merged.get_or_create(key=key, defaults={"slug": slug, "into_id": into})


class Migration(migrations.Migration):
    dependencies = [("catalog", "0020_merged_categories"), ("core", "0011_second_person")]
    operations = [migrations.RunPython(find_merged_categories, migrations.RunPython.noop)]
