"""`manage.py seed_demo`: the demo market, with goods, stalls and accounts to try it with."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from shop.management.demo.seeding import seed


class Command(BaseCommand):
    help = "Fills the shop with demo cooperatives, goods and accounts; running it again adds nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--later", action="store_true", help="leave the pictures' sizes to the worker")

    def handle(self, *, later: bool, **options: Any) -> None:
        seed(now=timezone.now(), pictures_now=not later)
