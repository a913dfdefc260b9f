"""Checkout Sessions: Stripe's hosted page and its outcome."""

from tests.doubles.stripe import payments
from tests.doubles.stripe.account import require_allowed_amount
from tests.doubles.stripe.errors import StripeRefusal

_DAY = 24 * 60 * 60


def create_session(account, params, *, url):
    """Answer POST /v1/checkout/sessions, for one payment. The intent is created when the buyer pays."""
    lines = params.get("line_items") or []
    if params.get("mode") != "payment" or not lines or "success_url" not in params:
        raise StripeRefusal("mode, line_items and success_url are needed", code="parameter_missing")
    currency = lines[0]["price_data"]["currency"]
    total = sum(line["price_data"]["unit_amount"] * line["quantity"] for line in lines)
    require_allowed_amount(total, currency)
    row = account.add(
        "checkout.session",
        amount_total=total,
        cancel_url=params.get("cancel_url"),
        currency=currency,
        customer_email=params.get("customer_email"),
        expires_at=params.get("expires_at", int(account.clock()) + _DAY),
        locale=params.get("locale"),
        metadata=params.get("metadata", {}),
        mode="payment",
        payment_intent=None,
        payment_status="unpaid",
        status="open",
        success_url=params["success_url"],
        ui_mode="hosted_page",
    )
    row["url"] = f"{url}/pay/{row['id']}"
    row["_intent"] = params.get("payment_intent_data", {})
    row["_words"] = lines[0]["price_data"].get("product_data", {}).get("name", "")
    return row


def expire(account, key):
    """Answer POST …/expire: the page can no longer be used."""
    row = account.get("checkout.session", key)
    if row["status"] != "open":
        raise StripeRefusal(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This one is {row["status"]}.'
        )
    row |= {"status": "expired", "url": None}
    if row["payment_intent"]:
        payments.cancel(account, row["payment_intent"], {"cancellation_reason": "automatic"})
    account.emit("checkout.session.expired", shown(row))
    return row


def pay(account, key, card, *, url):
    """Pay on the page as the buyer. Returns the session; raises when the card is declined."""
    row = account.get("checkout.session", key)
    if row["status"] != "open":
        raise StripeRefusal("This page is closed.")
    if row["payment_intent"] is None:
        intent = payments.create_intent(
            account,
            {"amount": row["amount_total"], "currency": row["currency"], **row["_intent"]},
            url=url,
        )
        row["payment_intent"] = intent["id"]
    intent = account.rows[row["payment_intent"]]
    payments.confirm(account, intent, card, row["success_url"], url=url)
    complete(account, intent)
    return row


def complete(account, intent):
    """Complete the intent's session, if it has one."""
    for row in account.list_objects("checkout.session", payment_intent=intent["id"], status="open"):
        if intent["status"] in ("succeeded", "requires_capture", "processing"):
            row |= {"status": "complete", "url": None}
            row["payment_status"] = "paid" if intent["status"] == "succeeded" else "unpaid"
            account.emit("checkout.session.completed", shown(row))


def shown(row):
    """Return the row without the double's private fields."""
    return {name: value for name, value in row.items() if not name.startswith("_")}
