"""What a page with Stripe's card fields needs of the shop: who may run scripts there, and its settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from csp.constants import SELF
from csp.decorators import csp_update
from django.conf import settings

from orders.payments.stripe_messages import ODD_CURRENCIES, AmountNotForCards, check_amount

Asked = ParamSpec("Asked")
Answered = TypeVar("Answered")


def is_on() -> bool:
    """Whether cards are taken: Stripe's keys are set."""
    return bool(settings.STRIPE_SECRET_KEY)


def takes_cards(currency: str, amount: int | None = None) -> bool:
    """Whether cards are taken in this currency, and (where it is known) for this amount in minor units."""
    if not is_on() or currency in ODD_CURRENCIES:
        return False
    if amount is None:
        return True
    try:
        check_amount(amount, currency, smallest={"VND": settings.STRIPE_SMALLEST_VND})
    except AmountNotForCards:
        return False
    return True


def with_card_fields(view: Callable[Asked, Answered]) -> Callable[Asked, Answered]:
    """For pages that show the card fields or send the buyer to Stripe's own page: their content policy lets
    Stripe in. All other pages keep theirs, and so do these while cards are off."""

    @wraps(view)
    def answered(*args: Asked.args, **kwargs: Asked.kwargs) -> Answered:
        opened: Any = csp_update(page_policy())
        answer: Answered = opened(view)(*args, **kwargs)
        return answer

    return answered


def page_policy() -> dict[str, Any]:
    """What Stripe asks for (docs.stripe.com/security/guide#content-security-policy), added to our own
    policy. A form that ends on Stripe's page counts as sent there, so that is a target of forms too."""
    if not is_on():
        return {}
    script = _origin(settings.STRIPE_JS_URL)
    api = _origin(settings.STRIPE_API_URL)
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


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
