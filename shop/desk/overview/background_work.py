"""Rows that background sweeps failed to process, and retrying them."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from functools import partial

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from orders.models import OrderPart
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.jobs.sweeps import acknowledge_sweep_failure, retry_sweep_failure
from shop.core.models import SweepFailure
from shop.core.web.action_results import run_action
from shop.notifications.text_allowance import count_texts_not_sent
from shop.staff_pages import staff_only

PER_PAGE = 50
SWEEP_NAMES: dict[str, Promise] = {
    "catalog.draw_share_pictures": gettext_lazy("Create images for shared links"),
    "catalog.refresh_promotions": gettext_lazy("Start and end promotions"),
    "catalog.resume_listing_imports": gettext_lazy("Import product files"),
    "catalog.resume_listing_imports:checks": gettext_lazy("Check product files"),
    "catalog.send_back_in_stock_notifications": gettext_lazy("Send back-in-stock messages"),
    "catalog.weekly_bulletin": gettext_lazy("Write the weekly bulletin"),
    "catalog.weekly_bulletin:mail": gettext_lazy("Send the weekly bulletin"),
    "catalog.write_feeds": gettext_lazy("Create product feeds"),
    "cooperatives.delete_due_documents": gettext_lazy("Delete documents of applications"),
    "core.sweep_pictures": gettext_lazy("Resize photos"),
    "notifications.sweep": gettext_lazy("Send emails and text messages"),
    "orders.expire_orders": gettext_lazy("Expire unpaid orders"),
    "orders.expire_orders:baskets": gettext_lazy("Delete abandoned baskets"),
    "orders.sweep_card_payments:authorised": gettext_lazy("Capture card authorisations before they expire"),
    "orders.sweep_card_payments:owed": gettext_lazy("Collect money that cooperatives owe"),
    "orders.sweep_card_payments:unused": gettext_lazy("Void card authorisations of abandoned baskets"),
    "orders.process_bank_webhooks": gettext_lazy("Process bank notifications"),
    "orders.handle_stripe_events": gettext_lazy("Process Stripe notifications"),
    "orders.look_up_gateway_calls": gettext_lazy("Check Stripe calls without an answer"),
    "orders.make_data_exports": gettext_lazy("Prepare personal data copies"),
    "orders.release_expired_reservations": gettext_lazy("Release expired reservations"),
    "orders.refund_ended_orders": gettext_lazy("Return surplus payments"),
    "orders.run_due_deletions": gettext_lazy("Delete personal data"),
    "orders.offset_all_collected_cash": gettext_lazy("Offset cash kept by cooperatives"),
    "orders.resume_bank_statements": gettext_lazy("Import bank statements"),
    "orders.resume_bank_statements:rows": gettext_lazy("Import bank statement rows"),
    "orders.resume_cod_statements": gettext_lazy("Import carrier statements"),
    "orders.resume_cod_statements:rows": gettext_lazy("Import carrier statement rows"),
    "orders.escalate_alerts": gettext_lazy("Alert members of new orders and recalls"),
    "orders.raise_stock_alerts": gettext_lazy("Alert members of low stock and use-by dates"),
    "orders.escalate_alerts:close": gettext_lazy("Close answered alerts"),
    "orders.escalate_complaints": gettext_lazy("Follow up on unanswered complaints"),
    "orders.check_unanswered_parts:attention": gettext_lazy("Warn about parts not yet accepted"),
    "orders.check_unanswered_parts:decline": gettext_lazy("Decline parts that nobody accepted"),
    "orders.send_recall_notices": gettext_lazy("Tell the buyers of recalled lots"),
    "orders.expire_substitutes": gettext_lazy("Close substitutes that nobody answered"),
    "orders.remind_weight_questions": gettext_lazy("Remind buyers to confirm weights"),
}
# Sweeps whose rows have a page of their own at the desk, named by the row's key.
_PAGES = {
    "orders.expire_orders": "desk:order",
    "orders.refund_ended_orders": "desk:order",
    "orders.make_data_exports": "desk:data-request",
    "orders.run_due_deletions": "desk:data-request",
    "orders.offset_all_collected_cash": "desk:settlement",
    "orders.resume_bank_statements": "desk:bank-statement",
    "orders.resume_cod_statements": "desk:cash-statement",
    "orders.escalate_complaints": "desk:complaint",
    "catalog.refresh_promotions": "desk:promotion",
}
_LISTS = {
    "orders.sweep_card_payments:authorised": "desk:card-calls",
    "orders.sweep_card_payments:unused": "desk:card-calls",
    "orders.handle_stripe_events": "desk:card-calls",
    "orders.look_up_gateway_calls": "desk:card-calls",
    "orders.resume_cod_statements:rows": "desk:cash-differences",
    "orders.resume_bank_statements:rows": "desk:bank-statements",
}
_PART_SWEEPS = ("orders.check_unanswered_parts:attention", "orders.check_unanswered_parts:decline")


@require_safe
@staff_only(Permission.MANAGE_SETTINGS)
def list_failures(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List failed rows, unseen ones first, then newest first."""
    page = Paginator(SweepFailure.objects.unacknowledged_first(), PER_PAGE).get_page(request.GET.get("page"))
    links = _build_failure_links(page.object_list)
    context = {
        "page": page,
        "unsent_texts": count_texts_not_sent(timezone.now() - datetime.timedelta(days=1)),
        "failures": [(row, sweep_name(row.sweep), links.get(row.pk, "")) for row in page.object_list],
    }
    return render(request, "desk/background_work.html", context)


@require_POST
@staff_only(Permission.MANAGE_SETTINGS)
def retry_failure(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Run the sweep of a failed row now."""
    action = partial(retry_sweep_failure, failure_id=pk, now=timezone.now())
    return run_action(request, action, url=reverse("desk:background-work"), message=_("Retrying now."))


@require_POST
@staff_only(Permission.MANAGE_SETTINGS)
def acknowledge_failure(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Mark a failure as seen until the row fails with another error."""
    action = partial(acknowledge_sweep_failure, failure_id=pk, now=timezone.now())
    return run_action(request, action, url=reverse("desk:background-work"), message=_("Marked as seen."))


def sweep_name(sweep: str) -> str:
    """Return a sweep's name for people."""
    return str(SWEEP_NAMES.get(sweep, sweep))


def _build_failure_links(failures: Iterable[SweepFailure]) -> dict[int, str]:
    """Return the desk URLs of failed rows by failure id. It takes one query for all parts of orders."""
    links: dict[int, str] = {}
    parts = [sweep_failure.row_key for sweep_failure in failures if sweep_failure.sweep in _PART_SWEEPS]
    orders = dict(OrderPart.objects.filter(pk__in=parts).values_list("pk", "order")) if parts else {}
    for sweep_failure in failures:
        if sweep_failure.sweep in _PAGES:
            links[sweep_failure.pk] = reverse(_PAGES[sweep_failure.sweep], args=[sweep_failure.row_key])
        elif sweep_failure.sweep in _LISTS:
            links[sweep_failure.pk] = reverse(_LISTS[sweep_failure.sweep])
        elif sweep_failure.sweep in _PART_SWEEPS and int(sweep_failure.row_key) in orders:
            links[sweep_failure.pk] = reverse("desk:order", args=[orders[int(sweep_failure.row_key)]])
    return links
