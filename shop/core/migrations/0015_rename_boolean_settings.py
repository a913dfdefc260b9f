"""Name settings of channels and of the shop as questions."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("core", "0014_time_for_substitutes")]
    operations = [
        migrations.RenameField("channel", "checks_listings", "requires_listing_review"),
        migrations.RenameField("shopsettings", "withholds_tax", "is_tax_withheld"),
    ]
