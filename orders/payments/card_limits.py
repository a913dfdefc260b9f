"""The amounts and currencies that cards accept."""

from __future__ import annotations

from collections.abc import Mapping

from orders.payments.stripe_messages import message_for_code
from shop.core.errors import Refused

# Stripe accepts at most eight digits and at least about half a US dollar, which varies with exchange rates
# (docs.stripe.com/currencies). VND has no decimals there either, so amounts are the same numbers.
MAX_CARD_AMOUNT = 99_999_999
# Currencies whose minor units Stripe counts differently (docs.stripe.com/currencies#special-cases).
UNSUPPORTED_CURRENCIES = frozenset({"BHD", "HUF", "ISK", "JOD", "KWD", "OMR", "TND", "TWD", "UGX"})


class AmountNotForCards(Refused):
    """Cards do not take this amount. `details["limit"]` is `amount_too_small` or `amount_too_large`."""

    code = "amount_not_for_cards"
    default_message = message_for_code("amount_too_small")


def require_allowed_amount(amount: int, currency: str, *, minimums: Mapping[str, int]) -> None:
    """Raise AmountNotForCards outside Stripe's limits. `minimums` maps currencies to minor units."""
    if amount < minimums.get(currency.upper(), 1):
        raise AmountNotForCards(
            message_for_code("amount_too_small"), field="amount", limit="amount_too_small"
        )
    if amount > MAX_CARD_AMOUNT:
        raise AmountNotForCards(
            message_for_code("amount_too_large"), field="amount", limit="amount_too_large"
        )
