"""The desk's start page: open tasks and today's figures."""

from __future__ import annotations

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from cooperatives.access import has_staff_permission
from orders.models import Order
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.models import shop_settings
from shop.desk.money.approvals import kinds_of, permissions_lacking_second_person
from shop.desk.overview import waiting as of
from shop.desk.overview.waiting import OpenTasks
from shop.staff_pages import staff_only


@require_safe
@staff_only()
def home(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the open tasks that this user may handle."""
    now, shop = timezone.now(), shop_settings()
    waiting: list[OpenTasks] = []
    if has_staff_permission(request.user, Permission.MANAGE_STAFF):
        waiting.append(of.applications())
    if has_staff_permission(request.user, Permission.MANAGE_PRODUCTS):
        waiting += [of.listings(), of.certificates()]
    if has_staff_permission(request.user, Permission.MANAGE_SETTINGS):
        waiting += [of.sweep_failures(), of.unsent_texts(now)]
    if has_staff_permission(request.user, Permission.MANAGE_USERS):
        waiting.append(of.data_requests())
    if has_staff_permission(request.user, Permission.HANDLE_PAYMENTS):
        waiting += [
            of.transfers(),
            of.refused_calls(),
            of.disputes(),
            of.payouts(),
            of.statement_rows(),
            of.unseen_cash(),
            of.remittance_differences(),
            of.old_cash(vietnam_date(now)),
        ]
    kinds = kinds_of(request)
    if kinds:
        waiting += [
            of.approvals(kinds, now),
            of.lacking_second_person(permissions_lacking_second_person(shop)),
        ]
    sees_orders = has_staff_permission(request.user, Permission.MANAGE_ORDERS)
    if sees_orders:
        waiting += [
            of.complaints(now),
            of.stuck_refunds(),
            of.overpayments(),
            of.unanswered(),
            of.unweighed(now),
            of.failed(),
        ]
    context = {
        "shop": shop,
        "today": vietnam_date(now),
        "now": now,
        "waiting": waiting,
        "is_quiet": not any(each.count for each in waiting),
        "sees_orders": sees_orders,
        "orders_today": Order.objects.placed().placed_on_day(vietnam_date(now)).count() if sees_orders else 0,
        "drafts": Order.objects.drafts().count() if sees_orders else 0,
    }
    return render(request, "desk/home.html", context)


@require_safe
def back_room(request: HttpRequest) -> HttpResponse:
    """Redirect the Django admin's login to our sign-in, with its rate limits; 404 if already signed in."""
    if request.user.is_authenticated:
        raise Http404
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))
