"""Finish a change of an order: recalculate it, book earnings, and capture or void card authorisations."""

from __future__ import annotations

import datetime

from orders.actions.gateway_requests.card_capture import capture_or_void_cards
from orders.actions.ledger.earnings_postings import book_part_earnings
from orders.actions.order_records.recalculate_order import recalculate_order
from orders.models import Order


def finish_order_change(order: Order, *, now: datetime.datetime) -> None:
    """On a locked order, at the end of every action that changes it: update everything derived from it.

    Updates the order's columns, then the ledger's postings of arrived parts, then card authorisations.
    """
    recalculated = recalculate_order(order, now=now)
    book_part_earnings(order, recalculated.arrived_parts, now=now)
    capture_or_void_cards(order, recalculated.payments, now=now)
