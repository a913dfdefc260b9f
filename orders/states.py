"""How a part and a parcel may move, and the words for what is derived from them."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.core.states import Moves


class PartState(TextChoices):
    NEW = "new", _("waiting to be accepted")
    ACCEPTED = "accepted", _("accepted")
    DECLINED = "declined", _("declined")
    CANCELLED = "cancelled", _("cancelled")


PART_MOVES: Moves = {
    PartState.NEW: frozenset({PartState.ACCEPTED, PartState.DECLINED, PartState.CANCELLED}),
    PartState.ACCEPTED: frozenset({PartState.CANCELLED}),
    PartState.DECLINED: frozenset(),
    PartState.CANCELLED: frozenset(),
}

# Parts that stand: their goods are still promised and their money is still due.
STANDING = frozenset({PartState.NEW, PartState.ACCEPTED})


class Progress(TextChoices):
    """How far a part's goods have come; written by one function from its parcels."""

    NOTHING = "nothing", _("not packed yet")
    PACKING = "packing", _("being packed")
    PARTLY_DISPATCHED = "partly_dispatched", _("partly on the way")
    DISPATCHED = "dispatched", _("on the way")
    PARTLY_DELIVERED = "partly_delivered", _("partly delivered")
    DELIVERED = "delivered", _("delivered")
    PARTLY_RETURNED = "partly_returned", _("partly returned")
    RETURNED = "returned", _("returned")


# Dispatched goods that their buyer collects: they lie where they are collected.
READY = _("ready to be collected")
ARRIVED = frozenset({Progress.DELIVERED, Progress.PARTLY_RETURNED, Progress.RETURNED})
# Parts of which something at least has arrived.
HAS_ARRIVED = ARRIVED | {Progress.PARTLY_DELIVERED}


class ParcelKind(TextChoices):
    DISPATCH = "dispatch", _("dispatch")
    RETURN = "return", _("return")
    REFUND = "refund", _("refund")
    RETURN_AND_REFUND = "return_and_refund", _("return and refund")
    REPLACEMENT = "replacement", _("replacement")


# Goods on their way to the buyer; what is sent in place of something else is no part of what was ordered.
OUTGOING = frozenset({ParcelKind.DISPATCH, ParcelKind.REPLACEMENT})
# Goods that come back.
COMING_BACK = frozenset({ParcelKind.RETURN, ParcelKind.RETURN_AND_REFUND})
# What of an order is no longer to be packed: it lies in a parcel, or is paid back and not sent.
NO_LONGER_OPEN = frozenset({ParcelKind.DISPATCH, ParcelKind.REFUND})


class ParcelState(TextChoices):
    PACKING = "packing", _("being packed")
    PACKED = "packed", _("packed")
    HANDED_OVER = "handed_over", _("handed over")
    DELIVERED = "delivered", _("delivered")
    FAILED_DELIVERY = "failed_delivery", _("could not be delivered")
    VOIDED = "voided", _("voided")


PARCEL_MOVES: Moves = {
    ParcelState.PACKING: frozenset({ParcelState.PACKED, ParcelState.VOIDED}),
    ParcelState.PACKED: frozenset({ParcelState.HANDED_OVER, ParcelState.VOIDED}),
    ParcelState.HANDED_OVER: frozenset(
        {ParcelState.DELIVERED, ParcelState.FAILED_DELIVERY, ParcelState.VOIDED}
    ),
    ParcelState.FAILED_DELIVERY: frozenset({ParcelState.HANDED_OVER, ParcelState.VOIDED}),
    ParcelState.DELIVERED: frozenset({ParcelState.VOIDED}),
    ParcelState.VOIDED: frozenset(),
}

# Goods that have left the store house and count as dispatched.
GONE = frozenset({ParcelState.HANDED_OVER, ParcelState.DELIVERED, ParcelState.FAILED_DELIVERY})
PACKED_OR_GONE = GONE | {ParcelState.PACKED}


class CodState(TextChoices):
    """Cash on delivery: money apart from goods."""

    NONE = "none", _("no cash to collect")
    EXPECTED = "expected", _("to be collected")
    COLLECTED = "collected", _("collected")
    REMITTED = "remitted", _("handed in")
    RECONCILED = "reconciled", _("settled")


# The buyer has paid; the platform has not got it yet.
CASH_AWAY = frozenset({CodState.COLLECTED, CodState.REMITTED})

COD_MOVES: Moves = {
    CodState.NONE: frozenset(),
    CodState.EXPECTED: frozenset({CodState.COLLECTED, CodState.NONE}),
    CodState.COLLECTED: frozenset({CodState.REMITTED, CodState.EXPECTED}),
    CodState.REMITTED: frozenset({CodState.RECONCILED}),
    CodState.RECONCILED: frozenset(),
}


class CashHolder(TextChoices):
    """In whose hands a parcel's cash is until it is handed in."""

    CARRIER = "carrier", _("carrier")
    COOPERATIVE = "cooperative", _("cooperative")


class RowState(TextChoices):
    """What became of a row of a carrier's statement."""

    WAITING = "waiting", _("to be taken over")
    TAKEN = "taken", _("taken over")
    KNOWN = "known", _("known already")
    PROBLEM = "problem", _("to be looked at")
    DISMISSED = "dismissed", _("set aside")


ROW_MOVES: Moves = {
    RowState.WAITING: frozenset({RowState.TAKEN, RowState.KNOWN, RowState.PROBLEM}),
    RowState.PROBLEM: frozenset({RowState.TAKEN, RowState.KNOWN, RowState.DISMISSED}),
    RowState.DISMISSED: frozenset({RowState.PROBLEM}),
    RowState.TAKEN: frozenset(),
    RowState.KNOWN: frozenset(),
}


class CallState(TextChoices):
    """What is known of a call to a gateway: the intent is written first, what came of it afterwards."""

    INTENDED = "intended", _("to be asked")
    UNKNOWN = "unknown", _("nobody knows whether it arrived")
    PENDING = "pending", _("in the gateway's hands")
    NEEDS_BUYER = "needs_buyer", _("waits for the buyer")
    SUCCEEDED = "succeeded", _("done")
    FAILED = "failed", _("refused")


# A start that was refused may still succeed: a declined card, then a good one. What is done stays done.
_OPEN_CALL = frozenset({CallState.PENDING, CallState.NEEDS_BUYER, CallState.SUCCEEDED, CallState.FAILED})
CALL_MOVES: Moves = {
    CallState.INTENDED: _OPEN_CALL | {CallState.UNKNOWN},
    CallState.UNKNOWN: _OPEN_CALL,
    CallState.PENDING: _OPEN_CALL - {CallState.PENDING},
    CallState.NEEDS_BUYER: _OPEN_CALL - {CallState.NEEDS_BUYER},
    CallState.FAILED: _OPEN_CALL - {CallState.FAILED},
    CallState.SUCCEEDED: frozenset(),
}
# Nobody may conclude anything from these yet.
UNANSWERED = frozenset({CallState.INTENDED, CallState.UNKNOWN, CallState.PENDING})


class DisputeState(TextChoices):
    """A card payment that its bank asks for again."""

    TO_ANSWER = "to_answer", _("to be answered")
    ANSWERED = "answered", _("with the bank")
    WON = "won", pgettext_lazy("dispute", "won")
    LOST = "lost", pgettext_lazy("dispute", "lost")


DISPUTE_OVER = frozenset({DisputeState.WON, DisputeState.LOST})
# Evidence may be given until the bank decides, and a bank may ask for more of it.
DISPUTE_MOVES: Moves = {
    DisputeState.TO_ANSWER: DISPUTE_OVER | {DisputeState.ANSWERED},
    DisputeState.ANSWERED: DISPUTE_OVER | {DisputeState.TO_ANSWER},
    DisputeState.WON: frozenset(),
    DisputeState.LOST: frozenset(),
}


class TransferState(TextChoices):
    """Money seen on our account."""

    NEW = "new", _("not looked at yet")
    SETTLED = "settled", _("settled")
    REVIEW = "review", _("to be looked at")
    GIVEN_BACK = "given_back", _("to be given back")
    SET_ASIDE = "set_aside", _("not for an order")


TRANSFER_MOVES: Moves = {
    TransferState.NEW: frozenset({TransferState.SETTLED, TransferState.REVIEW}),
    TransferState.REVIEW: frozenset(
        {TransferState.SETTLED, TransferState.GIVEN_BACK, TransferState.SET_ASIDE}
    ),
    TransferState.SET_ASIDE: frozenset({TransferState.REVIEW}),
    TransferState.SETTLED: frozenset(),
    TransferState.GIVEN_BACK: frozenset(),
}


class ComplaintState(TextChoices):
    OPEN = "open", _("to be answered")
    ACCEPTED = "accepted", pgettext_lazy("complaint", "accepted")
    REJECTED = "rejected", _("turned down")
    WITHDRAWN = "withdrawn", _("taken back")


COMPLAINT_MOVES: Moves = {
    ComplaintState.OPEN: frozenset(
        {ComplaintState.ACCEPTED, ComplaintState.REJECTED, ComplaintState.WITHDRAWN}
    ),
    ComplaintState.REJECTED: frozenset({ComplaintState.ACCEPTED}),
    ComplaintState.ACCEPTED: frozenset(),
    ComplaintState.WITHDRAWN: frozenset(),
}


class SettlementState(TextChoices):
    OPEN = "open", _("running")
    CLOSED = "closed", _("closed")
    PAID = "paid", _("paid")


SETTLEMENT_MOVES: Moves = {
    SettlementState.OPEN: frozenset({SettlementState.CLOSED}),
    SettlementState.CLOSED: frozenset({SettlementState.PAID}),
    SettlementState.PAID: frozenset(),
}


class PayoutState(TextChoices):
    """Money of ours on its way to a buyer or a cooperative."""

    DUE = "due", _("to be paid")
    PAID = "paid", _("paid")


PAYOUT_MOVES: Moves = {
    PayoutState.DUE: frozenset({PayoutState.PAID}),
    PayoutState.PAID: frozenset(),
}


class ApprovalState(TextChoices):
    """Where a proposal to a second person stands."""

    OPEN = "open", _("waits for a second person")
    CONFIRMED = "confirmed", _("confirmed")
    DECLINED = "declined", _("declined")
    WITHDRAWN = "withdrawn", _("withdrawn")
    LAPSED = "lapsed", _("lapsed")


APPROVAL_MOVES: Moves = {
    ApprovalState.OPEN: frozenset(
        {
            ApprovalState.CONFIRMED,
            ApprovalState.DECLINED,
            ApprovalState.WITHDRAWN,
            ApprovalState.LAPSED,
        }
    ),
    ApprovalState.CONFIRMED: frozenset(),
    ApprovalState.DECLINED: frozenset(),
    ApprovalState.WITHDRAWN: frozenset(),
    ApprovalState.LAPSED: frozenset(),
}


class OrderStatus(TextChoices):
    """Our word for an order, for people; derived."""

    DRAFT = "draft", _("draft")
    UNCONFIRMED = "unconfirmed", _("to be confirmed")
    PLACED = "placed", _("waiting for the cooperatives")
    IN_HAND = "in_hand", _("being prepared")
    ON_THE_WAY = "on_the_way", _("on the way")
    DELIVERED = "delivered", _("delivered")
    RETURNED = "returned", _("returned")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("expired")


class SaleorStatus(TextChoices):
    """The order's status in the words of Saleor's clients; derived beside ours."""

    DRAFT = "draft", "DRAFT"
    UNCONFIRMED = "unconfirmed", "UNCONFIRMED"
    UNFULFILLED = "unfulfilled", "UNFULFILLED"
    PARTIALLY_FULFILLED = "partially fulfilled", "PARTIALLY_FULFILLED"
    FULFILLED = "fulfilled", "FULFILLED"
    PARTIALLY_RETURNED = "partially_returned", "PARTIALLY_RETURNED"
    RETURNED = "returned", "RETURNED"
    CANCELED = "canceled", "CANCELED"
    EXPIRED = "expired", "EXPIRED"


class Coverage(TextChoices):
    """How much of what is due has been authorised, or charged; derived."""

    NONE = "none", _("nothing")
    PARTIAL = "partial", _("in part")
    FULL = "full", _("in full")
    OVER = "overcharged", _("more than due")
