"""HTTP as Stripe speaks it: keys, idempotency, errors, and the faults set by a test."""

import base64
import contextlib
import hashlib
import json
import socket
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qsl, urlsplit

from tests.doubles.stripe import pages
from tests.doubles.stripe.checkout import shown
from tests.doubles.stripe.endpoints import find_endpoint
from tests.doubles.stripe.errors import StripeRefusal
from tests.doubles.stripe.faults import Fault
from tests.doubles.stripe.params import checked, decoded


class Handler(BaseHTTPRequestHandler):
    """A handler of requests. `tests.doubles.stripe.double.StripeDouble` sets `double` on a subclass."""

    protocol_version = "HTTP/1.1"
    double = None

    def log_message(self, *args):
        """Log nothing: tests have their own output."""

    def do_GET(self):
        parts = urlsplit(self.path)
        if parts.path.startswith("/v1/"):
            self._api("GET", parts.path, parts.query)
        else:
            self._page("GET", parts.path, dict(parse_qsl(parts.query)))

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        parts = urlsplit(self.path)
        if parts.path.startswith("/v1/"):
            self._api("POST", parts.path, body)
        else:
            self._page("POST", parts.path, dict(parse_qsl(body)))

    def _api(self, method, path, text):
        endpoint, keys = find_endpoint(method, path)
        operation = endpoint.operation if endpoint else ""
        self.double.calls.append(operation or f"{method} {path}")
        trouble = self.double.faults.take(operation)
        fault = trouble.fault if trouble else None
        if fault is Fault.REFUSE:
            self._answer(trouble.status, trouble.body)
            return
        if fault is Fault.HANG:
            self._hang()
            return
        if fault is Fault.CUT_BEFORE:
            self._cut()
            return
        release = self.double.faults.released if fault is Fault.HANG_WITHIN else None
        status, body, replayed = self._answered(endpoint, keys, method, path, text, release)
        if fault is Fault.HANG_AFTER:
            self._hang()
        elif fault in (Fault.CUT_AFTER, Fault.HANG_WITHIN):
            self._cut()
        else:
            self._answer(status, body, {"Idempotent-Replayed": "true"} if replayed else {})

    def _answered(self, endpoint, keys, method, path, text, release):
        """Return (status, body, whether it is the saved answer of an earlier call with the same key)."""
        try:
            self._check_key()
            if endpoint is None:
                raise StripeRefusal(f"Unrecognized request URL ({method}: {path}).", status=404)
            params = checked(decoded(text), endpoint.params)
            key = self.headers.get("Idempotency-Key") if method == "POST" else None
            request_hash = hashlib.sha256(f"{path}?{text}".encode()).hexdigest()
            saved = self.double.begin(key, request_hash)
        except StripeRefusal as refusal:  # nothing began: nothing is saved
            return refusal.status, {"error": refusal.body}, False
        if saved:
            return *saved, True
        if release is not None:
            release.wait()
        response = self._done(endpoint, params, keys)
        self.double.finish(key, response)
        return *response[:2], False

    def _done(self, endpoint, params, keys):
        """Return (status, body, whether the key saves it)."""
        account = self.double.account
        with account.lock:
            try:
                row = endpoint.action(self.double, params, *keys)
                row = account.expanded(shown(row), params.get("expand", []))
                return 200, _clean(row), True
            except StripeRefusal as refusal:
                return refusal.status, json.loads(json.dumps({"error": refusal.body})), refusal.remembered

    def _check_key(self):
        scheme, _, value = self.headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            value = base64.b64decode(value).decode().partition(":")[0]
        if not value:
            raise StripeRefusal("You did not provide an API key.", status=401)
        if value != self.double.secret_key:
            raise StripeRefusal(f"Invalid API Key provided: {value[:8]}***", status=401)

    def _page(self, method, path, fields):
        status, headers, body = pages.answer(self.double, method, path, fields)
        self._send(status, body.encode(), headers)

    def _answer(self, status, body, headers=None):
        all_headers = {"Content-Type": "application/json", "Request-Id": "req_double", **(headers or {})}
        self._send(status, json.dumps(body, ensure_ascii=False).encode(), all_headers)

    def _send(self, status, body, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):  # the caller has closed the connection
            self.wfile.write(body)

    def _hang(self):
        self.double.faults.released.wait()
        self._cut()

    def _cut(self):
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def _clean(row):
    """Drop the double's private fields, also within lists."""
    if isinstance(row, dict):
        return {name: _clean(value) for name, value in row.items() if not name.startswith("_")}
    if isinstance(row, list):
        return [_clean(item) for item in row]
    return row
