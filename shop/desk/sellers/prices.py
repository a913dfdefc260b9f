"""Confirm unusual prices that apps set."""

from __future__ import annotations

from functools import partial

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from catalog.actions.products.variant_prices import confirm_price
from catalog.models import Price
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.web.action_results import run_action
from shop.staff_pages import staff_only

PER_PAGE = 30


@require_safe
@staff_only(Permission.MANAGE_PRODUCTS)
def list_unusual_prices(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List unusual prices that nobody has confirmed, oldest first."""
    prices = Price.objects.unusual().select_related("variant__product__cooperative", "channel")
    page = Paginator(prices, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/prices.html", {"page": page})


@require_POST
@staff_only(Permission.MANAGE_PRODUCTS)
def confirm_price_view(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Confirm a price as it was shown."""
    shown = request.POST.get("amount", "")
    if not (shown.isascii() and shown.isdigit() and len(shown) < 12):
        raise Missing()
    action = partial(confirm_price, price_id=pk, amount=int(shown), actor=actor, now=timezone.now())
    return run_action(request, action, url=reverse("desk:prices"), message=_("Price confirmed."))
