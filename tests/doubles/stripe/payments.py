"""PaymentIntents, charges, refunds and disputes, with the statuses of Stripe's documentation."""

from tests.doubles.stripe.account import require_allowed_amount
from tests.doubles.stripe.errors import Declined, StripeRefusal, wrong_state

# The behaviour of cards, by Stripe's test numbers and ready-made payment methods.
CARDS = {
    "4242424242424242": "good",
    "5555555555554444": "good",
    "4000000000000002": "generic_decline",
    "4000000000009995": "insufficient_funds",
    "4000000000000069": "expired_card",
    "4000002500003155": "sca",
    "4000002760003184": "sca",
    "pm_card_visa": "good",
    "pm_card_visa_chargeDeclined": "generic_decline",
    "pm_card_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "pm_card_authenticationRequired": "sca",
}
EVIDENCE_SECONDS = 7 * 86_400
_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")


def create_intent(account, params, *, url):
    """Answer POST /v1/payment_intents. Returns the intent; a confirmed one may be declined."""
    require_allowed_amount(params["amount"], params["currency"])
    intent = account.add(
        "payment_intent",
        amount=params["amount"],
        amount_capturable=0,
        amount_received=0,
        canceled_at=None,
        cancellation_reason=None,
        capture_method=params.get("capture_method", "automatic_async"),
        currency=params["currency"],
        description=params.get("description"),
        last_payment_error=None,
        latest_charge=None,
        metadata=params.get("metadata", {}),
        next_action=None,
        payment_method=None,
        payment_method_types=params.get("allowed_payment_method_types", ["card"]),
        receipt_email=params.get("receipt_email"),
        status="requires_payment_method",
        transfer_group=params.get("transfer_group"),
    )
    intent["client_secret"] = f"{intent['id']}_secret_double"
    account.emit("payment_intent.created", intent)
    if params.get("confirm"):
        confirm(account, intent, params.get("payment_method"), params.get("return_url"), url=url)
    return intent


def confirm(account, intent, card, return_url, *, url):
    """Charge the buyer's card, or ask for a second step at the bank. Raises Declined."""
    if intent["status"] not in _OPEN:
        raise wrong_state(
            f"This PaymentIntent's status is {intent['status']} and cannot be confirmed.", intent
        )
    behaviour = CARDS.get((card or "").replace(" ", ""))
    if behaviour is None:
        raise StripeRefusal("Your card number is incorrect.", code="incorrect_number", param="payment_method")
    intent["payment_method"] = card
    if behaviour == "sca":
        page = f"{url}/3ds/{intent['id']}"
        redirect = {"url": page, "return_url": return_url}
        intent |= {
            "status": "requires_action",
            "next_action": {"type": "redirect_to_url", "redirect_to_url": redirect},
        }
        account.emit("payment_intent.requires_action", intent)
    elif behaviour == "good":
        approve(account, intent)
    else:
        decline(account, intent, behaviour)
    return intent


def approve(account, intent):
    """Approve as the bank: the payment is charged, authorised, or `processing` if a test set so."""
    intent |= {"next_action": None, "last_payment_error": None}
    if account.next_payment == "processing":
        account.next_payment = "succeeded"
        intent["status"] = "processing"
        account.emit("payment_intent.processing", intent)
        return
    is_manual = intent["capture_method"] == "manual"
    charge = _charge(account, intent, status="succeeded", captured=not is_manual)
    account.emit("charge.succeeded", charge)
    if is_manual:
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
        account.emit("payment_intent.amount_capturable_updated", intent)
    else:
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}
        account.emit("payment_intent.succeeded", intent)


def decline(account, intent, reason, *, code=None):
    """Decline as the bank, so that the intent waits for another card. Raises Declined."""
    charge = _charge(account, intent, status="failed", captured=False)
    intent |= {"status": "requires_payment_method", "payment_method": None, "next_action": None}
    refusal = Declined(reason, intent)
    if code:
        refusal.body["code"] = code
    intent["last_payment_error"] = {
        name: value for name, value in refusal.body.items() if name != "payment_intent"
    }
    refusal.body["payment_intent"] = dict(intent)
    account.emit("charge.failed", charge)
    account.emit("payment_intent.payment_failed", intent)
    raise refusal


def _charge(account, intent, *, status, captured):
    charge = account.add(
        "charge",
        amount=intent["amount"],
        amount_captured=intent["amount"] if captured else 0,
        amount_refunded=0,
        captured=captured,
        currency=intent["currency"],
        disputed=False,
        metadata=dict(intent["metadata"]),
        paid=status == "succeeded",
        payment_intent=intent["id"],
        refunded=False,
        status=status,
        transfer_group=intent["transfer_group"],
    )
    intent["latest_charge"] = charge["id"]
    return charge


def capture(account, key, params):
    """Answer POST …/capture: once, at most the authorised amount; the rest is voided without a refund.

    See docs.stripe.com/changelog/basil/2025-03-31.
    """
    intent = account.get("payment_intent", key)
    if intent["status"] != "requires_capture":
        raise wrong_state(
            f"This PaymentIntent could not be captured because it has a status of {intent['status']}.", intent
        )
    amount = params.get("amount_to_capture", intent["amount_capturable"])
    if not 0 < amount <= intent["amount_capturable"]:
        raise StripeRefusal(
            "The requested capture amount is greater than the amount you can capture for this charge.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": amount}
    charge = account.rows[intent["latest_charge"]]
    charge |= {"captured": True, "amount_captured": amount}
    account.emit("charge.captured", charge)
    account.emit("payment_intent.succeeded", intent)
    return intent


def cancel(account, key, params):
    """Answer POST …/cancel: from every status but the final ones."""
    intent = account.get("payment_intent", key)
    if intent["status"] in ("succeeded", "canceled"):
        raise wrong_state(
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}.", intent
        )
    intent |= {
        "status": "canceled",
        "amount_capturable": 0,
        "canceled_at": int(account.clock()),
        "cancellation_reason": params.get("cancellation_reason"),
        "next_action": None,
    }
    account.emit("payment_intent.canceled", intent)
    return intent


def refund(account, params):
    """Answer POST /v1/refunds: in full or in part, up to the charged amount."""
    charge = _charged(account, params)
    remaining = charge["amount_captured"] - charge["amount_refunded"]
    amount = params.get("amount", remaining)
    if any(row["status"] != "won" for row in account.list_objects("dispute", charge=charge["id"])):
        raise StripeRefusal(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if remaining == 0:
        raise StripeRefusal("Charge has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= remaining:
        raise StripeRefusal(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge ({remaining})",
            param="amount",
        )
    row = account.add(
        "refund",
        amount=amount,
        charge=charge["id"],
        currency=charge["currency"],
        failure_reason=None,
        metadata=params.get("metadata", {}),
        payment_intent=charge["payment_intent"],
        reason=params.get("reason"),
        status="pending",
    )
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    if account.next_refund == "succeeded":
        row["status"] = "succeeded"
    account.emit("refund.created", row)
    account.emit("charge.refunded", charge)
    if account.next_refund == "failed":
        settle_refund(account, row["id"], "failed")
    account.next_refund = "succeeded"
    return row


def settle_refund(account, key, status):
    """End a pending refund: `succeeded` or `failed` (the money returns to us)."""
    row = account.get("refund", key)
    row["status"] = status
    if status == "failed":
        row["failure_reason"] = "lost_or_stolen_card"
        charge = account.rows[row["charge"]]
        charge["amount_refunded"] -= row["amount"]
        charge["refunded"] = False
        account.emit("refund.failed", row)
    account.emit("refund.updated", row)
    return row


def _charged(account, params):
    if params.get("payment_intent"):
        key = account.get("payment_intent", params["payment_intent"])["latest_charge"]
    else:
        key = params.get("charge")
    if key is None or not account.get("charge", key)["captured"]:
        raise StripeRefusal(
            "This PaymentIntent does not have a successful charge to refund.",
            code="payment_intent_unexpected_state",
        )
    return account.rows[key]


def open_dispute(account, intent_key, *, amount=None, reason="fraudulent"):
    """Dispute a charge as its buyer: Stripe withdraws the money until the dispute ends."""
    charge = account.rows[account.get("payment_intent", intent_key)["latest_charge"]]
    charge["disputed"] = True
    row = account.add(
        "dispute",
        amount=amount or charge["amount_captured"],
        charge=charge["id"],
        currency=charge["currency"],
        evidence_details={
            "due_by": int(account.clock()) + EVIDENCE_SECONDS,
            "has_evidence": False,
            "past_due": False,
        },
        metadata={},
        payment_intent=intent_key,
        reason=reason,
        status="needs_response",
    )
    account.emit("charge.dispute.created", row)
    account.emit("charge.dispute.funds_withdrawn", row)
    return row


def close_dispute(account, key, status):
    """Close a dispute. "won": the money is reinstated; "lost": it stays withdrawn."""
    row = account.get("dispute", key)
    row["status"] = status
    if status == "won":
        account.emit("charge.dispute.funds_reinstated", row)
    account.emit("charge.dispute.closed", row)
    return row
