"""The type `CheckoutLine`: variants and prices."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal

from catalog.models import Variant
from orders.actions.quotes.quote_types import Quote, QuotedLine
from orders.models import BasketLine
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.catalogue.types import variant_object
from shop.api.checkout.problems import line_problems
from shop.api.checkout.quotes import load_quotes
from shop.api.checkout.types import changeable_baskets, line_object
from shop.api.context import Context
from shop.api.metadata import add_metadata_fields
from shop.api.money import MoneyAmount, TaxedAmount
from shop.api.object_types import Row
from shop.core.money import gross_of, net_of, round_half_up

line_object.id()
line_object.columns(quantity="quantity", isGift="is_gift")
line_object.unsupported("priceOverrideReason")


def _is_owner(context: Context, key: uuid.UUID) -> bool:
    return BasketLine.objects.filter(pk=key, basket__in=changeable_baskets(context)).exists()


add_metadata_fields(
    line_object,
    BasketLine,
    permissions=[Permission.MANAGE_CHECKOUTS, Permission.HANDLE_PAYMENTS],
    owner_check=_is_owner,
)


@line_object.field("variant", needs=("variant_id", "basket__channel_id"))
def variant_of_lines(
    lines: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row]:
    """Resolve variants. Those in the basket are visible even if they are no longer on sale."""
    variant_pairs = [(line_row.variant_id, line_row.basket__channel_id) for line_row in lines]
    variants_by_pair = variant_object.by_pair(context, variant_pairs, selection.names())
    hidden_ids = {key for key, _channel in variant_pairs if (key, _channel) not in variants_by_pair}
    if hidden_ids:
        products = Variant.objects.filter(pk__in=hidden_ids).values_list("product", flat=True)
        context.revealed_products |= set(products)
        hidden_pairs = [pair for pair in variant_pairs if pair[0] in hidden_ids]
        variants_by_pair |= variant_object.by_pair(context, hidden_pairs, selection.names())
    return [variants_by_pair[pair] for pair in variant_pairs]


def _field_of_quoted_line(field: str) -> Callable[[Callable[[QuotedLine, Quote], object]], None]:
    """Decorate a function that reads a field of CheckoutLine from the basket's quote."""

    def add(read: Callable[[QuotedLine, Quote], object]) -> None:
        def resolve(
            parents: list[Row], arguments: object, context: Context, selection: Selection
        ) -> Sequence[object]:
            quotes = load_quotes(context, [parent.basket_id for parent in parents])
            lines_by_key = {
                quoted_line.requested.key: (quoted_line, quotes[key])
                for key in {parent.basket_id for parent in parents}
                for quoted_line in quotes[key].lines
            }
            return [read(*lines_by_key[parent.id]) for parent in parents]

        line_object.field(field, needs=("id", "basket_id"))(resolve)

    return add


@_field_of_quoted_line("totalPrice")
def _total(quoted_line: QuotedLine, quote: Quote) -> TaxedAmount:
    return _line_total(quoted_line, quote)


@_field_of_quoted_line("unitPrice")
def _unit(quoted_line: QuotedLine, quote: Quote) -> TaxedAmount:
    total = _line_total(quoted_line, quote)
    steps = Decimal(quoted_line.requested.quantity)
    return TaxedAmount(round_half_up(total.net / steps), round_half_up(total.gross / steps), total.currency)


@_field_of_quoted_line("undiscountedUnitPrice")
def _listed_unit(quoted_line: QuotedLine, quote: Quote) -> MoneyAmount:
    return MoneyAmount(quoted_line.unit_list_price, quote.requested.channel.currency)


@_field_of_quoted_line("undiscountedTotalPrice")
def _listed_total(quoted_line: QuotedLine, quote: Quote) -> MoneyAmount:
    return MoneyAmount(
        quoted_line.unit_list_price * quoted_line.requested.quantity, quote.requested.channel.currency
    )


@_field_of_quoted_line("priorUnitPrice")
def _prior_unit(quoted_line: QuotedLine, quote: Quote) -> MoneyAmount | None:
    prior = _prior_amount(quoted_line)
    return None if prior is None else MoneyAmount(prior, quote.requested.channel.currency)


@_field_of_quoted_line("priorTotalPrice")
def _prior_total(quoted_line: QuotedLine, quote: Quote) -> MoneyAmount | None:
    prior = _prior_amount(quoted_line)
    return (
        None
        if prior is None
        else MoneyAmount(prior * quoted_line.requested.quantity, quote.requested.channel.currency)
    )


@_field_of_quoted_line("wholesaleFrom")
def _wholesale_from(quoted_line: QuotedLine, quote: Quote) -> int | None:
    return quoted_line.wholesale_from


@_field_of_quoted_line("requiresShipping")
def _requires_shipping(quoted_line: QuotedLine, quote: Quote) -> bool:
    return quoted_line.variant.product.product_type.is_shipping_required


@line_object.field(needs=("id", "basket_id"))
def problems(
    lines: list[Row], arguments: object, context: Context, selection: Selection
) -> Sequence[Sequence[object]]:
    quotes = load_quotes(context, [line_row.basket_id for line_row in lines])
    rows = BasketLine.objects.in_bulk([line_row.id for line_row in lines])
    lines_by_key = {
        quoted_line.requested.key: (quoted_line, quote)
        for quote in quotes.values()
        for quoted_line in quote.lines
    }
    return [
        line_problems(lines_by_key[line_row.id][0], rows[line_row.id], lines_by_key[line_row.id][1], context)
        if line_row.id in rows
        else []
        for line_row in lines
    ]


def _line_total(quoted_line: QuotedLine, quote: Quote) -> TaxedAmount:
    """Return the total after all discounts. Unavailable lines have their undiscounted price."""
    priced_line = next(
        (line_row for line_row in quote.purchase.lines if line_row.key == quoted_line.requested.key), None
    )
    channel = quote.requested.channel
    if priced_line is not None:
        return TaxedAmount(priced_line.total.net, priced_line.total.gross, channel.currency)
    if channel.prices_entered_with_tax:
        return TaxedAmount(
            net_of(quoted_line.total, quoted_line.tax_rate), quoted_line.total, channel.currency
        )
    return TaxedAmount(quoted_line.total, gross_of(quoted_line.total, quoted_line.tax_rate), channel.currency)


def _prior_amount(quoted_line: QuotedLine) -> int | None:
    """Return the prior unit price, if the channel has one."""
    price = next(iter(quoted_line.variant.prices.all()), None)
    return price.prior_amount if price is not None else None


TYPES = (line_object,)
