"""Triggers by which postings, debts and hand-overs are only added, and a closed period never changes."""

from __future__ import annotations

from orders.models.handover import REDACTED
from shop.core.database.triggers import Trigger, append_only_triggers

_AMOUNT_COLUMNS = (
    "cooperative_id",
    "currency",
    "number",
    "opened_at",
    "closed_at",
    "carried_forward",
    "goods",
    "delivery",
    "refunds",
    "commission",
    "tax_withheld",
    "corrections",
    "cash_held",
    "payable",
)
_CHANGED_AMOUNTS = " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in _AMOUNT_COLUMNS)
_APPEND_ONLY = "the ledger only grows"
_CLOSED = "a closed period never changes"
_DEBT = "the debt book only grows"
_SUPPLIERS = "what is owed to suppliers only grows by lines"
_HANDED_OVER = "a recorded hand-over never changes"
# Names and the place are redacted when somebody is anonymised, names also after half a year.
_CHANGED_HANDOVER = " OR ".join(
    [
        *(
            f"NEW.{column} IS DISTINCT FROM OLD.{column}"
            for column in ("id", "parcel_id", "code_id", "step", "method", "happened_at", "idempotency_key")
        ),
        *(
            f"(NEW.{column} IS DISTINCT FROM OLD.{column} AND NEW.{column} <> '{REDACTED}')"
            for column in ("giver_name", "receiver_name", "place")
        ),
    ]
)
# The note is redacted when a customer is erased.
_CHANGED_DEBT = " OR ".join(
    [
        *(
            f"NEW.{column} IS DISTINCT FROM OLD.{column}"
            for column in ("id", "customer_id", "kind", "amount", "happened_on", "due_on", "method")
        ),
        f"(NEW.note IS DISTINCT FROM OLD.note AND NEW.note <> '{REDACTED}')",
    ]
)

_SOLD = "a counter sale never changes"
# The seller is forgotten when the account is deleted.
_CHANGED_SALE = " OR ".join(
    f"NEW.{column} IS DISTINCT FROM OLD.{column}"
    for column in (
        "id",
        "order_id",
        "till_id",
        "shift_id",
        "number",
        "total",
        "cash_given",
        "change_given",
        "sold_at",
    )
)
_CHANGED_RETURN = " OR ".join(
    f"NEW.{column} IS DISTINCT FROM OLD.{column}"
    for column in ("id", "sale_id", "shift_id", "refund_id", "kind", "cash_returned", "reason", "recorded_at")
)
_PREVIOUS_RECEIPT = "SELECT 1 FROM orders_countersale WHERE till_id = NEW.till_id AND number = NEW.number - 1"
_CHANGED_SUPPLIER_ENTRY = " OR ".join(
    f"NEW.{column} IS DISTINCT FROM OLD.{column}"
    for column in ("id", "supplier_id", "kind", "amount", "happened_on", "due_on", "method", "note")
)

TRIGGERS = (
    *append_only_triggers(
        "orders_countersale", ("id", "order_id"), _SOLD, refused_update_condition=_CHANGED_SALE
    ),
    *append_only_triggers(
        "orders_counterreturn",
        ("id", "refund_id"),
        "a counter return never changes",
        refused_update_condition=_CHANGED_RETURN,
    ),
    Trigger(
        "orders_countersale_no_gap",
        "orders_countersale",
        "BEFORE INSERT",
        f"NEW.number <> 1 AND NOT EXISTS ({_PREVIOUS_RECEIPT})",
        message="receipt numbers of a till have no gaps",
    ),
    *append_only_triggers("orders_ledgerposting", ("id", "idempotency_key"), _APPEND_ONLY),
    *append_only_triggers("orders_ledgerentry", ("id",), _APPEND_ONLY),
    *append_only_triggers("orders_debtentry", ("id",), _DEBT, refused_update_condition=_CHANGED_DEBT),
    *append_only_triggers(
        "orders_supplierentry", ("id",), _SUPPLIERS, refused_update_condition=_CHANGED_SUPPLIER_ENTRY
    ),
    *append_only_triggers(
        "orders_handoverrecord", ("id", "code_id"), _HANDED_OVER, refused_update_condition=_CHANGED_HANDOVER
    ),
    Trigger(
        "orders_ledgerentry_closed_no_insert",
        "orders_ledgerentry",
        "BEFORE INSERT",
        "NEW.settlement_id IS NOT NULL AND EXISTS"
        " (SELECT 1 FROM orders_settlement WHERE id = NEW.settlement_id AND state <> 'open')",
        message=_CLOSED,
    ),
    # A closed period may still become paid.
    Trigger(
        "orders_settlement_closed_no_update",
        "orders_settlement",
        "BEFORE UPDATE",
        f"OLD.state <> 'open' AND ('open' = NEW.state OR {_CHANGED_AMOUNTS})",
        message=_CLOSED,
    ),
    Trigger(
        "orders_settlement_closed_no_delete",
        "orders_settlement",
        "BEFORE DELETE",
        "OLD.state <> 'open'",
        message=_CLOSED,
    ),
)
