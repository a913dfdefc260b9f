"""The search of orders at the desk."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import Prefetch, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from orders.models import (
    Order,
    OrderPart,
)
from orders.models.order import OrderQuerySet
from orders.models.shown_status import payment_state_condition, shown_status_condition
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.desk.forms import OrderSearch
from shop.staff_pages import staff_only

PER_PAGE = 30
MAX_COUNTED_ORDERS = 1000  # staff do not turn more pages, and counting everything is slow


@require_safe
@staff_only(Permission.MANAGE_ORDERS)
def list_orders(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Search placed orders, newest first."""
    form = OrderSearch(request.GET)
    parts = OrderPart.objects.select_related("cooperative").order_by("number")
    rows = (
        _search_orders(form)
        .newest_first()
        .prefetch_related(Prefetch("parts", parts), "payments")[:MAX_COUNTED_ORDERS]
    )
    totals = Order.objects.filter(pk__in=rows.values("pk")).order_by("currency").values_list("currency")
    context = {
        "form": form,
        "totals": totals.annotate(total=Sum("current_total_gross")),
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "counted": MAX_COUNTED_ORDERS,
    }
    return render(request, "desk/orders.html", context)


def _search_orders(form: OrderSearch) -> OrderQuerySet:
    orders = Order.objects.placed()
    if form.chosen("q"):
        orders = orders.matching(form.chosen("q"))
    if form.chosen("status"):
        orders = orders.filter(shown_status_condition(form.chosen("status")))
    if form.chosen("payment"):
        orders = orders.filter(payment_state_condition(form.chosen("payment")))
    if form.chosen("source"):
        orders = orders.filter(source=form.chosen("source"))
    if form.chosen("cooperative"):
        orders = orders.filter(parts__cooperative=form.chosen("cooperative"))
    if form.chosen("day"):
        orders = orders.placed_on_day(form.chosen("day"))
    return orders
