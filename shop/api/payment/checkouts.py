"""Payment gateways and paid amounts of checkouts."""

from __future__ import annotations

from shop.api.breadth import Selection
from shop.api.checkout.quotes import load_quotes
from shop.api.checkout.types import checkout_object
from shop.api.context import Context
from shop.api.errors import ProtocolError
from shop.api.ids import key_from_id
from shop.api.in_channel import channel_by_key
from shop.api.money import MoneyAmount
from shop.api.object_types import Row, Type
from shop.api.payment.gateways import AvailableGateway, available_gateways
from shop.api.payment.inputs import TransactionArguments
from shop.api.payment.sums import PaidAmounts, read_paid_amounts
from shop.api.payment.types import PAYMENT_OR_ORDER_PERMISSIONS, transaction_item_object
from shop.api.root_fields import Queries

gateway_object = Type("PaymentGateway")
gateway_object.value_fields("id", "name", "currencies", "config")
gateway_config_object = Type("PaymentGatewayConfig")
gateway_config_object.value_fields("id", "data", "errors")
config_line_object = Type("GatewayConfigLine")
config_line_object.value_fields("field", "value")


@checkout_object.field(needs="channel_id")
def available_payment_gateways(
    checkouts: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[AvailableGateway]]:
    gateways_by_channel = {}
    for key in {checkout_row.channel_id for checkout_row in checkouts}:
        channel = channel_by_key(context, key)
        gateways_by_channel[key] = available_gateways(channel) if channel is not None else []
    return [gateways_by_channel[checkout_row.channel_id] for checkout_row in checkouts]


def _read_paid_and_total(checkouts: list[Row], context: Context) -> list[tuple[PaidAmounts, int]]:
    """Return each checkout's paid amount and total."""
    keys = [checkout_row.id for checkout_row in checkouts]
    paid, quotes = read_paid_amounts(keys), load_quotes(context, keys)
    return [(paid.get(key, PaidAmounts()), quotes[key].total) for key in keys]


@checkout_object.field(needs="id")
def authorize_status(
    checkouts: list[Row], arguments: object, context: Context, selection: Selection
) -> list[str]:
    return [_coverage(paid.total, total) for paid, total in _read_paid_and_total(checkouts, context)]


@checkout_object.field(needs="id")
def charge_status(
    checkouts: list[Row], arguments: object, context: Context, selection: Selection
) -> list[str]:
    return [
        "OVERCHARGED" if paid.charged > total else _coverage(paid.charged, total)
        for paid, total in _read_paid_and_total(checkouts, context)
    ]


@checkout_object.field(needs=("id", "currency"))
def total_balance(
    checkouts: list[Row], arguments: object, context: Context, selection: Selection
) -> list[MoneyAmount]:
    covered = _read_paid_and_total(checkouts, context)
    return [
        MoneyAmount(paid.charged - total, checkout_row.currency)
        for checkout_row, (paid, total) in zip(checkouts, covered, strict=True)
    ]


def _coverage(paid: int, total: int) -> str:
    """Return the coverage. If nothing is paid, it is NONE unless the total is zero."""
    if paid >= total:
        return "FULL" if paid or not total else "NONE"
    return "PARTIAL" if paid else "NONE"


query = Queries()


@query.field("transaction", permissions=PAYMENT_OR_ORDER_PERMISSIONS)
def one_transaction(arguments: TransactionArguments, context: Context, selection: Selection) -> Row | None:
    global_id, token = arguments.get("id"), arguments.get("token")
    if (global_id is None) == (token is None):
        raise ProtocolError("A transaction is found by exactly one of `id` and `token`.")
    key = token if global_id is None else key_from_id(global_id, "TransactionItem")
    return transaction_item_object.by_key(context, [key], selection.names()).get(key)


TYPES = (gateway_object, gateway_config_object, config_line_object, query)
