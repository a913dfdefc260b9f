"""`manage.py seed_demo`: fill the shop with demo cooperatives, products, accounts and orders."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from orders.models import Order
from shop.accounts.models import User
from shop.management.demo.discounts import COOPERATIVE_CODE, MARKET_CODE
from shop.management.demo.open_orders import write_statement
from shop.management.demo.seed_market import seed_market, seed_open_orders, seed_orders
from shop.management.demo_state.accounts import ACCOUNTS, PUBLISHED_PASSWORDS
from shop.management.demo_state.passwords import make_passwords, passwords_file, save_passwords
from shop.management.demo_state.progress import has_begun

_DEFAULT_ORDERS = 40


class Command(BaseCommand):
    help = (
        "Fill the shop with demo cooperatives, products, accounts and past orders. Running it again adds"
        " nothing; the same --seed on the same day gives the same orders."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--orders", type=int, default=_DEFAULT_ORDERS, help="number of past orders (40)")
        parser.add_argument("--seed", type=int, default=1, help="random seed of the past orders (1)")
        parser.add_argument(
            "--later", action="store_true", help="let the worker create the pictures' renditions"
        )
        parser.add_argument(
            "--allow-on-server",
            action="store_true",
            help="also on a server, or beside orders and accounts that are not the demo's: accounts then get"
            " random passwords, shown once on the terminal",
        )

    def handle(
        self, *, orders: int, seed: int, later: bool, allow_on_server: bool = False, **options: object
    ) -> None:
        is_real = settings.SERVER or _has_real_data()
        if is_real and not allow_on_server:
            raise CommandError(
                "This is a server, or has orders or accounts that are not the demo's: nothing was added."
                " --allow-on-server adds the demo all the same, its accounts with random passwords."
            )
        now = timezone.now()
        passwords = make_passwords() if is_real or settings.OPEN_TO_NETWORK else PUBLISHED_PASSWORDS
        opened_before = set(
            User.objects.filter(email__in=PUBLISHED_PASSWORDS).values_list("email", flat=True)
        )
        self._print_now("  cooperatives, goods and pictures")
        seed_market(now=now, has_renditions=not later, passwords=passwords)
        opened = {email: passwords[email] for email in PUBLISHED_PASSWORDS if email not in opened_before}
        if not is_real and passwords is not PUBLISHED_PASSWORDS:
            save_passwords(opened)
        if options["verbosity"]:
            self._print_accounts(opened, is_real=is_real)
        self._print_now("  orders of the past months")
        placed = seed_orders(orders, seed=seed, now=now)
        self.stdout.write(f"  {placed} past orders")
        seed_open_orders()
        self.stdout.write(f"  voucher codes: {MARKET_CODE}, {COOPERATIVE_CODE}")
        statement = write_statement(settings.DATA_DIR)
        if statement is not None:
            self.stdout.write(f"  a carrier's statement to import at the desk: {statement}")

    def _print_accounts(self, opened: Mapping[str, str], *, is_real: bool) -> None:
        """List the accounts. Random passwords go to a terminal or an embedded shop's file, never to a log."""
        if not is_real:
            is_public = not (settings.OPEN_TO_NETWORK or passwords_file().exists())
            passwords: Mapping[str, str] = PUBLISHED_PASSWORDS if is_public else {}
            other_accounts_hint = f"the password is in {passwords_file()}"
        else:
            passwords = opened if self.stdout.isatty() else {}
            other_accounts_hint = "set a password: manage.py changepassword EMAIL"
        for account in ACCOUNTS:
            self.stdout.write(
                f"  {account.role}: {account.email}, {passwords.get(account.email, other_accounts_hint)}"
            )

    def _print_now(self, text: str) -> None:
        """Print at once, because the next step takes a while."""
        self.stdout.write(text)
        self.stdout.flush()


def _has_real_data() -> bool:
    """Return whether there were orders or accounts before the demo was seeded."""
    if has_begun():
        return False
    return Order.objects.exists() or User.objects.exclude(email__in=PUBLISHED_PASSWORDS).exists()
