"""Stripe webhook events: signature checks and the fields read from each kind."""

import datetime
import time

import pytest

from orders.payments.gateway import GatewayRequest
from orders.payments.stripe_events import InvalidStripeEvent, read_event
from orders.payments.stripe_gateway import StripeGateway, read_verified_event
from tests.doubles.stripe import StripeDouble

pytestmark = pytest.mark.once


@pytest.fixture
def stripe():
    with StripeDouble() as double:
        yield double


@pytest.fixture
def gateway(stripe):
    return StripeGateway(secret_key=stripe.secret_key, api_url=stripe.url)


@pytest.fixture
def reference(stripe, gateway):
    """Return the reference of a payment that was started, paid, partly refunded and disputed."""
    payment_intent = gateway.start(GatewayRequest("call:1", 50_000, "VND", labels={"order": "T1"})).reference
    stripe.buyer_pays(payment_intent)
    gateway.refund(GatewayRequest("call:2", 20_000, "VND", reference=payment_intent))
    stripe.open_dispute(payment_intent, amount=30_000)
    return payment_intent


def read_kind(stripe, object_type):
    event = next(event for event in stripe.webhooks.waiting if event["type"] == object_type)
    return read_verified_event(*sign(stripe, event), secret=stripe.webhook_secret)


def sign(stripe, event, **options):
    return stripe.webhooks.signed(event, **options)


@pytest.mark.parametrize(
    ("object_type", "prefix", "key", "amount", "charged", "refunded", "status"),
    [
        ("payment_intent.created", "pi", "call:1", 50_000, 0, 0, "requires_payment_method"),
        ("payment_intent.succeeded", "pi", "call:1", 50_000, 50_000, 0, "succeeded"),
        ("charge.succeeded", "ch", "call:1", 50_000, 50_000, 0, "succeeded"),
        ("charge.refunded", "ch", "call:1", 50_000, 50_000, 20_000, "succeeded"),
        ("refund.created", "re", "call:2", 20_000, 0, 0, "succeeded"),
        ("charge.dispute.created", "du", "", 30_000, 0, 0, "needs_response"),
    ],
)
def test_event_fields_are_read(
    stripe, reference, object_type, prefix, key, amount, charged, refunded, status
) -> None:
    event = read_kind(stripe, object_type)

    assert (event.kind, event.reference, event.idempotency_key) == (object_type, reference, key)
    assert event.subject.startswith(f"{prefix}_")
    assert (event.amount, event.currency) == (amount, "VND")
    assert (event.charged, event.refunded, event.status) == (charged, refunded, status)
    assert event.created.tzinfo is datetime.UTC
    assert (event.evidence_by is not None) == (prefix == "du")


def test_authorisation_and_declined_card_events_are_read(stripe, gateway) -> None:
    payment_intent = gateway.start(
        GatewayRequest("call:1", 50_000, "VND", is_authorisation_only=True)
    ).reference
    stripe.buyer_pays(payment_intent, "4000000000009995")
    stripe.buyer_pays(payment_intent)

    declined = read_kind(stripe, "payment_intent.payment_failed")
    authorised = read_kind(stripe, "payment_intent.amount_capturable_updated")

    assert (declined.status, declined.reason) == ("requires_payment_method", "insufficient_funds")
    assert (authorised.authorised, authorised.charged, authorised.status) == (50_000, 0, "requires_capture")


def test_completed_checkout_session_names_session_and_payment(stripe, gateway) -> None:
    session = gateway.start(
        GatewayRequest("call:1", 50_000, "VND", is_hosted=True, return_url="https://shop.test/")
    ).reference
    stripe.buyer_pays(session)

    event = read_kind(stripe, "checkout.session.completed")

    assert (event.session, event.reference) == (session, stripe.intent(session)["id"])
    assert (event.idempotency_key, event.amount, event.status) == ("call:1", 50_000, "complete")


def test_stored_body_reads_as_verified_event(stripe, reference) -> None:
    event = stripe.webhooks.waiting[0]
    body, signature = sign(stripe, event)

    verified = read_verified_event(body, signature, secret=stripe.webhook_secret)

    assert read_event(body.decode()) == verified
    assert verified.id == event["id"]


@pytest.mark.parametrize(
    "forge",
    [
        lambda body, signature: (body.replace(b"50000", b"50001"), signature),
        lambda body, signature: (body, ""),
        lambda body, signature: (body, "t=1,v1=00"),
        lambda body, signature: (body, signature.replace("v1=", "v0=")),
        lambda body, signature: (body + b"\xff", signature),
    ],
    ids=["altered", "unsigned", "made up", "another scheme", "no text"],
)
def test_event_not_signed_by_stripe_is_refused(stripe, reference, forge) -> None:
    forged = forge(*sign(stripe, stripe.webhooks.waiting[0]))

    with pytest.raises(InvalidStripeEvent) as refusal:
        read_verified_event(*forged, secret=stripe.webhook_secret)

    assert refusal.value.code == "invalid_stripe_event"


@pytest.mark.parametrize("options", [{"at": int(time.time()) - 301}, {"secret": "whsec_other"}])
def test_stale_or_foreign_event_is_refused(stripe, reference, options) -> None:
    old_or_foreign = sign(stripe, stripe.webhooks.waiting[0], **options)

    with pytest.raises(InvalidStripeEvent):
        read_verified_event(*old_or_foreign, secret=stripe.webhook_secret)


@pytest.mark.parametrize("body", ["", "[]", "null", '{"id": "evt_1"}', '{"data": {"object": 5}}'])
def test_body_that_is_not_an_event_is_refused(body) -> None:
    with pytest.raises(InvalidStripeEvent):
        read_event(body)
