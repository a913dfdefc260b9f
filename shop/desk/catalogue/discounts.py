"""All vouchers and promotions, at the desk."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from orders.views import discounts
from orders.views.discounts import DiscountPages
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.web.http_methods import require_safe_or_post
from shop.staff_pages import staff_only


@require_safe
@staff_only(Permission.MANAGE_DISCOUNTS)
def list_discounts(request: HttpRequest, actor: Actor) -> HttpResponse:
    return discounts.list_discounts(request, DiscountPages("desk", actor))


@require_safe_or_post
@staff_only(Permission.MANAGE_DISCOUNTS)
def create_voucher(request: HttpRequest, actor: Actor) -> HttpResponse:
    return discounts.create_voucher(request, DiscountPages("desk", actor))


@require_safe_or_post
@staff_only(Permission.MANAGE_DISCOUNTS)
def show_voucher(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    return discounts.show_voucher(request, DiscountPages("desk", actor), pk)


@require_POST
@staff_only(Permission.MANAGE_DISCOUNTS)
def end_voucher(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    return discounts.end_voucher_view(request, DiscountPages("desk", actor), pk)


@require_POST
@staff_only(Permission.MANAGE_DISCOUNTS)
def add_codes(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    return discounts.add_codes(request, DiscountPages("desk", actor), pk)


@require_safe
@staff_only(Permission.MANAGE_DISCOUNTS)
def download_voucher_codes(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    return discounts.download_voucher_codes(request, DiscountPages("desk", actor), pk)


@require_safe_or_post
@staff_only(Permission.MANAGE_DISCOUNTS)
def create_promotion(request: HttpRequest, actor: Actor) -> HttpResponse:
    return discounts.create_promotion_view(request, DiscountPages("desk", actor))


@require_safe_or_post
@staff_only(Permission.MANAGE_DISCOUNTS)
def show_promotion(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    return discounts.show_promotion(request, DiscountPages("desk", actor), pk)


@require_POST
@staff_only(Permission.MANAGE_DISCOUNTS)
def end_promotion(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    return discounts.end_promotion_view(request, DiscountPages("desk", actor), pk)
