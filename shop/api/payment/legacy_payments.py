"""Payment types besides transactions: the older Payment API, gift cards and refunds."""

from __future__ import annotations

from orders.models import Payment, PaymentEvent
from shop.api.base.shop import shop_object
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.object_types import Row, Type
from shop.api.orders.types import granted_refund_object, order_object
from shop.api.orders.visibility import order_scope
from shop.api.payment.gateways import AvailableGateway, available_gateways
from shop.api.payment.inputs import ShopAvailablePaymentGatewaysArguments
from shop.api.payment.types import transaction_event_object, transaction_item_object

payment_object = Type("Payment")
payment_object.value_fields(
    "id",
    "gateway",
    "isActive",
    "created",
    "modified",
    "token",
    "checkout",
    "order",
    "paymentMethodType",
    "customerIpAddress",
    "chargeStatus",
    "actions",
    "total",
    "capturedAmount",
    "transactions",
    "availableCaptureAmount",
    "availableRefundAmount",
    "pspReference",
    "metadata",
    "metafield",
    "metafields",
    "privateMetadata",
    "privateMetafield",
    "privateMetafields",
)
transaction_object = Type("Transaction")
transaction_object.value_fields("id", "created", "payment", "token", "kind", "isSuccess", "error", "amount")
order_object.unsupported("payments", value=[])

gift_card_details_object = Type("GiftCardPaymentMethodDetails")
gift_card_details_object.value_fields("name", "brand", "lastChars", "isSaleorGiftcard")
granted_refund_object.related_rows(
    "transactionEvents",
    transaction_event_object,
    column="refund",
    order=["pk"],
    rows=PaymentEvent.objects.all(),
)


@granted_refund_object.field("transaction", needs="id")
def transaction_of_granted_refunds(
    refunds: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    rows = PaymentEvent.objects.filter(refund__in=[refund.id for refund in refunds]).order_by("-pk")
    # The first payment used. Cooperatives' staff do not see payments, which belong to the platform.
    keys = dict(rows.values_list("refund", "payment")) if order_scope(context).has_platform_grant else {}
    payments_by_key = transaction_item_object.by_key(
        context, keys.values(), selection.names(), rows=Payment.objects.all()
    )
    return [payments_by_key.get(keys.get(refund.id)) for refund in refunds]


@shop_object.field()
def available_payment_gateways(
    shops: list[Row], arguments: ShopAvailablePaymentGatewaysArguments, context: Context, selection: Selection
) -> list[list[AvailableGateway]]:
    """Resolve the gateways of the given channel, or of all active channels without duplicates."""
    slug = arguments.get("channel")
    channels = [
        channel for channel in context.channels.values() if channel.is_active and slug in (None, channel.slug)
    ]
    gateways_by_id: dict[str, AvailableGateway] = {}
    for channel in channels:
        for gateway in available_gateways(channel):
            gateways_by_id.setdefault(gateway.id, gateway)
    currency = arguments.get("currency")
    gateways = [
        gateway for gateway in gateways_by_id.values() if currency is None or currency in gateway.currencies
    ]
    return [gateways for _ in shops]


TYPES = (
    payment_object,
    transaction_object,
    gift_card_details_object,
)
