"""Messages to buyers about failed card payments, and the amounts that cards accept."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused

# Stripe accepts at most eight digits and at least about half a US dollar, which varies with exchange rates:
# docs.stripe.com/currencies. VND has no decimals there either, so amounts are the same numbers.
MAX_CARD_AMOUNT = 99_999_999
# Currencies whose minor units Stripe counts differently (docs.stripe.com/currencies#special-cases).
UNSUPPORTED_CURRENCIES = frozenset({"BHD", "HUF", "ISK", "JOD", "KWD", "OMR", "TND", "TWD", "UGX"})

_DECLINED = _("The bank declined the card. Try another card, or another way to pay.")
_NUMBER = _("The card number is wrong.")
_SECURITY_CODE = _("The card's security code is wrong.")
_NOT_CONFIRMED = _("The bank could not confirm that it is you. Try again, or use another card.")
_NOT_NOW = _("Cards cannot be taken just now. Choose another way to pay.")
_OTHER = _("The card payment did not work. Nothing was taken.")
_MESSAGES: Mapping[str, Promise] = MappingProxyType(
    {
        "card_declined": _DECLINED,
        "generic_decline": _DECLINED,
        "do_not_honor": _DECLINED,
        "insufficient_funds": _("There is not enough money on the card."),
        "expired_card": _("The card has expired."),
        "incorrect_cvc": _SECURITY_CODE,
        "invalid_cvc": _SECURITY_CODE,
        "incorrect_number": _NUMBER,
        "invalid_number": _NUMBER,
        "authentication_required": _NOT_CONFIRMED,
        "payment_intent_authentication_failure": _NOT_CONFIRMED,
        "processing_error": _("The bank could not work on the card just now. Try again in a moment."),
        "amount_too_small": _("The amount is too small for cards. Choose another way to pay."),
        "amount_too_large": _("The amount is too large for cards. Choose another way to pay."),
        "not_configured": _NOT_NOW,
        "canceled": _("This card payment was stopped. Nothing was taken."),
        "expired": _("The time to pay by card has run out. Nothing was taken."),
        "charge_already_refunded": _("All of this payment has been given back already."),
        "refund_failed": _("The bank did not take the refund. Give the money back another way."),
        "balance_insufficient": _("There is not enough money at Stripe for this payout yet."),
        "unknown": _("We do not know yet whether this went through. Nothing is paid twice."),
    }
)


_DISPUTES: Mapping[str, Promise] = MappingProxyType(
    {
        "fraudulent": _("The holder of the card says that it was not them."),
        "product_not_received": _("The buyer says that nothing has come."),
        "product_unacceptable": _("The buyer says that the goods are not as promised."),
        "duplicate": _("The buyer says that they paid twice."),
        "credit_not_processed": _("The buyer says that money promised back has not come."),
    }
)


class AmountNotForCards(Refused):
    """`details["limit"]` is Stripe's code: `amount_too_small` or `amount_too_large`."""

    code = "amount_not_for_cards"
    default_words = _MESSAGES["amount_too_small"]


def message_for_code(code: str, fallback: str = "") -> Promise | str:
    """Return the buyer's message for a Stripe code; `fallback` is Stripe's or the bank's text."""
    return _MESSAGES.get(code) or fallback or _OTHER


def dispute_reason_text(reason: str) -> Promise | str:
    """Return the text for a dispute's reason; an unknown reason as Stripe writes it."""
    return _DISPUTES.get(reason, reason)


def check_amount(amount: int, currency: str, *, minimums: Mapping[str, int]) -> None:
    """Raise AmountNotForCards outside Stripe's limits; `minimums` maps currencies to minor units."""
    if amount < minimums.get(currency.upper(), 1):
        raise AmountNotForCards(
            message_for_code("amount_too_small"), field="amount", limit="amount_too_small"
        )
    if amount > MAX_CARD_AMOUNT:
        raise AmountNotForCards(
            message_for_code("amount_too_large"), field="amount", limit="amount_too_large"
        )
