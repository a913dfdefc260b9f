"""The search for an order by its buyer's phone and its code."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from orders.forms.checkout import FindOrderForm
from orders.models import Order
from orders.views.order_list import filter_orders, load_order_contents, visitor_orders
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import RateLimit, TooManyTries, client_network

PER_PAGE = 10
FIND_LIMIT_BY_NETWORK = RateLimit("find-order-network", max_tries=30, seconds=15 * 60)
FIND_LIMIT_BY_PHONE = RateLimit("find-order-phone", max_tries=10, seconds=15 * 60)
FIND_LIMIT_BY_ORDER = RateLimit("find-order-code", max_tries=10, seconds=15 * 60)


@require_safe_or_post
@never_cache
def find_order(request: HttpRequest) -> HttpResponse:
    """Find an order by phone and code. A wrong phone and an unknown code get the same answer."""
    form = FindOrderForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _render_find_page(request, form)
    try:
        order = _find_order(request, form.cleaned_data["phone"], form.cleaned_data["code"])
    except TooManyTries as refused:
        return render(request, "429.html", {"minutes": refused.details["minutes"]}, status=429)
    if order is None:
        form.add_error(None, _("No order matches this phone number and code. Please check both."))
        return _render_find_page(request, form)
    return redirect("orders:order", order_id=order.pk)


def _render_find_page(request: HttpRequest, form: FindOrderForm) -> HttpResponse:
    """Render the form below the orders that the visitor can open without it."""
    orders, filters = filter_orders(visitor_orders(request), request.GET.get("trangthai", ""))
    page = Paginator(orders, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "page": page,
        "contents": load_order_contents(list(page)),
        "order_filters": filters,
    }
    return render(request, "orders/find_order.html", context)


def _find_order(request: HttpRequest, phone: str, code: str) -> Order | None:
    """Find an order, counting the try per network, phone and code. Raises TooManyTries."""
    FIND_LIMIT_BY_NETWORK.count_try(client_network(request.META))
    FIND_LIMIT_BY_PHONE.count_try(phone)
    FIND_LIMIT_BY_ORDER.count_try(code)
    return Order.objects.found_by(phone, code).newest_first().first()
