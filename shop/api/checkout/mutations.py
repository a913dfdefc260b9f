"""Change checkouts: each mutation finds the basket, calls one action and returns the new checkout."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from orders.actions.basket.bulk_lines import begin_basket
from orders.actions.basket.checkout_details import bill_to, give_to, leave_behind, send_to, write_details
from orders.actions.quotes.quote_types import Quote
from orders.actions.quotes.voucher_rules import CodeUnknown, VoucherRefused
from orders.actions.vouchers.redeem_vouchers import drop_code, use_code
from orders.models import Basket, VoucherCode, tidy_code
from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission
from shop.api.account.clients import EMAIL
from shop.api.breadth import Selection
from shop.api.checkout.addresses import checked, keep_for_person
from shop.api.checkout.given import puts_from
from shop.api.checkout.quotes import forget, keep_at_hand, remember
from shop.api.checkout.types import basket_in, checkout
from shop.api.context import Context
from shop.api.errors import Mistake, PermissionDenied
from shop.api.field_permissions import Standing
from shop.api.ids import given_key
from shop.api.language_codes import tag_of
from shop.api.metadata import from_input
from shop.api.root_fields import Mutations
from shop.core.errors import Missing
from shop.core.models import Channel

CODES = {
    "odd_quantity": "ZERO_QUANTITY",
    "over_limit": "QUANTITY_GREATER_THAN_LIMIT",
    "sold_out": "INSUFFICIENT_STOCK",
    "not_for_sale": "UNAVAILABLE_VARIANT_IN_CHANNEL",
    "not_delivered_so": "DELIVERY_METHOD_NOT_APPLICABLE",
}
mutation = Mutations(codes=CODES)


def shown(
    basket: Basket,
    context: Context,
    selection: Selection,
    offer: Quote | None = None,
    *,
    is_now: bool = False,
) -> dict[str, Any]:
    """Return the payload with the current checkout; pass `offer` if the action already quoted it.

    `is_now` means that `basket` is already in the state after the action.
    """
    forget(context)
    if offer is not None:
        remember(context, basket.pk, offer)
    if is_now:
        keep_at_hand(context, basket)
    found = checkout.by_key(context, [basket.pk], selection.names("checkout"), rows=Basket.objects.all())
    return {"checkout": found.get(basket.pk)}


@mutation.field()
def checkout_create(arguments: dict[str, Any], context: Context, selection: Selection) -> dict[str, Any]:
    given = arguments["input"]
    channel = _channel(given.get("channel"), context)
    if given.get("privateMetadata"):
        context.require(Permission.MANAGE_CHECKOUTS)
    email = _validated_email(given["email"]) if given.get("email") else ""
    rules = given.get("validationRules") or {}
    draft = Basket(channel=channel, country=channel.default_country)
    addresses = {
        name: checked(given[name], rules.get(name), draft, context, kind=kind)
        for name, kind in (("shippingAddress", "SHIPPING"), ("billingAddress", "BILLING"))
        if given.get(name)
    }
    language = tag_of(given["languageCode"]) if given.get("languageCode") else "vi"
    basket, offer = begin_basket(
        user_id=context.user.pk if context.user else None,
        channel=channel,
        language=language,
        puts=puts_from(given.get("lines") or [], channel.currency, context),
        metadata=from_input(given.get("metadata")),
        private_metadata=from_input(given.get("privateMetadata")),
        email=email or (context.user.email if context.user else None) or "",
        shipping_address=addresses.get("shippingAddress"),
        billing_address=addresses.get("billingAddress"),
        now=context.now,
    )
    return shown(basket, context, selection, offer, is_now=True) | {"created": True}


@mutation.field()
def checkout_email_update(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    basket = basket_in(arguments, context)
    basket = write_details(basket_id=basket.pk, email=_validated_email(arguments["email"]), now=context.now)
    return shown(basket, context, selection, is_now=True)


@mutation.field()
def checkout_customer_note_update(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    basket = basket_in(arguments, context)
    basket = write_details(basket_id=basket.pk, note=arguments["customerNote"].strip(), now=context.now)
    return shown(basket, context, selection, is_now=True)


@mutation.field()
def checkout_language_code_update(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    basket = basket_in(arguments, context)
    basket = write_details(basket_id=basket.pk, language=tag_of(arguments["languageCode"]), now=context.now)
    return shown(basket, context, selection, is_now=True)


@mutation.field()
def checkout_shipping_address_update(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    return _set_address("shippingAddress", "SHIPPING", send_to, arguments, context, selection)


@mutation.field()
def checkout_billing_address_update(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    return _set_address("billingAddress", "BILLING", bill_to, arguments, context, selection)


def _set_address(
    name: str,
    kind: str,
    write: Callable[..., Basket],
    arguments: dict[str, Any],
    context: Context,
    selection: Selection,
) -> dict[str, Any]:
    basket = basket_in(arguments, context)
    address = checked(arguments[name], arguments.get("validationRules"), basket, context, kind=kind)
    basket = write(basket_id=basket.pk, address=address, now=context.now)
    if arguments.get("saveAddress"):
        keep_for_person(basket, address, context)
    return shown(basket, context, selection, is_now=True)


@mutation.field()
def checkout_add_promo_code(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    basket = basket_in(arguments, context)
    try:
        use_code(basket_id=basket.pk, code=arguments["promoCode"][:255], now=context.now)
    except VoucherRefused as refused:
        code = "INVALID" if isinstance(refused, CodeUnknown) else "VOUCHER_NOT_APPLICABLE"
        raise Mistake(code, refused.words, field="promoCode") from refused
    return shown(basket, context, selection)


@mutation.field()
def checkout_remove_promo_code(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    """Remove a voucher by its code or its id."""
    basket = basket_in(arguments, context)
    code, voucher = arguments.get("promoCode"), arguments.get("promoCodeId")
    if (code is None) == (voucher is None):
        raise Mistake("GRAPHQL_ERROR", "Give exactly one of `promoCode` and `promoCodeId`.")
    if voucher is not None:
        key = given_key(voucher, "Voucher", "GiftCard", field="promoCodeId")
        is_it = VoucherCode.objects.filter(code=basket.voucher_code, voucher=key).exists()
        if not is_it:
            raise Mistake("NOT_FOUND", _("There is no such code here."), field="promoCodeId")
    elif not basket.voucher_code or tidy_code(code or "") != basket.voucher_code:
        raise Mistake("INVALID", _("There is no such code here."), field="promoCode")
    drop_code(basket_id=basket.pk, now=context.now)
    return shown(basket, context, selection)


@mutation.field()
def checkout_customer_attach(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    """Attach the checkout to the requester, or to another user if an app may impersonate users."""
    customer = arguments.get("customerId")
    if customer is not None and (context.user is None or not _is_same_person(customer, context.user)):
        context.require(Permission.IMPERSONATE_USER)
        key = given_key(customer, "User", field="customerId")
        person = User.objects.filter(pk=key, erased_at=None).first()
        if person is None:
            raise Missing(field="customerId")
    else:
        context.require(Standing.USER)
        person = context.signed_in()
    basket = basket_in(arguments, context)
    basket = give_to(basket_id=basket.pk, user_id=person.pk, email=person.email or "", now=context.now)
    return shown(basket, context, selection, is_now=True)


@mutation.field()
def checkout_customer_detach(
    arguments: dict[str, Any], context: Context, selection: Selection
) -> dict[str, Any]:
    if not context.may(Permission.IMPERSONATE_USER):
        context.require(Standing.USER)
    basket = basket_in(arguments, context)
    if basket.user_id is None:
        raise PermissionDenied()
    basket = leave_behind(basket_id=basket.pk, now=context.now)
    return shown(basket, context, selection, is_now=True)


def _channel(slug: str | None, context: Context) -> Channel:
    channel = context.channel(slug)
    if channel is not None and channel.is_active:
        return channel
    if slug is None:
        raise Mistake("MISSING_CHANNEL_SLUG", _("Name the channel."), field="channel")
    if channel is None:
        raise Mistake("NOT_FOUND", _("We could not find that."), field="channel")
    raise Mistake("CHANNEL_INACTIVE", _("Nothing is sold in this channel at the moment."), field="channel")


def _validated_email(written: str) -> str:
    try:
        EMAIL.clean(written.strip(), None)
    except ValidationError as error:
        raise Mistake("INVALID", _("This is not an e-mail address."), field="email") from error
    return written.strip()


def _is_same_person(customer: str, person: User) -> bool:
    return bool(given_key(customer, "User", field="customerId") == person.pk)
