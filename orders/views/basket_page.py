"""The basket page: lines and quantities, province, delivery methods, voucher code."""

from __future__ import annotations

import datetime
import uuid
from dataclasses import replace

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from orders.actions.basket.basket_lines import (
    change_line_quantity,
    choose_deliveries,
    set_basket_province,
)
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.quote_types import Quote
from orders.actions.vouchers.redeem_vouchers import apply_voucher_code, remove_voucher_code
from orders.forms.basket import CodeForm, DeliveryProvinceForm, QuantityForm, parse_chosen_deliveries
from orders.models import Basket, BasketLine
from orders.views.current_basket import (
    find_current_basket,
    find_delivery_province,
    remember_province,
    signed_in_user,
)
from orders.views.quote_display import build_seller_quote_displays, has_blocking_problems
from orders.views.refused_code import forget_refused_code, recheck_refused_code, remember_refused_code
from orders.views.reorder import pop_reorder_result
from orders.views.sum_rows import build_totals_of_quote
from shop.core.errors import Missing, Refused
from shop.core.geography.division_choices import load_provinces
from shop.core.models.geography import Division
from shop.core.web.offline_copies import OFFLINE_HEADER, OWN_COPY


@require_safe
def show_basket(request: HttpRequest) -> HttpResponse:
    """Show the basket by cooperative, with delivery fees."""
    response = _render_basket(request)
    response.headers[OFFLINE_HEADER] = OWN_COPY
    return response


@require_POST
def change_line(request: HttpRequest, line_id: uuid.UUID) -> HttpResponse:
    """Change a line's quantity, or remove the line if that is zero."""
    basket = _find_basket_or_404(request)
    basket_line = get_object_or_404(
        BasketLine.objects.select_related("variant__product"), basket=basket, pk=line_id
    )
    form = QuantityForm(request.POST)
    if not form.is_valid():
        return _render_basket(request, quantity_errors={basket_line.pk: str(form.errors["quantity"][0])})
    try:
        change_line_quantity(
            basket_id=basket.pk, line_id=basket_line.pk, quantity=form.requested, now=timezone.now()
        )
    except Missing:
        pass  # the line was removed in another tab
    except Refused as refused:
        return _render_basket(request, quantity_errors={basket_line.pk: str(refused.message)})
    removed_line = basket_line if form.requested == 0 else None
    if not is_htmx(request) and removed_line is None:
        return redirect("orders:basket")
    return _render_basket(request, removed_line=removed_line, basket=basket)


@require_POST
def set_delivery_province(request: HttpRequest) -> HttpResponse:
    """Set the basket's delivery province."""
    form = DeliveryProvinceForm(request.POST, provinces=load_provinces())
    basket = _find_basket_or_404(request)
    if form.is_valid():
        code = form.cleaned_data["province"]
        set_basket_province(basket_id=basket.pk, province_code=code, now=timezone.now())
        basket.province_code = code
        remember_province(request, code)
    return _render_basket(request, basket=basket) if is_htmx(request) else redirect("orders:basket")


@require_POST
def choose_deliveries_view(request: HttpRequest) -> HttpResponse:
    """Choose the delivery method of each cooperative."""
    basket = _find_basket_or_404(request)
    cooperatives = set(basket.lines.order_by().values_list("variant__cooperative", flat=True))
    try:
        choose_deliveries(
            basket_id=basket.pk,
            choices=parse_chosen_deliveries(request.POST, cooperatives),
            now=timezone.now(),
        )
    except Refused as refused:
        messages.error(request, str(refused.message))
    return _render_basket(request) if is_htmx(request) else redirect("orders:basket")


@require_POST
def change_voucher(request: HttpRequest) -> HttpResponse:
    """Apply or remove a voucher code."""
    basket = _find_basket_or_404(request)
    form = CodeForm(request.POST)
    form.is_valid()
    code = form.cleaned_data.get("code", "")
    try:
        if form.cleaned_data["remove"]:
            remove_voucher_code(basket_id=basket.pk, now=timezone.now())
        else:
            apply_voucher_code(basket_id=basket.pk, code=code, now=timezone.now())
    except Refused as refused:
        remember_refused_code(request, code)
        return _render_basket(request, code_error=(code, str(refused.message)))
    forget_refused_code(request)
    return _render_basket(request) if is_htmx(request) else redirect("orders:basket")


def _render_basket(
    request: HttpRequest,
    *,
    quantity_errors: dict[uuid.UUID, str] | None = None,
    removed_line: BasketLine | None = None,
    code_error: tuple[str, str] | None = None,
    basket: Basket | None = None,
) -> HttpResponse:
    """Render the basket, which is `basket` if that is already loaded.

    HTMX requests get only the lines fragment. `quantity_errors` maps line ids to error messages. `code_error`
    is a rejected code with the reason.
    """
    basket, is_fragment = basket or find_current_basket(request), is_htmx(request)
    provinces = load_provinces()
    code = find_delivery_province(request, basket)
    province = next((province for province in provinces if province.code == code), None)
    now = timezone.now()
    quote = _quote_basket(basket, province, now) if basket else None
    if quote is not None and code_error is None:
        code_error = recheck_refused_code(request, quote, now=now)
    written_code, code_message = code_error or ("", "")
    context: dict[str, object] = {
        "basket": basket,
        "provinces": provinces,
        "province": province,
        "quote": quote,
        "currency": basket.currency if basket else "VND",
        "seller_displays": build_seller_quote_displays(quote, province, quantity_errors) if quote else [],
        "sums": build_totals_of_quote(quote, quote.purchase_at_maximum) if quote else None,
        "has_blocking_problems": has_blocking_problems(quote) if quote else False,
        "removed_line": removed_line,
        "reordered": None if is_fragment else pop_reorder_result(request),
        "written_code": written_code,
        "code_error": code_message,
    }
    if quote is not None:  # otherwise the base template's context processor queries it
        context["basket_count"] = sum(line.quantity for line in quote.requested.lines)
        context["shop"] = quote.shop
    template = "orders/basket.html#basket-lines" if is_fragment else "orders/basket.html"
    return render(request, template, context)


def _quote_basket(basket: Basket, province: Division | None, now: datetime.datetime) -> Quote:
    requested = replace(build_basket_request(basket), province_code=province.code if province else "")
    return build_quote(requested, now=now, should_propose_deliveries=True)


def _find_basket_or_404(request: HttpRequest) -> Basket:
    user, basket = signed_in_user(request), find_current_basket(request)
    if basket is None or basket.user_id != (user.pk if user else None):
        raise Http404
    return basket


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true" and "HX-History-Restore-Request" not in request.headers
