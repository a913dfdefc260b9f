"""Every call to Stripe against every way it can go wrong: never twice, and never a guess."""

import datetime
import logging
from dataclasses import replace

import pytest

from orders.models.gateway import Operation
from orders.payments.gateway import GatewayRequest, GatewayResult, Outcome
from orders.payments.stripe_gateway import StripeGateway
from orders.payments.stripe_messages import AmountNotForCards
from tests.doubles.stripe import Fault, StripeDouble

pytestmark = pytest.mark.once
NOW = datetime.datetime.now(datetime.UTC)  # the double stamps its objects with the clock of the wall
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
def impatient(stripe):
    """For calls that are left without an answer. What is merely slow must not be taken for lost."""
    return StripeGateway(secret_key=stripe.secret_key, api_url=stripe.url, read_timeout=0.3)


def asking(key="call:start", amount=50_000, **more):
    return GatewayRequest(key=key, amount=amount, currency="VND", asked_at=NOW, **more)


def paid(stripe, gateway, **more):
    """The reference of a payment the buyer made."""
    reference = gateway.start(asking(**more)).reference
    stripe.buyer_pays(reference)
    return reference


def passed_on(stripe, gateway):
    return gateway.pay_out(asking("call:out", 30_000, destination=COOPERATIVE)).reference


def sums(stripe, kind, name):
    return [row[name] for row in stripe.account.every(kind) if row[name]]


def states(stripe, kind, state):
    return [row["status"] for row in stripe.account.every(kind, status=state)]


# For each call: Stripe's operation, how it is asked, and what it leaves behind when it happened once.
CALLS = {
    "start": (
        Operation.START,
        "payment_intents.create",
        lambda stripe, gateway: asking("call:it"),
        lambda stripe: sums(stripe, "payment_intent", "amount"),
        [50_000],
    ),
    "start on their page": (
        Operation.START,
        "checkout.sessions.create",
        lambda stripe, gateway: asking("call:it", hosted=True, return_url="https://shop.test/order"),
        lambda stripe: sums(stripe, "checkout.session", "amount_total"),
        [50_000],
    ),
    "capture": (
        Operation.CAPTURE,
        "payment_intents.capture",
        lambda stripe, gateway: asking("call:it", 42_000, reference=paid(stripe, gateway, hold=True)),
        lambda stripe: sums(stripe, "charge", "amount_captured"),
        [42_000],
    ),
    "cancel": (
        Operation.CANCEL,
        "payment_intents.cancel",
        lambda stripe, gateway: asking("call:it", reference=paid(stripe, gateway, hold=True)),
        lambda stripe: states(stripe, "payment_intent", "canceled"),
        ["canceled"],
    ),
    "cancel on their page": (
        Operation.CANCEL,
        "checkout.sessions.expire",
        lambda stripe, gateway: asking(
            "call:it",
            reference=gateway.start(asking(hosted=True, return_url="https://shop.test/")).reference,
        ),
        lambda stripe: states(stripe, "checkout.session", "expired"),
        ["expired"],
    ),
    "refund": (
        Operation.REFUND,
        "refunds.create",
        lambda stripe, gateway: asking("call:it", 20_000, reference=paid(stripe, gateway)),
        lambda stripe: sums(stripe, "refund", "amount"),
        [20_000],
    ),
    "pay out": (
        Operation.PAY_OUT,
        "transfers.create",
        lambda stripe, gateway: asking("call:it", 30_000, destination=COOPERATIVE, group="order:1"),
        lambda stripe: sums(stripe, "transfer", "amount"),
        [30_000],
    ),
    "pull back": (
        Operation.PULL_BACK,
        "transfers.reversals.create",
        lambda stripe, gateway: asking("call:it", 10_000, reference=passed_on(stripe, gateway)),
        lambda stripe: sums(stripe, "transfer_reversal", "amount"),
        [10_000],
    ),
}
LOST = [Fault.HANG, Fault.HANG_WITHIN, Fault.HANG_AFTER, Fault.CUT_BEFORE, Fault.CUT_AFTER, Fault.REFUSE]
DONE = {Fault.HANG_AFTER, Fault.CUT_AFTER}


def _good(name):
    return Outcome.NEEDS_BUYER if name.startswith("start") else Outcome.SUCCEEDED


def call(gateway, operation, ask) -> GatewayResult:
    return getattr(gateway, operation.value)(ask)


@pytest.mark.parametrize("name", CALLS)
def test_repeated_call_has_effect_once(stripe, gateway, name):
    operation, _, prepared, left, expected = CALLS[name]
    ask = prepared(stripe, gateway)

    first = call(gateway, operation, ask)
    again = call(gateway, operation, ask)

    assert (first.outcome, again.outcome) == (_good(name), _good(name))
    assert again.reference == first.reference
    assert left(stripe) == expected


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("name", CALLS)
def test_call_with_lost_response_is_unknown_until_looked_up(stripe, gateway, impatient, name, fault):
    operation, told, prepared, left, expected = CALLS[name]
    ask = prepared(stripe, gateway)
    stripe.faults.tell(told, fault, status=503)

    first = call(impatient if stripe.faults.will_hang else gateway, operation, ask)
    in_between = left(stripe)
    stripe.faults.release()
    answers = [gateway.look_up(operation, ask, now=NOW)]
    while answers[-1].outcome is Outcome.UNKNOWN and len(answers) < 200:  # it may still be under way
        answers.append(gateway.look_up(operation, ask, now=NOW))

    assert first.outcome is Outcome.UNKNOWN
    assert in_between == (expected if fault in DONE else [])
    assert answers[-1].outcome is _good(name)
    assert answers[-1].reference.partition("_")[0] in ("pi", "cs", "re", "tr", "trr")
    assert left(stripe) == expected


@pytest.mark.parametrize("name", CALLS)
def test_call_in_progress_stays_unknown(stripe, gateway, impatient, name):
    operation, told, prepared, left, _ = CALLS[name]
    ask = prepared(stripe, gateway)
    stripe.faults.tell(told, Fault.HANG_WITHIN)
    call(impatient, operation, ask)

    answer = gateway.look_up(operation, ask, now=NOW)

    assert answer.outcome is Outcome.UNKNOWN
    assert answer.code == "idempotency_key_in_use"
    assert left(stripe) == []


@pytest.mark.parametrize("status", [409, 429, 500, 502, 503])
@pytest.mark.parametrize("name", CALLS)
def test_busy_or_failing_stripe_leaves_outcome_unknown(stripe, gateway, name, status):
    operation, told, prepared, left, _ = CALLS[name]
    ask = prepared(stripe, gateway)
    stripe.faults.tell(told, Fault.REFUSE, status=status)

    answer = call(gateway, operation, ask)

    assert answer.outcome is Outcome.UNKNOWN
    assert left(stripe) == []


@pytest.mark.parametrize(
    ("status", "code", "known_as"),
    [(400, "amount_too_small", "amount_too_small"), (402, "card_declined", "card_declined")],
)
@pytest.mark.parametrize("name", CALLS)
def test_refusal_is_failure_with_message(stripe, gateway, name, status, code, known_as):
    operation, told, prepared, left, _ = CALLS[name]
    ask = replace(prepared(stripe, gateway), language="en")
    stripe.faults.tell(told, Fault.REFUSE, status=status, code=code)

    answer = call(gateway, operation, ask)

    assert (answer.outcome, answer.code) == (Outcome.FAILED, known_as)
    assert "another way to pay" in answer.message
    assert left(stripe) == []


@pytest.mark.parametrize("name", CALLS)
def test_invalid_api_key_fails_and_logs_error(stripe, gateway, name, caplog):
    operation, told, prepared, left, _ = CALLS[name]
    ask = prepared(stripe, gateway)
    stripe.faults.tell(told, Fault.REFUSE, status=401, message="Invalid API Key provided")

    with caplog.at_level(logging.ERROR):
        answer = call(gateway, operation, ask)

    assert (answer.outcome, answer.code) == (Outcome.FAILED, "not_configured")
    assert "check STRIPE_SECRET_KEY" in caplog.text
    assert left(stripe) == []


def test_invalid_api_key_during_lookup_leaves_outcome_unknown(stripe, gateway):
    stripe.faults.tell("payment_intents.create", Fault.CUT_AFTER)
    gateway.start(asking())
    stripe.faults.tell("payment_intents.create", Fault.REFUSE, status=401)

    answer = gateway.look_up(Operation.START, asking(), now=NOW)

    assert (answer.outcome, answer.code) == (Outcome.UNKNOWN, "not_configured")


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("fault", "happened"), [(Fault.CUT_AFTER, True), (Fault.CUT_BEFORE, False)], ids=["done", "not done"]
)
def test_lookup_after_key_expiry_does_not_repeat_call(stripe, gateway, name, fault, happened):
    operation, told, prepared, left, expected = CALLS[name]
    ask = prepared(stripe, gateway)
    stripe.faults.tell(told, fault)
    call(gateway, operation, ask)
    begun = stripe.account.clock
    stripe.account.clock = lambda: begun() + 25 * 60 * 60

    answer = gateway.look_up(operation, ask, now=NOW + datetime.timedelta(hours=25))

    assert (answer.outcome, answer.code) == (
        (_good(name), "") if happened else (Outcome.FAILED, "never_arrived")
    )
    assert left(stripe) == (expected if happened else [])


def test_failed_lookup_leaves_outcome_unknown(stripe, gateway, impatient):
    reference = paid(stripe, gateway)
    stripe.faults.tell("payment_intents.retrieve", Fault.HANG)

    answer = impatient.look_up(Operation.START, asking(reference=reference), now=NOW)

    assert (answer.outcome, answer.reference) == (Outcome.UNKNOWN, reference)


def test_same_key_with_other_terms_returns_first_payment(stripe, gateway):
    first = gateway.start(asking())

    answer = gateway.start(asking(description="Other words"))

    assert (answer.outcome, answer.reference) == (Outcome.NEEDS_BUYER, first.reference)
    assert len(stripe.account.every("payment_intent")) == 1


def seen(gateway, reference):
    return gateway.look_up(Operation.START, asking(reference=reference), now=NOW)


def test_declined_card_then_valid_card_charges_once(stripe, gateway):
    begun = gateway.start(asking())

    stripe.buyer_pays(begun.reference, DECLINED)
    declined = gateway.look_up(Operation.START, asking(reference=begun.reference, language="en"), now=NOW)
    stripe.buyer_pays(begun.reference)
    after = seen(gateway, begun.reference)

    assert begun.secret == f"{begun.reference}_secret_double"
    assert (declined.outcome, declined.code) == (Outcome.NEEDS_BUYER, "generic_decline")
    assert declined.message == "The bank declined the card. Try another card, or another way to pay."
    assert (after.outcome, after.charged, after.secret) == (Outcome.SUCCEEDED, 50_000, "")


def test_failed_bank_authentication_keeps_payment_open(stripe, gateway):
    reference = gateway.start(asking()).reference

    stripe.buyer_pays(reference, SCA)
    waiting = seen(gateway, reference)
    stripe.bank_answers(reference, approved=False)
    refused = seen(gateway, reference)
    stripe.buyer_pays(reference, SCA)
    stripe.bank_answers(reference, approved=True)

    assert (waiting.outcome, waiting.code) == (Outcome.NEEDS_BUYER, "")
    assert (refused.outcome, refused.code) == (Outcome.NEEDS_BUYER, "authentication_required")
    assert seen(gateway, reference).charged == 50_000


def test_processing_payment_is_pending(stripe, gateway):
    reference = gateway.start(asking()).reference
    stripe.account.next_payment = "processing"

    stripe.buyer_pays(reference)
    pending = seen(gateway, reference)
    stripe.bank_answers(reference, approved=True)

    assert pending.outcome is Outcome.PENDING
    assert seen(gateway, reference).outcome is Outcome.SUCCEEDED


def test_partial_capture_releases_remainder_without_refund(stripe, gateway):
    reference = paid(stripe, gateway, hold=True)

    held = seen(gateway, reference)
    taken = gateway.capture(asking("call:take", 42_000, reference=reference))
    more = gateway.capture(asking("call:more", 50_001, reference=reference))

    assert (held.outcome, held.authorised, held.charged) == (Outcome.SUCCEEDED, 50_000, 0)
    assert (taken.outcome, taken.authorised, taken.charged, taken.refunded) == (
        Outcome.SUCCEEDED,
        0,
        42_000,
        0,
    )
    assert more.charged == 42_000


def test_capture_cannot_exceed_authorised_amount(stripe, gateway):
    reference = paid(stripe, gateway, hold=True)

    answer = gateway.capture(asking("call:take", 50_001, reference=reference))

    assert (answer.outcome, answer.code) == (Outcome.FAILED, "amount_too_large")
    assert seen(gateway, reference).authorised == 50_000


def test_charged_payment_cannot_be_cancelled(stripe, gateway):
    reference = paid(stripe, gateway)

    answer = gateway.cancel(asking("call:cancel", reference=reference))

    assert (answer.outcome, answer.charged) == (Outcome.FAILED, 50_000)
    assert answer.code == "payment_intent_unexpected_state"


def test_cancelled_payment_is_failed_start(stripe, gateway):
    reference = gateway.start(asking()).reference
    gateway.cancel(asking("call:cancel", reference=reference))

    answer = seen(gateway, reference)

    assert (answer.outcome, answer.code, answer.charged) == (Outcome.FAILED, "canceled", 0)


def test_checkout_session_has_language_email_and_return_url(stripe, gateway):
    ask = asking(
        hosted=True,
        hold=True,
        return_url="https://shop.test/order",
        email="lan@shop.test",
        description="T12345X",
        group="order:1",
        labels={"order": "1"},
    )

    begun = gateway.start(ask)
    stripe.buyer_pays(begun.reference)
    held = seen(gateway, begun.reference)

    session = stripe.account.rows[begun.reference]
    intent = stripe.account.rows[held.reference]
    assert (begun.outcome, begun.url) == (Outcome.NEEDS_BUYER, f"{stripe.url}/pay/{begun.reference}")
    assert (session["locale"], session["customer_email"]) == ("vi", "lan@shop.test")
    assert session["success_url"] == session["cancel_url"] == "https://shop.test/order"
    assert (held.outcome, held.authorised) == (Outcome.SUCCEEDED, 50_000)
    assert intent["metadata"] == {"order": "1", "key": "call:start"}
    assert intent["transfer_group"] == "order:1"


def test_session_payment_is_captured_and_refunded_by_session_id(stripe, gateway):
    reference = paid(stripe, gateway, hosted=True, hold=True, return_url="https://shop.test/order")

    taken = gateway.capture(asking("call:take", 42_000, reference=reference))
    refund = gateway.refund(asking("call:back", 2_000, reference=reference))

    assert (taken.outcome, taken.charged) == (Outcome.SUCCEEDED, 42_000)
    assert (refund.outcome, refund.charged, refund.refunded) == (Outcome.SUCCEEDED, 42_000, 2_000)


def test_cancelled_session_expires(stripe, gateway):
    reference = gateway.start(asking(hosted=True, return_url="https://shop.test/order")).reference

    stopped = gateway.cancel(asking("call:cancel", reference=reference))
    again = gateway.cancel(asking("call:again", reference=reference))

    assert (stopped.outcome, again.outcome) == (Outcome.SUCCEEDED, Outcome.SUCCEEDED)
    assert (seen(gateway, reference).outcome, seen(gateway, reference).code) == (Outcome.FAILED, "expired")


def test_paid_session_cannot_be_cancelled(stripe, gateway):
    reference = paid(stripe, gateway, hosted=True, return_url="https://shop.test/order")

    answer = gateway.cancel(asking("call:cancel", reference=reference))

    assert (answer.outcome, answer.charged) == (Outcome.FAILED, 50_000)


def test_refunds_cannot_exceed_charged_amount(stripe, gateway):
    reference = paid(stripe, gateway)

    part = gateway.refund(asking("call:1", 20_000, reference=reference))
    too_much = gateway.refund(asking("call:2", 30_001, reference=reference))
    rest = gateway.refund(asking("call:3", 30_000, reference=reference))
    none_left = gateway.refund(asking("call:4", 1, reference=reference))

    assert (part.outcome, part.charged, part.refunded) == (Outcome.SUCCEEDED, 50_000, 20_000)
    assert too_much.outcome is Outcome.FAILED
    assert (rest.outcome, rest.refunded) == (Outcome.SUCCEEDED, 50_000)
    assert (none_left.outcome, none_left.code) == (Outcome.FAILED, "charge_already_refunded")


@pytest.mark.parametrize(
    ("status", "outcome", "refunded"),
    [("succeeded", Outcome.SUCCEEDED, 50_000), ("failed", Outcome.FAILED, 0)],
)
def test_refund_is_pending_until_bank_decides(stripe, gateway, status, outcome, refunded):
    ask = asking("call:back", reference=paid(stripe, gateway))
    stripe.account.next_refund = "pending"

    asked = gateway.refund(ask)
    waiting = gateway.look_up(Operation.REFUND, ask, now=NOW)
    stripe.settle_refund(asked.reference, status)
    ended = gateway.look_up(Operation.REFUND, ask, now=NOW)

    assert (asked.outcome, waiting.outcome) == (Outcome.PENDING, Outcome.PENDING)
    assert (ended.outcome, ended.reference, ended.refunded) == (outcome, asked.reference, refunded)


def test_payout_cannot_exceed_its_payment(stripe, gateway):
    ask = asking("call:out", 45_000, reference=paid(stripe, gateway), destination=COOPERATIVE)

    sent = gateway.pay_out(ask)
    more = gateway.pay_out(replace(ask, key="call:more", amount=5_001))

    transfer = stripe.account.rows[sent.reference]
    assert transfer["source_transaction"] == stripe.account.every("charge")[0]["id"]
    assert (sent.outcome, more.outcome) == (Outcome.SUCCEEDED, Outcome.FAILED)


@pytest.mark.parametrize(
    ("destination", "balance", "code"),
    [("acct_nobody", None, "resource_missing"), (COOPERATIVE, 29_999, "balance_insufficient")],
)
def test_impossible_payout_fails(stripe, gateway, destination, balance, code):
    stripe.account.balance = balance

    answer = gateway.pay_out(asking("call:out", 30_000, destination=destination))

    assert (answer.outcome, answer.code) == (Outcome.FAILED, code)
    assert stripe.account.every("transfer") == []


@pytest.mark.parametrize(
    ("amount", "limit"), [(14_999, "amount_too_small"), (100_000_000, "amount_too_large")]
)
def test_amount_outside_card_limits_is_refused_before_any_call(stripe, gateway, amount, limit):
    with pytest.raises(AmountNotForCards) as refused:
        gateway.check_amount(amount, "VND")

    assert (refused.value.code, refused.value.details) == ("amount_not_for_cards", {"limit": limit})
    assert stripe.calls == []


def test_amount_within_limits_is_sent_without_decimals(stripe, gateway):
    for amount in (15_000, 99_999_999):
        gateway.check_amount(amount, "VND")
        reference = gateway.start(asking(f"call:{amount}", amount)).reference

        row = stripe.account.rows[reference]
        assert (row["amount"], row["currency"]) == (amount, "vnd")
