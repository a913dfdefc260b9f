"""Wish lists, stored with the account, or in the session for guests."""

from __future__ import annotations

import datetime

from django.http import HttpRequest

from catalog.actions.marketing.wish_list import add_to_wish_list
from catalog.models import Product, WishedProduct
from shop.accounts.models import User

SESSION_KEY = "wishes"


def is_wished(request: HttpRequest, product: Product) -> bool:
    """Return whether the product is on the visitor's wish list."""
    if isinstance(request.user, User):
        return WishedProduct.objects.filter(user=request.user, product=product).exists()
    return product.pk in request.session.get(SESSION_KEY, ())


def move_guest_wishes(request: HttpRequest, user: User, *, now: datetime.datetime) -> None:
    """Move a guest's wish list to the account after sign-in."""
    requested = request.session.pop(SESSION_KEY, None)
    if requested:
        add_to_wish_list(user_id=user.pk, product_ids=requested, now=now)


def read_wished_product_ids(request: HttpRequest) -> list[int]:
    """Return ids of the products on the visitor's wish list, newest first."""
    if isinstance(request.user, User):
        wished_products = WishedProduct.objects.filter(user=request.user).order_by("-added_at", "-pk")
        return list(wished_products.values_list("product", flat=True))
    return list(reversed(request.session.get(SESSION_KEY, ())))
