"""Price an offered substitute at no more than the buyer agreed to pay for the replaced items."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_noop

from orders.actions.quotes.quote_queries import read_quoted_variants
from orders.actions.quotes.quote_types import (
    Quote,
    QuotedLine,
    QuoteRequest,
    RequestedDiscount,
    RequestedLine,
    SellerQuote,
)
from orders.actions.quotes.sales_terms import sales_terms
from orders.models import CostBearer, DiscountKind, DiscountShare, Order, OrderLine, Substitute, ValueType
from orders.pricing import DiscountInput, LineInput, Purchase, price_purchase
from shop.core.errors import Missing
from shop.core.money import gross_of, net_of, percent_of

_DEARER_SUBSTITUTE = gettext_noop("The cooperative bears the extra cost of the substitute.")


def quote_substitute(order: Order, line: OrderLine, substitute: Substitute) -> Quote:
    """Return the quote of a substitute, saved or not, at its frozen prices.

    Discounts of the replaced items apply to it too. They take off at most what they took off those items, at
    the same bearer's cost. What it still costs beyond `replaced_gross` is a discount that the cooperative
    bears. Raises Missing.
    """
    requested = RequestedLine(substitute.pk, substitute.variant_id, substitute.substitute_quantity)
    request = QuoteRequest(order.channel, [requested], {}, country=delivery_country(order))
    variant = read_quoted_variants(request).get(substitute.variant_id)
    if variant is None:
        raise Missing()
    quoted = QuotedLine(
        requested=requested,
        variant=variant,
        unit_list_price=substitute.unit_list_price,
        unit_price=substitute.unit_price,
        tax_rate=substitute.tax_rate,
        tax_class_name=substitute.tax_class_name,
        available_quantity=None,
    )
    is_tax_included = order.channel.prices_entered_with_tax
    discounts = _read_discounts_of_replaced(line, substitute)
    purchase = _price(quoted, discounts, is_tax_included=is_tax_included)
    excess = purchase.goods.gross if is_tax_included else purchase.goods.net
    excess -= _highest_total(substitute, is_tax_included=is_tax_included)
    if excess > 0:
        excess_discount = DiscountInput(substitute.pk, amount=excess)
        discounts.append(
            RequestedDiscount(
                excess_discount, DiscountKind.MANUAL, CostBearer.COOPERATIVE, reason=_DEARER_SUBSTITUTE
            )
        )
    purchase = _price(quoted, discounts, is_tax_included=is_tax_included)
    seller_quote = SellerQuote(variant.cooperative, [quoted], [])
    return Quote(
        requested=request,
        seller_quotes=[seller_quote],
        purchase=purchase,
        terms=sales_terms(),
        discounts=discounts,
    )


def substitute_loss(quote: Quote) -> int:
    """Return the price difference that the cooperative bears for a dearer substitute, in minor units."""
    return sum(
        discount.terms.amount or 0 for discount in quote.discounts if discount.reason == _DEARER_SUBSTITUTE
    )


def delivery_country(order: Order) -> str:
    """Return the country that the order is delivered to."""
    address = order.shipping_address
    return address.country if address is not None else order.channel.default_country


def _read_discounts_of_replaced(line: OrderLine, substitute: Substitute) -> list[RequestedDiscount]:
    """Return the discounts on the replaced items, except price reductions, for the substitute."""
    shares = DiscountShare.objects.filter(line=line, is_price_reduction=False).select_related("discount")
    discounts = []
    for share in shares.order_by("pk"):
        discount = share.discount
        amount = share.amount * substitute.quantity // line.quantity
        if discount.value_type == ValueType.PERCENTAGE:
            amount = min(amount, percent_of(substitute.list_price, discount.value))
        discounts.append(
            RequestedDiscount(
                DiscountInput(discount.pk, amount=amount),
                DiscountKind(discount.kind),
                CostBearer(discount.bearer),
                name=discount.name,
                source_key=discount.source_key,
                reason=discount.reason,
            )
        )
    return discounts


def _price(quoted: QuotedLine, discounts: Sequence[RequestedDiscount], *, is_tax_included: bool) -> Purchase:
    line = LineInput(
        key=quoted.requested.key,
        cooperative_id=quoted.variant.cooperative_id,
        unit_list_price=quoted.unit_list_price,
        unit_price=quoted.unit_price,
        quantity=quoted.requested.quantity,
        tax_rate=quoted.tax_rate,
    )
    return price_purchase(
        [line], (), [discount.terms for discount in discounts], is_tax_included=is_tax_included
    )


def _highest_total(substitute: Substitute, *, is_tax_included: bool) -> int:
    """Return the highest total, as the channel enters prices, whose gross is at most `replaced_gross`."""
    if is_tax_included:
        return substitute.replaced_gross
    net = net_of(substitute.replaced_gross, substitute.tax_rate)
    return net if gross_of(net, substitute.tax_rate) <= substitute.replaced_gross else net - 1
