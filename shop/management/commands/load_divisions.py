from __future__ import annotations

from django.core.management.base import BaseCommand

from shop.core.geography.divisions import load_divisions


class Command(BaseCommand):
    help = "Load Vietnam's 34 provinces and 3,321 communes into the database; running it again is harmless."

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(f"{load_divisions()} divisions.")
