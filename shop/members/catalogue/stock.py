"""Stock counts and stock receipts."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from catalog.actions.stock.lots import receive_lot
from catalog.actions.stock.receipts_and_losses import receive_stock
from catalog.actions.stock.stock_movements import StockCount, record_stock_counts
from catalog.models import Stock, Variant
from cooperatives.access import MemberRight, MembershipContext
from cooperatives.models import Warehouse
from shop.core.errors import Forbidden, Missing, Refused
from shop.core.texts.folding import query_words
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.lots import ReceiptForm
from shop.members.forms.stocktake import CountForm
from shop.members.member_access import for_members, render_page, submitted_key

PER_PAGE = 40


@require_safe_or_post
@for_members(MemberRight.COUNT_STOCK)
def count_stock(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the stocks of the warehouse `?kho=` with their expected quantities, and record counted ones.

    `?tim=` finds products by name. Without `?kho=` the oldest warehouse with stocks is counted.
    """
    stocks = Stock.objects.for_cooperative(membership.cooperative).countable()
    warehouses = list(
        Warehouse.objects.filter(pk__in=stocks.order_by().values("warehouse")).order_by("created_at", "pk")
    )
    requested = request.GET.get("kho", "")
    warehouse = next(
        (row for row in warehouses if str(row.pk) == requested), warehouses[0] if warehouses else None
    )
    query = request.GET.get("tim", "").strip()
    found_stocks = _find_stocks(stocks.filter(warehouse=warehouse), query)
    page = Paginator(found_stocks, PER_PAGE).get_page(request.GET.get("page"))
    counted_stocks = _build_count_forms(request, page.object_list)
    if request.method != "POST" or [form for _row, form in counted_stocks if not form.is_valid()]:
        context = {
            "page": page,
            "rows": counted_stocks,
            "warehouses": warehouses,
            "warehouse": warehouse,
            "query": query,
            "has_errors": any(form.errors for _row, form in counted_stocks),
        }
        return render_page(request, membership, "members/stock.html", context)
    counts = _entered_counts(counted_stocks)
    action = partial(
        record_stock_counts,
        cooperative=membership.cooperative,
        counts=counts,
        actor=membership.actor,
        now=timezone.now(),
    )
    message = ngettext("%(count)d count saved.", "%(count)d counts saved.", len(counts))
    return run_action(request, action, url=request.get_full_path(), message=message % {"count": len(counts)})


def _find_stocks(stocks: QuerySet[Stock], query: str) -> QuerySet[Stock]:
    """Return the stocks whose product's name contains each word of the query."""
    for word in query_words(query):
        stocks = stocks.filter(variant__product__search_name__contains=word)
    return stocks


def _build_count_forms(request: HttpRequest, stocks: Iterable[Stock]) -> list[tuple[Stock, CountForm]]:
    data = request.POST if request.method == "POST" else None
    return [
        (
            stock,
            CountForm(
                data,
                stock=stock,
                prefix=f"stock-{stock.pk}",
                initial={"idempotency_key": uuid.uuid4()},
                use_required_attribute=False,
            ),
        )
        for stock in stocks
    ]


def _entered_counts(counted_stocks: Iterable[tuple[Stock, CountForm]]) -> list[StockCount]:
    """Return the counts of valid forms. Stocks without a quantity were not counted."""
    return [
        StockCount(
            variant_id=stock.variant_id,
            warehouse_id=stock.warehouse_id,
            counted=form.cleaned_data["counted"],
            note="",
            idempotency_key=f"count:{stock.pk}:{form.cleaned_data['idempotency_key']}",
        )
        for stock, form in counted_stocks
        if form.cleaned_data["counted"] is not None
    ]


@require_POST
@for_members(MemberRight.COUNT_STOCK)
def receive_variant_stock(
    request: HttpRequest, membership: MembershipContext, variant_id: int
) -> HttpResponse:
    """Record received stock of a variant, in the chosen warehouse or else the variant's first one.

    If the form has fields of a lot, it becomes a new lot.
    """
    variant = Variant.objects.for_cooperative(membership.cooperative).filter(pk=variant_id).first()
    if variant is None:
        raise Missing()
    form = ReceiptForm(request.POST)
    return_url = reverse("members:listings")
    listing = variant.product.listings.order_by("pk").first()
    if listing is not None:
        return_url = reverse("members:listing", args=[listing.pk])
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(str(error) for error in errors))
        return redirect(return_url)
    receipt = {
        "cooperative": membership.cooperative,
        "variant_id": variant.pk,
        "warehouse_id": form.cleaned_data["warehouse"] or _find_default_warehouse(variant),
        "quantity": form.cleaned_data["quantity"],
        "idempotency_key": submitted_key(request, "receive", variant.pk),
        "actor": membership.actor,
        "now": timezone.now(),
    }
    if form.lot_details is None:
        return run_action(request, partial(receive_stock, **receipt), url=return_url, message=_("Recorded."))
    try:
        lot = receive_lot(details=form.lot_details, **receipt)
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect(return_url)
    messages.success(request, _("Recorded as lot %(code)s.") % {"code": lot.code})
    return redirect("members:lot", lot.pk)


def _find_default_warehouse(variant: Variant) -> uuid.UUID:
    """Return the first open warehouse that stocks the variant, or else any open one. Raises Missing."""
    stock = Stock.objects.filter(variant=variant, warehouse__closed_at=None).order_by("pk").first()
    if stock is not None:
        return stock.warehouse_id
    warehouse = Warehouse.objects.for_cooperative(variant.cooperative).open().first()
    if warehouse is None:
        raise Missing()
    return warehouse.pk
