"""What was agreed with a cooperative as one percentage becomes a rate with dates."""

import datetime

from django.db import migrations
from django.db.models import OuterRef, Subquery

FIRST_DAY = datetime.date(2025, 1, 1)


def date_rates(apps, schema_editor):
    Cooperative = apps.get_model("cooperatives", "Cooperative")
    CommissionRate = apps.get_model("orders", "CommissionRate")
    agreed = Cooperative.objects.filter(commission_rate__gt=0).values_list("pk", "commission_rate")
    CommissionRate.objects.bulk_create(
        CommissionRate(cooperative_id=pk, percent=percent, from_day=FIRST_DAY) for pk, percent in agreed
    )


def give_back(apps, schema_editor):
    """The latest rate of each cooperative for all of its goods is its percentage again."""
    Cooperative = apps.get_model("cooperatives", "Cooperative")
    CommissionRate = apps.get_model("orders", "CommissionRate")
    rates = CommissionRate.objects.filter(category=None, cooperative__isnull=False)
    latest = rates.filter(cooperative=OuterRef("pk")).order_by("-from_day", "-pk").values("percent")[:1]
    Cooperative.objects.filter(pk__in=rates.values("cooperative")).update(commission_rate=Subquery(latest))
    rates.filter(from_day=FIRST_DAY).delete()


class Migration(migrations.Migration):

    dependencies = [
        ("cooperatives", "0005_names_for_people"),
        ("orders", "0014_transfer_likeness"),
    ]

    operations = [
        migrations.RunPython(date_rates, give_back),
    ]
