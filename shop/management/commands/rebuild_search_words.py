from __future__ import annotations

from django.core.management.base import BaseCommand

from catalog.actions.search_terms.rebuild_search_words import rebuild_search_words


class Command(BaseCommand):
    help = "Recompute the words by which products are found; running it again is harmless."

    def handle(self, *args: object, **options: object) -> None:
        self.stdout.write(f"Products changed: {rebuild_search_words()}.")
