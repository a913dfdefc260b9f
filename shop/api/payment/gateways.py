"""Payment gateways of checkouts, under the ids that Saleor's clients know.

Cards use the id of Saleor's Stripe app. Cash on delivery and bank transfer have ids of our own. The dummy
gateway is for testing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from django.conf import settings

from orders.actions.payments.order_payments import offered_payment_methods
from orders.models import PaymentMethod
from shop.core.models import Channel

STRIPE = "saleor.app.payment.stripe"
DUMMY = "saleor.io.dummy-payment-app"
COD = "cho-phien.cash-on-delivery"
TRANSFER = "cho-phien.bank-transfer"
METHODS: Mapping[str, PaymentMethod] = MappingProxyType(
    {
        STRIPE: PaymentMethod.CARD,
        DUMMY: PaymentMethod.APP,
        COD: PaymentMethod.COD,
        TRANSFER: PaymentMethod.TRANSFER,
    }
)
_IDS = {method: key for key, method in METHODS.items()}


@dataclass(frozen=True, slots=True)
class AvailableGateway:
    """A `PaymentGateway`."""

    id: str
    name: str
    currencies: list[str]

    @property
    def config(self) -> Sequence[Mapping[str, object]]:
        return []


def available_gateways(channel: Channel, amount: int | None = None) -> list[AvailableGateway]:
    """Return a channel's gateways, cards first.

    If an amount is given (minor units), only those that accept it.
    """
    payment_methods = offered_payment_methods(channel, amount)
    methods = [PaymentMethod.APP] if settings.API_DUMMY_PAYMENT else []
    methods = [
        *(payment_method for payment_method in payment_methods if payment_method == PaymentMethod.CARD),
        *methods,
    ]
    methods += [payment_method for payment_method in payment_methods if payment_method != PaymentMethod.CARD]
    names = {PaymentMethod.CARD: "Stripe", PaymentMethod.APP: "Dummy"}
    return [
        AvailableGateway(_IDS[method], names.get(method) or str(method.label), [channel.currency])
        for method in methods
    ]


def gateway_settings(gateway: AvailableGateway) -> dict[str, object]:
    """Return the configuration that clients need to show the gateway's fields."""
    if gateway.id == STRIPE:
        return {"stripePublishableKey": settings.STRIPE_PUBLISHABLE_KEY}
    return {}
