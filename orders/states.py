"""States of parts, parcels, payments and their papers, with the transitions allowed between them."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop, pgettext_lazy

from shop.core.states import Transitions


class PartState(TextChoices):
    NEW = "new", _("waiting to be accepted")
    ACCEPTED = "accepted", _("accepted")
    DECLINED = "declined", _("declined")
    CANCELLED = "cancelled", _("cancelled")


# The recorded reason of parts that their buyer cancels.
CANCELLED_BY_BUYER = gettext_noop("The buyer cancelled.")

PART_TRANSITIONS: Transitions = {
    PartState.NEW: frozenset({PartState.ACCEPTED, PartState.DECLINED, PartState.CANCELLED}),
    PartState.ACCEPTED: frozenset({PartState.CANCELLED}),
    PartState.DECLINED: frozenset(),
    PartState.CANCELLED: frozenset(),
}

# Takes back an acceptance before anything is packed. Only undo_steps.py uses this table.
PART_UNDO_TRANSITIONS: Transitions = {PartState.ACCEPTED: frozenset({PartState.NEW})}

# Active parts. Their stock is still promised and their money is still due.
ACTIVE_PART_STATES = frozenset({PartState.NEW, PartState.ACCEPTED})


class Progress(TextChoices):
    """The progress of packing and delivering a part. One function derives it from the parcels."""

    NOT_PACKED = "nothing", _("not packed yet")
    PACKING = "packing", _("being packed")
    PARTLY_DISPATCHED = "partly_dispatched", _("partly on the way")
    DISPATCHED = "dispatched", _("on the way")
    PARTLY_DELIVERED = "partly_delivered", _("partly delivered")
    DELIVERED = "delivered", _("delivered")
    PARTLY_RETURNED = "partly_returned", _("partly returned")
    RETURNED = "returned", _("returned")


# Dispatched parts that the buyer collects. They wait at the pickup place.
READY_FOR_PICKUP = _("ready for pickup")
ARRIVED_PROGRESS = frozenset({Progress.DELIVERED, Progress.PARTLY_RETURNED, Progress.RETURNED})
# Parts that may have items on the way. The state alone decides, without a query for parcels.
IN_TRANSIT_PROGRESS = frozenset({Progress.DISPATCHED, Progress.PARTLY_DISPATCHED})
# Parts with at least one arrived item.
PARTLY_ARRIVED_PROGRESS = ARRIVED_PROGRESS | {Progress.PARTLY_DELIVERED}


class ParcelKind(TextChoices):
    DISPATCH = "dispatch", _("dispatch")
    RETURN = "return", _("return")
    REFUND = "refund", _("refund")
    RETURN_AND_REFUND = "return_and_refund", _("return and refund")
    REPLACEMENT = "replacement", _("replacement")


# Parcels sent to the buyer. A replacement does not count towards the ordered quantity.
OUTGOING_KINDS = frozenset({ParcelKind.DISPATCH, ParcelKind.REPLACEMENT})
# Parcels that come back.
RETURN_KINDS = frozenset({ParcelKind.RETURN, ParcelKind.RETURN_AND_REFUND})
# Quantities of these kinds are no longer open for packing: they are packed, or refunded without being sent.
CLOSING_KINDS = frozenset({ParcelKind.DISPATCH, ParcelKind.REFUND})


class ParcelState(TextChoices):
    PACKING = "packing", _("being packed")
    PACKED = "packed", _("packed")
    HANDED_OVER = "handed_over", _("handed over")
    DELIVERED = "delivered", _("delivered")
    FAILED_DELIVERY = "failed_delivery", _("could not be delivered")
    VOIDED = "voided", _("voided")


PARCEL_TRANSITIONS: Transitions = {
    ParcelState.PACKING: frozenset({ParcelState.PACKED, ParcelState.VOIDED}),
    ParcelState.PACKED: frozenset({ParcelState.HANDED_OVER, ParcelState.VOIDED}),
    ParcelState.HANDED_OVER: frozenset(
        {ParcelState.DELIVERED, ParcelState.FAILED_DELIVERY, ParcelState.VOIDED}
    ),
    ParcelState.FAILED_DELIVERY: frozenset({ParcelState.HANDED_OVER, ParcelState.VOIDED}),
    ParcelState.DELIVERED: frozenset({ParcelState.VOIDED}),
    ParcelState.VOIDED: frozenset(),
}

# Transitions that take back steps recorded by mistake. Only undo_steps.py uses this table.
PARCEL_UNDO_TRANSITIONS: Transitions = {
    ParcelState.HANDED_OVER: frozenset({ParcelState.PACKED, ParcelState.FAILED_DELIVERY}),
    ParcelState.DELIVERED: frozenset({ParcelState.HANDED_OVER}),
    ParcelState.FAILED_DELIVERY: frozenset({ParcelState.HANDED_OVER}),
}

# Parcels that have left the warehouse and count as dispatched.
DISPATCHED_STATES = frozenset({ParcelState.HANDED_OVER, ParcelState.DELIVERED, ParcelState.FAILED_DELIVERY})
PACKED_OR_DISPATCHED_STATES = DISPATCHED_STATES | {ParcelState.PACKED}


class CodState(TextChoices):
    """Cash on delivery of a parcel, apart from the parcel's own state."""

    NONE = "none", _("no cash to collect")
    EXPECTED = "expected", _("to be collected")
    COLLECTED = "collected", _("collected")
    REMITTED = "remitted", _("remitted")
    RECONCILED = "reconciled", _("reconciled")


# The buyer has paid, but the platform has not received the cash.
CASH_NOT_RECEIVED = frozenset({CodState.COLLECTED, CodState.REMITTED})

COD_TRANSITIONS: Transitions = {
    CodState.NONE: frozenset(),
    CodState.EXPECTED: frozenset({CodState.COLLECTED, CodState.NONE}),
    CodState.COLLECTED: frozenset({CodState.REMITTED, CodState.EXPECTED}),
    CodState.REMITTED: frozenset({CodState.RECONCILED}),
    CodState.RECONCILED: frozenset(),
}


class CashHolder(TextChoices):
    """The holder of a parcel's cash until it is remitted."""

    CARRIER = "carrier", _("carrier")
    COOPERATIVE = "cooperative", _("cooperative")


class StatementRowState(TextChoices):
    """Outcome of a row of an imported bank or carrier statement."""

    WAITING = "waiting", _("to be imported")
    IMPORTED = "imported", _("imported")
    KNOWN = "known", _("known already")
    PROBLEM = "problem", _("needs review")
    DISMISSED = "dismissed", _("dismissed")


STATEMENT_ROW_TRANSITIONS: Transitions = {
    StatementRowState.WAITING: frozenset(
        {StatementRowState.IMPORTED, StatementRowState.KNOWN, StatementRowState.PROBLEM}
    ),
    StatementRowState.PROBLEM: frozenset(
        {StatementRowState.IMPORTED, StatementRowState.KNOWN, StatementRowState.DISMISSED}
    ),
    StatementRowState.DISMISSED: frozenset({StatementRowState.PROBLEM}),
    StatementRowState.IMPORTED: frozenset(),
    StatementRowState.KNOWN: frozenset(),
}


class CallState(TextChoices):
    """The known state of a call to a gateway. Its row is written first, its outcome afterwards."""

    INTENDED = "intended", _("to be sent")
    UNKNOWN = "unknown", _("outcome unknown")
    PENDING = "pending", _("being processed by the gateway")
    NEEDS_BUYER = "needs_buyer", _("waits for the buyer")
    SUCCEEDED = "succeeded", _("completed")
    FAILED = "failed", _("refused")


# A refused START may still succeed, if a good card follows a declined one. A success is final.
_RESULT_STATES = frozenset({CallState.PENDING, CallState.NEEDS_BUYER, CallState.SUCCEEDED, CallState.FAILED})
CALL_TRANSITIONS: Transitions = {
    CallState.INTENDED: _RESULT_STATES | {CallState.UNKNOWN},
    CallState.UNKNOWN: _RESULT_STATES,
    CallState.PENDING: _RESULT_STATES - {CallState.PENDING},
    CallState.NEEDS_BUYER: _RESULT_STATES - {CallState.NEEDS_BUYER},
    CallState.FAILED: _RESULT_STATES - {CallState.FAILED},
    CallState.SUCCEEDED: frozenset(),
}
# Calls whose outcome is not known yet.
OUTCOME_UNKNOWN_STATES = frozenset({CallState.INTENDED, CallState.UNKNOWN, CallState.PENDING})


class DisputeState(TextChoices):
    """A chargeback, which the cardholder's bank opens to dispute a card payment."""

    TO_ANSWER = "to_answer", _("to be answered")
    ANSWERED = "answered", _("with the bank")
    WON = "won", pgettext_lazy("dispute", "won")
    LOST = "lost", pgettext_lazy("dispute", "lost")


DISPUTE_ENDED_STATES = frozenset({DisputeState.WON, DisputeState.LOST})
# Evidence may be given until the bank decides, and the bank may ask for more.
DISPUTE_TRANSITIONS: Transitions = {
    DisputeState.TO_ANSWER: DISPUTE_ENDED_STATES | {DisputeState.ANSWERED},
    DisputeState.ANSWERED: DISPUTE_ENDED_STATES | {DisputeState.TO_ANSWER},
    DisputeState.WON: frozenset(),
    DisputeState.LOST: frozenset(),
}


class TransferState(TextChoices):
    """A bank transfer received on our account. It is ASSIGNED once all of it is assigned to orders."""

    NEW = "new", _("not yet matched")
    ASSIGNED = "assigned", _("assigned to orders")
    REVIEW = "review", _("needs review")
    RETURN_DECIDED = "return_decided", _("to be returned")
    DISMISSED = "dismissed", _("not for an order")


TRANSFER_TRANSITIONS: Transitions = {
    TransferState.NEW: frozenset({TransferState.ASSIGNED, TransferState.REVIEW}),
    TransferState.REVIEW: frozenset(
        {TransferState.ASSIGNED, TransferState.RETURN_DECIDED, TransferState.DISMISSED}
    ),
    TransferState.DISMISSED: frozenset({TransferState.REVIEW}),
    TransferState.ASSIGNED: frozenset(),
    TransferState.RETURN_DECIDED: frozenset(),
}
# Takes a transfer off its orders. Only undo_assignment.py uses this table.
TRANSFER_UNDO_TRANSITIONS: Transitions = {TransferState.ASSIGNED: frozenset({TransferState.REVIEW})}


class ComplaintState(TextChoices):
    OPEN = "open", _("to be answered")
    ACCEPTED = "accepted", pgettext_lazy("complaint", "accepted")
    REJECTED = "rejected", pgettext_lazy("complaint", "rejected")
    WITHDRAWN = "withdrawn", pgettext_lazy("complaint", "withdrawn")


COMPLAINT_TRANSITIONS: Transitions = {
    ComplaintState.OPEN: frozenset(
        {ComplaintState.ACCEPTED, ComplaintState.REJECTED, ComplaintState.WITHDRAWN}
    ),
    ComplaintState.REJECTED: frozenset({ComplaintState.ACCEPTED}),
    ComplaintState.ACCEPTED: frozenset(),
    ComplaintState.WITHDRAWN: frozenset(),
}


class SubstituteState(TextChoices):
    """A substitute that the cooperative offers for missing items. The buyer decides."""

    WAITING = "waiting", pgettext_lazy("substitute", "waits for the buyer")
    ACCEPTED = "accepted", pgettext_lazy("substitute", "accepted")
    REJECTED = "rejected", pgettext_lazy("substitute", "rejected")
    EXPIRED = "expired", pgettext_lazy("substitute", "not answered in time")
    WITHDRAWN = "withdrawn", pgettext_lazy("substitute", "withdrawn")


SUBSTITUTE_TRANSITIONS: Transitions = {
    SubstituteState.WAITING: frozenset(
        {
            SubstituteState.ACCEPTED,
            SubstituteState.REJECTED,
            SubstituteState.EXPIRED,
            SubstituteState.WITHDRAWN,
        }
    ),
    SubstituteState.ACCEPTED: frozenset(),
    SubstituteState.REJECTED: frozenset(),
    SubstituteState.EXPIRED: frozenset(),
    SubstituteState.WITHDRAWN: frozenset(),
}


class SettlementState(TextChoices):
    OPEN = "open", pgettext_lazy("settlement", "open")
    CLOSED = "closed", _("closed")
    PAID = "paid", _("paid")


SETTLEMENT_TRANSITIONS: Transitions = {
    SettlementState.OPEN: frozenset({SettlementState.CLOSED}),
    SettlementState.CLOSED: frozenset({SettlementState.PAID}),
    SettlementState.PAID: frozenset(),
}
SETTLEMENT_UNDO_TRANSITIONS: Transitions = {SettlementState.PAID: frozenset({SettlementState.CLOSED})}


class PayoutState(TextChoices):
    """Money that we pay to a buyer or a cooperative."""

    DUE = "due", _("to be paid")
    PAID = "paid", _("paid")


PAYOUT_TRANSITIONS: Transitions = {
    PayoutState.DUE: frozenset({PayoutState.PAID}),
    PayoutState.PAID: frozenset(),
}
PAYOUT_UNDO_TRANSITIONS: Transitions = {PayoutState.PAID: frozenset({PayoutState.DUE})}


class ApprovalState(TextChoices):
    """State of a proposal that a second person has to confirm."""

    OPEN = "open", _("waits for a second person")
    CONFIRMED = "confirmed", _("confirmed")
    DECLINED = "declined", _("declined")
    WITHDRAWN = "withdrawn", _("withdrawn")
    LAPSED = "lapsed", _("lapsed")


APPROVAL_TRANSITIONS: Transitions = {
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
    """Our status of an order, for people. It is derived."""

    DRAFT = "draft", _("draft")
    UNCONFIRMED = "unconfirmed", _("to be confirmed")
    PLACED = "placed", _("waiting for the cooperatives")
    IN_PREPARATION = "in_preparation", _("being prepared")
    ON_THE_WAY = "on_the_way", _("on the way")
    DELIVERED = "delivered", _("delivered")
    RETURNED = "returned", _("returned")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("expired")


class DerivedStatus(TextChoices):
    """Statuses shown to people instead of the stored one. An order's parts and payments decide them."""

    WAITING_FOR_PAYMENT = "waiting_for_payment", _("waiting for payment")
    READY_FOR_PICKUP = "ready_for_pickup", READY_FOR_PICKUP
    PARTLY_DELIVERED = "partly_delivered", _("partly delivered")


# The statuses of placed orders as people see them, in the order of an order's life.
SHOWN_STATUSES: dict[str, OrderStatus | DerivedStatus] = {
    status.value: status
    for status in (
        DerivedStatus.WAITING_FOR_PAYMENT,
        OrderStatus.UNCONFIRMED,
        OrderStatus.PLACED,
        OrderStatus.IN_PREPARATION,
        OrderStatus.ON_THE_WAY,
        DerivedStatus.READY_FOR_PICKUP,
        DerivedStatus.PARTLY_DELIVERED,
        OrderStatus.DELIVERED,
        OrderStatus.RETURNED,
        OrderStatus.CANCELLED,
        OrderStatus.EXPIRED,
    )
}

# Orders in a final status.
FINISHED_ORDER_STATUSES = frozenset(
    {OrderStatus.CANCELLED, OrderStatus.EXPIRED, OrderStatus.DELIVERED, OrderStatus.RETURNED}
)

# Orders that ended without a delivery.
ENDED_ORDER_STATUSES = frozenset({OrderStatus.CANCELLED, OrderStatus.EXPIRED})


class SaleorStatus(TextChoices):
    """The order's status in the API's terms. It is derived together with ours."""

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
    """Whether none, a part or all of the current total is authorised or charged. It is derived."""

    NONE = "none", _("nothing")
    PARTIAL = "partial", _("in part")
    FULL = "full", _("in full")
    OVER = "overcharged", _("more than due")
