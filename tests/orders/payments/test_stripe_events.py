"""What Stripe tells us by itself: signed or refused, and read the same whatever it is about."""

import datetime
import time

import pytest

from orders.payments.gateway import GatewayRequest
from orders.payments.stripe_events import InvalidStripeEvent, read_event
from orders.payments.stripe_gateway import StripeGateway, verify_event
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
    """A payment that was begun, paid, partly given back and disputed."""
    begun = gateway.start(GatewayRequest("call:1", 50_000, "VND", labels={"order": "T1"})).reference
    stripe.buyer_pays(begun)
    gateway.refund(GatewayRequest("call:2", 20_000, "VND", reference=begun))
    stripe.open_dispute(begun, amount=30_000)
    return begun


def told(stripe, kind):
    event = next(event for event in stripe.webhooks.waiting if event["type"] == kind)
    return verify_event(*_signed(stripe, event), secret=stripe.webhook_secret)


def _signed(stripe, event, **how):
    return stripe.webhooks.signed(event, **how)


@pytest.mark.parametrize(
    ("kind", "prefix", "key", "amount", "charged", "refunded", "status"),
    [
        ("payment_intent.created", "pi", "call:1", 50_000, 0, 0, "requires_payment_method"),
        ("payment_intent.succeeded", "pi", "call:1", 50_000, 50_000, 0, "succeeded"),
        ("charge.succeeded", "ch", "call:1", 50_000, 50_000, 0, "succeeded"),
        ("charge.refunded", "ch", "call:1", 50_000, 50_000, 20_000, "succeeded"),
        ("refund.created", "re", "call:2", 20_000, 0, 0, "succeeded"),
        ("charge.dispute.created", "du", "", 30_000, 0, 0, "needs_response"),
    ],
)
def test_event_fields_are_read(stripe, reference, kind, prefix, key, amount, charged, refunded, status):
    event = told(stripe, kind)

    assert (event.kind, event.reference, event.key) == (kind, reference, key)
    assert event.subject.startswith(f"{prefix}_")
    assert (event.amount, event.currency) == (amount, "VND")
    assert (event.charged, event.refunded, event.status) == (charged, refunded, status)
    assert event.created.tzinfo is datetime.UTC
    assert (event.evidence_by is not None) == (prefix == "du")


def test_authorisation_and_declined_card_events_are_read(stripe, gateway):
    begun = gateway.start(GatewayRequest("call:1", 50_000, "VND", hold=True)).reference
    stripe.buyer_pays(begun, "4000000000009995")
    stripe.buyer_pays(begun)

    refused = told(stripe, "payment_intent.payment_failed")
    held = told(stripe, "payment_intent.amount_capturable_updated")

    assert (refused.status, refused.reason) == ("requires_payment_method", "insufficient_funds")
    assert (held.authorised, held.charged, held.status) == (50_000, 0, "requires_capture")


def test_completed_checkout_session_names_session_and_payment(stripe, gateway):
    begun = gateway.start(
        GatewayRequest("call:1", 50_000, "VND", hosted=True, return_url="https://shop.test/")
    ).reference
    stripe.buyer_pays(begun)

    event = told(stripe, "checkout.session.completed")

    assert (event.session, event.reference) == (begun, stripe.intent(begun)["id"])
    assert (event.key, event.amount, event.status) == ("call:1", 50_000, "complete")


def test_stored_body_reads_as_verified_event(stripe, reference):
    event = stripe.webhooks.waiting[0]
    body, signature = _signed(stripe, event)

    verified = verify_event(body, signature, secret=stripe.webhook_secret)

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
def test_event_not_signed_by_stripe_is_refused(stripe, reference, forge):
    forged = forge(*_signed(stripe, stripe.webhooks.waiting[0]))

    with pytest.raises(InvalidStripeEvent) as refused:
        verify_event(*forged, secret=stripe.webhook_secret)

    assert refused.value.code == "not_from_stripe"


@pytest.mark.parametrize("how", [{"at": int(time.time()) - 301}, {"secret": "whsec_other"}])
def test_stale_or_foreign_event_is_refused(stripe, reference, how):
    old_or_foreign = _signed(stripe, stripe.webhooks.waiting[0], **how)

    with pytest.raises(InvalidStripeEvent):
        verify_event(*old_or_foreign, secret=stripe.webhook_secret)


@pytest.mark.parametrize("body", ["", "[]", "null", '{"id": "evt_1"}', '{"data": {"object": 5}}'])
def test_body_that_is_not_an_event_is_refused(body):
    with pytest.raises(InvalidStripeEvent):
        read_event(body)
