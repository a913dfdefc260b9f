from django.apps import AppConfig
from django.core.checks import Tags, register


class ShopConfig(AppConfig):
    """The site: management commands and interfaces, without models of its own."""

    name = "shop"
    label = "shop"

    def ready(self) -> None:
        from shop.management.checks import check_published_passwords

        register(check_published_passwords, Tags.database)
