"""`manage.py verify`: check the invariants of a running shop."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from itertools import chain
from re import fullmatch

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.models import Order
from shop.core.change_log.audit import find_changed_seals
from shop.core.models import Change, ChangeSeal
from shop.management.verification.all_rules import database_snapshot, find_faults


def parse_seal(text: str) -> tuple[int, str]:
    """Parse NUMBER:DIGEST, as `ChangeSeal` prints it."""
    number, _colon, digest = text.strip().partition(":")
    if not number.isascii() or not number.isdecimal() or not fullmatch("[0-9a-f]{64}", digest):
        raise ArgumentTypeError(f"{text} is not NUMBER:DIGEST, as `manage.py verify` prints its last seal")
    return int(number), digest


class Command(BaseCommand):
    help = (
        "Recompute stock, totals, payments, cash, refunds, ledger and the change log's seals on a snapshot of"
        " the database, without writing. Lists the faults and exits with 1 if there are any."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--seal",
            action="append",
            default=[],
            type=parse_seal,
            metavar="NUMBER:DIGEST",
            help="a seal that an earlier run printed and that was kept elsewhere; may be given repeatedly",
        )

    def handle(self, *, seal: Sequence[tuple[int, str]], **options: object) -> None:
        count = 0
        with database_snapshot():
            faults = chain(find_faults(now=timezone.now()), find_changed_seals(dict(seal)))
            for fault in faults:
                count += 1
                self.stdout.write(fault)
            orders, changes = Order.objects.count(), Change.objects.count()
            last_seal = ChangeSeal.objects.order_by("-number").first()
        self.stdout.write(f"{count} faults in {orders} orders and {changes} changes. Last seal: {last_seal}")
        if count:
            sys.exit(1)
