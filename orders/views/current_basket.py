"""The visitor's basket, which is the user's own, or the guest basket whose key is in the session."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.http import HttpRequest

from catalog.views.buyer_province import PROVINCE_SESSION_KEY, load_province_code
from orders.models import Basket, BasketLine
from shop.accounts.models import User
from shop.core.actors import Actor, EntryPoint
from shop.core.database.compiled_query import compiled_query

SESSION_KEY = "basket"


def signed_in_user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def request_actor(request: HttpRequest) -> Actor:
    user = signed_in_user(request)
    return user.as_actor(EntryPoint.MARKET) if user else Actor.guest()


def guest_key(request: HttpRequest) -> uuid.UUID | None:
    """Return the key of the guest basket in the session."""
    try:
        return uuid.UUID(request.session.get(SESSION_KEY, ""))
    except ValueError:
        return None


def find_current_basket(request: HttpRequest) -> Basket | None:
    """Return the user's newest basket, or the guest's."""
    user, key = signed_in_user(request), guest_key(request)
    if user is None and key is None:
        return None
    baskets = Basket.objects.held_by(user.pk if user else None, key).select_related("channel", "user")
    return baskets.order_by("-changed_at", "pk").first()


def find_basket_by_id(request: HttpRequest, basket_id: uuid.UUID) -> Basket | None:
    """Return the basket with this id if the visitor may use it: their own, or a guest's by its id."""
    user = signed_in_user(request)
    baskets = Basket.objects.held_by(user.pk if user else None, basket_id).filter(pk=basket_id)
    return baskets.select_related("channel", "user").first()


def remember_guest_basket(request: HttpRequest, basket: Basket) -> None:
    """Store the key of a guest's basket in the session."""
    if basket.user_id is None and request.session.get(SESSION_KEY) != str(basket.pk):
        request.session[SESSION_KEY] = str(basket.pk)


def find_delivery_province(request: HttpRequest, basket: Basket | None) -> str:
    """Return the delivery province's code: from the basket, the session, or the user's address."""
    if basket is not None and basket.province_code:
        return basket.province_code
    return load_province_code(request)


def remember_province(request: HttpRequest, code: str) -> None:
    if request.session.get(PROVINCE_SESSION_KEY) != code:
        request.session[PROVINCE_SESSION_KEY] = code


def count_basket_items(request: HttpRequest) -> int:
    """Return the total quantity in the visitor's basket."""
    user, key = signed_in_user(request), guest_key(request)
    if user is None and key is None:
        return 0
    return sum(_select_line_quantities(user.pk if user else None, key))


@compiled_query
def _select_line_quantities(user_id: int | None, key: uuid.UUID | None) -> QuerySet[BasketLine, int]:
    """Select the line quantities of the visitor's newest basket."""
    baskets = Basket.objects.held_by(user_id, key).order_by("-changed_at", "pk")
    lines = BasketLine.objects.filter(basket__in=baskets[:1].values("pk"))
    return lines.order_by().values_list("quantity", flat=True)
