"""Messages to buyers about failed card payments, and the reasons of disputes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_DECLINED = _("The bank declined the card. Try another card or another payment method.")
_NUMBER = _("The card number is not correct.")
_SECURITY_CODE = _("The security code is not correct.")
_NOT_CONFIRMED = _("The bank could not confirm your identity. Try again or use another card.")
_NOT_NOW = _("Card payments are not available right now. Choose another payment method.")
_OTHER = _("The card payment failed. Your card was not charged.")
_MESSAGES: Mapping[str, Promise] = MappingProxyType(
    {
        "card_declined": _DECLINED,
        "generic_decline": _DECLINED,
        "do_not_honor": _DECLINED,
        "insufficient_funds": _("The card does not have enough funds."),
        "expired_card": _("The card has expired."),
        "incorrect_cvc": _SECURITY_CODE,
        "invalid_cvc": _SECURITY_CODE,
        "incorrect_number": _NUMBER,
        "invalid_number": _NUMBER,
        "authentication_required": _NOT_CONFIRMED,
        "payment_intent_authentication_failure": _NOT_CONFIRMED,
        "processing_error": _("The bank could not process the card. Try again in a moment."),
        "amount_too_small": _("The amount is too small for card payments. Choose another payment method."),
        "amount_too_large": _("The amount is too large for card payments. Choose another payment method."),
        "not_configured": _NOT_NOW,
        "canceled": _("This card payment was stopped. Your card was not charged."),
        "expired": _("The time to pay by card has run out. Your card was not charged."),
        "charge_already_refunded": _("This payment has already been refunded in full."),
        "refund_failed": _("The bank rejected the refund. Refund the money another way."),
        "balance_insufficient": _("The Stripe balance is not enough for this payout yet."),
        "unknown": _("We do not know yet whether this went through. Nothing will be paid twice."),
    }
)


_DISPUTES: Mapping[str, Promise] = MappingProxyType(
    {
        "fraudulent": _("The cardholder says they did not make this payment."),
        "product_not_received": _("The buyer says the order has not arrived."),
        "product_unacceptable": _("The buyer says the items are not as described."),
        "duplicate": _("The buyer says they were charged twice."),
        "credit_not_processed": _("The buyer says a promised refund has not arrived."),
    }
)


def message_for_code(code: str, fallback: str = "") -> Promise | str:
    """Return the buyer's message for a Stripe code. `fallback` is Stripe's or the bank's text."""
    return _MESSAGES.get(code) or fallback or _OTHER


def dispute_reason_text(reason: str) -> Promise | str:
    """Return the text for a dispute's reason. An unknown reason is returned as Stripe writes it."""
    return _DISPUTES.get(reason, reason)
