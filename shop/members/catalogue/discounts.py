"""A cooperative's vouchers and promotions, which the cooperative bears."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.views import discounts
from orders.views.discounts import DiscountPages
from shop.core.web.http_methods import require_safe_or_post
from shop.members.member_access import for_members


@require_safe
@for_members(MemberRight.MANAGE)
def list_discounts(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    return discounts.list_discounts(request, _discount_desk(membership))


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def create_voucher(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    return discounts.create_voucher(request, _discount_desk(membership))


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def show_voucher(request: HttpRequest, membership: MembershipContext, pk: int) -> HttpResponse:
    return discounts.show_voucher(request, _discount_desk(membership), pk)


@require_POST
@for_members(MemberRight.MANAGE)
def end_voucher(request: HttpRequest, membership: MembershipContext, pk: int) -> HttpResponse:
    return discounts.end_voucher_view(request, _discount_desk(membership), pk)


@require_POST
@for_members(MemberRight.MANAGE)
def add_codes(request: HttpRequest, membership: MembershipContext, pk: int) -> HttpResponse:
    return discounts.add_codes(request, _discount_desk(membership), pk)


@require_safe
@for_members(MemberRight.MANAGE)
def download_voucher_codes(request: HttpRequest, membership: MembershipContext, pk: int) -> HttpResponse:
    return discounts.download_voucher_codes(request, _discount_desk(membership), pk)


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def create_promotion(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    return discounts.create_promotion_view(request, _discount_desk(membership))


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def show_promotion(request: HttpRequest, membership: MembershipContext, pk: uuid.UUID) -> HttpResponse:
    return discounts.show_promotion(request, _discount_desk(membership), pk)


@require_POST
@for_members(MemberRight.MANAGE)
def end_promotion(request: HttpRequest, membership: MembershipContext, pk: uuid.UUID) -> HttpResponse:
    return discounts.end_promotion_view(request, _discount_desk(membership), pk)


def _discount_desk(membership: MembershipContext) -> DiscountPages:
    return DiscountPages("members", membership.actor, membership.cooperative)
