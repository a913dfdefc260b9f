"""The visitor's wish list."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from catalog.actions.marketing.wish_list import MAX_WISHES_PER_USER, add_to_wish_list, remove_from_wish_list
from catalog.models import Listing, Product
from catalog.states import ListingState
from catalog.views.product_cards import build_cards
from catalog.views.product_page import get_channel_or_404
from catalog.views.wish_list_storage import SESSION_KEY, read_wished_product_ids
from cooperatives.states import CooperativeState
from shop.accounts.models import User
from shop.core.models import show_in_language
from shop.core.web.http_methods import require_safe_or_post


@require_safe_or_post
@never_cache
def show_wish_list(request: HttpRequest) -> HttpResponse:
    """Show the wish list. A POST adds a product, or removes it if the field `remove` is set."""
    if request.method == "POST":
        return _change_wish_list(request)
    channel = get_channel_or_404()
    requested = read_wished_product_ids(request)
    listings = {
        listing.product_id: listing
        for listing in Listing.objects.filter(
            channel=channel,
            product__in=requested,
            state=ListingState.PUBLISHED,
            product__cooperative__state=CooperativeState.APPROVED,
        ).select_related("product__cooperative")
    }
    unavailable = list(
        Product.objects.filter(pk__in=set(requested) - listings.keys()).order_by("sort_key", "pk")
    )
    show_in_language(unavailable, "name")
    cards = build_cards([listings[key] for key in requested if key in listings], now=timezone.now())
    return render(request, "catalog/wish_list.html", {"cards": cards, "unavailable": unavailable})


def _change_wish_list(request: HttpRequest) -> HttpResponse:
    product_id = request.POST.get("product", "")
    product = get_object_or_404(_selectable_products(request), pk=_primary_key(product_id))
    is_requested = "remove" not in request.POST
    if isinstance(request.user, User):
        if is_requested:
            add_to_wish_list(user_id=request.user.pk, product_ids=[product.pk], now=timezone.now())
        else:
            remove_from_wish_list(user_id=request.user.pk, product_id=product.pk)
    else:
        remaining_keys = [key for key in request.session.get(SESSION_KEY, ()) if key != product.pk]
        request.session[SESSION_KEY] = [*remaining_keys, *([product.pk] if is_requested else [])][
            -MAX_WISHES_PER_USER:
        ]
    if request.headers.get("HX-Request") == "true":
        context = {"product": product, "is_wished": is_requested}
        return render(request, "catalog/wish_list_button.html", context)
    if not is_requested:
        messages.success(request, _("Removed from your saved items."))
    return redirect(_return_url(request))


def _selectable_products(request: HttpRequest) -> QuerySet[Product]:
    """Return the products that buyers can see, and those that are on the visitor's list already."""
    visible = Product.objects.paused_or_published(get_channel_or_404().pk)
    return Product.objects.filter(Q(pk__in=visible.values("pk")) | Q(pk__in=read_wished_product_ids(request)))


def _primary_key(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0


def _return_url(request: HttpRequest) -> str:
    """Return the page that the button was on, if it is ours."""
    page = request.headers.get("Referer", "")
    is_own_page = url_has_allowed_host_and_scheme(
        page, {request.get_host()}, require_https=request.is_secure()
    )
    return page if is_own_page else "catalog:wish-list"
