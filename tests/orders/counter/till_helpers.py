"""Tills with shifts, made by the shop's own actions."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from cooperatives.models import Cooperative, Role
from orders.actions.counter.cash_movements import record_cash_movement
from orders.actions.counter.quote_sale import SaleLine, quote_sale
from orders.actions.counter.record_sale import record_sale
from orders.actions.counter.shifts import CashCount, close_shift, open_shift
from orders.actions.counter.tills import create_till
from orders.models import CashDirection, CashMovement, CounterSale, Shift, Till
from shop.accounts.models import User
from shop.core.actors import EntryPoint
from tests.factories import NOW, make_cooperative, make_member

HALF_A_MILLION = {200_000: 1, 100_000: 2, 50_000: 2}
LATER = NOW + datetime.timedelta(hours=6)


def make_till(name: str = "Quầy chợ", *, cooperative: Cooperative | None = None) -> tuple[Till, User]:
    """Make a till, and a cashier of its cooperative."""
    cooperative = cooperative or make_cooperative()
    cashier = make_member(cooperative, Role.CASHIER)
    till = create_till(cooperative=cooperative, name=name, actor=acting(cashier), now=NOW)
    return till, cashier


def acting(user: User) -> Any:
    return user.as_actor(EntryPoint.MEMBERS)


def make_open_shift(cash: int = 500_000, **till: Any) -> tuple[Shift, User]:
    """Make a till with an open shift of its cashier."""
    made, cashier = make_till(**till)
    return begin_shift(made, cashier, cash), cashier


def begin_shift(till: Till, cashier: User, cash: int = 500_000, **fields: Any) -> Shift:
    values = {"counted": CashCount.of_sum(cash), "actor": acting(cashier), "now": NOW} | fields
    return open_shift(cooperative=till.cooperative, till_id=till.pk, **values)


def end_shift(shift: Shift, cashier: User, notes: Mapping[int, int], **fields: Any) -> Shift:
    values = {"left_cash": 0, "actor": acting(cashier), "now": LATER} | fields
    return close_shift(
        cooperative=shift.till.cooperative, shift_id=shift.pk, counted=CashCount.of_notes(notes), **values
    )


def move_cash(
    shift: Shift, cashier: User, amount: int, direction: CashDirection = CashDirection.PAID_IN, **fields: Any
) -> CashMovement:
    values = {"reason": "Tiền lẻ", "actor": acting(cashier), "now": LATER} | fields
    return record_cash_movement(
        cooperative=shift.till.cooperative,
        shift_id=shift.pk,
        direction=direction,
        amount=amount,
        **values,
    )


def sell(
    shift: Shift, cashier: User, *lines: SaleLine, cash_given: int | None = None, **fields: Any
) -> CounterSale:
    """Sell the lines for the exact cash, or for `cash_given`."""
    role = fields.setdefault("role", Role.CASHIER)
    priced = quote_sale(
        cooperative=shift.till.cooperative,
        lines=lines,
        discount=fields.get("discount"),
        role=role,
        now=LATER,
    )
    values = {"agreed_total": priced.total, "actor": acting(cashier), "now": LATER} | fields
    return record_sale(
        cooperative=shift.till.cooperative,
        shift_id=shift.pk,
        lines=lines,
        cash_given=priced.total if cash_given is None else cash_given,
        **values,
    )
