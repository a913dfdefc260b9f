"""Suggest orders for a transfer under review, or search for them. A person decides."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import F, Q, Sum, prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from orders.models import BankTransfer, Order, TransferShare
from orders.payments.code_search import find_order_codes
from orders.payments.statement_cells import InvalidCell, parse_amount
from orders.payments.transfer_notes import TransferNote
from orders.states import ENDED_ORDER_STATUSES
from shop.core.errors import StrOrPromise

_MAX_SUGGESTIONS = 3
_MAX_COMPARED_ORDERS = 400  # the newest open ones
_MAX_ORDER_AGE = datetime.timedelta(hours=24)
_MAX_FOUND = 10
_AMOUNT_SEARCH_PERIOD = datetime.timedelta(days=90)


class MatchReason(StrEnum):
    """A reason why a transfer may be for an order."""

    CODE = "code"
    NEAR_CODE = "near_code"
    PAYER = "payer"
    AMOUNT = "amount"
    TIME = "time"

    @property
    def label(self) -> StrOrPromise:
        return _REASON_TEXTS[self]


_REASON_TEXTS: dict[MatchReason, StrOrPromise] = {
    MatchReason.CODE: _("the note contains the order code"),
    MatchReason.NEAR_CODE: _("the note contains the order code with one typing error"),
    MatchReason.PAYER: _("the note contains the buyer's name or number"),
    MatchReason.AMOUNT: _("the amount equals the amount due"),
    MatchReason.TIME: _("ordered within one day before"),
}
_WEIGHTS = {
    MatchReason.CODE: 100,
    MatchReason.NEAR_CODE: 50,
    MatchReason.PAYER: 30,
    MatchReason.AMOUNT: 20,
    MatchReason.TIME: 5,
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An order that a transfer may be for, and the `amount` to assign to it, in whole đồng.

    `unassigned` is what the transfer still has. For an ended order `amount` is 0, but staff may replace the
    order by a new one.
    """

    order: Order
    reasons: tuple[MatchReason, ...]
    amount: int
    unassigned: int = 0

    @property
    def has_ended(self) -> bool:
        return self.order.status in ENDED_ORDER_STATUSES

    @property
    def amount_due(self) -> int:
        """The amount that would still be due afterwards."""
        return self.order.amount_due - self.amount

    @property
    def missing_amount(self) -> int:
        """How much less than the amount due was transferred, or 0."""
        return max(0, self.order.amount_due - self.unassigned)

    @property
    def excess_amount(self) -> int:
        """How much more than the amount due was transferred, or 0 if nothing is due."""
        return max(0, self.unassigned - self.order.amount_due) if self.order.amount_due else 0

    @property
    def is_named(self) -> bool:
        """Whether the transfer names the order's code, or its buyer."""
        return not {MatchReason.CODE, MatchReason.NEAR_CODE, MatchReason.PAYER}.isdisjoint(self.reasons)

    @property
    def weight(self) -> int:
        return sum(_WEIGHTS[reason] for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class TransferSuggestions:
    """The unassigned amount, the likeliest orders first, and a split over several named orders.

    `split` is empty unless the note names several orders that together cost exactly the unassigned amount.
    """

    unassigned: int
    orders: tuple[Suggestion, ...]
    split: tuple[Suggestion, ...] = ()


def suggest_orders(transfers: Sequence[BankTransfer]) -> dict[uuid.UUID, TransferSuggestions]:
    """Return suggestions by transfer id, in a fixed number of queries.

    Parts and payments of the suggested orders are prefetched, because their status needs them.
    """
    codes_by_transfer = {transfer.pk: find_order_codes(transfer.note) for transfer in transfers}
    all_codes = {code for codes in codes_by_transfer.values() for code in codes}
    order_by_code = (
        {order.code: order for order in Order.objects.placed().filter(code__in=all_codes)}
        if all_codes
        else {}
    )
    waiting_orders = _find_orders_awaiting_transfer(transfers)
    assigned_amounts = _read_assigned_amounts(transfers)
    suggestions_by_transfer = {
        transfer.pk: _suggestions_for(
            transfer,
            transfer.amount - sum(assigned_amounts.get(transfer.pk, {}).values()),
            [order_by_code[code] for code in codes_by_transfer[transfer.pk] if code in order_by_code],
            [order for order in waiting_orders if order.pk not in assigned_amounts.get(transfer.pk, {})],
        )
        for transfer in transfers
    }
    prefetch_related_objects(
        [
            suggestion.order
            for suggestions in suggestions_by_transfer.values()
            for suggestion in suggestions.orders
        ],
        "parts",
        "payments",
    )
    return suggestions_by_transfer


def find_orders(transfer: BankTransfer, text: str) -> TransferSuggestions:
    """Return orders found by a buyer's or label's `text`, or by an amount, the nearest amounts first.

    If no text is given, these are recent orders that cost the unassigned amount or have it due, even paid and
    ended ones.
    """
    assigned_amounts = _read_assigned_amounts([transfer]).get(transfer.pk, {})
    unassigned = transfer.amount - sum(assigned_amounts.values())
    orders = Order.objects.placed().filter(currency=transfer.currency)
    recent_orders = orders.filter(placed_at__gte=transfer.booked_at - _AMOUNT_SEARCH_PERIOD)
    amount = _parse_search_amount(text) if text else unassigned
    found = {order.pk: order for order in orders.matching(text).newest_first()[:_MAX_FOUND]} if text else {}
    if amount:
        of_amount = recent_orders.annotate(open_amount=F("current_total_gross") - F("charged")).filter(
            Q(total_gross=amount) | Q(open_amount=amount)
        )
        found |= {order.pk: order for order in of_amount.newest_first()[:_MAX_FOUND]}
    suggestions = [
        _score_order(transfer, TransferNote(transfer.note), unassigned, order, ())
        for order in found.values()
        if order.pk not in assigned_amounts
    ]
    suggestions.sort(
        key=lambda suggestion: (
            not suggestion.amount,
            abs(unassigned - suggestion.order.amount_due),
            suggestion.order.code,
        )
    )
    prefetch_related_objects([suggestion.order for suggestion in suggestions], "parts", "payments")
    return TransferSuggestions(unassigned, tuple(suggestions[:_MAX_FOUND]))


def names_order(transfer: BankTransfer, order: Order) -> bool:
    """Return whether the transfer names the order by its code, or its buyer by name or phone number."""
    note = TransferNote(f"{transfer.note} {transfer.payer_holder}")
    return (
        order.code in find_order_codes(transfer.note)
        or note.has_near_code(order.code)
        or note.mentions_buyer(order.buyer_name, order.phone)
    )


def find_similar_transfers(transfer: BankTransfer) -> list[BankTransfer]:
    """Return transfers that differ only in the bank's reference. They may be one transfer, reported twice."""
    similar = BankTransfer.objects.filter(similarity_key=transfer.similarity_key).exclude(pk=transfer.pk)
    return list(similar.newest_first()[:_MAX_SUGGESTIONS]) if transfer.similarity_key else []


def _parse_search_amount(text: str) -> int:
    """Parse a search text as an amount in whole đồng, or return 0 if it is not one."""
    try:
        return parse_amount(text)
    except InvalidCell:
        return 0


def _find_orders_awaiting_transfer(transfers: Sequence[BankTransfer]) -> list[Order]:
    """Return the newest orders that await a transfer."""
    if not transfers:
        return []
    orders = Order.objects.waiting_for_transfer().exclude(status__in=ENDED_ORDER_STATUSES)
    return list(orders.newest_first()[:_MAX_COMPARED_ORDERS])


def _read_assigned_amounts(transfers: Sequence[BankTransfer]) -> dict[uuid.UUID, dict[uuid.UUID | None, int]]:
    """Return the assigned amounts by transfer and order."""
    rows = (
        TransferShare.objects.filter(transfer__in=[transfer.pk for transfer in transfers])
        .values_list("transfer", "payment__order")
        .annotate(total=Sum("amount"))
        .order_by("transfer")
    )
    assigned: dict[uuid.UUID, dict[uuid.UUID | None, int]] = {}
    for transfer_id, order_id, total in rows:
        assigned.setdefault(transfer_id, {})[order_id] = total
    return assigned


def _suggestions_for(
    transfer: BankTransfer,
    unassigned_amount: int,
    named_orders: Sequence[Order],
    waiting_orders: Iterable[Order],
) -> TransferSuggestions:
    candidates = {order.pk: order for order in [*named_orders, *waiting_orders]}
    codes = {order.code for order in named_orders}
    note = TransferNote(transfer.note)
    suggestions = [
        _score_order(transfer, note, unassigned_amount, order, codes) for order in candidates.values()
    ]
    likely_suggestions = [
        suggestion for suggestion in suggestions if suggestion.weight > _WEIGHTS[MatchReason.TIME]
    ]
    likely_suggestions.sort(
        key=lambda suggestion: (
            -suggestion.weight,
            abs(unassigned_amount - suggestion.order.amount_due),
            suggestion.order.code,
        )
    )
    return TransferSuggestions(
        unassigned_amount,
        tuple(likely_suggestions[:_MAX_SUGGESTIONS]),
        _split_over_named_orders(unassigned_amount, named_orders),
    )


def _score_order(
    transfer: BankTransfer, note: TransferNote, unassigned_amount: int, order: Order, codes: Iterable[str]
) -> Suggestion:
    checks: Mapping[MatchReason, bool] = {
        MatchReason.CODE: order.code in codes,
        MatchReason.NEAR_CODE: order.code not in codes and note.has_near_code(order.code),
        MatchReason.PAYER: note.mentions_buyer(order.buyer_name, order.phone),
        MatchReason.AMOUNT: order.amount_due == unassigned_amount,
        MatchReason.TIME: datetime.timedelta()
        <= transfer.booked_at - order.required_placed_at
        <= _MAX_ORDER_AGE,
    }
    reasons = tuple(reason for reason, applies in checks.items() if applies)
    return Suggestion(
        order,
        reasons,
        0 if order.status in ENDED_ORDER_STATUSES else min(unassigned_amount, order.amount_due),
        unassigned_amount,
    )


def _split_over_named_orders(unassigned_amount: int, named_orders: Sequence[Order]) -> tuple[Suggestion, ...]:
    if len(named_orders) < 2 or sum(order.amount_due for order in named_orders) != unassigned_amount:
        return ()
    suggestions = tuple(Suggestion(order, (MatchReason.CODE,), order.amount_due) for order in named_orders)
    return (
        suggestions
        if all(suggestion.amount and not suggestion.has_ended for suggestion in suggestions)
        else ()
    )
