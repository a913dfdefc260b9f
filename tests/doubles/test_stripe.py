"""The double answers as Stripe documents; requests come from stripe-python, as the shop makes them."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import stripe as library
from stripe import StripeClient

from tests.doubles.stripe import Fault, StripeDouble

pytestmark = pytest.mark.once
GOOD, DECLINED, SCA = "4242424242424242", "4000000000000002", "4000002500003155"
CARD = {"allowed_payment_method_types": ["card"]}


@pytest.fixture
def stripe():
    with StripeDouble() as double:
        yield double


def stripe_client(double, *, key=None, timeout=5):
    return StripeClient(
        key or double.secret_key,
        base_addresses={"api": double.url},
        max_network_retries=0,
        http_client=library.RequestsClient(timeout=timeout),
    ).v1


@pytest.fixture
def client(stripe):
    return stripe_client(stripe)


def create_intent(client, *, amount=50_000, **extra):
    return client.payment_intents.create({"amount": amount, "currency": "vnd", **CARD, **extra})


def test_card_payment_succeeds(stripe, client) -> None:
    intent = create_intent(client)

    status = stripe.buyer_pays(intent.id, GOOD)

    paid = client.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert (intent.status, status, paid.status) == ("requires_payment_method", "succeeded", "succeeded")
    assert (paid.amount_received, paid.latest_charge.amount_captured) == (50_000, 50_000)


def test_declined_card_leaves_payment_open_for_another_card(stripe, client) -> None:
    intent = create_intent(client)

    with pytest.raises(library.CardError) as declined:
        client.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa_chargeDeclined"})
    between = client.payment_intents.retrieve(intent.id)
    after = client.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    assert (declined.value.code, declined.value.http_status) == ("card_declined", 402)
    assert (between.status, between.last_payment_error.code) == ("requires_payment_method", "card_declined")
    assert after.status == "succeeded"


@pytest.mark.parametrize(
    ("is_approved", "status", "error"),
    [
        (True, "succeeded", None),
        (False, "requires_payment_method", "payment_intent_authentication_failure"),
    ],
)
def test_sca_card_requires_action_of_bank(stripe, client, is_approved, status, error) -> None:
    intent = create_intent(client)

    waiting_result = stripe.buyer_pays(intent.id, SCA)
    ended_result = stripe.bank_answers(intent.id, is_approved=is_approved)

    paid = client.payment_intents.retrieve(intent.id)
    assert (waiting_result, ended_result) == ("requires_action", status)
    assert (paid.last_payment_error and paid.last_payment_error.code) == error


def test_hold_is_captured_once_and_rest_released(stripe, client) -> None:
    intent = create_intent(client, capture_method="manual")
    stripe.buyer_pays(intent.id)

    authorised = client.payment_intents.retrieve(intent.id)
    with pytest.raises(library.InvalidRequestError, match="greater than"):
        client.payment_intents.capture(intent.id, {"amount_to_capture": 50_001})
    captured = client.payment_intents.capture(intent.id, {"amount_to_capture": 42_000})
    with pytest.raises(library.InvalidRequestError) as second:
        client.payment_intents.capture(intent.id)

    charge = client.charges.retrieve(captured.latest_charge)
    assert (authorised.status, authorised.amount_capturable) == ("requires_capture", 50_000)
    assert (captured.amount_received, captured.amount_capturable) == (42_000, 0)
    assert (charge.amount, charge.amount_captured, charge.amount_refunded) == (50_000, 42_000, 0)
    assert second.value.code == "payment_intent_unexpected_state"


def test_cancelled_payment_cannot_be_confirmed(stripe, client) -> None:
    intent = create_intent(client)

    cancelled = client.payment_intents.cancel(intent.id, {"cancellation_reason": "abandoned"})

    assert cancelled.status == "canceled"
    with pytest.raises(library.InvalidRequestError):
        client.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})


def test_refunds_cannot_exceed_charge(stripe, client) -> None:
    intent = create_intent(client)
    stripe.buyer_pays(intent.id)

    client.refunds.create({"payment_intent": intent.id, "amount": 20_000})
    with pytest.raises(library.InvalidRequestError, match="30000"):
        client.refunds.create({"payment_intent": intent.id, "amount": 30_001})
    client.refunds.create({"payment_intent": intent.id})
    with pytest.raises(library.InvalidRequestError) as second:
        client.refunds.create({"payment_intent": intent.id})

    listed = client.refunds.list({"payment_intent": intent.id})
    assert [row.amount for row in listed.data] == [30_000, 20_000]
    assert second.value.code == "charge_already_refunded"


def test_refund_failing_later_restores_charge(stripe, client) -> None:
    intent = create_intent(client)
    stripe.buyer_pays(intent.id)
    stripe.account.next_refund = "pending"
    refund = client.refunds.create({"payment_intent": intent.id})

    stripe.settle_refund(refund.id, "failed")

    charge = client.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]}).latest_charge
    assert (refund.status, client.refunds.retrieve(refund.id).status) == ("pending", "failed")
    assert charge.amount_refunded == 0


@pytest.mark.parametrize(
    ("amount", "code"), [(12_999, "amount_too_small"), (100_000_000, "amount_too_large")]
)
def test_amounts_have_limits_of_stripe(client, amount, code) -> None:
    with pytest.raises(library.InvalidRequestError) as refused:
        create_intent(client, amount=amount)

    assert (refused.value.code, refused.value.param) == (code, "amount")


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"amount": 50_000}, "parameter_missing", "currency"),
        ({"amount": "many", "currency": "vnd"}, "parameter_invalid_integer", "amount"),
        ({"amount": 50_000, "currency": "vnd", "capture": "manual"}, "parameter_unknown", "capture"),
        (
            {"amount": 50_000, "currency": "vnd", "automatic_payment_methods": {"enable": True}},
            "parameter_unknown",
            "automatic_payment_methods[enable]",
        ),
        ({"amount": 50_000, "currency": "vnd", "capture_method": "later"}, None, "capture_method"),
    ],
)
def test_parameters_are_checked_against_library(stripe, client, params, code, param) -> None:
    with pytest.raises(library.InvalidRequestError) as refused:
        client.payment_intents.create(params)

    assert (refused.value.code, refused.value.param) == (code, param)
    assert stripe.account.list_objects("payment_intent") == []


def test_wrong_key_is_refused(stripe) -> None:
    with pytest.raises(library.AuthenticationError):
        create_intent(stripe_client(stripe, key="sk_test_other"))

    assert stripe.account.list_objects("payment_intent") == []


def test_repeated_idempotency_key_replays_first_answer(stripe, client) -> None:
    key = {"idempotency_key": "call:1"}
    params = {"amount": 50_000, "currency": "vnd"}

    first = client.payment_intents.create(params, key)
    stripe.buyer_pays(first.id)
    second = client.payment_intents.create(params, key)
    with pytest.raises(library.IdempotencyError):
        client.payment_intents.create({**params, "amount": 60_000}, key)

    assert (second.id, second.status) == (first.id, "requires_payment_method")
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(stripe.account.list_objects("payment_intent")) == 1


def test_idempotency_key_expires_after_a_day(stripe, client) -> None:
    key = {"idempotency_key": "call:1"}
    first = client.payment_intents.create({"amount": 50_000, "currency": "vnd"}, key)
    clock = stripe.account.clock

    stripe.account.clock = lambda: clock() + 24 * 60 * 60 + 1
    second = client.payment_intents.create({"amount": 50_000, "currency": "vnd"}, key)

    assert first.id != second.id


def test_idempotency_key_in_use_is_conflict(stripe, client) -> None:
    key = {"idempotency_key": "call:1"}
    stripe.faults.plan("payment_intents.create", Fault.HANG_WITHIN)
    with pytest.raises(library.APIConnectionError):
        stripe_client(stripe, timeout=0.2).payment_intents.create({"amount": 50_000, "currency": "vnd"}, key)

    with pytest.raises(library.StripeError) as refused:
        client.payment_intents.create({"amount": 50_000, "currency": "vnd"}, key)

    assert (refused.value.http_status, refused.value.error.code) == (409, "idempotency_key_in_use")


@pytest.mark.parametrize(
    ("fault", "expected_count"),
    [
        (Fault.HANG, 0),
        (Fault.HANG_AFTER, 1),
        (Fault.CUT_BEFORE, 0),
        (Fault.CUT_AFTER, 1),
        (Fault.REFUSE, 0),
    ],
)
def test_fault_happens_once_as_configured(stripe, fault, expected_count) -> None:
    client = stripe_client(stripe, timeout=0.2)
    stripe.faults.plan("payment_intents.create", fault, status=503)

    with pytest.raises(library.StripeError):
        create_intent(client)
    after_the_fault = len(stripe.account.list_objects("payment_intent"))
    create_intent(client)

    assert after_the_fault == expected_count
    assert len(stripe.account.list_objects("payment_intent")) == expected_count + 1


def test_checkout_session_creates_payment(stripe, client) -> None:
    line = {
        "quantity": 1,
        "price_data": {"currency": "vnd", "unit_amount": 50_000, "product_data": {"name": "Order T1"}},
    }
    session = client.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [line],
            "success_url": "http://shop.test/done?session={CHECKOUT_SESSION_ID}",
            "payment_intent_data": {"metadata": {"key": "call:1"}},
        }
    )

    stripe.buyer_pays(session.id)

    completed = client.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent.latest_charge"]})
    assert (session.status, session.payment_intent) == ("open", None)
    assert (completed.status, completed.payment_status, completed.url) == ("complete", "paid", None)
    assert completed.payment_intent.metadata["key"] == "call:1"
    assert completed.payment_intent.latest_charge.amount_captured == 50_000


def test_transfers_cannot_exceed_charge_and_can_be_reversed(stripe, client) -> None:
    stripe.account.connected.add("acct_ha_giang")
    intent = create_intent(client)
    stripe.buyer_pays(intent.id)
    charge = client.payment_intents.retrieve(intent.id).latest_charge
    transfer = {"currency": "vnd", "destination": "acct_ha_giang", "source_transaction": charge}

    sent = client.transfers.create({**transfer, "amount": 45_000, "transfer_group": "order:1"})
    with pytest.raises(library.InvalidRequestError):
        client.transfers.create({**transfer, "amount": 5_001})
    with pytest.raises(library.InvalidRequestError):
        client.transfers.create({**transfer, "amount": 1_000, "destination": "acct_nobody"})
    client.transfers.reversals.create(sent.id, {"amount": 5_000})
    with pytest.raises(library.InvalidRequestError):
        client.transfers.reversals.create(sent.id, {"amount": 40_001})

    transfers = client.transfers.list({"transfer_group": "order:1"}).data
    assert [(row.amount, row.amount_reversed) for row in transfers] == [(45_000, 5_000)]


def test_lists_are_paged_and_filtered_by_time(stripe, client) -> None:
    for _ in range(3):
        create_intent(client)

    first = client.payment_intents.list({"limit": 2})
    every = [row.id for row in client.payment_intents.list({"limit": 2}).auto_paging_iter()]
    later = client.payment_intents.list({"created": {"gte": int(stripe.account.clock()) + 10}})

    assert len(first.data) == 2
    assert first.has_more
    assert len(every) == 3
    assert later.data == []


class _Listener(BaseHTTPRequestHandler):
    received = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append((body, self.headers["Stripe-Signature"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def listener(stripe):
    kind = type("Fresh", (_Listener,), {"received": []})
    server = HTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    stripe.webhooks.to(f"http://127.0.0.1:{server.server_address[1]}/hook")
    yield kind.received
    server.shutdown()
    server.server_close()


def test_webhooks_are_signed_and_can_be_repeated_reordered_and_dropped(stripe, client, listener) -> None:
    intent = create_intent(client)
    stripe.buyer_pays(intent.id)

    stripe.webhooks.drop("payment_intent.created")
    statuses = stripe.webhooks.deliver(times=2, backwards=True)

    event_types = [json.loads(body)["type"] for body, _ in listener]
    assert statuses == [200] * 4
    assert event_types == ["payment_intent.succeeded"] * 2 + ["charge.succeeded"] * 2
    for body, signature in listener:
        assert library.Webhook.construct_event(body, signature, stripe.webhook_secret, api_key="sk_test_x").id


def test_webhooks_can_be_delivered_automatically(stripe, client, listener) -> None:
    stripe.webhooks.automatic()

    create_intent(client)
    stripe.webhooks.settled()

    assert [json.loads(body)["type"] for body, _ in listener] == ["payment_intent.created"]
    assert [event.type for event in client.events.list().data] == ["payment_intent.created"]


def test_disputes_emit_events(stripe, client) -> None:
    intent = create_intent(client)
    stripe.buyer_pays(intent.id)

    dispute = stripe.open_dispute(intent.id)
    stripe.close_dispute(dispute["id"], "won")

    event_types = [event["type"] for event in stripe.webhooks.waiting if "dispute" in event["type"]]
    assert event_types == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.funds_reinstated",
        "charge.dispute.closed",
    ]
    assert client.disputes.retrieve(dispute["id"]).status == "won"
