"""Channels: markets with one currency each."""

from __future__ import annotations

from cooperatives.models import ZoneCountry
from orders.models import Order
from shop.accounts.staff.permissions import Permission
from shop.api.base.inputs import ChannelArguments
from shop.api.base.places import country
from shop.api.breadth import Selection
from shop.api.context import Context
from shop.api.errors import ProtocolError
from shop.api.field_permissions import FieldAccess
from shop.api.ids import key_from_id
from shop.api.metadata import add_metadata_fields
from shop.api.object_types import Row, Type
from shop.api.root_fields import Queries
from shop.api.schema import Choices
from shop.core.models import AllocationStrategy, Channel, TransactionFlow

STAFF = (FieldAccess.APP, FieldAccess.STAFF)

channel_object = Type("Channel", rows=lambda context: Channel.objects.order_by("pk"))
channel_object.id()
channel_object.columns(slug="slug", name="name", isActive="is_active", currencyCode="currency")
add_metadata_fields(channel_object, Channel, permissions=[Permission.MANAGE_CHANNELS])

stock_settings_object = Type("StockSettings")
stock_settings_object.columns(allocationStrategy="allocation_strategy")

order_settings_object = Type("OrderSettings")
order_settings_object.columns(
    automaticallyConfirmAllNewOrders="automatically_confirm_all_new_orders",
    automaticallyFulfillNonShippableGiftCard="automatically_fulfill_non_shippable_gift_card",
    expireOrdersAfter="expire_orders_after_minutes",
    markAsPaidStrategy="mark_as_paid_strategy",
    deleteExpiredOrdersAfter="delete_expired_orders_after_days",
    allowUnpaidOrders="allow_unpaid_orders",
    includeDraftOrderInVoucherUsage="include_draft_order_in_voucher_usage",
    draftOrderLinePriceFreezePeriod="draft_order_line_price_freeze_hours",
)
order_settings_object.unsupported("useLegacyLineDiscountPropagation", value=False)

checkout_settings_object = Type("CheckoutSettings")
checkout_settings_object.columns(
    useLegacyErrorFlow="use_legacy_error_flow_for_checkout",
    automaticallyCompleteFullyPaidCheckouts="automatically_complete_fully_paid_checkouts",
)
checkout_settings_object.unsupported("automaticCompletionDelay", "automaticCompletionCutOffDate")
checkout_settings_object.unsupported("allowLegacyGiftCardUse", value=True)

payment_settings_object = Type("PaymentSettings")
payment_settings_object.columns(defaultTransactionFlowStrategy="default_transaction_flow")
payment_settings_object.unsupported("releaseFundsForExpiredCheckouts", value=False)
payment_settings_object.unsupported("checkoutTtlBeforeReleasingFunds", "checkoutReleaseFundsCutOffDate")

# Settings are columns of the channel, so their objects are the channel's rows.
channel_object.as_type("stockSettings", stock_settings_object, permissions=STAFF)
channel_object.as_type(
    "orderSettings", order_settings_object, permissions=[Permission.MANAGE_CHANNELS, Permission.MANAGE_ORDERS]
)
channel_object.as_type(
    "checkoutSettings",
    checkout_settings_object,
    permissions=[Permission.MANAGE_CHANNELS, Permission.MANAGE_CHECKOUTS],
)
channel_object.as_type(
    "paymentSettings",
    payment_settings_object,
    permissions=[Permission.MANAGE_CHANNELS, Permission.HANDLE_PAYMENTS],
)


@channel_object.field(needs="default_country", permissions=STAFF)
def default_country(channels: list[Row], *_: object) -> list[dict[str, str]]:
    return [country(channel_row.default_country) for channel_row in channels]


@channel_object.field()
def countries(channels: list[Row], *_: object) -> list[list[dict[str, str]]]:
    """Resolve the countries covered by the channel's shipping zones."""
    keys = [channel_row.id for channel_row in channels]
    zone_countries = ZoneCountry.objects.filter(zone__channels__in=keys).order_by("country")
    codes: dict[int, list[str]] = {}
    for key, code in zone_countries.values_list("zone__channels", "country").distinct():
        codes.setdefault(key, []).append(code)
    return [[country(code) for code in codes.get(key, ())] for key in keys]


@channel_object.field(permissions=[Permission.MANAGE_CHANNELS])
def has_orders(channels: list[Row], *_: object) -> list[bool]:
    keys = [channel_row.id for channel_row in channels]
    with_orders = set(
        Order.objects.filter(channel__in=keys).order_by().values_list("channel", flat=True).distinct()
    )
    return [key in with_orders for key in keys]


query = Queries()


@query.field("channel")
def one_channel(arguments: ChannelArguments, context: Context, selection: Selection) -> Row | None:
    """Return a channel by `id` or `slug`. Public, because storefronts must know their channel."""
    global_id, slug = arguments.get("id"), arguments.get("slug")
    if (global_id is None) == (slug is None):
        raise ProtocolError("A channel is found by exactly one of `id` and `slug`.")
    rows = channel_object.rows(context)
    rows = rows.filter(slug=slug) if global_id is None else rows.filter(pk=key_from_id(global_id, "Channel"))
    return next(iter(channel_object.read(rows, selection.names())), None)


@query.field(permissions=STAFF)
def channels(arguments: object, context: Context, selection: Selection) -> list[Row]:
    return channel_object.read(channel_object.rows(context), selection.names())


TYPES = (
    channel_object,
    stock_settings_object,
    order_settings_object,
    checkout_settings_object,
    payment_settings_object,
    query,
)
ENUMS: dict[str, Choices] = {
    "AllocationStrategyEnum": AllocationStrategy,
    "TransactionFlowStrategyEnum": TransactionFlow,
    "MarkAsPaidStrategyEnum": {"TRANSACTION_FLOW": "transaction_flow", "PAYMENT_FLOW": "payment_flow"},
}
