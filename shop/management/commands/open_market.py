"""`manage.py open_market`: set up an empty shop before the first cooperative applies."""

from __future__ import annotations

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from shop.core.actors import Actor
from shop.core.geography.divisions import load_divisions
from shop.core.models import Division
from shop.management.market_setup.create_market import create_market
from shop.management.market_setup.synonyms import create_synonyms


class Command(BaseCommand):
    help = (
        "Set up an empty shop: provinces and communes, the channel viet-nam with its zone, shipping"
        " methods, tax classes, product types, categories, permission groups, synonyms and settings."
        " Running it again changes no existing row."
    )

    def handle(self, *args: object, **options: object) -> None:
        if not Division.objects.exists():
            load_divisions()
        actor, now = Actor.system("open_market"), timezone.now()
        with transaction.atomic(durable=True):
            market_rows = create_market({}, settings={}, actor=actor, now=now)
        create_synonyms(actor=actor, now=now)
        self.stdout.write(
            f"The market {market_rows.channel.name} is open: {len(market_rows.categories)} categories."
        )
        self.stdout.write("Check the tax rates, and name the operator, at /quan-tri/du-lieu/.")
