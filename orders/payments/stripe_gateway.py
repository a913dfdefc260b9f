"""Stripe behind our gateway interface. No other file imports stripe.

Every POST carries the call's idempotency key. Stripe keeps a key for at least a day and repeats the first
response (docs.stripe.com/api/idempotent_requests). If the result of a call is unknown, we search Stripe for
an object with our key in its metadata. If there is none, we repeat the call under the same key, but only
within `KEY_LIFETIME`. The library itself never retries.

The reference of a payment is the id of its PaymentIntent (`pi_…`). If the buyer pays on Stripe's page, it is
the id of the Checkout Session (`cs_…`) until the session is complete. Functions that take a reference accept
both.
"""

from __future__ import annotations

import datetime
import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, cast

import stripe
from django.conf import settings

from orders.models.gateway import GatewayOperation
from orders.payments.card_limits import require_allowed_amount
from orders.payments.gateway import GatewayOutcome, GatewayRequest, GatewayResult
from orders.payments.stripe_events import InvalidStripeEvent, StripeEvent, read_event
from orders.payments.stripe_parameters import (
    created_since,
    is_session,
    read_payment_parameters,
    request_metadata,
)
from orders.payments.stripe_results import (
    convert_intent,
    convert_refund,
    convert_session,
    decline_code,
    failed_result,
    never_arrived_result,
    unknown_result,
)

KEY_LIFETIME = datetime.timedelta(hours=23)  # 24 at Stripe, minus a margin for clocks and queues
API = "https://api.stripe.com"
MIN_AMOUNTS = {"VND": 15_000}
_LATEST_CHARGE = "latest_charge"
_CARD_METHODS = ["card"]  # includes the wallets that hold cards; other methods cannot be authorised first
_UNKNOWN_RESULT_ERRORS = (stripe.APIConnectionError, stripe.APIError, stripe.RateLimitError)
log = logging.getLogger(__name__)


@cache
def _cached_gateway(secret_key: str, api_url: str, smallest_vnd: int) -> StripeGateway:
    return StripeGateway(secret_key=secret_key, api_url=api_url, minimums={"VND": smallest_vnd})


def stripe_gateway() -> StripeGateway | None:
    """Return the gateway from the settings, or None if cards are disabled."""
    if not settings.STRIPE_SECRET_KEY:
        return None
    return _cached_gateway(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_URL, settings.STRIPE_SMALLEST_VND)


def read_verified_event(raw_body: bytes, signature: str, *, secret: str | None = None) -> StripeEvent:
    """Verify and parse a raw webhook body, signed at most five minutes ago. Raises InvalidStripeEvent."""
    try:
        stripe.WebhookSignature.verify_header(
            raw_body, signature, secret or settings.STRIPE_WEBHOOK_SECRET, stripe.Webhook.DEFAULT_TOLERANCE
        )
    except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
        raise InvalidStripeEvent from error
    return read_event(raw_body)


class StripeGateway:
    """Implements `orders.payments.gateway.Gateway`. Timeouts are seconds. `minimums` maps currencies."""

    name = "stripe"

    def __init__(
        self,
        *,
        secret_key: str,
        api_url: str = API,
        minimums: Mapping[str, int] = MIN_AMOUNTS,
        connect_timeout: float = 5,
        read_timeout: float = 20,
    ) -> None:
        self.minimums = minimums
        self._api = stripe.StripeClient(
            secret_key,
            base_addresses={"api": api_url},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=(connect_timeout, read_timeout)),
        ).v1

    def require_allowed_amount(self, amount: int, currency: str) -> None:
        """Raise AmountNotForCards (its `details["limit"]` is the reason) outside Stripe's limits."""
        require_allowed_amount(amount, currency, minimums=self.minimums)

    def start(self, request: GatewayRequest) -> GatewayResult:
        return self._perform(
            GatewayOperation.START_PAYMENT, request, self._start_hosted if request.is_hosted else self._start
        )

    def capture(self, request: GatewayRequest) -> GatewayResult:
        return self._perform(GatewayOperation.CAPTURE, request, self._capture)

    def void(self, request: GatewayRequest) -> GatewayResult:
        return self._perform(GatewayOperation.VOID, request, self._void)

    def refund(self, request: GatewayRequest) -> GatewayResult:
        return self._perform(GatewayOperation.REFUND, request, self._refund)

    def pay_out(self, request: GatewayRequest) -> GatewayResult:
        """Transfer money to a cooperative's account, out of one payment if there is a reference."""
        return self._perform(GatewayOperation.PAY_OUT, request, self._pay_out)

    def reverse_transfer(self, request: GatewayRequest) -> GatewayResult:
        return self._perform(GatewayOperation.REVERSE_TRANSFER, request, self._reverse_transfer)

    def look_up(
        self,
        operation: GatewayOperation,
        request: GatewayRequest,
        *,
        has_ended: bool = False,
        now: datetime.datetime,
    ) -> GatewayResult:
        try:
            result_of_earlier_call = self._find_trace(operation, request)
        except stripe.StripeError as error:  # a failed lookup does not reveal the call's result
            log.warning("Stripe lookup of %s failed: %s", request.idempotency_key, error)
            return unknown_result(request, error.code or "")
        if result_of_earlier_call is not None:
            return result_of_earlier_call
        if has_ended:
            return unknown_result(request, "")
        if request.created_at is not None and now - request.created_at > KEY_LIFETIME:
            return (
                self._search_start(request)
                if operation is GatewayOperation.START_PAYMENT
                else never_arrived_result(request)
            )
        perform: Callable[[GatewayRequest], GatewayResult] = getattr(self, operation.value)
        result = perform(request)
        if result.code == "not_configured":  # true now, but it does not reveal the first attempt's result
            return unknown_result(request, result.code)
        if (
            operation is GatewayOperation.START_PAYMENT and result.reference
        ):  # the replayed response may be outdated
            return self._perform(operation, request, lambda _: self._current_state(result.reference, request))
        return result

    def _start(self, request: GatewayRequest) -> GatewayResult:
        params: dict[str, object] = {
            "amount": request.amount,
            "currency": request.currency.lower(),
            "allowed_payment_method_types": _CARD_METHODS,
            "expand": [_LATEST_CHARGE],
            **read_payment_parameters(request),
        }
        return convert_intent(
            self._api.payment_intents.create(cast("Any", params), _request_options(request)), request
        )

    def _start_hosted(self, request: GatewayRequest) -> GatewayResult:
        product = {"name": request.description or request.idempotency_key}
        price = {"currency": request.currency.lower(), "unit_amount": request.amount, "product_data": product}
        params: dict[str, object] = {
            "mode": "payment",
            "line_items": [{"price_data": price, "quantity": 1}],
            "success_url": request.return_url,
            "cancel_url": request.return_url,
            "locale": request.language,
            "allowed_payment_method_types": _CARD_METHODS,
            "metadata": request_metadata(request),
            "payment_intent_data": read_payment_parameters(request),
            "expand": [f"payment_intent.{_LATEST_CHARGE}"],
        }
        if request.email:
            params["customer_email"] = request.email
        return convert_session(
            self._api.checkout.sessions.create(cast("Any", params), _request_options(request)), request
        )

    def _capture(self, request: GatewayRequest) -> GatewayResult:
        intent = self._api.payment_intents.capture(
            self._intent_of(request.reference),
            {"amount_to_capture": request.amount, "expand": [_LATEST_CHARGE]},
            _request_options(request),
        )
        return convert_intent(intent, request)

    def _void(self, request: GatewayRequest) -> GatewayResult:
        if is_session(request.reference):
            session = self._retrieve_session(request.reference)
            if session.status == "open":
                session = self._api.checkout.sessions.expire(request.reference, {}, _request_options(request))
            if session.status == "expired":
                return convert_session(session, request, operation=GatewayOperation.VOID)
        intent = self._api.payment_intents.cancel(
            self._intent_of(request.reference), {"expand": [_LATEST_CHARGE]}, _request_options(request)
        )
        return convert_intent(intent, request, operation=GatewayOperation.VOID)

    def _refund(self, request: GatewayRequest) -> GatewayResult:
        refund = self._api.refunds.create(
            {
                "payment_intent": self._intent_of(request.reference),
                "amount": request.amount,
                "metadata": request_metadata(request),
                "expand": [f"payment_intent.{_LATEST_CHARGE}"],
            },
            _request_options(request),
        )
        return convert_refund(refund, request)

    def _pay_out(self, request: GatewayRequest) -> GatewayResult:
        params: dict[str, object] = {
            "amount": request.amount,
            "currency": request.currency.lower(),
            "destination": request.destination,
            "metadata": request_metadata(request),
        }
        if request.description:
            params["description"] = request.description
        if request.group:
            params["transfer_group"] = request.group
        if request.reference:
            intent = self._api.payment_intents.retrieve(self._intent_of(request.reference))
            params["source_transaction"] = intent.latest_charge
        transfer = self._api.transfers.create(cast("Any", params), _request_options(request))
        return GatewayResult(GatewayOutcome.SUCCEEDED, reference=transfer.id)

    def _reverse_transfer(self, request: GatewayRequest) -> GatewayResult:
        reversal = self._api.transfers.reversals.create(
            request.reference,
            {"amount": request.amount, "metadata": request_metadata(request)},
            _request_options(request),
        )
        return GatewayResult(GatewayOutcome.SUCCEEDED, reference=reversal.id)

    def _find_trace(self, operation: GatewayOperation, request: GatewayRequest) -> GatewayResult | None:
        """Find the trace of a call, or None if it left nothing visible."""
        match operation:
            case GatewayOperation.START_PAYMENT:
                return self._current_state(request.reference, request) if request.reference else None
            case GatewayOperation.CAPTURE | GatewayOperation.VOID:
                result = self._current_state(request.reference, request, operation=operation)
                return (
                    None if result.outcome in (GatewayOutcome.NEEDS_BUYER, GatewayOutcome.UNKNOWN) else result
                )
            case GatewayOperation.REFUND:
                stripe_refunds: Any = self._api.refunds.list(
                    {
                        "payment_intent": self._intent_of(request.reference),
                        "limit": 100,
                        "expand": [f"data.payment_intent.{_LATEST_CHARGE}"],
                    }
                )
                refund = _find_by_key(stripe_refunds, request)
                return None if refund is None else convert_refund(refund, request)
            case GatewayOperation.PAY_OUT:
                stripe_refunds = self._api.transfers.list(
                    cast("Any", {"destination": request.destination, "limit": 100, **created_since(request)})
                )
            case GatewayOperation.REVERSE_TRANSFER:
                stripe_refunds = self._api.transfers.reversals.list(request.reference, {"limit": 100})
        transfer = _find_by_key(stripe_refunds, request)
        return None if transfer is None else GatewayResult(GatewayOutcome.SUCCEEDED, reference=transfer.id)

    def _current_state(
        self,
        reference: str,
        request: GatewayRequest,
        *,
        operation: GatewayOperation = GatewayOperation.START_PAYMENT,
    ) -> GatewayResult:
        """Return the payment's current state."""
        if is_session(reference):
            return convert_session(self._retrieve_session(reference), request, operation=operation)
        intent = self._api.payment_intents.retrieve(reference, {"expand": [_LATEST_CHARGE]})
        return convert_intent(intent, request, operation=operation)

    def _search_start(self, request: GatewayRequest) -> GatewayResult:
        """Search for a start that can no longer be repeated, among all payments since its first attempt."""
        if request.created_at is None:
            return unknown_result(request, "key_reused")
        listed: Any
        params = cast("Any", {"limit": 100, **created_since(request)})
        try:
            if request.is_hosted:
                listed = self._api.checkout.sessions.list(params)
            else:
                listed = self._api.payment_intents.list(params)
            row = _find_by_key(listed, request)
            return never_arrived_result(request) if row is None else self._current_state(row.id, request)
        except stripe.StripeError as error:
            return unknown_result(request, error.code or "")

    def _retrieve_session(self, reference: str) -> stripe.checkout.Session:
        return self._api.checkout.sessions.retrieve(
            reference, {"expand": [f"payment_intent.{_LATEST_CHARGE}"]}
        )

    def _intent_of(self, reference: str) -> str:
        """Return the PaymentIntent's id. An unpaid session has none, so return its own id."""
        if not is_session(reference):
            return reference
        intent = self._retrieve_session(reference).payment_intent
        return reference if intent is None else str(getattr(intent, "id", intent))

    def _perform(
        self,
        operation: GatewayOperation,
        request: GatewayRequest,
        perform: Callable[[GatewayRequest], GatewayResult],
    ) -> GatewayResult:
        """Perform a call and return its result, including errors."""
        try:
            return perform(request)
        except stripe.InvalidRequestError as error:
            log.warning("Stripe refused %s: %s", request.idempotency_key, error)
            return self._completed_elsewhere(operation, request) or failed_result(
                request, error.code or "invalid_request"
            )
        except stripe.CardError as error:
            return failed_result(request, decline_code(error.error) or "card_declined")
        except (stripe.AuthenticationError, stripe.PermissionError) as error:
            log.error("Stripe does not accept our key; check STRIPE_SECRET_KEY: %s", error)
            return failed_result(request, "not_configured")
        except _UNKNOWN_RESULT_ERRORS as error:
            log.warning("The result of %s is unknown: %s", request.idempotency_key, error)
            return unknown_result(request, decline_code(error.error))
        except stripe.StripeError as error:  # the same key with other parameters is a bug of this code
            log.error("Stripe knows the key %s with other parameters: %s", request.idempotency_key, error)
            return (
                self._search_start(request)
                if operation is GatewayOperation.START_PAYMENT
                else unknown_result(request, "key_reused")
            )

    def _completed_elsewhere(
        self, operation: GatewayOperation, request: GatewayRequest
    ) -> GatewayResult | None:
        """Return the result of a refused capture or cancel that already happened by other means."""
        if operation not in (GatewayOperation.CAPTURE, GatewayOperation.VOID):
            return None
        try:
            return self._find_trace(operation, request)
        except stripe.StripeError:
            return None


def _request_options(request: GatewayRequest) -> stripe.RequestOptions:
    return {"idempotency_key": request.idempotency_key}


def _find_by_key(stripe_objects: Any, request: GatewayRequest) -> Any:
    """Find the row that this call created, on all pages of a list."""
    for row in stripe_objects.auto_paging_iter():
        if getattr(row.metadata, "key", "") == request.idempotency_key:
            return row
    return None
