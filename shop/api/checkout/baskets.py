"""The type `Checkout`."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence

from django.db.models import Min, Sum

from orders.actions.basket.combined_delivery import chosen_combined_option, combined_options
from orders.actions.quotes.quote_types import Quote
from orders.models import Basket, BasketLine, Reservation
from orders.pricing import NetAndGross
from shop.accounts.models import Address, User
from shop.accounts.staff.permissions import Permission
from shop.api.account.types import user_object
from shop.api.base.channels import channel_object
from shop.api.base.places import address_object
from shop.api.breadth import Resolver, Selection
from shop.api.checkout.deliveries import DeliveryData, ShippingMethodData, resolve_deliveries
from shop.api.checkout.problems import find_basket_problems
from shop.api.checkout.quotes import load_quotes
from shop.api.checkout.types import CHECKOUT_PERMISSIONS, changeable_baskets, checkout_object, line_object
from shop.api.context import Context
from shop.api.language_codes import code_from_tag
from shop.api.metadata import add_metadata_fields
from shop.api.money import MoneyAmount, TaxedAmount
from shop.api.object_types import Row, Rows, compiled_rows
from shop.api.orders.vouchers import UsedVoucher, find_used_vouchers
from shop.core.models import Translation

checkout_object.id()
checkout_object.columns(
    created="created_at",
    updatedAt="changed_at",
    lastChange="changed_at",
    customerNote="note",
    note="note",
    token="id",
)
checkout_object.related("channel", channel_object, column="channel_id")
checkout_object.related(
    "billingAddress", address_object, column="billing_address_id", rows=Address.objects.all()
)
checkout_object.related(
    "shippingAddress", address_object, column="shipping_address_id", rows=Address.objects.all()
)
checkout_object.unsupported("giftCards", value=[])
checkout_object.unsupported("taxExemption", value=False)
# Pickup is a cooperative's own delivery method, because no warehouse hands out another cooperative's items.
checkout_object.unsupported("availableCollectionPoints", value=[])


def _is_owner(context: Context, key: uuid.UUID) -> bool:
    return bool(changeable_baskets(context).filter(pk=key).exists())


add_metadata_fields(
    checkout_object,
    Basket,
    permissions=[Permission.MANAGE_CHECKOUTS, Permission.HANDLE_PAYMENTS],
    owner_check=_is_owner,
)


def _field_of_quote(field: str) -> Callable[[Callable[[Quote], object]], None]:
    """Decorate a function that reads a field of Checkout from the basket's quote."""

    def add(read: Callable[[Quote], object]) -> None:
        def resolve(
            parents: list[Row], arguments: object, context: Context, selection: Selection
        ) -> Sequence[object]:
            quotes = load_quotes(context, [parent.id for parent in parents])
            return [read(quotes[parent.id]) for parent in parents]

        checkout_object.field(field, needs="id")(resolve)

    return add


def _add_taxed_field(field: str, read: Callable[[Quote], NetAndGross]) -> None:
    """Add a sum of the quote, net and gross, in its channel's currency."""

    @_field_of_quote(field)
    def taxed_amount(quote: Quote) -> TaxedAmount:
        sums = read(quote)
        return TaxedAmount(sums.net, sums.gross, quote.requested.channel.currency)


_add_taxed_field("subtotalPrice", lambda quote: quote.purchase.goods)
_add_taxed_field("shippingPrice", lambda quote: quote.purchase.delivery)
_add_taxed_field("totalPrice", lambda quote: quote.purchase.total)
_add_taxed_field("maximumTotalPrice", lambda quote: quote.purchase_at_maximum.total)


@_field_of_quote("discount")
def _discount(quote: Quote) -> MoneyAmount:
    return MoneyAmount(quote.voucher_amount, quote.requested.channel.currency)


@_field_of_quote("discountName")
def _discount_name(quote: Quote) -> str | None:
    return quote.voucher.name or quote.voucher.code if quote.voucher else None


@checkout_object.field(needs=("id", "language"))
def translated_discount_name(
    parents: list[Row], arguments: object, context: Context, selection: Selection
) -> list[str | None]:
    """Resolve the voucher's name in the checkout's language, or null if it is not translated."""
    quotes = load_quotes(context, [parent.id for parent in parents])
    vouchers = [quotes[parent.id].voucher for parent in parents]
    keys = [str(voucher.voucher_id) if voucher is not None else "" for voucher in vouchers]
    names: dict[tuple[str, str], str] = {}
    if any(keys):
        texts = Translation.objects.filter(kind="orders.voucher", field="name", key__in=set(keys))
        rows = texts.order_by().values_list("key", "language", "text")
        names = {(key, language): text for key, language, text in rows}
    return [names.get((key, parent.language)) for key, parent in zip(keys, parents, strict=True)]


@_field_of_quote("isShippingRequired")
def _is_shipping_required(quote: Quote) -> bool:
    return any(line_row.variant.product.product_type.is_shipping_required for line_row in quote.lines)


@checkout_object.field(needs="voucher_code")
def voucher_code(parents: list[Row], *_: object) -> list[str | None]:
    return [parent.voucher_code or None for parent in parents]


@checkout_object.field(needs="voucher_code", permissions=[Permission.MANAGE_DISCOUNTS])
def voucher(parents: list[Row], *_: object) -> list[UsedVoucher | None]:
    vouchers_by_code = find_used_vouchers(parent.voucher_code for parent in parents)
    return [vouchers_by_code.get(parent.voucher_code) for parent in parents]


@checkout_object.field(needs="email")
def email(parents: list[Row], *_: object) -> list[str | None]:
    return [parent.email or None for parent in parents]


@checkout_object.field(needs="language")
def language_code(parents: list[Row], *_: object) -> list[str]:
    return [code_from_tag(parent.language) for parent in parents]


@checkout_object.field(needs="channel__display_gross_prices")
def display_gross_prices(parents: list[Row], *_: object) -> list[bool]:
    return [parent.channel__display_gross_prices for parent in parents]


@checkout_object.field("user", needs="user_id")
def user_of_checkouts(
    parents: list[Row], arguments: object, context: Context, selection: Selection
) -> list[Row | None]:
    """Resolve the basket's user, visible to themselves and to staff."""
    requester_key = context.user.pk if context.user else None
    can_see_all_users = context.may(*CHECKOUT_PERMISSIONS, Permission.MANAGE_USERS)
    keys = [
        parent.user_id if can_see_all_users or parent.user_id == requester_key else None for parent in parents
    ]
    users_by_key = user_object.by_key(context, keys, selection.names(), rows=User.objects.all())
    return [users_by_key.get(key) for key in keys]


@checkout_object.field("lines", needs="id")
def lines_of_checkouts(
    parents: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[Row]]:
    lines_by_basket = line_object.grouped(
        compiled_rows(_basket_lines, [parent.id for parent in parents]), selection.names(), by="basket_id"
    )
    return [lines_by_basket.get(parent.id, []) for parent in parents]


def _basket_lines(basket_ids: Collection[uuid.UUID]) -> Rows:
    return BasketLine.objects.filter(basket__in=basket_ids).order_by("created_at", "id")


@checkout_object.field(needs="id")
def quantity(parents: list[Row], arguments: object, context: Context, selection: Selection) -> list[int]:
    rows: Rows = line_object.rows(context).filter(basket__in=[parent.id for parent in parents])
    sums = dict(rows.order_by().values_list("basket").annotate(total=Sum("quantity")))
    return [sums.get(parent.id, 0) for parent in parents]


@checkout_object.field(needs="id")
def stock_reservation_expires(parents: list[Row], *_: object) -> Sequence[object]:
    rows = Reservation.objects.filter(line__basket__in=[parent.id for parent in parents])
    ends = dict(rows.order_by().values_list("line__basket").annotate(ends=Min("expires_at")))
    return [ends.get(parent.id) for parent in parents]


def _from_delivery(show: Callable[[DeliveryData], object]) -> Resolver:
    def resolve(
        parents: list[Row], arguments: object, context: Context, selection: Selection
    ) -> Sequence[object]:
        quotes = load_quotes(context, [parent.id for parent in parents])
        chosen_options = [chosen_combined_option(quotes[parent.id]) for parent in parents]
        return [
            show(DeliveryData(parent.id, ShippingMethodData.from_option(option, quotes[parent.id])))
            if option
            else None
            for parent, option in zip(parents, chosen_options, strict=True)
        ]

    return resolve


checkout_object.field("delivery", needs="id")(_from_delivery(lambda chosen: chosen))
checkout_object.field("shippingMethod", needs="id")(_from_delivery(lambda chosen: chosen.method))
checkout_object.field("deliveryMethod", needs="id")(_from_delivery(lambda chosen: chosen.method))


def _load_shipping_methods(
    parents: list[Row], arguments: object, context: Context, selection: Selection
) -> list[list[ShippingMethodData]]:
    quotes = load_quotes(context, [parent.id for parent in parents])
    return [
        [delivery.method for delivery in resolve_deliveries(parent.id, quotes[parent.id], combined_options)]
        for parent in parents
    ]


checkout_object.field("shippingMethods", needs="id")(_load_shipping_methods)
checkout_object.field("availableShippingMethods", needs="id")(_load_shipping_methods)


@checkout_object.field(needs="id")
def problems(
    parents: list[Row], arguments: object, context: Context, selection: Selection
) -> Sequence[Sequence[object]]:
    quotes = load_quotes(context, [parent.id for parent in parents])
    return [find_basket_problems(parent.id, quotes[parent.id], context) for parent in parents]


TYPES = (checkout_object,)
