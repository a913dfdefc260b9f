"""The counter: a till without a shift, one with an open shift, and a closed shift with a difference."""

from __future__ import annotations

import datetime
from typing import Any

from cooperatives.models import Cooperative
from orders.actions.counter.quote_sale import SaleLine
from orders.actions.counter.shifts import DifferenceExplanation
from orders.models import CashDifferenceReason, CashDirection
from shop.accounts.models import User
from tests.factories import make_variant
from tests.orders.counter.till_helpers import (
    HALF_A_MILLION,
    begin_shift,
    end_shift,
    make_till,
    move_cash,
    sell,
)

COUNTER = "/xa-vien/quay/"


class CounterPages:
    """The tills and the pages."""

    def __init__(self, cooperative: Cooperative, manager: User, now: datetime.datetime) -> None:
        self.idle, cashier = make_till("Cửa hàng", cooperative=cooperative)
        till, _cashier = make_till("Quầy chợ", cooperative=cooperative)
        self.closed = begin_shift(till, cashier, now=now - datetime.timedelta(hours=9))
        move_cash(self.closed, cashier, 150_000, CashDirection.PAID_OUT, reason="Xe chở hàng")
        end_shift(
            self.closed,
            cashier,
            HALF_A_MILLION,
            left_cash=300_000,
            explanation=DifferenceExplanation(CashDifferenceReason.UNKNOWN, "Lúc đông"),
            next_cashier_id=manager.pk,
            now=now - datetime.timedelta(hours=3),
        )
        self.open = begin_shift(till, manager, 290_000, note="Hà lấy 10.000 ₫", now=now)
        move_cash(self.open, manager, 200_000, now=now)
        self.variant = make_variant(cooperative, name="Mật ong hoa nhãn", price=150_000)
        self.sale = sell(self.open, manager, SaleLine(self.variant.pk, 2), cash_given=500_000, now=now)

    def visits(self) -> list[tuple[str, str, int, dict[str, Any] | None]]:
        """Return each address with its visitor, the expected status and the data sent."""
        shift = f"{COUNTER}ca/{self.open.pk}/"
        line = {"line-0-variant": str(self.variant.pk), "line-0-quantity": "2", "give": "400000"}
        return [
            (COUNTER, "manager", 200, None),
            (COUNTER, "manager", 422, {"name": ""}),
            (f"{COUNTER}{self.idle.pk}/", "manager", 200, None),
            (f"{COUNTER}{self.idle.pk}/", "manager", 422, {"counted": "x"}),
            (f"{COUNTER}{self.idle.pk}/sua/", "manager", 200, None),
            (shift, "manager", 200, None),
            (shift, "manager", 422, {"note_500000": "1", "note_2000": "x"}),
            (f"{COUNTER}{self.open.till_id}/ban/", "manager", 200, None),
            (f"{COUNTER}{self.open.till_id}/ban/", "manager", 200, line),
            (f"{COUNTER}{self.open.till_id}/ban/", "manager", 422, line | {"sell": "1", "cash_given": "x"}),
            (f"{COUNTER}phieu/{self.sale.pk}/", "manager", 200, None),
            (f"{COUNTER}ca/{self.closed.pk}/", "manager", 200, None),
            (f"{shift}thu-chi/?chieu=ra", "manager", 200, None),
            (f"{shift}thu-chi/", "manager", 422, {"amount": "x"}),
        ]
