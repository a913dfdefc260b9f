"""Change checkouts. Each mutation finds the basket, calls one action and returns the new checkout."""

from __future__ import annotations

from collections.abc import Callable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from orders.actions.basket.bulk_lines import create_basket
from orders.actions.basket.checkout_details import (
    assign_basket,
    detach_basket,
    set_basket_details,
    set_billing_address,
    set_shipping_address,
)
from orders.actions.quotes.quote_types import Quote
from orders.actions.quotes.voucher_rules import VoucherCodeUnknown, VoucherRefused
from orders.actions.vouchers.redeem_vouchers import apply_voucher_code, remove_voucher_code
from orders.models import Basket, VoucherCode, normalise_voucher_code
from shop.accounts.models import Address, User
from shop.accounts.staff.permissions import Permission
from shop.api.account.clients import EMAIL
from shop.api.base.inputs import AddressInput
from shop.api.breadth import Selection
from shop.api.checkout.addresses import build_valid_address, save_to_address_book
from shop.api.checkout.inputs import (
    CheckoutAddPromoCodeArguments,
    CheckoutBillingAddressUpdateArguments,
    CheckoutCreateArguments,
    CheckoutCreateInput,
    CheckoutCustomerAttachArguments,
    CheckoutCustomerDetachArguments,
    CheckoutCustomerNoteUpdateArguments,
    CheckoutEmailUpdateArguments,
    CheckoutLanguageCodeUpdateArguments,
    CheckoutRemovePromoCodeArguments,
    CheckoutShippingAddressUpdateArguments,
)
from shop.api.checkout.line_inputs import parse_lines_to_add, unknown_variants_as_input_errors
from shop.api.checkout.quotes import forget_quotes, remember_basket, remember_quote
from shop.api.checkout.types import basket_access, basket_key_from, checkout_object, find_basket
from shop.api.context import Context
from shop.api.errors import InputError, PermissionDenied
from shop.api.field_permissions import FieldAccess
from shop.api.ids import input_key
from shop.api.language_codes import tag_from_code
from shop.api.metadata import metadata_from_input
from shop.api.root_fields import Mutations
from shop.core.errors import Missing
from shop.core.models import Channel

CODES = {
    "invalid_quantity": "ZERO_QUANTITY",
    "quantity_exceeds_limit": "QUANTITY_GREATER_THAN_LIMIT",
    "sold_out": "INSUFFICIENT_STOCK",
    "not_for_sale": "UNAVAILABLE_VARIANT_IN_CHANNEL",
    "combined_option_not_available": "DELIVERY_METHOD_NOT_APPLICABLE",
}
mutation = Mutations(codes=CODES)


def build_checkout_payload(
    basket: Basket,
    context: Context,
    selection: Selection,
    quote: Quote | None = None,
    *,
    is_basket_current: bool = False,
) -> dict[str, object]:
    """Return the payload with the current checkout. Pass `quote` if the action already quoted it.

    `is_basket_current` means that `basket` is already in the state after the action.
    """
    forget_quotes(context)
    if quote is not None:
        remember_quote(context, basket.pk, quote)
    fields = selection.names("checkout")
    if is_basket_current:
        remember_basket(context, basket)
        return {"checkout": checkout_object.row_of(basket, fields)}
    rows = checkout_object.by_key(context, [basket.pk], fields, rows=Basket.objects.all())
    return {"checkout": rows.get(basket.pk)}


@mutation.field()
def checkout_create(
    arguments: CheckoutCreateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    input_data = arguments["input"]
    channel = _channel(input_data.get("channel"), context)
    if input_data.get("privateMetadata"):
        context.require(Permission.MANAGE_CHECKOUTS)
    email = _require_valid_email(text) if (text := input_data.get("email")) else ""
    shipping_address, billing_address = _build_addresses(input_data, channel.default_country, context)
    language = tag_from_code(code) if (code := input_data.get("languageCode")) else "vi"
    lines_to_add = parse_lines_to_add(input_data.get("lines") or [], channel.currency, context)
    with unknown_variants_as_input_errors(lines_to_add):
        basket, quote = create_basket(
            user_id=context.user.pk if context.user else None,
            channel=channel,
            language=language,
            lines_to_add=lines_to_add,
            metadata=metadata_from_input(input_data.get("metadata")),
            private_metadata=metadata_from_input(input_data.get("privateMetadata")),
            email=email or (context.user.email if context.user else None) or "",
            shipping_address=shipping_address,
            billing_address=billing_address,
            now=context.now,
        )
    return build_checkout_payload(basket, context, selection, quote, is_basket_current=True) | {
        "created": True
    }


def _build_addresses(
    input_data: CheckoutCreateInput, default_country: str, context: Context
) -> tuple[Address | None, Address | None]:
    """Return the shipping and the billing address of a new checkout. Raises InputErrors."""
    rules = input_data.get("validationRules")
    shipping, billing = input_data.get("shippingAddress"), input_data.get("billingAddress")
    shipping_address = billing_address = None
    if shipping:
        shipping_rules = rules and rules.get("shippingAddress")
        shipping_address = build_valid_address(
            shipping, shipping_rules, default_country, context, address_type="SHIPPING"
        )
    if billing:
        billing_rules = rules and rules.get("billingAddress")
        billing_address = build_valid_address(
            billing, billing_rules, default_country, context, address_type="BILLING"
        )
    return shipping_address, billing_address


@mutation.field()
def checkout_email_update(
    arguments: CheckoutEmailUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    basket = set_basket_details(
        basket_id=basket_key_from(arguments),
        access=basket_access(context),
        email=_require_valid_email(arguments["email"]),
        now=context.now,
    )
    return build_checkout_payload(basket, context, selection, is_basket_current=True)


@mutation.field()
def checkout_customer_note_update(
    arguments: CheckoutCustomerNoteUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    basket = set_basket_details(
        basket_id=basket_key_from(arguments),
        access=basket_access(context),
        note=arguments["customerNote"].strip(),
        now=context.now,
    )
    return build_checkout_payload(basket, context, selection, is_basket_current=True)


@mutation.field()
def checkout_language_code_update(
    arguments: CheckoutLanguageCodeUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    basket = set_basket_details(
        basket_id=basket_key_from(arguments),
        access=basket_access(context),
        language=tag_from_code(arguments["languageCode"]),
        now=context.now,
    )
    return build_checkout_payload(basket, context, selection, is_basket_current=True)


@mutation.field()
def checkout_shipping_address_update(
    arguments: CheckoutShippingAddressUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _set_address(
        arguments["shippingAddress"], "SHIPPING", set_shipping_address, arguments, context, selection
    )


@mutation.field()
def checkout_billing_address_update(
    arguments: CheckoutBillingAddressUpdateArguments, context: Context, selection: Selection
) -> dict[str, object]:
    return _set_address(
        arguments["billingAddress"], "BILLING", set_billing_address, arguments, context, selection
    )


def _set_address(
    input_data: AddressInput,
    address_type: str,
    write: Callable[..., Basket],
    arguments: CheckoutBillingAddressUpdateArguments | CheckoutShippingAddressUpdateArguments,
    context: Context,
    selection: Selection,
) -> dict[str, object]:
    country = input_data.get("country") or find_basket(arguments, context).country
    address = build_valid_address(
        input_data, arguments.get("validationRules"), country, context, address_type=address_type
    )
    basket = write(
        basket_id=basket_key_from(arguments),
        access=basket_access(context),
        address=address,
        now=context.now,
    )
    if arguments.get("saveAddress"):
        save_to_address_book(basket, address, context)
    return build_checkout_payload(basket, context, selection, is_basket_current=True)


@mutation.field()
def checkout_add_promo_code(
    arguments: CheckoutAddPromoCodeArguments, context: Context, selection: Selection
) -> dict[str, object]:
    basket = find_basket(arguments, context)
    try:
        apply_voucher_code(basket_id=basket.pk, code=arguments["promoCode"][:255], now=context.now)
    except VoucherRefused as refused:
        code = "INVALID" if isinstance(refused, VoucherCodeUnknown) else "VOUCHER_NOT_APPLICABLE"
        raise InputError(code, refused.message, field="promoCode") from refused
    return build_checkout_payload(basket, context, selection)


@mutation.field()
def checkout_remove_promo_code(
    arguments: CheckoutRemovePromoCodeArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Remove a voucher by its code or its id."""
    basket = find_basket(arguments, context)
    code, voucher = arguments.get("promoCode"), arguments.get("promoCodeId")
    if (code is None) == (voucher is None):
        raise InputError("GRAPHQL_ERROR", _("Provide either `promoCode` or `promoCodeId`."))
    if voucher is not None:
        key = input_key(voucher, "Voucher", "GiftCard", field="promoCodeId")
        is_applied = VoucherCode.objects.filter(code=basket.voucher_code, voucher=key).exists()
        if not is_applied:
            raise InputError("NOT_FOUND", _("This code is not applied to the basket."), field="promoCodeId")
    elif not basket.voucher_code or normalise_voucher_code(code or "") != basket.voucher_code:
        raise InputError("INVALID", _("This code is not applied to the basket."), field="promoCode")
    remove_voucher_code(basket_id=basket.pk, now=context.now)
    return build_checkout_payload(basket, context, selection)


@mutation.field()
def checkout_customer_attach(
    arguments: CheckoutCustomerAttachArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Attach the checkout to the requester, or to another user if an app may impersonate users."""
    customer = arguments.get("customerId")
    if customer is not None and (context.user is None or not _is_same_person(customer, context.user)):
        context.require(Permission.IMPERSONATE_USER)
        key = input_key(customer, "User", field="customerId")
        person = User.objects.filter(pk=key, erased_at=None).first()
        if person is None:
            raise Missing(field="customerId")
    else:
        context.require(FieldAccess.USER)
        person = context.signed_in()
    basket = find_basket(arguments, context)
    basket = assign_basket(basket_id=basket.pk, user_id=person.pk, email=person.email or "", now=context.now)
    return build_checkout_payload(basket, context, selection, is_basket_current=True)


@mutation.field()
def checkout_customer_detach(
    arguments: CheckoutCustomerDetachArguments, context: Context, selection: Selection
) -> dict[str, object]:
    if not context.may(Permission.IMPERSONATE_USER):
        context.require(FieldAccess.USER)
    basket = find_basket(arguments, context)
    if basket.user_id is None:
        raise PermissionDenied()
    basket = detach_basket(basket_id=basket.pk, now=context.now)
    return build_checkout_payload(basket, context, selection, is_basket_current=True)


def _channel(slug: str | None, context: Context) -> Channel:
    channel = context.channel(slug)
    if channel is not None and channel.is_active:
        return channel
    if slug is None:
        raise InputError("MISSING_CHANNEL_SLUG", _("Enter the channel."), field="channel")
    if channel is None:
        raise InputError("NOT_FOUND", _("We could not find this."), field="channel")
    raise InputError("CHANNEL_INACTIVE", _("Nothing is currently sold in this channel."), field="channel")


def _require_valid_email(entered: str) -> str:
    try:
        EMAIL.clean(entered.strip(), None)
    except ValidationError as error:
        raise InputError("INVALID", _("Enter an email address."), field="email") from error
    return entered.strip()


def _is_same_person(customer: str, person: User) -> bool:
    return bool(input_key(customer, "User", field="customerId") == person.pk)
