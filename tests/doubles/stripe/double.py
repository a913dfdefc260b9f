"""The double of Stripe: a server on loopback and the controls of a test."""

import contextlib
import threading
from http.server import ThreadingHTTPServer

from tests.doubles.stripe import checkout, payments
from tests.doubles.stripe.account import Account
from tests.doubles.stripe.errors import StripeRefusal
from tests.doubles.stripe.faults import Faults
from tests.doubles.stripe.server import Handler
from tests.doubles.stripe.webhooks import Webhooks

KEY_LIFETIME_SECONDS = 24 * 60 * 60


class StripeDouble:
    """A server that stands in for Stripe while its `with` block runs.

    `url` is the address of both api.stripe.com and js.stripe.com.

    `account` holds Stripe's objects, `webhooks` and `faults` are a test's controls, and `calls` lists the
    requested operations in order ("payment_intents.create", …).
    """

    secret_key = "sk_test_double"
    publishable_key = "pk_test_double"

    def __init__(self):
        self.webhooks = Webhooks()
        self.faults = Faults()
        self.account = Account(on_event=self.webhooks.note)
        self.calls = []
        self._keys = {}
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("BoundHandler", (Handler,), {"double": self})
        )
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *error):
        self.faults.release()
        self.webhooks.stop()
        self._server.shutdown()
        self._server.server_close()

    @property
    def webhook_secret(self):
        return self.webhooks.secret

    @property
    def js_url(self):
        return f"{self.url}/js/stripe.js"

    def begin(self, key, request_hash):
        """Return the saved answer of this key, if any. Refuse other parameters and concurrent calls."""
        with self.account.lock:
            saved = self._keys.get(key) if key else None
            if saved is None or self.account.clock() - saved["at"] > KEY_LIFETIME_SECONDS:
                if key:
                    self._keys[key] = {
                        "request_hash": request_hash,
                        "at": self.account.clock(),
                        "answer": None,
                    }
                return None
            if saved["request_hash"] != request_hash:
                raise StripeRefusal(
                    "Keys for idempotent requests can only be used with the same parameters they were first"
                    f" used with. Try using a key other than '{key}'.",
                    error_type="idempotency_error",
                )
            if saved["answer"] is None:
                raise StripeRefusal(
                    "There is currently another in-progress request using this Idempotent Key.",
                    code="idempotency_key_in_use",
                    error_type="idempotency_error",
                    status=409,
                )
            return saved["answer"]

    def finish(self, key, response):
        """Save the answer under the key, or forget the key if the parameters were refused."""
        status, body, remembered = response
        if not key:
            return
        with self.account.lock:
            if remembered:
                self._keys[key]["answer"] = (status, body)
            else:
                del self._keys[key]

    def buyer_pays(self, reference, card="4242424242424242"):
        """Pay with a card as the buyer, on our page or on Stripe's own, and return the intent's status.

        It is "requires_payment_method" after a decline, and "requires_action" with SCA.
        """
        with self.account.lock:
            row = self.account.rows[reference]
            try:
                if row["object"] == "checkout.session":
                    checkout.pay(self.account, reference, card, url=self.url)
                else:
                    payments.confirm(self.account, row, card, "", url=self.url)
            except StripeRefusal as refusal:
                if refusal.status != 402:
                    raise
            return self.intent(reference)["status"]

    def bank_answers(self, reference, *, is_approved):
        """End the second step at the buyer's bank (or a "processing" payment)."""
        with self.account.lock:
            intent = self.intent(reference)
            if is_approved:
                payments.approve(self.account, intent)
                checkout.complete(self.account, intent)
            else:
                with contextlib.suppress(StripeRefusal):
                    payments.decline(
                        self.account,
                        intent,
                        "authentication_required",
                        code="payment_intent_authentication_failure",
                    )
            return intent["status"]

    def intent(self, reference):
        """Return the PaymentIntent of this id, or of this Checkout Session."""
        row = self.account.rows[reference]
        return self.account.rows[row["payment_intent"]] if row["object"] == "checkout.session" else row

    def open_dispute(self, reference, **how):
        with self.account.lock:
            return payments.open_dispute(self.account, self.intent(reference)["id"], **how)

    def close_dispute(self, key, status):
        with self.account.lock:
            return payments.close_dispute(self.account, key, status)

    def settle_refund(self, key, status):
        with self.account.lock:
            return payments.settle_refund(self.account, key, status)
