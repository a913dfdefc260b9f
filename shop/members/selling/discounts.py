"""A cooperative's vouchers and promotions, which the cooperative bears."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cooperatives.access import Right, Standing
from orders.views import discounts as pages
from orders.views.discounts import Door
from shop.members.member_access import for_members

_WITH_FORM = ["GET", "HEAD", "POST"]


@require_safe
@for_members(Right.MANAGE)
def offers(request: HttpRequest, membership: Standing) -> HttpResponse:
    return pages.offers(request, _door(membership))


@require_http_methods(_WITH_FORM)
@for_members(Right.MANAGE)
def voucher_new(request: HttpRequest, membership: Standing) -> HttpResponse:
    return pages.voucher_new(request, _door(membership))


@require_http_methods(_WITH_FORM)
@for_members(Right.MANAGE)
def voucher(request: HttpRequest, membership: Standing, pk: int) -> HttpResponse:
    return pages.voucher(request, _door(membership), pk)


@require_POST
@for_members(Right.MANAGE)
def voucher_end(request: HttpRequest, membership: Standing, pk: int) -> HttpResponse:
    return pages.voucher_end(request, _door(membership), pk)


@require_POST
@for_members(Right.MANAGE)
def voucher_codes(request: HttpRequest, membership: Standing, pk: int) -> HttpResponse:
    return pages.voucher_codes(request, _door(membership), pk)


@require_safe
@for_members(Right.MANAGE)
def voucher_file(request: HttpRequest, membership: Standing, pk: int) -> HttpResponse:
    return pages.voucher_file(request, _door(membership), pk)


@require_http_methods(_WITH_FORM)
@for_members(Right.MANAGE)
def promotion_new(request: HttpRequest, membership: Standing) -> HttpResponse:
    return pages.promotion_new(request, _door(membership))


@require_http_methods(_WITH_FORM)
@for_members(Right.MANAGE)
def promotion(request: HttpRequest, membership: Standing, pk: uuid.UUID) -> HttpResponse:
    return pages.promotion(request, _door(membership), pk)


@require_POST
@for_members(Right.MANAGE)
def promotion_end(request: HttpRequest, membership: Standing, pk: uuid.UUID) -> HttpResponse:
    return pages.promotion_end(request, _door(membership), pk)


def _door(membership: Standing) -> Door:
    return Door("members", membership.actor, membership.cooperative)
