"""`manage.py verify`: check the invariants of a running shop."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from orders.models import Order
from shop.core.models import Change, ChangeSeal
from shop.management.verification.all_rules import database_snapshot, find_faults


class Command(BaseCommand):
    help = (
        "Recompute stock, totals, payments, cash, refunds, ledger and the change log's seals on a snapshot of"
        " the database, without writing. Lists the faults and exits with 1 if there are any."
    )

    def handle(self, **options: Any) -> None:
        count = 0
        with database_snapshot():
            for fault in find_faults(now=timezone.now()):
                count += 1
                self.stdout.write(fault)
            orders, changes = Order.objects.count(), Change.objects.count()
            seal = ChangeSeal.objects.order_by("-number").first()
        self.stdout.write(f"{count} faults in {orders} orders and {changes} changes. Last seal: {seal}")
        if count:
            sys.exit(1)
