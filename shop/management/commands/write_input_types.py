"""Write the types of the API's inputs from its SDL."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from shop.api.areas import AREAS
from shop.api.input_types import input_modules


class Command(BaseCommand):
    help = "Write `inputs.py` of each area of the API from its SDL. Run it after changing a `.graphql` file."

    def handle(self, *args: object, **options: object) -> None:
        for path, text in input_modules(AREAS).items():
            path.write_text(text)
            self.stdout.write(str(path))
