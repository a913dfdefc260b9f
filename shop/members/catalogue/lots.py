"""A cooperative's lots: list by expiry, stock per warehouse, movements, stages, and where they went."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from catalog.actions.stock.lots import add_lot_stage, count_lot, receive_lot
from catalog.actions.stock.receipts_and_losses import write_off_stock
from catalog.actions.stock.transfer_stock import transfer_stock
from catalog.models import Lot, LotBalance, Variant
from catalog.models.lot import normalise_lot_code
from catalog.variant_stock import variants_with_stock_outside_lots
from cooperatives.access import MemberRight, MembershipContext
from cooperatives.models import Cooperative, Warehouse
from orders.models import ParcelLine
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.lots import LotMove, LotMoveForm, NewLotForm, StageForm
from shop.members.forms.photos import PhotosForm
from shop.members.member_access import for_members, render_page, submitted_key

PER_PAGE = 40


@dataclass(frozen=True, slots=True)
class LotRow:
    """A lot of the list. `days_left` is None without an expiry date, and negative after it."""

    lot: Lot
    days_left: int | None
    is_near_expiry: bool

    @property
    def days_expired(self) -> int:
        return -(self.days_left or 0)


@require_safe
@for_members(MemberRight.COUNT_STOCK)
def list_lots(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the lots in stock, first expired first. With `?het` list the used-up ones.

    `?ma=` opens the lot with this code.
    """
    if entered := request.GET.get("ma", "").strip()[:40]:
        code = normalise_lot_code(entered)
        lot = Lot.objects.for_cooperative(membership.cooperative).filter(code=code).first()
        if lot is not None:
            return redirect(lot_url(lot.pk))
        messages.error(request, _("Your cooperative has no lot with this code."))
    is_used_up = "het" in request.GET
    lots = Lot.objects.for_cooperative(membership.cooperative)
    rows = lots.used_up() if is_used_up else lots.in_stock().first_expired_first()
    shown = rows.select_related("variant__product", "producer")
    page = Paginator(shown, PER_PAGE).get_page(request.GET.get("page"))
    today = vietnam_date(timezone.now())
    context = {
        "page": page,
        "rows": [lot_row(lot, membership.cooperative, today) for lot in page.object_list],
        "is_used_up": is_used_up,
        "without_lot": [] if is_used_up else list(variants_with_stock_outside_lots(membership.cooperative)),
    }
    return render_page(request, membership, "members/lots.html", context)


@require_safe_or_post
@for_members(MemberRight.COUNT_STOCK)
def create_lot(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Record received stock as a new lot of the variant `?loai=`."""
    warehouses = _read_open_warehouses(membership)
    form = NewLotForm(
        request.POST or None,
        variants=list(
            Variant.objects.for_cooperative(membership.cooperative)
            .select_related("product")
            .order_by("product__sort_key", "product", "sort_order", "pk")
        ),
        cooperative=membership.cooperative,
        warehouses=warehouses,
        initial={"idempotency_key": uuid.uuid4(), "variant": request.GET.get("loai", "")},
    )
    if warehouses and form.is_valid():
        with refusals_as_form_errors(form):
            lot = receive_lot(
                cooperative=membership.cooperative,
                variant_id=int(form.cleaned_data["variant"]),
                warehouse_id=uuid.UUID(form.cleaned_data.get("warehouse") or str(warehouses[0].pk)),
                quantity=form.cleaned_data["quantity"],
                details=form.details,
                idempotency_key=submitted_key(request, "new-lot", membership.cooperative.pk),
                actor=membership.actor,
                now=timezone.now(),
            )
            messages.success(request, gettext("Recorded as lot %(code)s.") % {"code": lot.code})
            return redirect(lot_url(lot.pk))
    context = {"form": form, "has_warehouse": bool(warehouses)}
    return render_page(request, membership, "members/lot_new.html", context)


@require_safe
@for_members(MemberRight.COUNT_STOCK)
def show_lot(request: HttpRequest, membership: MembershipContext, lot_id: int) -> HttpResponse:
    """Show a lot: dates, producer, stock per warehouse, stages, and the parcels that hold it."""
    return render_lot(request, membership, find_lot_with_details(membership, lot_id))


@require_POST
@for_members(MemberRight.COUNT_STOCK)
def move_lot(request: HttpRequest, membership: MembershipContext, lot_id: int) -> HttpResponse:
    """Record a loss, a count or a transfer of a lot's stock in one warehouse."""
    lot = find_lot_with_details(membership, lot_id)
    form = LotMoveForm(request.POST, warehouses=_read_open_warehouses(membership))
    if not form.is_valid():
        return render_lot(request, membership, lot, move_form=form)
    data, kind = form.cleaned_data, form.cleaned_data["kind"]
    common = {
        "cooperative": membership.cooperative,
        "lot_id": lot.pk,
        "note": data["note"],
        "idempotency_key": submitted_key(request, f"lot-{kind}", lot.pk),
        "actor": membership.actor,
        "now": timezone.now(),
    }
    action: Callable[[], object]
    if kind == LotMove.COUNT:
        action = partial(
            count_lot, warehouse_id=data["warehouse"], counted_quantity=data["quantity"], **common
        )
    elif kind == LotMove.LOSS:
        action = partial(
            write_off_stock,
            variant_id=lot.variant_id,
            warehouse_id=data["warehouse"],
            quantity=data["quantity"],
            **common,
        )
    else:
        action = partial(
            transfer_stock,
            variant_id=lot.variant_id,
            from_warehouse_id=data["warehouse"],
            to_warehouse_id=uuid.UUID(data["to"]),
            quantity=data["quantity"],
            **common,
        )
    return run_action(request, action, url=lot_url(lot.pk), message=_("Recorded."))


@require_POST
@for_members(MemberRight.COUNT_STOCK)
def add_stage(request: HttpRequest, membership: MembershipContext, lot_id: int) -> HttpResponse:
    """Note what happened to a lot."""
    lot = find_lot_with_details(membership, lot_id)
    form = StageForm(request.POST)
    if not form.is_valid():
        return render_lot(request, membership, lot, stage_form=form)
    action = partial(
        add_lot_stage,
        cooperative=membership.cooperative,
        lot_id=lot.pk,
        title=form.cleaned_data["title"],
        happened_at=form.cleaned_data["happened_at"],
        idempotency_key=submitted_key(request, "lot-stage", lot.pk),
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=lot_url(lot.pk), message=_("Recorded."))


def lot_url(lot_id: int) -> str:
    return reverse("members:lot", args=[lot_id])


def lot_row(lot: Lot, seller: Cooperative, today: datetime.date) -> LotRow:
    days_left = (lot.expires_on - today).days if lot.expires_on is not None else None
    near_from = lot.near_expiry_from(seller)
    return LotRow(lot, days_left, near_from is not None and near_from <= today)


def render_lot(
    request: HttpRequest,
    membership: MembershipContext,
    lot: Lot,
    *,
    move_form: LotMoveForm | None = None,
    stage_form: StageForm | None = None,
    photos_form: PhotosForm | None = None,
) -> HttpResponse:
    """Render a lot's page. The forms are submitted ones with errors."""
    now, warehouses = timezone.now(), _read_open_warehouses(membership)
    submitted_warehouse = str(move_form["warehouse"].value()) if move_form is not None else ""
    balances = [
        (
            balance,
            move_form
            if move_form is not None and submitted_warehouse == str(balance.stock.warehouse_id)
            else LotMoveForm(
                warehouses=warehouses,
                initial={"warehouse": balance.stock.warehouse_id},
                auto_id=f"id_{balance.pk}_%s",
            ),
        )
        for balance in LotBalance.objects.of_lots([lot])
    ]
    sent_lines = Paginator(ParcelLine.objects.of_lot(lot), PER_PAGE)
    context = {
        "lot": lot,
        "page": sent_lines.get_page(request.GET.get("page")),
        "may_pack": membership.may(MemberRight.PACK),
        "may_manage": membership.may(MemberRight.MANAGE),
        "row": lot_row(lot, membership.cooperative, vietnam_date(now)),
        "balances": balances,
        "move_form": move_form,
        "stages": list(lot.stages.order_by("happened_at", "pk")),
        "pictures": list(lot.pictures.in_order()),
        "photos_form": photos_form or PhotosForm(),
        "stage_form": stage_form or StageForm(initial={"happened_at": now}),
        "idempotency_key": uuid.uuid4(),
    }
    return render_page(request, membership, "members/lot.html", context)


def find_lot_with_details(membership: MembershipContext, lot_id: int) -> Lot:
    """Return the cooperative's lot with the rows that its page shows. Raises Missing."""
    lots = Lot.objects.for_cooperative(membership.cooperative)
    lot = lots.filter(pk=lot_id).select_related("variant__product", "producer", "certificate").first()
    if lot is None:
        raise Missing()
    return lot


def _read_open_warehouses(membership: MembershipContext) -> list[Warehouse]:
    return list(Warehouse.objects.for_cooperative(membership.cooperative).open())
