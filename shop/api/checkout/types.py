"""The object types of checkouts, and the baskets that a requester may see and change."""

from __future__ import annotations

import uuid

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from orders.models import Basket, BasketAccess, BasketLine
from shop.accounts.staff.permissions import Permission
from shop.api.context import Context
from shop.api.errors import InputError
from shop.api.ids import input_key
from shop.api.input_data import InputData
from shop.api.object_types import Type
from shop.core.database.compiled_query import compiled_query
from shop.core.errors import Missing

# Any of these permissions allows changing all baskets.
CHECKOUT_PERMISSIONS = (Permission.MANAGE_CHECKOUTS, Permission.HANDLE_CHECKOUTS, Permission.HANDLE_PAYMENTS)


def visible_baskets(context: Context) -> QuerySet[Basket]:
    """Return baskets that the requester may see. The id is enough, except for baskets of other users."""
    if context.may(*CHECKOUT_PERMISSIONS) or context.user is None:
        return Basket.objects.all()
    return Basket.objects.filter(Q(user=None) | Q(user=context.user))


def changeable_baskets(context: Context) -> QuerySet[Basket]:
    """Return baskets that may be changed: guests' and one's own."""
    if context.may(*CHECKOUT_PERMISSIONS):
        return Basket.objects.all()
    return Basket.objects.filter(Q(user=None) | Q(user=context.user) if context.user else Q(user=None))


checkout_object = Type("Checkout", rows=visible_baskets)
line_object = Type(
    "CheckoutLine", rows=lambda context: BasketLine.objects.filter(basket__in=visible_baskets(context))
)
shipping_method_object = Type("ShippingMethod")
delivery_object = Type("Delivery")


def find_basket(arguments: InputData, context: Context) -> Basket:
    """Return the basket named by any of a mutation's arguments.

    Raises InputError for an invalid id, Missing for an unknown or another user's basket.
    """
    baskets = _select_basket_with_owner(basket_key_from(arguments))
    basket: Basket | None = next(iter(baskets), None)
    if basket is None or not basket_access(context).includes(basket):
        raise Missing(field="id")
    return basket


@compiled_query
def _select_basket_with_owner(key: uuid.UUID) -> QuerySet[Basket]:
    return Basket.objects.filter(pk=key).select_related(
        "channel", "user", "shipping_address", "billing_address"
    )


def basket_access(context: Context) -> BasketAccess:
    """Return the access that `changeable_baskets` gives, for an action that locks one basket."""
    user_id = context.user.pk if context.user else None
    return BasketAccess(user_id, includes_all=context.may(*CHECKOUT_PERMISSIONS))


def basket_key_from(arguments: InputData) -> uuid.UUID:
    """Return the key of the named basket. Raises InputError."""
    for name, text in (("id", arguments.get("id")), ("checkoutId", arguments.get("checkoutId"))):
        if text is not None:
            return input_key(text, "Checkout", field=name)
    token: uuid.UUID | None = arguments.get("token")
    if token is not None:
        return token
    raise InputError("GRAPHQL_ERROR", _("Provide the checkout's `id` or `token`."), field="id")
