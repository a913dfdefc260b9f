"""Customers of a cooperative, made by the shop's own actions."""

from __future__ import annotations

import datetime
from itertools import count
from typing import Any

from cooperatives.models import Cooperative
from orders.actions.customers.customer_records import CustomerDetails, create_customer
from orders.actions.customers.debt_entries import record_debt_payment, record_sale_on_account
from orders.models import CooperativeCustomer, DebtEntry, DebtPaymentMethod
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from tests.factories import NOW, make_cooperative

ACTOR = Actor.system("test")
_numbers = count(1)


def make_customer(
    name: str = "Quán phở Bà Lan", *, cooperative: Cooperative | None = None, **fields: Any
) -> CooperativeCustomer:
    details = CustomerDetails(**{"name": name, "phone": f"09870{next(_numbers):05}"} | fields)
    return create_customer(
        cooperative=cooperative or make_cooperative(), details=details, actor=ACTOR, now=NOW
    )


def days_ago(days: int) -> datetime.date:
    return vietnam_date(NOW) - datetime.timedelta(days=days)


def sell_on_account(customer: CooperativeCustomer, amount: int, *, age: int = 0, **fields: Any) -> DebtEntry:
    values = {"happened_on": days_ago(age), "actor": ACTOR, "now": NOW} | fields
    return record_sale_on_account(
        cooperative=customer.cooperative, customer_id=customer.pk, amount=amount, **values
    )


def pay_debt(customer: CooperativeCustomer, amount: int, *, age: int = 0, **fields: Any) -> DebtEntry:
    values = {"method": DebtPaymentMethod.CASH, "happened_on": days_ago(age), "actor": ACTOR, "now": NOW}
    return record_debt_payment(
        cooperative=customer.cooperative, customer_id=customer.pk, amount=amount, **values | fields
    )
