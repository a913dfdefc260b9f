"""Settings of pages with Stripe's card fields: content security policy, and whether cards are accepted."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings

from orders.payments.card_limits import UNSUPPORTED_CURRENCIES, AmountNotForCards, require_allowed_amount

Parameters = ParamSpec("Parameters")
Response = TypeVar("Response")


def are_cards_enabled() -> bool:
    """Return whether cards are enabled, i.e. Stripe's keys are set."""
    return bool(settings.STRIPE_SECRET_KEY)


def accepts_cards(currency: str, amount: int | None = None) -> bool:
    """Return whether cards are accepted in this currency and, if given, for this amount in minor units."""
    if not are_cards_enabled() or currency in UNSUPPORTED_CURRENCIES:
        return False
    if amount is None:
        return True
    try:
        require_allowed_amount(amount, currency, minimums={"VND": settings.STRIPE_SMALLEST_VND})
    except AmountNotForCards:
        return False
    return True


def allow_card_fields(view: Callable[Parameters, Response]) -> Callable[Parameters, Response]:
    """Extend a view's content security policy for Stripe's card fields or its hosted page.

    The policy of other pages does not change. While cards are disabled, neither does that of these pages.
    """

    @wraps(view)
    def wrapper(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Response:
        add_policy: Any = csp_update(stripe_page_policy())
        response: Response = add_policy(view)(*args, **kwargs)
        return response

    return wrapper


def stripe_page_policy() -> dict[str, object]:
    """Return Stripe's directives (docs.stripe.com/security/guide#content-security-policy) added to our own.

    A form that redirects to Stripe's page counts as submitted there, so `form-action` includes it.
    """
    if not are_cards_enabled():
        return {}
    script = _origin_of_url(settings.STRIPE_JS_URL)
    api = _origin_of_url(settings.STRIPE_API_URL)
    scripts, frames, forms = [script], [script], [api]
    if api == "https://api.stripe.com":
        scripts = [script, "https://*.js.stripe.com"]
        frames = [*scripts, "https://hooks.stripe.com"]
        forms = ["https://checkout.stripe.com"]
    return {
        "script-src": [SELF, *scripts],
        "frame-src": [SELF, *frames],
        "connect-src": [SELF, api],
        "form-action": forms,
    }


def _origin_of_url(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
