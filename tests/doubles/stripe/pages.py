"""Stripe's pages for browsers: the script, the card fields, the bank's step, and the hosted page."""

import html
import json
from importlib import resources
from urllib.parse import urlencode, urlsplit, urlunsplit

from tests.doubles.stripe import checkout, payments
from tests.doubles.stripe.errors import StripeRefusal

_HTML = {"Content-Type": "text/html; charset=utf-8"}
_JSON = {"Content-Type": "application/json"}


def answer(double, method, path, fields):
    """Return (status, headers, text) for an address outside the API."""
    if path.startswith("/js/") and path.endswith(".js"):
        return 200, {"Content-Type": "text/javascript"}, _file(path.removeprefix("/js/"))
    if path == "/js/fields":
        return 200, _HTML, _file("fields.html")
    if path == "/js/confirm":
        return _confirm(double, fields)
    if path == "/js/retrieve":
        return _retrieve(double, fields)
    page, _, key = path.strip("/").partition("/")
    if page == "3ds" and key in double.account.rows:
        return _bank(double, method, key, fields)
    if page == "pay" and key in double.account.rows:
        return _hosted(double, method, key, fields)
    return 404, _HTML, "<h1>Not found</h1>"


def _file(name):
    return resources.files("tests.doubles.stripe").joinpath(name).read_text()


def _known(double, fields):
    """Return the intent that this publishable key and secret open, or None."""
    secret = fields.get("client_secret", "")
    intent = double.account.rows.get(secret.partition("_secret_")[0])
    if fields.get("key") != double.publishable_key or not intent or intent["client_secret"] != secret:
        return None
    return intent


def _confirm(double, fields):
    with double.account.lock:
        intent = _known(double, fields)
        if intent is None:
            return 401, _JSON, json.dumps({"error": {"message": "Invalid API Key provided"}})
        try:
            payments.confirm(
                double.account, intent, fields.get("number"), fields.get("return_url"), url=double.url
            )
        except StripeRefusal as refusal:
            return refusal.status, _JSON, json.dumps({"error": refusal.body})
        return 200, _JSON, json.dumps({"paymentIntent": intent})


def _retrieve(double, fields):
    intent = _known(double, fields)
    if intent is None:
        return 401, _JSON, json.dumps({"error": {"message": "Invalid API Key provided"}})
    return 200, _JSON, json.dumps({"paymentIntent": intent})


def _bank(double, method, key, fields):
    """Answer the bank's second step. Closing the page leaves the payment waiting."""
    intent = double.account.rows[key]
    if method == "POST" and intent["status"] == "requires_action":
        return_url = intent["next_action"]["redirect_to_url"]["return_url"]
        status = double.bank_answers(key, is_approved=fields.get("answer") == "yes")
        failed = status == "requires_payment_method"
        return (
            303,
            {"Location": _returned(double, intent, return_url, "failed" if failed else "succeeded")},
            "",
        )
    return (
        200,
        _HTML,
        _page(
            "3-D Secure",
            f"<p>{intent['amount']} {intent['currency'].upper()}</p><form method='post'>"
            "<button name='answer' value='yes'>Complete authentication</button>"
            "<button name='answer' value='no'>Fail authentication</button></form>",
        ),
    )


def _returned(double, intent, return_url, status):
    """Return the shop's return URL: unchanged after a hosted page, else with the outcome added."""
    session = next(iter(double.account.list_objects("checkout.session", payment_intent=intent["id"])), None)
    if session:
        failed = status == "failed"
        return session["url"] if failed else return_url.replace("{CHECKOUT_SESSION_ID}", session["id"])
    parts = urlsplit(return_url)
    query = urlencode(
        {
            "payment_intent": intent["id"],
            "payment_intent_client_secret": intent["client_secret"],
            "redirect_status": status,
        }
    )
    return urlunsplit(parts._replace(query="&".join(filter(None, [parts.query, query]))))


def _hosted(double, method, key, fields):
    """Return Stripe's hosted page."""
    row = double.account.rows[key]
    error = ""
    if method == "POST" and row["status"] == "open":
        try:
            with double.account.lock:
                checkout.pay(double.account, key, fields.get("number"), url=double.url)
        except StripeRefusal as refusal:
            error = f"<p role='alert'>{html.escape(str(refusal))}</p>"
        else:
            action = double.intent(key)["next_action"]
            done = row["success_url"].replace("{CHECKOUT_SESSION_ID}", key)
            return 303, {"Location": action["redirect_to_url"]["url"] if action else done}, ""
    if row["status"] != "open":
        return 410, _HTML, _page("This page is closed", "")
    leave = f"<a href='{html.escape(row['cancel_url'])}'>Back</a>" if row["cancel_url"] else ""
    return (
        200,
        _HTML,
        _page(
            "Stripe Checkout",
            f"<p>{html.escape(row['_words'])}: {row['amount_total']} {row['currency'].upper()}</p>{error}"
            "<form method='post'><label>Card number <input name='number' inputmode='numeric'></label>"
            f"<button>Pay</button></form>{leave}",
        ),
    )


def _page(title, body):
    return (
        f"<!doctype html><html lang='en'><meta name='viewport' content='width=device-width'>"
        f"<title>{title}</title><main><h1>{title}</h1>{body}</main></html>"
    )
