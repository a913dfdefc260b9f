"""Every gateway call to Stripe under every fault: no call takes effect twice, no outcome is guessed."""

import datetime
import logging
from dataclasses import replace

import pytest

from orders.models.gateway import GatewayOperation
from orders.payments.card_limits import AmountNotForCards
from orders.payments.gateway import GatewayOutcome, GatewayRequest, GatewayResult
from orders.payments.stripe_gateway import StripeGateway
from tests.doubles.stripe import Fault, StripeDouble

pytestmark = pytest.mark.once
NOW = datetime.datetime.now(datetime.UTC)  # the double stamps its objects with the real time
SCA, DECLINED = "4000002500003155", "4000000000000002"
COOPERATIVE = "acct_ha_giang"


@pytest.fixture
def stripe():
    with StripeDouble() as double:
        double.account.connected.add(COOPERATIVE)
        yield double


@pytest.fixture
def gateway(stripe):
    return StripeGateway(secret_key=stripe.secret_key, api_url=stripe.url)


@pytest.fixture
def short_timeout_gateway(stripe):
    """Return a short timeout for calls that get no response; a slow response must not be taken for lost."""
    return StripeGateway(secret_key=stripe.secret_key, api_url=stripe.url, read_timeout=0.3)


def make_request(idempotency_key="call:start", amount=50_000, **extra):
    return GatewayRequest(
        idempotency_key=idempotency_key, amount=amount, currency="VND", created_at=NOW, **extra
    )


def paid_reference(stripe, gateway, **extra):
    """Return the reference of a payment that the buyer has made."""
    reference = gateway.start(make_request(**extra)).reference
    stripe.buyer_pays(reference)
    return reference


def paid_out_reference(stripe, gateway):
    return gateway.pay_out(make_request("call:out", 30_000, destination=COOPERATIVE)).reference


def sums(stripe, operation, name):
    return [row[name] for row in stripe.account.list_objects(operation) if row[name]]


def states(stripe, operation, state):
    return [row["status"] for row in stripe.account.list_objects(operation, status=state)]


# For each call: operation, Stripe method, request, reader of its effects, and the effects of one call.
CALLS = {
    "start": (
        GatewayOperation.START_PAYMENT,
        "payment_intents.create",
        lambda stripe, gateway: make_request("call:it"),
        lambda stripe: sums(stripe, "payment_intent", "amount"),
        [50_000],
    ),
    "start on their page": (
        GatewayOperation.START_PAYMENT,
        "checkout.sessions.create",
        lambda stripe, gateway: make_request("call:it", is_hosted=True, return_url="https://shop.test/order"),
        lambda stripe: sums(stripe, "checkout.session", "amount_total"),
        [50_000],
    ),
    "capture": (
        GatewayOperation.CAPTURE,
        "payment_intents.capture",
        lambda stripe, gateway: make_request(
            "call:it", 42_000, reference=paid_reference(stripe, gateway, is_authorisation_only=True)
        ),
        lambda stripe: sums(stripe, "charge", "amount_captured"),
        [42_000],
    ),
    "void": (
        GatewayOperation.VOID,
        "payment_intents.cancel",
        lambda stripe, gateway: make_request(
            "call:it", reference=paid_reference(stripe, gateway, is_authorisation_only=True)
        ),
        lambda stripe: states(stripe, "payment_intent", "canceled"),
        ["canceled"],
    ),
    "void on their page": (
        GatewayOperation.VOID,
        "checkout.sessions.expire",
        lambda stripe, gateway: make_request(
            "call:it",
            reference=gateway.start(make_request(is_hosted=True, return_url="https://shop.test/")).reference,
        ),
        lambda stripe: states(stripe, "checkout.session", "expired"),
        ["expired"],
    ),
    "refund": (
        GatewayOperation.REFUND,
        "refunds.create",
        lambda stripe, gateway: make_request("call:it", 20_000, reference=paid_reference(stripe, gateway)),
        lambda stripe: sums(stripe, "refund", "amount"),
        [20_000],
    ),
    "pay out": (
        GatewayOperation.PAY_OUT,
        "transfers.create",
        lambda stripe, gateway: make_request("call:it", 30_000, destination=COOPERATIVE, group="order:1"),
        lambda stripe: sums(stripe, "transfer", "amount"),
        [30_000],
    ),
    "pull back": (
        GatewayOperation.REVERSE_TRANSFER,
        "transfers.reversals.create",
        lambda stripe, gateway: make_request(
            "call:it", 10_000, reference=paid_out_reference(stripe, gateway)
        ),
        lambda stripe: sums(stripe, "transfer_reversal", "amount"),
        [10_000],
    ),
}
LOST_RESPONSE_FAULTS = [
    Fault.HANG,
    Fault.HANG_WITHIN,
    Fault.HANG_AFTER,
    Fault.CUT_BEFORE,
    Fault.CUT_AFTER,
    Fault.REFUSE,
]
COMPLETED_FAULTS = {Fault.HANG_AFTER, Fault.CUT_AFTER}


def success_outcome(name):
    return GatewayOutcome.NEEDS_BUYER if name.startswith("start") else GatewayOutcome.SUCCEEDED


def call(gateway, operation, request) -> GatewayResult:
    return getattr(gateway, operation.value)(request)


@pytest.mark.parametrize("name", CALLS)
def test_repeated_call_has_effect_once(stripe, gateway, name) -> None:
    operation, _, build_request, effects, expected = CALLS[name]
    request = build_request(stripe, gateway)

    first = call(gateway, operation, request)
    second = call(gateway, operation, request)

    assert (first.outcome, second.outcome) == (success_outcome(name), success_outcome(name))
    assert second.reference == first.reference
    assert effects(stripe) == expected


@pytest.mark.parametrize("fault", LOST_RESPONSE_FAULTS)
@pytest.mark.parametrize("name", CALLS)
def test_call_with_lost_response_is_unknown_until_looked_up(
    stripe, gateway, short_timeout_gateway, name, fault
) -> None:
    operation, stripe_method, build_request, effects, expected = CALLS[name]
    request = build_request(stripe, gateway)
    stripe.faults.plan(stripe_method, fault, status=503)

    first = call(short_timeout_gateway if stripe.faults.will_hang else gateway, operation, request)
    effects_before_lookup = effects(stripe)
    stripe.faults.release()
    answers = [gateway.look_up(operation, request, now=NOW)]
    while answers[-1].outcome is GatewayOutcome.UNKNOWN and len(answers) < 200:  # it may still be in progress
        answers.append(gateway.look_up(operation, request, now=NOW))

    assert first.outcome is GatewayOutcome.UNKNOWN
    assert effects_before_lookup == (expected if fault in COMPLETED_FAULTS else [])
    assert answers[-1].outcome is success_outcome(name)
    assert answers[-1].reference.partition("_")[0] in ("pi", "cs", "re", "tr", "trr")
    assert effects(stripe) == expected


@pytest.mark.parametrize("name", CALLS)
def test_call_in_progress_stays_unknown(stripe, gateway, short_timeout_gateway, name) -> None:
    operation, stripe_method, build_request, effects, _ = CALLS[name]
    request = build_request(stripe, gateway)
    stripe.faults.plan(stripe_method, Fault.HANG_WITHIN)
    call(short_timeout_gateway, operation, request)

    result = gateway.look_up(operation, request, now=NOW)

    assert result.outcome is GatewayOutcome.UNKNOWN
    assert result.code == "idempotency_key_in_use"
    assert effects(stripe) == []


@pytest.mark.parametrize("status", [409, 429, 500, 502, 503])
@pytest.mark.parametrize("name", CALLS)
def test_busy_or_failing_stripe_leaves_outcome_unknown(stripe, gateway, name, status) -> None:
    operation, stripe_method, build_request, effects, _ = CALLS[name]
    request = build_request(stripe, gateway)
    stripe.faults.plan(stripe_method, Fault.REFUSE, status=status)

    result = call(gateway, operation, request)

    assert result.outcome is GatewayOutcome.UNKNOWN
    assert effects(stripe) == []


@pytest.mark.parametrize(
    ("status", "code", "known_as"),
    [(400, "amount_too_small", "amount_too_small"), (402, "card_declined", "card_declined")],
)
@pytest.mark.parametrize("name", CALLS)
def test_refusal_is_failure_with_message(stripe, gateway, name, status, code, known_as) -> None:
    operation, stripe_method, build_request, effects, _ = CALLS[name]
    request = replace(build_request(stripe, gateway), language="en")
    stripe.faults.plan(stripe_method, Fault.REFUSE, status=status, code=code)

    result = call(gateway, operation, request)

    assert (result.outcome, result.code) == (GatewayOutcome.FAILED, known_as)
    assert "another payment method" in result.message
    assert effects(stripe) == []


@pytest.mark.parametrize("name", CALLS)
def test_invalid_api_key_fails_and_logs_error(stripe, gateway, name, caplog) -> None:
    operation, stripe_method, build_request, effects, _ = CALLS[name]
    request = build_request(stripe, gateway)
    stripe.faults.plan(stripe_method, Fault.REFUSE, status=401, message="Invalid API Key provided")

    with caplog.at_level(logging.ERROR):
        result = call(gateway, operation, request)

    assert (result.outcome, result.code) == (GatewayOutcome.FAILED, "not_configured")
    assert "check STRIPE_SECRET_KEY" in caplog.text
    assert effects(stripe) == []


def test_invalid_api_key_during_lookup_leaves_outcome_unknown(stripe, gateway) -> None:
    stripe.faults.plan("payment_intents.create", Fault.CUT_AFTER)
    gateway.start(make_request())
    stripe.faults.plan("payment_intents.create", Fault.REFUSE, status=401)

    result = gateway.look_up(GatewayOperation.START_PAYMENT, make_request(), now=NOW)

    assert (result.outcome, result.code) == (GatewayOutcome.UNKNOWN, "not_configured")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("fault", "happened"), [(Fault.CUT_AFTER, True), (Fault.CUT_BEFORE, False)], ids=["done", "not done"]
)
def test_lookup_after_key_expiry_does_not_repeat_call(stripe, gateway, name, fault, happened) -> None:
    operation, stripe_method, build_request, effects, expected = CALLS[name]
    request = build_request(stripe, gateway)
    stripe.faults.plan(stripe_method, fault)
    call(gateway, operation, request)
    clock = stripe.account.clock
    stripe.account.clock = lambda: clock() + 25 * 60 * 60

    result = gateway.look_up(operation, request, now=NOW + datetime.timedelta(hours=25))

    assert (result.outcome, result.code) == (
        (success_outcome(name), "") if happened else (GatewayOutcome.FAILED, "never_arrived")
    )
    assert effects(stripe) == (expected if happened else [])


def test_failed_lookup_leaves_outcome_unknown(stripe, gateway, short_timeout_gateway) -> None:
    reference = paid_reference(stripe, gateway)
    stripe.faults.plan("payment_intents.retrieve", Fault.HANG)

    result = short_timeout_gateway.look_up(
        GatewayOperation.START_PAYMENT, make_request(reference=reference), now=NOW
    )

    assert (result.outcome, result.reference) == (GatewayOutcome.UNKNOWN, reference)


def test_same_key_with_other_terms_returns_first_payment(stripe, gateway) -> None:
    first = gateway.start(make_request())

    result = gateway.start(make_request(description="Other words"))

    assert (result.outcome, result.reference) == (GatewayOutcome.NEEDS_BUYER, first.reference)
    assert len(stripe.account.list_objects("payment_intent")) == 1


def look_up_payment(gateway, reference):
    return gateway.look_up(GatewayOperation.START_PAYMENT, make_request(reference=reference), now=NOW)


def test_declined_card_then_valid_card_charges_once(stripe, gateway) -> None:
    started = gateway.start(make_request())

    stripe.buyer_pays(started.reference, DECLINED)
    declined_result = gateway.look_up(
        GatewayOperation.START_PAYMENT, make_request(reference=started.reference, language="en"), now=NOW
    )
    stripe.buyer_pays(started.reference)
    after = look_up_payment(gateway, started.reference)

    assert started.secret == f"{started.reference}_secret_double"
    assert (declined_result.outcome, declined_result.code) == (GatewayOutcome.NEEDS_BUYER, "generic_decline")
    assert (
        declined_result.message == "The bank declined the card. Try another card or another payment method."
    )
    assert (after.outcome, after.charged, after.secret) == (GatewayOutcome.SUCCEEDED, 50_000, "")


def test_failed_bank_authentication_keeps_payment_open(stripe, gateway) -> None:
    reference = gateway.start(make_request()).reference

    stripe.buyer_pays(reference, SCA)
    waiting = look_up_payment(gateway, reference)
    stripe.bank_answers(reference, is_approved=False)
    refused = look_up_payment(gateway, reference)
    stripe.buyer_pays(reference, SCA)
    stripe.bank_answers(reference, is_approved=True)

    assert (waiting.outcome, waiting.code) == (GatewayOutcome.NEEDS_BUYER, "")
    assert (refused.outcome, refused.code) == (GatewayOutcome.NEEDS_BUYER, "authentication_required")
    assert look_up_payment(gateway, reference).charged == 50_000


def test_processing_payment_is_pending(stripe, gateway) -> None:
    reference = gateway.start(make_request()).reference
    stripe.account.next_payment = "processing"

    stripe.buyer_pays(reference)
    pending = look_up_payment(gateway, reference)
    stripe.bank_answers(reference, is_approved=True)

    assert pending.outcome is GatewayOutcome.PENDING
    assert look_up_payment(gateway, reference).outcome is GatewayOutcome.SUCCEEDED


def test_partial_capture_releases_remainder_without_refund(stripe, gateway) -> None:
    reference = paid_reference(stripe, gateway, is_authorisation_only=True)

    authorised = look_up_payment(gateway, reference)
    captured = gateway.capture(make_request("call:take", 42_000, reference=reference))
    repeated = gateway.capture(make_request("call:more", 50_001, reference=reference))

    assert (authorised.outcome, authorised.authorised, authorised.charged) == (
        GatewayOutcome.SUCCEEDED,
        50_000,
        0,
    )
    assert (captured.outcome, captured.authorised, captured.charged, captured.refunded) == (
        GatewayOutcome.SUCCEEDED,
        0,
        42_000,
        0,
    )
    assert repeated.charged == 42_000


def test_capture_cannot_exceed_authorised_amount(stripe, gateway) -> None:
    reference = paid_reference(stripe, gateway, is_authorisation_only=True)

    result = gateway.capture(make_request("call:take", 50_001, reference=reference))

    assert (result.outcome, result.code) == (GatewayOutcome.FAILED, "amount_too_large")
    assert look_up_payment(gateway, reference).authorised == 50_000


def test_charged_payment_cannot_be_cancelled(stripe, gateway) -> None:
    reference = paid_reference(stripe, gateway)

    result = gateway.void(make_request("call:cancel", reference=reference))

    assert (result.outcome, result.charged) == (GatewayOutcome.FAILED, 50_000)
    assert result.code == "payment_intent_unexpected_state"


def test_cancelled_payment_is_failed_start(stripe, gateway) -> None:
    reference = gateway.start(make_request()).reference
    gateway.void(make_request("call:cancel", reference=reference))

    result = look_up_payment(gateway, reference)

    assert (result.outcome, result.code, result.charged) == (GatewayOutcome.FAILED, "canceled", 0)


def test_checkout_session_has_language_email_and_return_url(stripe, gateway) -> None:
    request = make_request(
        is_hosted=True,
        is_authorisation_only=True,
        return_url="https://shop.test/order",
        email="lan@shop.test",
        description="T12345X",
        group="order:1",
        labels={"order": "1"},
    )

    started = gateway.start(request)
    stripe.buyer_pays(started.reference)
    authorised = look_up_payment(gateway, started.reference)

    session = stripe.account.rows[started.reference]
    intent = stripe.account.rows[authorised.reference]
    assert (started.outcome, started.url) == (
        GatewayOutcome.NEEDS_BUYER,
        f"{stripe.url}/pay/{started.reference}",
    )
    assert (session["locale"], session["customer_email"]) == ("vi", "lan@shop.test")
    assert session["success_url"] == session["cancel_url"] == "https://shop.test/order"
    assert (authorised.outcome, authorised.authorised) == (GatewayOutcome.SUCCEEDED, 50_000)
    assert intent["metadata"] == {"order": "1", "key": "call:start"}
    assert intent["transfer_group"] == "order:1"


def test_session_payment_is_captured_and_refunded_by_session_id(stripe, gateway) -> None:
    reference = paid_reference(
        stripe, gateway, is_hosted=True, is_authorisation_only=True, return_url="https://shop.test/order"
    )

    captured = gateway.capture(make_request("call:take", 42_000, reference=reference))
    refund = gateway.refund(make_request("call:back", 2_000, reference=reference))

    assert (captured.outcome, captured.charged) == (GatewayOutcome.SUCCEEDED, 42_000)
    assert (refund.outcome, refund.charged, refund.refunded) == (GatewayOutcome.SUCCEEDED, 42_000, 2_000)


def test_cancelled_session_expires(stripe, gateway) -> None:
    reference = gateway.start(make_request(is_hosted=True, return_url="https://shop.test/order")).reference

    first = gateway.void(make_request("call:cancel", reference=reference))
    second = gateway.void(make_request("call:again", reference=reference))

    assert (first.outcome, second.outcome) == (GatewayOutcome.SUCCEEDED, GatewayOutcome.SUCCEEDED)
    assert (look_up_payment(gateway, reference).outcome, look_up_payment(gateway, reference).code) == (
        GatewayOutcome.FAILED,
        "expired",
    )


def test_paid_session_cannot_be_cancelled(stripe, gateway) -> None:
    reference = paid_reference(stripe, gateway, is_hosted=True, return_url="https://shop.test/order")

    result = gateway.void(make_request("call:cancel", reference=reference))

    assert (result.outcome, result.charged) == (GatewayOutcome.FAILED, 50_000)


def test_refunds_cannot_exceed_charged_amount(stripe, gateway) -> None:
    reference = paid_reference(stripe, gateway)

    partial = gateway.refund(make_request("call:1", 20_000, reference=reference))
    too_much = gateway.refund(make_request("call:2", 30_001, reference=reference))
    remaining = gateway.refund(make_request("call:3", 30_000, reference=reference))
    none_left = gateway.refund(make_request("call:4", 1, reference=reference))

    assert (partial.outcome, partial.charged, partial.refunded) == (GatewayOutcome.SUCCEEDED, 50_000, 20_000)
    assert too_much.outcome is GatewayOutcome.FAILED
    assert (remaining.outcome, remaining.refunded) == (GatewayOutcome.SUCCEEDED, 50_000)
    assert (none_left.outcome, none_left.code) == (GatewayOutcome.FAILED, "charge_already_refunded")


@pytest.mark.parametrize(
    ("status", "outcome", "refunded"),
    [("succeeded", GatewayOutcome.SUCCEEDED, 50_000), ("failed", GatewayOutcome.FAILED, 0)],
)
def test_refund_is_pending_until_bank_decides(stripe, gateway, status, outcome, refunded) -> None:
    request = make_request("call:back", reference=paid_reference(stripe, gateway))
    stripe.account.next_refund = "pending"

    refund = gateway.refund(request)
    waiting_result = gateway.look_up(GatewayOperation.REFUND, request, now=NOW)
    stripe.settle_refund(refund.reference, status)
    settled = gateway.look_up(GatewayOperation.REFUND, request, now=NOW)

    assert (refund.outcome, waiting_result.outcome) == (GatewayOutcome.PENDING, GatewayOutcome.PENDING)
    assert (settled.outcome, settled.reference, settled.refunded) == (outcome, refund.reference, refunded)


def test_payout_cannot_exceed_its_payment(stripe, gateway) -> None:
    request = make_request(
        "call:out", 45_000, reference=paid_reference(stripe, gateway), destination=COOPERATIVE
    )

    sent = gateway.pay_out(request)
    more = gateway.pay_out(replace(request, idempotency_key="call:more", amount=5_001))

    transfer = stripe.account.rows[sent.reference]
    assert transfer["source_transaction"] == stripe.account.list_objects("charge")[0]["id"]
    assert (sent.outcome, more.outcome) == (GatewayOutcome.SUCCEEDED, GatewayOutcome.FAILED)


@pytest.mark.parametrize(
    ("destination", "balance", "code"),
    [("acct_nobody", None, "resource_missing"), (COOPERATIVE, 29_999, "balance_insufficient")],
)
def test_impossible_payout_fails(stripe, gateway, destination, balance, code) -> None:
    stripe.account.balance = balance

    result = gateway.pay_out(make_request("call:out", 30_000, destination=destination))

    assert (result.outcome, result.code) == (GatewayOutcome.FAILED, code)
    assert stripe.account.list_objects("transfer") == []


@pytest.mark.parametrize(
    ("amount", "limit"), [(14_999, "amount_too_small"), (100_000_000, "amount_too_large")]
)
def test_amount_outside_card_limits_is_refused_before_any_call(stripe, gateway, amount, limit) -> None:
    with pytest.raises(AmountNotForCards) as refusal:
        gateway.require_allowed_amount(amount, "VND")

    assert (refusal.value.code, refusal.value.details) == ("amount_not_for_cards", {"limit": limit})
    assert stripe.calls == []


def test_amount_within_limits_is_sent_without_decimals(stripe, gateway) -> None:
    for amount in (15_000, 99_999_999):
        gateway.require_allowed_amount(amount, "VND")
        reference = gateway.start(make_request(f"call:{amount}", amount)).reference

        row = stripe.account.rows[reference]
        assert (row["amount"], row["currency"]) == (amount, "vnd")
