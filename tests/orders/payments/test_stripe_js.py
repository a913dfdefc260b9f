"""The content security policy allows Stripe only on pages with card fields."""

import pytest
from csp.middleware import CSPMiddleware
from django.http import HttpResponse
from django.test import RequestFactory, override_settings

from orders.payments.stripe_gateway import stripe_gateway
from orders.payments.stripe_js import allow_card_fields

pytestmark = pytest.mark.once
CARDS_ON = override_settings(STRIPE_SECRET_KEY="sk_test_1")


def plain(request):
    return HttpResponse("page")


def policy(view):
    header = CSPMiddleware(view)(RequestFactory().get("/")).headers["Content-Security-Policy"]
    return dict(part.strip().split(" ", 1) for part in header.split(";"))


@CARDS_ON
def test_page_with_card_fields_allows_stripe() -> None:
    directives = policy(allow_card_fields(plain))

    stripe = "https://js.stripe.com https://*.js.stripe.com"
    assert directives["script-src"] == f"'self' {stripe}"
    assert directives["frame-src"] == f"'self' {stripe} https://hooks.stripe.com"
    assert directives["connect-src"] == "'self' https://api.stripe.com"
    assert directives["form-action"] == "'self' https://checkout.stripe.com"
    assert directives["default-src"] == "'self'"


@CARDS_ON
def test_other_pages_keep_default_policy() -> None:
    assert "stripe" not in str(policy(plain))


def test_no_page_allows_stripe_when_cards_are_off() -> None:
    assert policy(allow_card_fields(plain)) == policy(plain)
    assert stripe_gateway() is None


@override_settings(
    STRIPE_SECRET_KEY="sk_test_1",
    STRIPE_API_URL="http://127.0.0.1:9/",
    STRIPE_JS_URL="http://127.0.0.1:9/js/stripe.js",
)
def test_configured_stripe_url_is_only_one_allowed() -> None:
    directives = policy(allow_card_fields(plain))

    assert directives["script-src"] == "'self' http://127.0.0.1:9"
    assert directives["form-action"] == "'self' http://127.0.0.1:9"
