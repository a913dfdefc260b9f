"""The page where a buyer reads that a lot is recalled, and confirms it."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from orders.actions.fulfilment.recalls import confirm_recall_read
from orders.models import RecallNotice
from shop.core.models import show_in_language
from shop.core.web.http_methods import require_safe_or_post


@require_safe_or_post
@never_cache
def show_recall_notice(request: HttpRequest, notice_id: uuid.UUID) -> HttpResponse:
    """Show a notice to anyone who has its link. A POST confirms that it was read."""
    notices = RecallNotice.objects.select_related("order", "recall__lot__variant__product__cooperative")
    notice = get_object_or_404(notices, pk=notice_id)
    if request.method == "POST":
        confirm_recall_read(notice_id=notice.pk, now=timezone.now())
        return redirect("orders:recall-notice", notice.pk)
    product = notice.recall.lot.variant.product
    show_in_language([product], "name")
    show_in_language([product.cooperative], "name")
    context = {"notice": notice, "recall": notice.recall, "lot": notice.recall.lot, "product": product}
    return render(request, "orders/recall_notice.html", context)
