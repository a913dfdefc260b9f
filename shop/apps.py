from django.apps import AppConfig


class ShopConfig(AppConfig):
    """The site itself: holds the management commands and the outward faces; no models of its own."""

    name = "shop"
    label = "shop"
