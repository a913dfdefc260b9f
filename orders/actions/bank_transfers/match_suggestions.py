"""Which orders a transfer under review may be for, and why one may think so. A person decides."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Sum, prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from orders.actions.bank_transfers.incoming_transfers import ENDED
from orders.models import BankTransfer, Order, TransferShare
from orders.payments.code_search import found_codes
from orders.payments.transfer_notes import Note
from shop.core.errors import Words

_MOST = 3
_LOOKED_AT = 400  # open orders that are compared: the newest
_SAME_TIME = datetime.timedelta(hours=24)


class Likeness(StrEnum):
    """What speaks for an order."""

    CODE = "code"
    NEAR_CODE = "near_code"
    PAYER = "payer"
    AMOUNT = "amount"
    TIME = "time"

    @property
    def words(self) -> Words:
        return _LIKENESS_WORDS[self]


_LIKENESS_WORDS: dict[Likeness, Words] = {
    Likeness.CODE: _("the note holds its code"),
    Likeness.NEAR_CODE: _("the note holds its code but for one sign"),
    Likeness.PAYER: _("the note names the buyer"),
    Likeness.AMOUNT: _("it costs exactly this sum"),
    Likeness.TIME: _("ordered within a day before"),
}
_WEIGHTS = {
    Likeness.CODE: 100,
    Likeness.NEAR_CODE: 50,
    Likeness.PAYER: 30,
    Likeness.AMOUNT: 20,
    Likeness.TIME: 5,
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An order that a transfer may be for. `amount` is what of the transfer it would take, whole đồng.

    An ended order takes none; its goods may be ordered anew.
    """

    order: Order
    reasons: tuple[Likeness, ...]
    amount: int

    @property
    def has_ended(self) -> bool:
        return self.order.status in ENDED

    @property
    def still_due(self) -> int:
        """What the order would still cost afterwards."""
        return self.order.still_due - self.amount

    @property
    def weight(self) -> int:
        return sum(_WEIGHTS[reason] for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class Suggested:
    """What is left of a transfer, the likeliest orders first, and how several named ones would share it.

    `split` is empty unless the note names several orders that cost together exactly what is left.
    """

    left: int
    orders: tuple[Suggestion, ...]
    split: tuple[Suggestion, ...] = ()


def suggest(transfers: Sequence[BankTransfer]) -> dict[uuid.UUID, Suggested]:
    """Suggestions for each transfer by its id, in as many queries for many as for one.

    Their orders are loaded with parts and payments, by which they tell how far they are.
    """
    codes = {transfer.pk: found_codes(transfer.note) for transfer in transfers}
    every = {code for found in codes.values() for code in found}
    named = {order.code: order for order in Order.objects.placed().filter(code__in=every)} if every else {}
    waiting = _waiting(transfers)
    gone = _shared(transfers)
    found = {
        transfer.pk: _suggested(
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


def alike(transfer: BankTransfer) -> list[BankTransfer]:
    """Others that nothing but the bank's reference tells apart: perhaps the same one, told of twice."""
    found = BankTransfer.objects.filter(likeness=transfer.likeness).exclude(pk=transfer.pk)
    return list(found.newest_first()[:_MOST]) if transfer.likeness else []


def _waiting(transfers: Sequence[BankTransfer]) -> list[Order]:
    """Orders that wait for a transfer of something, the newest."""
    if not transfers:
        return []
    rows = Order.objects.waiting_for_transfer().exclude(status__in=ENDED)
    return list(rows.newest_first()[:_LOOKED_AT])


def _shared(transfers: Sequence[BankTransfer]) -> dict[uuid.UUID, dict[uuid.UUID | None, int]]:
    """What of each transfer has gone to which order."""
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


def _suggested(
    transfer: BankTransfer, left: int, named: Sequence[Order], waiting: Iterable[Order]
) -> Suggested:
    candidates = {order.pk: order for order in [*named, *waiting]}
    codes = {order.code for order in named}
    note = Note(transfer.note)
    judged = [_judged(transfer, note, left, order, codes) for order in candidates.values()]
    likely = [each for each in judged if each.weight > _WEIGHTS[Likeness.TIME]]
    likely.sort(key=lambda each: (-each.weight, abs(left - each.order.still_due), each.order.code))
    return Suggested(left, tuple(likely[:_MOST]), _split(left, named))


def _judged(transfer: BankTransfer, note: Note, left: int, order: Order, codes: Iterable[str]) -> Suggestion:
    checks: Mapping[Likeness, bool] = {
        Likeness.CODE: order.code in codes,
        Likeness.NEAR_CODE: order.code not in codes and note.has_nearly(order.code),
        Likeness.PAYER: note.names(order.buyer_name, order.phone),
        Likeness.AMOUNT: order.still_due == left,
        Likeness.TIME: datetime.timedelta() <= transfer.at - order.placed_on <= _SAME_TIME,
    }
    reasons = tuple(likeness for likeness, holds in checks.items() if holds)
    return Suggestion(order, reasons, 0 if order.status in ENDED else min(left, order.still_due))


def _split(left: int, named: Sequence[Order]) -> tuple[Suggestion, ...]:
    if len(named) < 2 or sum(order.still_due for order in named) != left:
        return ()
    shares = tuple(Suggestion(order, (Likeness.CODE,), order.still_due) for order in named)
    return shares if all(share.amount and not share.has_ended for share in shares) else ()
