"""Name variants sold by weight, and the last follower that a bulletin was mailed to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0025_moment_of_movements")]

    operations = [
        migrations.RemoveConstraint(model_name="variant", name="variant_weighed_has_an_estimate"),
        migrations.RenameField(
            model_name="variant", old_name="is_weighed", new_name="is_sold_by_weight"
        ),
        migrations.AddConstraint(
            model_name="variant",
            constraint=models.CheckConstraint(
                condition=models.Q(is_sold_by_weight=False) | models.Q(content_grams__gt=0),
                name="variant_sold_by_weight_has_estimate",
            ),
        ),
        migrations.RenameField(
            model_name="bulletin", old_name="sent_through", new_name="last_mailed_follower_id"
        ),
    ]
