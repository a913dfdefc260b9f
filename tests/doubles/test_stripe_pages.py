"""Pages of the double in a browser: the stand-in for Stripe.js, the bank's step and the hosted page."""

import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from stripe import StripeClient

from tests.doubles.stripe import StripeDouble

pytestmark = [pytest.mark.once, pytest.mark.browser]

PAGE = """<!doctype html><title>Pay</title><div id="fields"></div><button>Pay</button><output></output>
<script src="{js}"></script><script nonce="n">
const stripe = Stripe("{key}"), elements = stripe.elements({{ clientSecret: "{secret}" }})
elements.create("payment").mount("#fields")
document.querySelector("button").addEventListener("click", async () => {{
  const {{ error }} = await stripe.confirmPayment({{
    elements, confirmParams: {{ return_url: location.origin + "/back?tab=1" }}
  }})
  document.querySelector("output").textContent = error.message
}})</script>"""


@pytest.fixture
def stripe():
    with StripeDouble() as double:
        yield double


@pytest.fixture
def client(stripe):
    return StripeClient(stripe.secret_key, base_addresses={"api": stripe.url}).v1


@pytest.fixture
def intent(client):
    return client.payment_intents.create({"amount": 50_000, "currency": "vnd"})


class _Shop(BaseHTTPRequestHandler):
    body = policy = ""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Security-Policy", self.policy)
        self.end_headers()
        self.wfile.write(self.body.encode())

    def log_message(self, *args):
        pass


@pytest.fixture
def address(stripe, intent):
    """Yield a shop on loopback whose content security policy allows only Stripe's script and frame."""
    body = PAGE.format(js=stripe.js_url, key=stripe.publishable_key, secret=intent.client_secret)
    policy = f"default-src 'none'; script-src {stripe.url} 'nonce-n'; frame-src {stripe.url}"
    server = HTTPServer(("127.0.0.1", 0), type("Open", (_Shop,), {"body": body, "policy": policy}))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def shop(browser, address):
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}/pay")
    yield page
    context.close()


def submit_card(page, number):
    page.frame_locator("iframe").get_by_label("Card number").fill(number)
    page.get_by_role("button", name="Pay").click()


def test_card_payment_returns_to_shop(shop, address, client, intent) -> None:
    submit_card(shop, "4242 4242 4242 4242")
    shop.wait_for_url(re.compile("redirect_status=succeeded"))

    assert shop.url.startswith(f"{address}/back?tab=1&payment_intent={intent.id}&")
    assert client.payment_intents.retrieve(intent.id).status == "succeeded"


def test_declined_card_is_reported_in_place_and_another_succeeds(shop, client, intent) -> None:
    submit_card(shop, "4000 0000 0000 0002")
    shop.get_by_text("Your card was declined.").wait_for()
    submit_card(shop, "4242 4242 4242 4242")
    shop.wait_for_url(re.compile("redirect_status=succeeded"))

    assert client.payment_intents.retrieve(intent.id).status == "succeeded"


@pytest.mark.parametrize(
    ("button", "redirect_status", "status"),
    [
        ("Complete authentication", "succeeded", "succeeded"),
        ("Fail authentication", "failed", "requires_payment_method"),
    ],
)
def test_bank_step_returns_with_its_outcome(shop, client, intent, button, redirect_status, status) -> None:
    submit_card(shop, "4000 0025 0000 3155")
    shop.get_by_role("button", name=button).click()
    shop.wait_for_url(re.compile(f"redirect_status={redirect_status}"))

    assert client.payment_intents.retrieve(intent.id).status == status


def test_hosted_page_works_without_javascript(browser, address, client) -> None:
    line = {
        "quantity": 1,
        "price_data": {"currency": "vnd", "unit_amount": 50_000, "product_data": {"name": "T1"}},
    }
    session = client.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [line],
            "success_url": f"{address}/done",
            "cancel_url": f"{address}/pay",
        }
    )
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()

    page.goto(session.url)
    page.get_by_label("Card number").fill("4000 0000 0000 0002")
    page.get_by_role("button", name="Pay").click()
    declined = page.get_by_role("alert").inner_text()
    page.get_by_label("Card number").fill("4000 0025 0000 3155")
    page.get_by_role("button", name="Pay").click()
    page.get_by_role("button", name="Complete authentication").click()
    page.wait_for_url(f"{address}/done")

    assert declined == "Your card was declined."
    assert client.checkout.sessions.retrieve(session.id).payment_status == "paid"
    context.close()
