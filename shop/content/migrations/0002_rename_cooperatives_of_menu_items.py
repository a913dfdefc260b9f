"""Name the cooperatives that menu entries link to after what they are."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("content", "0001_initial")]
    operations = [
        migrations.RenameField("menuitem", "collection_of", "collection_cooperative"),
        migrations.RenameField("menuitem", "page_of", "page_cooperative"),
    ]
