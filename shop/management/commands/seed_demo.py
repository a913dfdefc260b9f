"""`manage.py seed_demo`: the demo market, with goods, stalls, accounts and a history to try it with."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from shop.management.demo.accounts import ACCOUNTS
from shop.management.demo.offers import COOPERATIVE_CODE, MARKET_CODE
from shop.management.demo.seeding import fill, seed_orders, set_out
from shop.management.demo.under_way import write_statement

_FEW = 40


class Command(BaseCommand):
    help = (
        "Fills the shop with demo cooperatives, goods, accounts and past orders. Running it again adds"
        " nothing; the same --seed on the same day gives the same orders."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--orders", type=int, default=_FEW, help="how many past orders (40)")
        parser.add_argument("--seed", type=int, default=1, help="which history (1)")
        parser.add_argument("--later", action="store_true", help="leave the pictures' sizes to the worker")

    def handle(self, *, orders: int, seed: int, later: bool, **options: Any) -> None:
        now = timezone.now()
        self._tell("  cooperatives, goods and pictures")
        fill(now=now, pictures_now=not later)
        self._tell("  orders of the past months")
        placed = seed_orders(orders, seed=seed, now=now)
        self.stdout.write(f"  {placed} past orders")
        set_out()
        for account in ACCOUNTS if options["verbosity"] else ():
            self.stdout.write(f"  {account.role}: {account.email}, {account.password}")
        self.stdout.write(f"  voucher codes: {MARKET_CODE}, {COOPERATIVE_CODE}")
        statement = write_statement(settings.DATA_DIR)
        if statement is not None:
            self.stdout.write(f"  a carrier's statement to read in at the desk: {statement}")

    def _tell(self, what: str) -> None:
        """At once, since the next step takes a while."""
        self.stdout.write(what)
        self.stdout.flush()
