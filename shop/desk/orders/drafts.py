"""Draft orders for buyers who call."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import partial
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.forms import BaseFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from catalog.models import Price, Variant
from catalog.search import split_query
from orders.actions.placement.draft_orders import (
    create_draft,
    delete_draft,
    edit_draft,
    has_shop_price,
    place_draft,
    read_draft_request,
)
from orders.actions.placement.place_order import BasketChanged
from orders.actions.quotes.build_quote import build_quote
from orders.actions.quotes.quote_types import Quote, RequestedLine
from orders.forms.basket import parse_chosen_deliveries
from orders.models import Order, OrderSource
from orders.views.quote_display import delivery_choices, line_messages, seller_messages
from orders.views.sum_rows import build_totals_of_quote
from shop.accounts.models import ConsentPurpose
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.geography.division_choices import load_communes_of, load_provinces
from shop.core.models import market_channel
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.desk.orders.draft_forms import (
    DraftForm,
    LineForm,
    LineFormSet,
    SourceForm,
    added_quantities,
    read_initial_from_order,
)
from shop.staff_pages import staff_only

PER_PAGE = 30
MAX_FOUND = 20


@require_safe_or_post
@staff_only(Permission.MANAGE_ORDERS)
def list_drafts(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List drafts. A POST creates one."""
    form = SourceForm(request.POST or None)
    channel = market_channel()
    if request.method == "POST" and form.is_valid() and channel is not None:
        source = OrderSource(form.cleaned_data["source"])
        order = create_draft(channel=channel, source=source, actor=actor, now=timezone.now())
        return redirect("desk:draft", order.pk)
    page = Paginator(Order.objects.drafts(), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "desk/drafts.html", {"form": form, "page": page})


@require_safe_or_post
@staff_only(Permission.MANAGE_ORDERS)
def edit_draft_view(request: HttpRequest, actor: Actor, order_id: uuid.UUID) -> HttpResponse:
    """Show and edit a draft."""
    order = get_object_or_404(Order.objects.select_related("channel", "shipping_address"), pk=order_id)
    if not order.is_draft:
        return redirect("desk:order", order_id)
    if request.method != "POST":
        return _render_draft(request, order, _build_form(read_initial_from_order(order)))
    form, lines = _build_form(request.POST), LineFormSet(request.POST, prefix="lines")
    if not form.is_valid() or not lines.is_valid():
        return _render_draft(request, order, form, lines, status=422)
    action = partial(
        edit_draft,
        order_id=order.pk,
        lines=_requested_lines(lines, added_quantities(request.POST)),
        deliveries=parse_chosen_deliveries(request.POST, _chosen_cooperative_ids(request.POST)),
        contact=form.contact,
        voucher_code=form.cleaned_data["code"],
        actor=actor,
        now=timezone.now(),
    )
    search_text = request.POST.get("q", "").strip()[:100]
    query = f"?{urlencode({'q': search_text})}#found" if search_text and "find" in request.POST else ""
    return run_action(
        request, action, url=f"{reverse('desk:draft', args=[order_id])}{query}", message=_("Saved.")
    )


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def place_draft_view(request: HttpRequest, actor: Actor, order_id: uuid.UUID) -> HttpResponse:
    """Place a saved draft, if receiver and address are complete."""
    order = get_object_or_404(Order.objects.select_related("channel", "shipping_address"), pk=order_id)
    form = _build_form(read_initial_from_order(order), is_complete=True)
    if order.is_draft and not form.is_valid():
        return _render_draft(request, order, form, status=422)
    try:
        place_draft(order_id=order.pk, consents=_given_consents(request), actor=actor, now=timezone.now())
    except BasketChanged as refused:
        messages.error(request, str(refused.message))
        return redirect("desk:draft", order_id)
    except Missing:
        raise
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect("desk:order" if not order.is_draft else "desk:draft", order_id)
    messages.success(request, str(_("Order placed. The cooperatives can see it.")))
    return redirect("desk:order", order_id)


@require_POST
@staff_only(Permission.MANAGE_ORDERS)
def delete_draft_view(request: HttpRequest, actor: Actor, order_id: uuid.UUID) -> HttpResponse:
    """Delete a draft."""
    action = partial(delete_draft, order_id=order_id, actor=actor, now=timezone.now())
    return run_action(request, action, url=reverse("desk:drafts"), message=_("Draft deleted."))


def _given_consents(request: HttpRequest) -> frozenset[str]:
    """Return the consents that the buyer gave by phone."""
    return frozenset({str(ConsentPurpose.ORDER)} if "consent" in request.POST else ())


def _build_form(values: Mapping[str, object], *, is_complete: bool = False) -> DraftForm:
    communes = load_communes_of(str(values.get("province", "")))
    return DraftForm(values, provinces=load_provinces(), communes=communes, is_complete=is_complete)


def _render_draft(
    request: HttpRequest,
    order: Order,
    form: DraftForm,
    lines: BaseFormSet[LineForm] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    quote = build_quote(read_draft_request(order), now=timezone.now())
    if lines is None:
        initial = [
            {
                "variant": line.variant.pk,
                "quantity": line.requested.quantity,
                "price": line.unit_price,
                "shown_price": line.unit_price if has_shop_price(line) else None,
            }
            for line in quote.lines
        ]
        lines = LineFormSet(initial=initial, prefix="lines")
    search_text = request.GET.get("q", "")
    context = {
        "order": order,
        "form": form,
        "lines": lines,
        "seller_displays": _build_seller_rows(quote, lines, form),
        "quote": quote,
        "sums": build_totals_of_quote(quote),
        "looked_for": search_text,
        "found": _find_variants(search_text, order),
    }
    return render(request, "desk/draft.html", context, status=status)


def _build_seller_rows(
    quote: Quote, lines: BaseFormSet[LineForm], form: DraftForm
) -> list[dict[str, object]]:
    """Return each seller's quote with its line forms, delivery choices and problems."""
    currency = quote.requested.channel.currency
    forms = dict(zip([line.requested.key for line in quote.lines], lines.forms, strict=False))
    province = next(
        (candidate for candidate in load_provinces() if candidate.code == quote.requested.province_code),
        None,
    )
    return [
        {
            "seller_quote": seller_quote,
            "lines": [
                {
                    "quoted": line,
                    "form": forms.get(line.requested.key),
                    "messages": line_messages(line, currency),
                    "maximum": quote.maximum_of_line(line) if line.variant.is_sold_by_weight else None,
                }
                for line in seller_quote.lines
            ],
            "messages": seller_messages(seller_quote, province),
            "choices": delivery_choices(seller_quote),
        }
        for seller_quote in quote.seller_quotes
    ]


def _requested_lines(lines: BaseFormSet[LineForm], added: Mapping[int, int]) -> list[RequestedLine]:
    """Return the edited lines, then the added ones, at their current prices unless a price was entered."""
    edited_lines = [line for line in lines.cleaned_data if line.get("quantity")]
    existing_lines = [
        RequestedLine(
            uuid.uuid4(),
            line["variant"],
            line["quantity"],
            forced_price=None if line["price"] == line["shown_price"] else line["price"],
        )
        for line in edited_lines
    ]
    return existing_lines + [
        RequestedLine(uuid.uuid4(), variant, quantity) for variant, quantity in added.items()
    ]


def _chosen_cooperative_ids(posted: Mapping[str, object]) -> list[int]:
    """Return the cooperatives with a chosen delivery method."""
    keys = [name.removeprefix("delivery-") for name in posted if name.startswith("delivery-")]
    return [int(key) for key in keys if key.isdecimal() and len(key) < 19]


def _find_variants(query: str, order: Order) -> list[Variant]:
    """Find variants with a price in the draft's channel by all words of the query, published or not."""
    terms = split_query(query)
    if not terms:
        return []
    prices = Price.objects.filter(channel=order.channel, amount__isnull=False).with_wholesale_prices()
    variants = Variant.objects.existing().filter(prices__in=prices)
    for term in terms:
        variants = variants.filter(product__search_text__contains=term)
    return list(
        variants.select_related("product", "product__cooperative")
        .prefetch_related(Prefetch("prices", prices), "stocks")
        .order_by("product__sort_key", "sort_order", "pk")[:MAX_FOUND]
    )
