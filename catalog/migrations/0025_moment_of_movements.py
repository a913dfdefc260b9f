from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0024_names_of_options_in_revisions"),
    ]

    operations = [
        migrations.AddField(
            model_name="movement",
            name="happened_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="movement",
            constraint=models.CheckConstraint(
                condition=Q(happened_at=None) | Q(happened_at__lte=F("created_at")),
                name="movement_happened_before_it_was_recorded",
            ),
        ),
    ]
