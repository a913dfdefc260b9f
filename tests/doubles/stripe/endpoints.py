"""The parts of Stripe's API that the shop uses: address, name, parameters and action."""

import re
from dataclasses import dataclass
from typing import Any

from tests.doubles.stripe import checkout, connect, payments


@dataclass(frozen=True)
class Endpoint:
    operation: str
    method: str
    path: re.Pattern
    params: str
    action: Any  # (double, params, *ids from the path) -> object


def _endpoint(operation, method, path, params, action):
    pattern = re.compile("/v1/" + re.sub(r"<\w+>", r"([^/]+)", path))
    return Endpoint(operation, method, pattern, params, action)


def _create_intent(double, params):
    return payments.create_intent(double.account, params, url=double.url)


def _confirm(double, params, key):
    intent = double.account.get("payment_intent", key)
    payments.confirm(
        double.account, intent, params.get("payment_method"), params.get("return_url"), url=double.url
    )
    checkout.complete(double.account, intent)
    return intent


def _create_session(double, params):
    return checkout.create_session(double.account, params, url=double.url)


def _getting(object_type):
    return lambda double, params, key: double.account.get(object_type, key)


def _listing(object_type, path, *filters):
    def action(double, params):
        where = {name: params[name] for name in filters if name in params}
        return double.account.listed(object_type, params, f"/v1/{path}", **where)

    return action


def _reversals(double, params, key):
    return double.account.listed("transfer_reversal", params, f"/v1/transfers/{key}/reversals", transfer=key)


_INTENT = "_payment_intent_{0}_params.PaymentIntent{1}Params"
_SESSION = "checkout._session_{0}_params.Session{1}Params"
_GET, _POST = "GET", "POST"

ENDPOINTS = [
    _endpoint(
        "payment_intents.create", _POST, "payment_intents", _INTENT.format("create", "Create"), _create_intent
    ),
    _endpoint(
        "payment_intents.list",
        _GET,
        "payment_intents",
        _INTENT.format("list", "List"),
        _listing("payment_intent", "payment_intents"),
    ),
    _endpoint(
        "payment_intents.retrieve",
        _GET,
        "payment_intents/<id>",
        _INTENT.format("retrieve", "Retrieve"),
        _getting("payment_intent"),
    ),
    _endpoint(
        "payment_intents.confirm",
        _POST,
        "payment_intents/<id>/confirm",
        _INTENT.format("confirm", "Confirm"),
        _confirm,
    ),
    _endpoint(
        "payment_intents.capture",
        _POST,
        "payment_intents/<id>/capture",
        _INTENT.format("capture", "Capture"),
        lambda double, params, key: payments.capture(double.account, key, params),
    ),
    _endpoint(
        "payment_intents.cancel",
        _POST,
        "payment_intents/<id>/cancel",
        _INTENT.format("cancel", "Cancel"),
        lambda double, params, key: payments.cancel(double.account, key, params),
    ),
    _endpoint(
        "refunds.create",
        _POST,
        "refunds",
        "_refund_create_params.RefundCreateParams",
        lambda double, params: payments.refund(double.account, params),
    ),
    _endpoint(
        "refunds.list",
        _GET,
        "refunds",
        "_refund_list_params.RefundListParams",
        _listing("refund", "refunds", "payment_intent", "charge"),
    ),
    _endpoint(
        "refunds.retrieve",
        _GET,
        "refunds/<id>",
        "_refund_retrieve_params.RefundRetrieveParams",
        _getting("refund"),
    ),
    _endpoint(
        "charges.list",
        _GET,
        "charges",
        "_charge_list_params.ChargeListParams",
        _listing("charge", "charges", "payment_intent", "transfer_group"),
    ),
    _endpoint(
        "charges.retrieve",
        _GET,
        "charges/<id>",
        "_charge_retrieve_params.ChargeRetrieveParams",
        _getting("charge"),
    ),
    _endpoint(
        "checkout.sessions.create",
        _POST,
        "checkout/sessions",
        _SESSION.format("create", "Create"),
        _create_session,
    ),
    _endpoint(
        "checkout.sessions.list",
        _GET,
        "checkout/sessions",
        _SESSION.format("list", "List"),
        _listing("checkout.session", "checkout/sessions", "payment_intent", "status"),
    ),
    _endpoint(
        "checkout.sessions.retrieve",
        _GET,
        "checkout/sessions/<id>",
        _SESSION.format("retrieve", "Retrieve"),
        _getting("checkout.session"),
    ),
    _endpoint(
        "checkout.sessions.expire",
        _POST,
        "checkout/sessions/<id>/expire",
        _SESSION.format("expire", "Expire"),
        lambda double, params, key: checkout.expire(double.account, key),
    ),
    _endpoint(
        "transfers.create",
        _POST,
        "transfers",
        "_transfer_create_params.TransferCreateParams",
        lambda double, params: connect.transfer(double.account, params),
    ),
    _endpoint(
        "transfers.list",
        _GET,
        "transfers",
        "_transfer_list_params.TransferListParams",
        _listing("transfer", "transfers", "destination", "transfer_group"),
    ),
    _endpoint(
        "transfers.retrieve",
        _GET,
        "transfers/<id>",
        "_transfer_retrieve_params.TransferRetrieveParams",
        _getting("transfer"),
    ),
    _endpoint(
        "transfers.reversals.create",
        _POST,
        "transfers/<id>/reversals",
        "_transfer_reversal_create_params.TransferReversalCreateParams",
        lambda double, params, key: connect.reverse(double.account, key, params),
    ),
    _endpoint(
        "transfers.reversals.list",
        _GET,
        "transfers/<id>/reversals",
        "_transfer_reversal_list_params.TransferReversalListParams",
        _reversals,
    ),
    _endpoint(
        "disputes.list",
        _GET,
        "disputes",
        "_dispute_list_params.DisputeListParams",
        _listing("dispute", "disputes", "payment_intent", "charge"),
    ),
    _endpoint(
        "disputes.retrieve",
        _GET,
        "disputes/<id>",
        "_dispute_retrieve_params.DisputeRetrieveParams",
        _getting("dispute"),
    ),
    _endpoint(
        "events.list",
        _GET,
        "events",
        "_event_list_params.EventListParams",
        _listing("event", "events", "type"),
    ),
    _endpoint(
        "events.retrieve",
        _GET,
        "events/<id>",
        "_event_retrieve_params.EventRetrieveParams",
        _getting("event"),
    ),
]


def find_endpoint(method, path):
    """Find the endpoint at this address and the ids in it, or return (None, ())."""
    for endpoint in ENDPOINTS:
        match = endpoint.path.fullmatch(path)
        if match and endpoint.method == method:
            return endpoint, match.groups()
    return None, ()
