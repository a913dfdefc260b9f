"""Suggest orders for a transfer under review, with reasons. A person decides."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Sum, prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from orders.actions.bank_transfers.receive_transfers import ENDED_STATUSES
from orders.models import BankTransfer, Order, TransferShare
from orders.payments.code_search import find_order_codes
from orders.payments.transfer_notes import TransferNote
from shop.core.errors import Words

_MAX_SUGGESTIONS = 3
_MAX_COMPARED_ORDERS = 400  # the newest open orders that are compared
_SAME_TIME = datetime.timedelta(hours=24)


class MatchReason(StrEnum):
    """A reason why a transfer may be for an order."""

    CODE = "code"
    NEAR_CODE = "near_code"
    PAYER = "payer"
    AMOUNT = "amount"
    TIME = "time"

    @property
    def words(self) -> Words:
        return _REASON_TEXTS[self]


_REASON_TEXTS: dict[MatchReason, Words] = {
    MatchReason.CODE: _("the note holds its code"),
    MatchReason.NEAR_CODE: _("the note holds its code but for one character"),
    MatchReason.PAYER: _("the note names the buyer"),
    MatchReason.AMOUNT: _("it costs exactly this sum"),
    MatchReason.TIME: _("ordered within a day before"),
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
    """An order that a transfer may be for, and the `amount` it would take of it, in whole đồng.

    An ended order takes nothing, but its products may be ordered again.
    """

    order: Order
    reasons: tuple[MatchReason, ...]
    amount: int

    @property
    def has_ended(self) -> bool:
        return self.order.status in ENDED_STATUSES

    @property
    def still_due(self) -> int:
        """The amount that would still be due afterwards."""
        return self.order.still_due - self.amount

    @property
    def weight(self) -> int:
        return sum(_WEIGHTS[reason] for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class TransferSuggestions:
    """The unassigned amount, the likeliest orders first, and a split over several named orders.

    `split` is empty unless the note names several orders that together cost exactly the unassigned amount.
    """

    left: int
    orders: tuple[Suggestion, ...]
    split: tuple[Suggestion, ...] = ()


def suggest_orders(transfers: Sequence[BankTransfer]) -> dict[uuid.UUID, TransferSuggestions]:
    """Return suggestions by transfer id, in a fixed number of queries.

    Their orders come with parts and payments, which their status needs.
    """
    codes = {transfer.pk: find_order_codes(transfer.note) for transfer in transfers}
    every = {code for found in codes.values() for code in found}
    named = {order.code: order for order in Order.objects.placed().filter(code__in=every)} if every else {}
    waiting = _orders_awaiting_transfer(transfers)
    gone = _assigned_amounts(transfers)
    found = {
        transfer.pk: _suggestions_for(
            transfer,
            transfer.amount - sum(gone.get(transfer.pk, {}).values()),
            [named[code] for code in codes[transfer.pk] if code in named],
            [order for order in waiting if order.pk not in gone.get(transfer.pk, {})],
        )
        for transfer in transfers
    }
    prefetch_related_objects(
        [one.order for each in found.values() for one in each.orders], "parts", "payments"
    )
    return found


def similar_transfers(transfer: BankTransfer) -> list[BankTransfer]:
    """Return transfers that differ only in the bank's reference: perhaps the same one reported twice."""
    found = BankTransfer.objects.filter(similarity_key=transfer.similarity_key).exclude(pk=transfer.pk)
    return list(found.newest_first()[:_MAX_SUGGESTIONS]) if transfer.similarity_key else []


def _orders_awaiting_transfer(transfers: Sequence[BankTransfer]) -> list[Order]:
    """Return the newest orders that await a transfer."""
    if not transfers:
        return []
    rows = Order.objects.waiting_for_transfer().exclude(status__in=ENDED_STATUSES)
    return list(rows.newest_first()[:_MAX_COMPARED_ORDERS])


def _assigned_amounts(transfers: Sequence[BankTransfer]) -> dict[uuid.UUID, dict[uuid.UUID | None, int]]:
    """Return the assigned amounts by transfer and order."""
    rows = (
        TransferShare.objects.filter(transfer__in=[transfer.pk for transfer in transfers])
        .values_list("transfer", "payment__order")
        .annotate(total=Sum("amount"))
        .order_by("transfer")
    )
    gone: dict[uuid.UUID, dict[uuid.UUID | None, int]] = {}
    for transfer_id, order_id, total in rows:
        gone.setdefault(transfer_id, {})[order_id] = total
    return gone


def _suggestions_for(
    transfer: BankTransfer, left: int, named: Sequence[Order], waiting: Iterable[Order]
) -> TransferSuggestions:
    candidates = {order.pk: order for order in [*named, *waiting]}
    codes = {order.code for order in named}
    note = TransferNote(transfer.note)
    scored = [_score_order(transfer, note, left, order, codes) for order in candidates.values()]
    likely = [each for each in scored if each.weight > _WEIGHTS[MatchReason.TIME]]
    likely.sort(key=lambda each: (-each.weight, abs(left - each.order.still_due), each.order.code))
    return TransferSuggestions(left, tuple(likely[:_MAX_SUGGESTIONS]), _split_over_named_orders(left, named))


def _score_order(
    transfer: BankTransfer, note: TransferNote, left: int, order: Order, codes: Iterable[str]
) -> Suggestion:
    checks: Mapping[MatchReason, bool] = {
        MatchReason.CODE: order.code in codes,
        MatchReason.NEAR_CODE: order.code not in codes and note.has_near_code(order.code),
        MatchReason.PAYER: note.names(order.buyer_name, order.phone),
        MatchReason.AMOUNT: order.still_due == left,
        MatchReason.TIME: datetime.timedelta() <= transfer.at - order.placed_on <= _SAME_TIME,
    }
    reasons = tuple(reason for reason, holds in checks.items() if holds)
    return Suggestion(order, reasons, 0 if order.status in ENDED_STATUSES else min(left, order.still_due))


def _split_over_named_orders(left: int, named: Sequence[Order]) -> tuple[Suggestion, ...]:
    if len(named) < 2 or sum(order.still_due for order in named) != left:
        return ()
    shares = tuple(Suggestion(order, (MatchReason.CODE,), order.still_due) for order in named)
    return shares if all(share.amount and not share.has_ended for share in shares) else ()
