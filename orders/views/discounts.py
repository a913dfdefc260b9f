"""Manage all vouchers and promotions at the pages, and a cooperative's own in the members' app.

Both interfaces pass a `DiscountPages` with the actor and cooperative. Views and templates are shared.
"""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, Unpack

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from catalog.actions.listings.promotions import create_promotion, edit_promotion, end_promotion
from catalog.forms import DiscountForm, PromotionForm
from catalog.models import Price, Promotion
from catalog.models.promotion import PromotionQuerySet
from cooperatives.models import Cooperative
from orders.actions.vouchers.issue_vouchers import add_voucher_codes, edit_voucher, end_voucher, issue_voucher
from orders.forms.vouchers import CodesForm, VoucherForm
from orders.models import Voucher, VoucherUse
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel, market_channel
from shop.core.web.action_results import refusals_as_form_errors
from shop.core.web.form_options import FormOptions

Result = TypeVar("Result")

PER_PAGE = 30
MAX_USES = 50
MAX_CODES_SHOWN = 20  # the CSV file contains all


@dataclass(frozen=True, slots=True)
class DiscountPages:
    """The pages of one interface and its user. `acting_cooperative` is None at the desk."""

    url_namespace: str
    actor: Actor
    acting_cooperative: Cooperative | None = None

    @property
    def vouchers(self) -> Any:
        vouchers = (
            Voucher.objects.all()
            if self.acting_cooperative is None
            else Voucher.objects.for_cooperative(self.acting_cooperative)
        )
        return vouchers.select_related("cooperative").prefetch_related("values")

    @property
    def promotions(self) -> PromotionQuerySet:
        promotions = (
            Promotion.objects.all()
            if self.acting_cooperative is None
            else Promotion.objects.for_cooperative(self.acting_cooperative)
        )
        return promotions.select_related("cooperative", "channel")

    def redirect_to(self, page: str, *args: object) -> HttpResponse:
        return redirect(f"{self.url_namespace}:{page}", *args)

    def render_page(self, request: HttpRequest, template: str, context: Mapping[str, object]) -> HttpResponse:
        frame = {
            "url_namespace": self.url_namespace,
            "frame": f"{self.url_namespace}/base.html",
            "cooperative": self.acting_cooperative,
        }
        return render(request, template, {**frame, **context})


def list_discounts(request: HttpRequest, pages: DiscountPages) -> HttpResponse:
    """List vouchers or promotions, newest first."""
    shows_promotions = request.GET.get("xem") == "gia"
    rows = pages.promotions if shows_promotions else pages.vouchers.with_code_and_use_counts()
    context = {
        "shows_promotions": shows_promotions,
        "page": Paginator(rows.newest_first(), PER_PAGE).get_page(request.GET.get("page")),
        "now": timezone.now(),
        "cooperatives": Cooperative.objects.public().order_by("sort_order", "pk")
        if not pages.acting_cooperative
        else (),
    }
    return pages.render_page(request, "orders/discounts.html", context)


def create_voucher(request: HttpRequest, pages: DiscountPages) -> HttpResponse:
    """Create a voucher with its first code."""
    owner, channel = _find_owner_of_discount(request, pages), _find_channel_or_404()
    form = _build_voucher_form(
        request, pages, owner, is_new=True, initial={"starts": vietnam_date(timezone.now())}
    )
    if form.is_valid():
        action = partial(
            issue_voucher,
            issuer=pages.acting_cooperative,
            channel=channel,
            code=form.cleaned_data["code"],
            terms=form.terms,
        )
        created = _run_action(
            request, pages, form, action, _("The code is active now or from its start date.")
        )
        if created is not None:
            return pages.redirect_to("voucher", created.pk)
    return pages.render_page(request, "orders/voucher.html", {"form": form, "owner": owner})


def show_voucher(request: HttpRequest, pages: DiscountPages, pk: int) -> HttpResponse:
    """Show and edit a voucher, with its codes and uses."""
    row = get_object_or_404(pages.vouchers.with_code_and_use_counts(), pk=pk)
    form = _build_voucher_form(request, pages, row.cooperative, initial=VoucherForm.initial_for(row))
    if form.is_valid():
        action = partial(
            edit_voucher,
            issuer=pages.acting_cooperative,
            voucher_id=row.pk,
            channel=_find_channel_or_404(),
            terms=form.terms,
        )
        if _run_action(request, pages, form, action, _("Changes saved.")) is not None:
            return pages.redirect_to("voucher", row.pk)
    uses = VoucherUse.objects.filter(code__voucher=row).select_related("code", "order").newest_first()
    context = {
        "form": form,
        "owner": row.cooperative,
        "voucher": row,
        "is_over": row.ends_at is not None and row.ends_at <= timezone.now(),
        "codes": row.codes.order_by("created_at", "code")[:MAX_CODES_SHOWN],
        "codes_form": CodesForm(),
        "uses": uses[:MAX_USES],
    }
    return pages.render_page(request, "orders/voucher.html", context)


def end_voucher_view(request: HttpRequest, pages: DiscountPages, pk: int) -> HttpResponse:
    """Deactivate a voucher."""
    end_voucher(voucher_id=pk, issuer=pages.acting_cooperative, actor=pages.actor, now=timezone.now())
    messages.success(request, str(_("Voucher deactivated. Orders already placed keep their discount.")))
    return pages.redirect_to("voucher", pk)


def add_codes(request: HttpRequest, pages: DiscountPages, pk: int) -> HttpResponse:
    """Generate more codes."""
    form = CodesForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(next(iter(form.errors.values()))[0]))
        return pages.redirect_to("voucher", pk)
    count = form.cleaned_data["count"]
    add_voucher_codes(
        voucher_id=pk, count=count, issuer=pages.acting_cooperative, actor=pages.actor, now=timezone.now()
    )
    messages.success(request, str(_("%(count)s codes created.") % {"count": count}))
    return pages.redirect_to("voucher", pk)


def download_voucher_codes(request: HttpRequest, pages: DiscountPages, pk: int) -> HttpResponse:
    """Export a voucher's codes and use counts as CSV."""
    row = get_object_or_404(pages.vouchers, pk=pk)
    buffer = io.StringIO()
    table = csv.writer(buffer)
    table.writerow([_("Voucher code"), _("Uses")])
    table.writerows(
        row.codes.with_use_count().order_by("created_at", "code").values_list("code", "use_count")
    )
    response = HttpResponse(("\ufeff" + buffer.getvalue()).encode(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="voucher-{row.pk}.csv"'
    return response


def create_promotion_view(request: HttpRequest, pages: DiscountPages) -> HttpResponse:
    """Create a promotion."""
    owner, channel = _find_owner_of_discount(request, pages), _find_channel_or_404()
    form = _build_promotion_form(request, pages, owner, initial={"starts": vietnam_date(timezone.now())})
    if form.is_valid():
        action = partial(
            create_promotion, acting_cooperative=pages.acting_cooperative, channel=channel, terms=form.terms
        )
        created = _run_action(
            request, pages, form, action, _("Prices update within a minute after the start.")
        )
        if created is not None:
            return pages.redirect_to("promotion", created.pk)
    return pages.render_page(request, "orders/promotion.html", {"form": form, "owner": owner})


def show_promotion(request: HttpRequest, pages: DiscountPages, pk: uuid.UUID) -> HttpResponse:
    """Show and edit a promotion, with the number of prices it currently sets."""
    row = get_object_or_404(pages.promotions, pk=pk)
    form = _build_promotion_form(request, pages, row.cooperative, initial=PromotionForm.initial_for(row))
    if form.is_valid():
        action = partial(
            edit_promotion, acting_cooperative=pages.acting_cooperative, promotion_id=row.pk, terms=form.terms
        )
        if (
            _run_action(request, pages, form, action, _("Changes saved. Prices update within a minute."))
            is not None
        ):
            return pages.redirect_to("promotion", row.pk)
    context = {
        "form": form,
        "owner": row.cooperative,
        "promotion": row,
        "is_over": row.ends_at is not None and row.ends_at <= timezone.now(),
        "prices": Price.objects.filter(promotion_key=row.pk).count(),
    }
    return pages.render_page(request, "orders/promotion.html", context)


def end_promotion_view(request: HttpRequest, pages: DiscountPages, pk: uuid.UUID) -> HttpResponse:
    """End a promotion."""
    end_promotion(
        promotion_id=pk, acting_cooperative=pages.acting_cooperative, actor=pages.actor, now=timezone.now()
    )
    messages.success(request, str(_("Promotion ended. Prices go back within a minute.")))
    return pages.redirect_to("promotion", pk)


def _run_action(
    request: HttpRequest,
    pages: DiscountPages,
    form: DiscountForm,
    action: Callable[..., Result],
    success_message: Promise,
) -> Result | None:
    """Run the action and return its result. If it refuses, add the error to the form and return None."""
    with refusals_as_form_errors(form):
        result = action(
            confirmation_token=form.cleaned_data["confirmed"], actor=pages.actor, now=timezone.now()
        )
        messages.success(request, str(success_message))
        return result
    return None


def _build_voucher_form(
    request: HttpRequest,
    pages: DiscountPages,
    owner: Cooperative | None,
    *,
    is_new: bool = False,
    **options: Unpack[FormOptions],
) -> VoucherForm:
    return VoucherForm(
        request.POST if request.method == "POST" else None,
        cooperative=owner,
        has_bearer=owner is not None and pages.acting_cooperative is None,
        is_new=is_new,
        is_for_members=pages.acting_cooperative is not None,
        **options,
    )


def _build_promotion_form(
    request: HttpRequest, pages: DiscountPages, owner: Cooperative | None, **options: Unpack[FormOptions]
) -> PromotionForm:
    return PromotionForm(
        request.POST if request.method == "POST" else None,
        cooperative=owner,
        has_bearer=owner is not None and pages.acting_cooperative is None,
        **options,
    )


def _find_owner_of_discount(request: HttpRequest, pages: DiscountPages) -> Cooperative | None:
    """Return the cooperative of a new discount: the member's own, or the one chosen at the pages."""
    slug = request.GET.get("htx", "")
    if pages.acting_cooperative is not None or not slug:
        return pages.acting_cooperative
    return get_object_or_404(Cooperative.objects.public(), slug=slug)


def _find_channel_or_404() -> Channel:
    channel = market_channel()
    if channel is None:
        raise Http404
    return channel
