"""A cooperative's commission is a dated rate of `orders` now."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("cooperatives", "0005_names_for_people"),
        ("orders", "0015_dated_commission"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="cooperative", name="cooperative_commission_is_a_percentage"
        ),
        migrations.RemoveField(model_name="cooperative", name="commission_rate"),
    ]
