"""Payments reported by other systems: recorded as they are, each event once."""

from __future__ import annotations

import pytest

from orders.models import Order, Payment, PaymentEvent, PaymentMethod, Refund
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from tests.factories import (
    make_admin,
    make_bank_account,
    make_basket,
    make_order,
    make_staff,
    make_user,
    make_variant,
)
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

CREATE = """
mutation($id: ID!, $transaction: TransactionCreateInput!, $event: TransactionEventInput) {
  transactionCreate(id: $id, transaction: $transaction, transactionEvent: $event) {
    errors { field code }
    transaction {
      id name pspReference message externalUrl metadata { key value } actions
      chargedAmount { amount } authorizedAmount { amount } refundedAmount { amount } canceledAmount { amount }
      events { type amount { amount } pspReference }
      order { status paymentStatus chargeStatus authorizeStatus totalBalance { amount } }
    }
  }
}
"""
UPDATE = """
mutation($id: ID!, $transaction: TransactionUpdateInput) {
  transactionUpdate(id: $id, transaction: $transaction) {
    errors { field code }
    transaction {
      name chargedAmount { amount } authorizedAmount { amount } refundedAmount { amount }
      canceledAmount { amount } events { type amount { amount } }
    }
  }
}
"""
REPORT_EVENT = """
mutation($id: ID!, $type: TransactionEventTypeEnum!, $amount: PositiveDecimal, $ref: String!) {
  transactionEventReport(id: $id, type: $type, amount: $amount, pspReference: $ref) {
    errors { field code } alreadyProcessed transactionEvent { type amount { amount } pspReference }
    transaction { chargedAmount { amount } order { chargeStatus } }
  }
}
"""


def vnd(amount, currency="VND"):
    return {"amount": amount, "currency": currency}


@pytest.fixture
def unpaid_order():
    """Return an order of 350,000 that awaits a bank transfer, its id, and a token with payment permission."""
    make_bank_account()
    order = make_order((make_variant(price=320_000), 1), method=PaymentMethod.TRANSFER)
    token = token_of(make_staff(Permission.HANDLE_PAYMENTS, Permission.MANAGE_ORDERS))
    return order, global_id("Order", order.pk), token


def test_reported_charge_confirms_the_order(unpaid_order) -> None:
    order, key, token = unpaid_order
    input_data = {
        "name": "Máy quẹt thẻ",
        "pspReference": "POS-1",
        "externalUrl": "https://pos.example/1",
        "amountCharged": vnd(350_000),
        "metadata": [{"key": "till", "value": "3"}],
    }

    payload = data_of(CREATE, token, id=key, transaction=input_data)["transactionCreate"]

    assert payload["errors"] == []
    transaction = payload["transaction"]
    assert (transaction["name"], transaction["pspReference"], transaction["externalUrl"]) == (
        "Máy quẹt thẻ",
        "POS-1",
        "https://pos.example/1",
    )
    assert transaction["metadata"] == [{"key": "till", "value": "3"}]
    assert transaction["actions"] == ["REFUND"]
    assert transaction["chargedAmount"] == {"amount": 350_000}
    assert transaction["events"] == [
        {"type": "CHARGE_SUCCESS", "amount": {"amount": 350_000}, "pspReference": "POS-1"}
    ]
    assert transaction["order"] == {
        "status": "UNFULFILLED",
        "paymentStatus": "FULLY_CHARGED",
        "chargeStatus": "FULL",
        "authorizeStatus": "FULL",
        "totalBalance": {"amount": 0},
    }
    order.refresh_from_db()
    assert order.confirmed_at is not None
    reported_again = data_of(CREATE, token, id=key, transaction=input_data)["transactionCreate"]
    assert reported_again == {"errors": [{"field": "pspReference", "code": "UNIQUE"}], "transaction": None}
    assert Order.objects.get(pk=order.pk).charged == 350_000


def test_reported_authorisation_confirms_and_is_captured_later(unpaid_order) -> None:
    _order, key, token = unpaid_order

    created = data_of(CREATE, token, id=key, transaction={"amountAuthorized": vnd(350_000)})
    transaction = created["transactionCreate"]["transaction"]
    assert transaction["order"] == {
        "status": "UNFULFILLED",
        "paymentStatus": "NOT_CHARGED",
        "chargeStatus": "NONE",
        "authorizeStatus": "FULL",
        "totalBalance": {"amount": -350_000},
    }

    def updated(**changes):
        payload = data_of(UPDATE, token, id=transaction["id"], transaction=changes)["transactionUpdate"]
        assert payload["errors"] == []
        now = payload["transaction"]
        names = ("authorizedAmount", "chargedAmount", "refundedAmount", "canceledAmount")
        return [now[name]["amount"] for name in names]

    assert updated(amountAuthorized=vnd(50_000), amountCharged=vnd(300_000)) == [50_000, 300_000, 0, 0]
    assert updated(amountCanceled=vnd(50_000)) == [0, 300_000, 0, 50_000]
    assert updated(amountCharged=vnd(200_000), amountRefunded=vnd(100_000)) == [0, 200_000, 100_000, 50_000]
    assert updated(name="Thẻ") == [0, 200_000, 100_000, 50_000]
    assert updated(amountCharged=vnd(150_000)) == [0, 150_000, 100_000, 50_000]
    reported_events = PaymentEvent.objects.filter(idempotency_key__startswith="reported:").order_by("pk")
    assert list(reported_events.values_list("kind", "amount")) == [
        ("authorization_success", 350_000),
        ("charge_success", 300_000),
        ("cancel_success", 50_000),
        ("refund_success", 100_000),
        ("charge_back", 50_000),
    ]


def test_event_reported_twice_counts_once(unpaid_order) -> None:
    _order, key, token = unpaid_order
    created = data_of(CREATE, token, id=key, transaction={"name": "Ví"})["transactionCreate"]
    transaction = created["transaction"]["id"]
    event = {"id": transaction, "type": "CHARGE_SUCCESS", "ref": "A-1"}

    first = data_of(REPORT_EVENT, token, amount=350_000, **event)["transactionEventReport"]
    second = data_of(REPORT_EVENT, token, amount=350_000, **event)["transactionEventReport"]
    with_other_amount = data_of(REPORT_EVENT, token, amount=1, **event)["transactionEventReport"]
    without_amount = data_of(REPORT_EVENT, token, **event)["transactionEventReport"]

    assert first == {
        "errors": [],
        "alreadyProcessed": False,
        "transactionEvent": {
            "type": "CHARGE_SUCCESS",
            "amount": {"amount": 350_000},
            "pspReference": "A-1",
        },
        "transaction": {"chargedAmount": {"amount": 350_000}, "order": {"chargeStatus": "FULL"}},
    }
    assert second == first | {"alreadyProcessed": True}
    assert with_other_amount["errors"] == [{"field": "amount", "code": "INCORRECT_DETAILS"}]
    assert without_amount["errors"] == [{"field": "amount", "code": "REQUIRED"}]
    assert PaymentEvent.objects.filter(idempotency_key__startswith="reported:").count() == 1


def test_long_references_are_compared_in_full(unpaid_order) -> None:
    order, key, token = unpaid_order
    created = data_of(CREATE, token, id=key, transaction={"name": "Ví"})["transactionCreate"]
    event = {"id": created["transaction"]["id"], "type": "CHARGE_SUCCESS", "amount": 100_000}
    long_prefix = "x" * 99

    for reference in (f"{long_prefix}1", f"{long_prefix}2", f"{long_prefix}2"):
        data_of(REPORT_EVENT, token, ref=reference, **event)

    assert Order.objects.get(pk=order.pk).charged == 200_000


def test_payment_can_be_reported_for_a_checkout() -> None:
    basket = make_basket((make_variant(), 1))
    token = token_of(make_admin())
    query = CREATE.replace("order { status", "checkout { id } order { status")

    payload = data_of(
        query, token, id=global_id("Checkout", basket.pk), transaction={"amountCharged": vnd(350_000)}
    )["transactionCreate"]

    assert payload["errors"] == []
    assert payload["transaction"]["checkout"] == {"id": global_id("Checkout", basket.pk)}
    assert Payment.objects.get().basket_id == basket.pk


@pytest.mark.parametrize(
    ("invalid_values", "field", "code"),
    [
        ({"amountCharged": vnd(1, "USD")}, "amountCharged", "INCORRECT_CURRENCY"),
        ({"amountCharged": vnd(0.5)}, "amountCharged", "INVALID"),
        ({"metadata": [{"key": " ", "value": "x"}]}, "metadata", "METADATA_KEY_REQUIRED"),
        ({"name": "x" * 251}, "name", "INVALID"),
        ({"externalUrl": "no address"}, "externalUrl", "INVALID"),
    ],
)
def test_invalid_transaction_is_refused(unpaid_order, invalid_values, field, code) -> None:
    _order, key, token = unpaid_order
    before = Payment.objects.count()

    payload = data_of(CREATE, token, id=key, transaction=invalid_values)["transactionCreate"]

    assert payload == {"errors": [{"field": field, "code": code}], "transaction": None}
    assert Payment.objects.count() == before


def test_reporting_requires_permission_and_an_external_payment(unpaid_order) -> None:
    order, key, token = unpaid_order
    own_payment = order.payments.get()
    update = data_of(
        UPDATE, token, id=global_id("TransactionItem", own_payment.pk), transaction={"name": "X"}
    )
    assert update["transactionUpdate"]["errors"] == [{"field": "id", "code": "INVALID"}]
    for stranger in (None, token_of(make_user()), token_of(make_staff(Permission.MANAGE_ORDERS))):
        response = execute(CREATE, stranger, id=key, transaction={"amountCharged": vnd(350_000)})
        assert response["data"] == {"transactionCreate": None}
        assert response["errors"][0]["extensions"]["code"] == "PermissionDenied"
    own_payment.refresh_from_db()
    assert own_payment.name == ""
    assert Payment.objects.count() == 1


def test_order_is_marked_as_paid_once(unpaid_order) -> None:
    order, key, token = unpaid_order
    mark_as_paid = """mutation($id: ID!) { orderMarkAsPaid(id: $id, transactionReference: "PT-7") {
      errors { field code }
      order { status isPaid totalBalance { amount } transactions { pspReference } } } }"""

    payload = data_of(mark_as_paid, token, id=key)["orderMarkAsPaid"]

    assert payload["errors"] == []
    assert payload["order"]["status"] == "UNFULFILLED"
    assert payload["order"]["isPaid"]
    assert payload["order"]["totalBalance"] == {"amount": 0}
    assert {"pspReference": "PT-7"} in payload["order"]["transactions"]
    repeated = data_of(mark_as_paid, token, id=key)["orderMarkAsPaid"]
    assert repeated == {"errors": [{"field": "id", "code": "PAYMENT_ERROR"}], "order": None}
    assert Order.objects.get(pk=order.pk).charged == 350_000


def test_refund_can_be_requested_but_not_charge_or_cancel(unpaid_order) -> None:
    order, key, token = unpaid_order
    created = data_of(CREATE, token, id=key, transaction={"amountCharged": vnd(350_000)})
    transaction = created["transactionCreate"]["transaction"]["id"]
    query = """mutation(
      $id: ID!, $action: TransactionActionEnum!, $amount: PositiveDecimal, $reason: String
    ) {
      transactionRequestAction(id: $id, actionType: $action, amount: $amount, refundReason: $reason) {
        errors { field code } transaction { order { totalGrantedRefund { amount } } } } }"""

    def request_action(action, amount=None, reason=None):
        return data_of(query, token, id=transaction, action=action, amount=amount, reason=reason)[
            "transactionRequestAction"
        ]

    for action in ("CHARGE", "CANCEL"):
        refused = request_action(action)
        assert refused["errors"] == [{"field": "id", "code": "MISSING_TRANSACTION_ACTION_REQUEST_WEBHOOK"}]
        reasoned = request_action(action, reason="Hỏng")
        assert reasoned["errors"] == [{"field": "refundReason", "code": "INVALID"}]
    assert request_action("REFUND", 350_001)["errors"] == [{"field": "amount", "code": "INVALID"}]
    assert not Refund.objects.exists()
    done = request_action("REFUND", 50_000, reason="Hỏng")
    assert done == {
        "errors": [],
        "transaction": {"order": {"totalGrantedRefund": {"amount": 50_000}}},
    }
    refund = Refund.objects.get()
    assert (refund.amount, refund.repayment, refund.reason) == (50_000, 50_000, "Hỏng")
    assert Order.objects.get(pk=order.pk).current_total_gross == 300_000
