"""Customers of a cooperative, made by the shop's own actions."""

from __future__ import annotations

from itertools import count
from typing import Any

from cooperatives.models import Cooperative
from orders.actions.customers.customer_records import CustomerDetails, create_customer
from orders.models import CooperativeCustomer
from shop.core.actors import Actor
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
