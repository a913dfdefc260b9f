"""Substitutes that wait for the buyer's answer, as pages show them."""

from __future__ import annotations

import datetime

from orders.models import Order, Substitute
from orders.states import SubstituteState
from shop.core.models import show_in_language


def find_waiting_substitutes(order: Order, now: datetime.datetime) -> list[Substitute]:
    """Return the offers of an order that may still be answered, in the page's language. Do not save them."""
    substitutes = list(Substitute.objects.of_order(order).waiting().filter(answer_by__gt=now))
    show_in_language([substitute.variant.product for substitute in substitutes], "name")
    show_in_language([substitute.line.cooperative for substitute in substitutes], "name")
    return substitutes


def find_closed_substitutes(order: Order) -> list[Substitute]:
    """Return the offers of an order that are closed, oldest first."""
    return list(Substitute.objects.of_order(order).exclude(state=SubstituteState.WAITING))
