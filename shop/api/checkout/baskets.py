"""The type `Checkout`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence

from django.db.models import Min, Sum

from orders.actions.basket.combined_delivery import chosen_combined_option, combined_options
from orders.actions.quotes.quote_types import Quote
from orders.models import Basket, BasketLine, Reservation
from shop.accounts.models import Address, User
from shop.accounts.staff.permissions import Permission
from shop.api.account.types import user
from shop.api.base.channels import channel
from shop.api.base.places import address
from shop.api.breadth import Resolver, Selection
from shop.api.checkout.deliveries import DeliveryView, ShippingMethodView, deliveries_of
from shop.api.checkout.problems import problems_of
from shop.api.checkout.quotes import quotes_of
from shop.api.checkout.types import MANAGES_ALL_CHECKOUTS, changeable_baskets, checkout, line
from shop.api.context import Context
from shop.api.language_codes import code_from_tag
from shop.api.metadata import add_metadata_fields
from shop.api.money import MoneyAmount as Money
from shop.api.money import TaxedAmount
from shop.api.object_types import Row, Rows, Type, compiled_rows
from shop.api.orders.vouchers import UsedVoucher, used_vouchers

checkout.id()
checkout.columns(
    created="created_at",
    updatedAt="changed_at",
    lastChange="changed_at",
    customerNote="note",
    note="note",
    token="id",
)
checkout.one("channel", channel, by="channel_id")
checkout.one("billingAddress", address, by="billing_address_id", rows=Address.objects.all())
checkout.one("shippingAddress", address, by="shipping_address_id", rows=Address.objects.all())
checkout.nothing("giftCards", value=[])
checkout.nothing("taxExemption", value=False)
checkout.nothing("translatedDiscountName")
# Pickup is a cooperative's own delivery method: no warehouse hands out another cooperative's items.
checkout.nothing("availableCollectionPoints", value=[])


def _owns(context: Context, key: uuid.UUID) -> bool:
    return bool(changeable_baskets(context).filter(pk=key).exists())


add_metadata_fields(
    checkout, Basket, rights=[Permission.MANAGE_CHECKOUTS, Permission.HANDLE_PAYMENTS], owns=_owns
)


def _quoted(field: str) -> Callable[[Callable[[Quote], object]], None]:
    """Decorate a function that reads a field of Checkout from the basket's quote."""

    def add(read: Callable[[Quote], object]) -> None:
        def resolve(
            parents: list[Row], arguments: object, context: Context, selection: Selection
        ) -> Sequence[object]:
            offers = quotes_of(context, [each.id for each in parents])
            return [read(offers[each.id]) for each in parents]

        checkout.field(field, needs="id")(resolve)

    return add


@_quoted("subtotalPrice")
def _subtotal(quote: Quote) -> TaxedAmount:
    sums = quote.purchase.goods
    return TaxedAmount(sums.net, sums.gross, quote.requested.channel.currency)


@_quoted("shippingPrice")
def _delivery(quote: Quote) -> TaxedAmount:
    sums = quote.purchase.delivery
    return TaxedAmount(sums.net, sums.gross, quote.requested.channel.currency)


@_quoted("totalPrice")
def _total(quote: Quote) -> TaxedAmount:
    sums = quote.purchase.total
    return TaxedAmount(sums.net, sums.gross, quote.requested.channel.currency)


@_quoted("discount")
def _discount(quote: Quote) -> Money:
    return Money(quote.voucher_amount, quote.requested.channel.currency)


@_quoted("discountName")
def _discount_name(quote: Quote) -> str | None:
    return quote.voucher.name or quote.voucher.code if quote.voucher else None


@_quoted("isShippingRequired")
def _is_shipping_required(quote: Quote) -> bool:
    return any(each.variant.product.product_type.is_shipping_required for each in quote.lines)


@checkout.field(needs="voucher_code")
def voucher_code(parents: list[Row], *_: object) -> list[str | None]:
    return [each.voucher_code or None for each in parents]


@checkout.field(needs="voucher_code", permissions=[Permission.MANAGE_DISCOUNTS])
def voucher(parents: list[Row], *_: object) -> list[UsedVoucher | None]:
    found = used_vouchers(each.voucher_code for each in parents)
    return [found.get(each.voucher_code) for each in parents]


@checkout.field(needs="email")
def email(parents: list[Row], *_: object) -> list[str | None]:
    return [each.email or None for each in parents]


@checkout.field(needs="language")
def language_code(parents: list[Row], *_: object) -> list[str]:
    return [code_from_tag(each.language) for each in parents]


@checkout.field(needs="channel__display_gross_prices")
def display_gross_prices(parents: list[Row], *_: object) -> list[bool]:
    return [each.channel__display_gross_prices for each in parents]


@checkout.field("user", needs="user_id")
def owner(parents: list[Row], arguments: object, context: Context, selection: Selection) -> list[Row | None]:
    """Resolve the basket's user, visible to themselves and to staff."""
    asks = context.user.pk if context.user else None
    shown = context.may(*MANAGES_ALL_CHECKOUTS, Permission.MANAGE_USERS)
    keys = [each.user_id if shown or each.user_id == asks else None for each in parents]
    found = user.by_key(context, keys, selection.names(), rows=User.objects.all())
    return [found.get(key) for key in keys]


@checkout.field("lines", needs="id")
def lines_of(
    parents: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    found = line.grouped(
        compiled_rows(_basket_lines, [each.id for each in parents]), selection.names(), by="basket_id"
    )
    return [found.get(each.id, []) for each in parents]


def _basket_lines(baskets: Collection[uuid.UUID]) -> Rows:
    return BasketLine.objects.filter(basket__in=baskets).order_by("created_at", "id")


@checkout.field(needs="id")
def quantity(parents: list[Row], arguments: object, context: Context, selection: Selection) -> list[int]:
    rows: Rows = line.rows(context).filter(basket__in=[each.id for each in parents])
    sums = dict(rows.order_by().values_list("basket").annotate(total=Sum("quantity")))
    return [sums.get(each.id, 0) for each in parents]


@checkout.field(needs="id")
def stock_reservation_expires(parents: list[Row], *_: object) -> Sequence[object]:
    rows = Reservation.objects.filter(line__basket__in=[each.id for each in parents])
    ends = dict(rows.order_by().values_list("line__basket").annotate(ends=Min("expires_at")))
    return [ends.get(each.id) for each in parents]


def _from_delivery(show: Callable[[DeliveryView], object]) -> Resolver:
    def resolve(
        parents: list[Row], arguments: object, context: Context, selection: Selection
    ) -> Sequence[object]:
        offers = quotes_of(context, [each.id for each in parents])
        chosen = [chosen_combined_option(offers[each.id]) for each in parents]
        return [
            show(DeliveryView(each.id, ShippingMethodView.of(option, offers[each.id]))) if option else None
            for each, option in zip(parents, chosen, strict=True)
        ]

    return resolve


checkout.field("delivery", needs="id")(_from_delivery(lambda chosen: chosen))
checkout.field("shippingMethod", needs="id")(_from_delivery(lambda chosen: chosen.method))
checkout.field("deliveryMethod", needs="id")(_from_delivery(lambda chosen: chosen.method))


def _shipping_methods(
    parents: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[ShippingMethodView]]:
    offers = quotes_of(context, [each.id for each in parents])
    return [
        [each.method for each in deliveries_of(parent.id, offers[parent.id], combined_options)]
        for parent in parents
    ]


checkout.field("shippingMethods", needs="id")(_shipping_methods)
checkout.field("availableShippingMethods", needs="id")(_shipping_methods)


@checkout.field(needs="id")
def problems(
    parents: list[Row], arguments: object, context: Context, selection: Selection
) -> Sequence[Sequence[object]]:
    offers = quotes_of(context, [each.id for each in parents])
    return [problems_of(each.id, offers[each.id], context) for each in parents]


gift_card = Type("GiftCard")
gift_card.plain(
    *("id", "privateMetadata", "privateMetafield", "privateMetafields"),
    *("metadata", "metafield", "metafields", "displayCode", "last4CodeChars"),
    *("isActive", "initialBalance", "currentBalance"),
)

TYPES = (checkout, gift_card)
