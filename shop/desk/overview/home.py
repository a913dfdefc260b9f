"""The desk's start page: open tasks and today's figures."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import partial

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
from shop.core.models import ShopSettings, shop_settings
from shop.desk.money.approvals import find_decidable_kinds, permissions_without_approver
from shop.desk.overview import open_tasks
from shop.desk.overview.open_tasks import OpenTasks
from shop.staff_pages import staff_only


@require_safe
@staff_only()
def show_home(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the open tasks that this user may handle."""
    now, shop = timezone.now(), shop_settings()
    tasks_by_permission: dict[Permission, Callable[[datetime.datetime], list[OpenTasks]]] = {
        Permission.MANAGE_STAFF: _find_staff_tasks,
        Permission.MANAGE_PRODUCTS: _find_product_tasks,
        Permission.MANAGE_SETTINGS: _find_settings_tasks,
        Permission.MANAGE_USERS: _find_user_tasks,
        Permission.HANDLE_PAYMENTS: partial(_find_payment_tasks, shop),
    }
    task_lists: list[OpenTasks] = []
    for permission, load_tasks in tasks_by_permission.items():
        if has_staff_permission(request.user, permission):
            task_lists += load_tasks(now)
    task_lists += _find_approval_tasks(request, shop, now)
    can_see_orders = has_staff_permission(request.user, Permission.MANAGE_ORDERS)
    if can_see_orders:
        task_lists += _find_order_tasks(now)
    context = {
        "shop": shop,
        "today": vietnam_date(now),
        "now": now,
        "waiting": sorted(task_lists, key=lambda task_list: not task_list.is_urgent),
        "has_no_tasks": not any(task_list.count for task_list in task_lists),
        "can_see_orders": can_see_orders,
        "orders_today": Order.objects.placed().placed_on_day(vietnam_date(now)).count()
        if can_see_orders
        else 0,
        "drafts": Order.objects.drafts().count() if can_see_orders else 0,
    }
    return render(request, "desk/home.html", context)


@require_safe
def redirect_admin_login(request: HttpRequest) -> HttpResponse:
    """Redirect the Django admin's login to our sign-in, with its rate limits.

    Users who are already signed in get a 404.
    """
    if request.user.is_authenticated:
        raise Http404
    return redirect_to_login(request.GET.get("next") or reverse("admin:index"))


def _find_staff_tasks(now: datetime.datetime) -> list[OpenTasks]:
    return [open_tasks.find_application_tasks()]


def _find_product_tasks(now: datetime.datetime) -> list[OpenTasks]:
    return [
        open_tasks.find_listing_tasks(),
        open_tasks.find_revision_tasks(),
        open_tasks.find_certificate_tasks(),
        open_tasks.find_unusual_price_tasks(),
    ]


def _find_settings_tasks(now: datetime.datetime) -> list[OpenTasks]:
    return [open_tasks.find_sweep_failure_tasks(), open_tasks.find_unsent_message_tasks(now)]


def _find_user_tasks(now: datetime.datetime) -> list[OpenTasks]:
    return [open_tasks.find_data_request_tasks()]


def _find_payment_tasks(shop: ShopSettings, now: datetime.datetime) -> list[OpenTasks]:
    return [
        open_tasks.find_transfer_tasks(),
        open_tasks.find_declined_call_tasks(),
        open_tasks.find_dispute_tasks(),
        open_tasks.find_payout_tasks(shop, now),
        open_tasks.find_statement_row_tasks(),
        open_tasks.find_unreconciled_remittance_tasks(),
        open_tasks.find_remittance_difference_tasks(),
        open_tasks.find_cash_shortfall_tasks(),
        open_tasks.find_overdue_cash_tasks(vietnam_date(now)),
    ]


def _find_approval_tasks(request: HttpRequest, shop: ShopSettings, now: datetime.datetime) -> list[OpenTasks]:
    """Return what waits for a second person, for users who may decide some of it."""
    kinds = find_decidable_kinds(request)
    if not kinds:
        return []
    return [
        open_tasks.find_approval_tasks(kinds, now),
        open_tasks.find_missing_approver_tasks(permissions_without_approver(shop)),
    ]


def _find_order_tasks(now: datetime.datetime) -> list[OpenTasks]:
    return [
        open_tasks.find_overdue_complaint_tasks(now),
        open_tasks.find_failed_refund_tasks(),
        open_tasks.find_overpaid_order_tasks(),
        open_tasks.find_unaccepted_part_tasks(),
        open_tasks.find_unanswered_weight_tasks(now),
        open_tasks.find_failed_delivery_tasks(),
    ]
