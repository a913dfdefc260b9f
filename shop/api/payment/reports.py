"""Payments reported by apps and staff, and actions requested on them."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from orders.actions.gateway.staff_card_actions import capture_authorised_amount, void_authorisation
from orders.actions.payments.external_payments import (
    ReportedTotals,
    mark_order_as_paid,
    report_payment,
    report_payment_event,
    update_reported_payment,
)
from orders.models import Basket, EventKind, Order, Payment
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.content.reason_settings import REASON_CODES, find_reason_page_of_input
from shop.api.context import Context
from shop.api.errors import InputError, InputErrors
from shop.api.ids import input_key, key_from_id
from shop.api.input_data import InputData
from shop.api.metadata import metadata_from_input
from shop.api.money import parse_minor_units
from shop.api.orders.mutations import find_manageable_order_key, order_row
from shop.api.orders.refund_mutations import refund_reason
from shop.api.orders.types import WHOLE_ORDER_PERMISSIONS
from shop.api.payment.inputs import (
    OrderMarkAsPaidArguments,
    TransactionCreateArguments,
    TransactionEventInput,
    TransactionEventReportArguments,
    TransactionRequestActionArguments,
    TransactionUpdateArguments,
)
from shop.api.payment.order_payments import refund_paid_amount
from shop.api.payment.sums import forget_sums
from shop.api.payment.types import transaction_event_object, transaction_item_object
from shop.api.root_fields import Mutations
from shop.content.models import ReasonKind
from shop.core.errors import Missing

PAYMENT_PERMISSIONS = (Permission.HANDLE_PAYMENTS,)

mutation = Mutations(
    codes={
        "payment_reference_taken": "UNIQUE",
        "reported_amount_differs": "INCORRECT_DETAILS",
        "order_fully_paid": "PAYMENT_ERROR",
        "not_a_card_payment": "MISSING_TRANSACTION_ACTION_REQUEST_WEBHOOK",
    }
    | REASON_CODES
)
_AMOUNTS = {
    "amountAuthorized": "authorised",
    "amountCharged": "charged",
    "amountRefunded": "refunded",
    "amountCanceled": "cancelled",
}
_COLUMNS = {
    "name": "name",
    "message": "message",
    "pspReference": "reference",
    "externalUrl": "external_url",
}


@mutation.field(permissions=PAYMENT_PERMISSIONS, needs_recent_sign_in=True)
def transaction_create(
    arguments: TransactionCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key, input_data = input_key(arguments["id"], "Checkout", "Order", field="id"), arguments["transaction"]
    is_order = key_from_id(arguments["id"], "Order") is not None
    owners: QuerySet[Order] | QuerySet[Basket] = Order.objects.placed() if is_order else Basket.objects.all()
    currency = owners.filter(pk=key).values_list("currency", flat=True).first()
    if currency is None:
        raise Missing(field="id")
    reported_payment = report_payment(
        order_id=key if is_order else None,
        basket_id=None if is_order else key,
        reported=_read_report(input_data, arguments.get("transactionEvent"), currency),
        actor=context.actor,
        now=context.now,
    )
    return _build_payload(reported_payment.pk, context, selection)


@mutation.field(permissions=PAYMENT_PERMISSIONS, needs_recent_sign_in=True)
def transaction_update(
    arguments: TransactionUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    payment = _find_payment(arguments)
    reported = _read_report(
        arguments.get("transaction") or {}, arguments.get("transactionEvent"), payment.currency, payment
    )
    update_reported_payment(payment_id=payment.pk, reported=reported, actor=context.actor, now=context.now)
    return _build_payload(payment.pk, context, selection)


@mutation.field(permissions=PAYMENT_PERMISSIONS, needs_recent_sign_in=True)
def transaction_event_report(
    arguments: TransactionEventReportArguments, context: Context, selection: Selection
) -> dict[str, object]:
    payment, major_amount = _find_payment(arguments), arguments.get("amount")
    event_kind = EventKind(arguments["type"])
    if major_amount is None and event_kind != EventKind.INFO:
        raise InputError("REQUIRED", _("Enter the amount."), field="amount")
    reported_event, is_new = report_payment_event(
        payment_id=payment.pk,
        kind=event_kind,
        amount=0
        if major_amount is None
        else parse_minor_units(major_amount, payment.currency, field="amount"),
        reference=_require_valid_text(arguments["pspReference"], "pspReference"),
        message=arguments.get("message") or "",
        actor=context.actor,
        now=context.now,
    )
    events = transaction_event_object.by_key(
        context, [reported_event.pk], selection.names("transactionEvent")
    )
    payload = _build_payload(payment.pk, context, selection)
    return payload | {"alreadyProcessed": not is_new, "transactionEvent": events.get(reported_event.pk)}


@mutation.field(permissions=PAYMENT_PERMISSIONS)
def transaction_request_action(
    arguments: TransactionRequestActionArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Capture or void a card payment, or refund through the original payment method by a refund decision.

    Raises InputError.
    """
    payment, requested_amount, action = (
        _find_payment(arguments),
        arguments.get("amount"),
        arguments["actionType"],
    )
    amount = (
        None
        if requested_amount is None
        else parse_minor_units(requested_amount, payment.currency, field="amount")
    )
    if payment.order_id is None:
        raise InputError("INVALID", _("There is no order for this yet."), field="id")
    if action != "REFUND":
        _require_no_refund_reason(arguments)
    if action == "CHARGE":
        capture_authorised_amount(payment_id=payment.pk, amount=amount, actor=context.actor, now=context.now)
    elif action == "CANCEL":
        void_authorisation(payment_id=payment.pk, actor=context.actor, now=context.now)
    else:
        context.require_recent_sign_in()
        _request_refund(payment, payment.order_id, amount, arguments, context)
    return _build_payload(payment.pk, context, selection)


def _require_no_refund_reason(arguments: TransactionRequestActionArguments) -> None:
    """Raise InputErrors if a capture or void has a reason, which only refunds have."""
    message = _("Only refunds have a reason.")
    errors = [
        InputError("INVALID", message, field=field)
        for field, text in (
            ("refundReason", arguments.get("refundReason")),
            ("refundReasonReference", arguments.get("refundReasonReference")),
        )
        if text
    ]
    if errors:
        raise InputErrors(errors)


def _request_refund(
    payment: Payment,
    order_id: uuid.UUID,
    amount: int | None,
    arguments: TransactionRequestActionArguments,
    context: Context,
) -> None:
    charged = Payment.objects.filter(pk=payment.pk).sums()
    paid = charged[payment.pk].charged if payment.pk in charged else 0
    requested = paid if amount is None else amount
    if not 0 < requested <= paid:
        raise InputError("INVALID", _("That is more than was paid."), field="amount")
    page = find_reason_page_of_input(
        ReasonKind.REFUND,
        arguments.get("refundReasonReference"),
        context,
        field="refundReasonReference",
    )
    reason = refund_reason(arguments.get("refundReason"), page)
    refund_paid_amount(order_id, requested, reason=reason, context=context)


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def order_mark_as_paid(
    arguments: OrderMarkAsPaidArguments, context: Context, selection: Selection
) -> dict[str, object]:
    key = find_manageable_order_key(arguments["id"], "id", context)
    reference = _require_valid_text(arguments.get("transactionReference"), "transactionReference")
    mark_order_as_paid(order_id=key, reference=reference, actor=context.actor, now=context.now)
    forget_sums(context)
    return {"order": order_row(key, context, selection)}


def _find_payment(
    arguments: TransactionEventReportArguments
    | TransactionRequestActionArguments
    | TransactionUpdateArguments,
) -> Payment:
    """Return a payment by `id` or `token`. Raises InputError, Missing."""
    key = arguments.get("token")
    text = arguments.get("id")
    if text is not None:
        key = input_key(text, "TransactionItem", field="id")
    if key is None:
        raise InputError("INVALID", _("Choose a payment."), field="id")
    payment = Payment.objects.filter(pk=key).first()
    if payment is None:
        raise Missing(field="id")
    return payment


def _read_report(
    input_data: InputData,
    event_input: TransactionEventInput | None,
    currency: str,
    payment: Payment | None = None,
) -> ReportedTotals:
    amounts: dict[str, int] = {}
    for name, column in _AMOUNTS.items():
        if input_data.get(name) is None:
            continue
        if input_data[name]["currency"] != currency:
            message = _("The order uses a different currency.")
            raise InputError("INCORRECT_CURRENCY", message, field=name)
        amounts[column] = parse_minor_units(input_data[name]["amount"], currency, field=name)
    values: dict[str, object] = {
        column: input_data[name].strip()
        for name, column in _COLUMNS.items()
        if input_data.get(name) is not None
    }
    for name, column in (("metadata", "metadata"), ("privateMetadata", "private_metadata")):
        if input_data.get(name) is not None:
            if any(not entry["key"].strip() for entry in input_data[name]):
                raise InputError("METADATA_KEY_REQUIRED", _("Enter a metadata key."), field=name)
            current = getattr(payment, column) if payment is not None else {}
            values[column] = current | metadata_from_input(input_data[name])
    return ReportedTotals(
        **amounts,
        payment_columns=values,
        event_reference=_require_valid_text(
            (event_input or {}).get("pspReference") or input_data.get("pspReference"), "pspReference"
        ),
        message=(event_input or {}).get("message") or "",
    )


def _require_valid_text(text: str | None, field: str) -> str:
    entered = (text or "").strip()
    if len(entered) > 100:
        raise InputError("INVALID", _("This text is too long."), field=field)
    return entered


def _build_payload(key: uuid.UUID, context: Context, selection: Selection) -> dict[str, object]:
    forget_sums(context)
    rows = Payment.objects.all()
    return {
        "transaction": transaction_item_object.by_key(
            context, [key], selection.names("transaction"), rows=rows
        ).get(key)
    }


TYPES = (mutation,)
