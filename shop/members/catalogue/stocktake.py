"""The stock-take of a warehouse: count, review the differences, confirm. Nothing is saved before that."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.contrib import messages
from django.core import signing
from django.forms import BoundField
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from catalog.actions.stock.stocktakes import CountedRow, UnsavedRow, record_stocktake
from catalog.models import Stock
from catalog.stocktake import StocktakeRow, implausible_ratio, load_stocktake_rows
from cooperatives.access import MemberRight, MembershipContext
from cooperatives.models import Warehouse
from shop.core.errors import StrOrPromise
from shop.core.texts.formatting import format_money, format_number
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.stocktake import RepeatedCountsForm, StocktakeForm, row_name
from shop.members.member_access import for_members, render_page

SALT = "shop.members.stocktake"
OPEN_HOURS = 24


@dataclass(frozen=True, slots=True)
class CountedStocktake:
    """A stock-take that is counted and not confirmed. The page keeps it, signed, as a token.

    Its counts hold for `counted_at`. `key` is the idempotency key of its confirmation.
    """

    warehouse_id: uuid.UUID
    opened_at: datetime.datetime
    counted_at: datetime.datetime
    counts: Sequence[CountedRow]
    key: str = field(default_factory=lambda: str(uuid.uuid4()))

    def token(self) -> str:
        values = {
            "warehouse": str(self.warehouse_id),
            "opened_at": self.opened_at.isoformat(),
            "counted_at": self.counted_at.isoformat(),
            "counts": [list(asdict(count).values()) for count in self.counts],
            "key": self.key,
        }
        return signing.dumps(values, salt=SALT, compress=True)

    @classmethod
    def from_token(cls, token: str) -> CountedStocktake | None:
        """Return the stock-take of the token, or None if it is not ours or too old."""
        values = _read_token(token)
        if not isinstance(values, dict):
            return None
        return cls(
            uuid.UUID(values["warehouse"]),
            datetime.datetime.fromisoformat(values["opened_at"]),
            datetime.datetime.fromisoformat(values["counted_at"]),
            [CountedRow(*count) for count in values["counts"]],
            values["key"],
        )


@dataclass(frozen=True, slots=True)
class ReviewedRow:
    """A row of the review. `moved_from` is the book quantity at the start if it changed during the count.

    `again` is the field in which an implausible count is entered again.
    """

    row: StocktakeRow
    counted: int
    moved_from: int | None = None
    reason: StrOrPromise = ""
    again: BoundField | None = None

    @property
    def ratio(self) -> int:
        """How many times the one quantity is the other if the count is likely a typing error, or else 0."""
        return implausible_ratio(self.row.book, self.counted)

    @property
    def name(self) -> str:
        return row_name(self.row)

    @property
    def difference(self) -> int:
        return self.counted - self.row.book

    @property
    def signed_difference(self) -> str:
        return _sign(self.difference) + format_number(abs(self.difference))

    @property
    def value(self) -> int | None:
        return None if self.row.amount is None else self.difference * self.row.amount

    @property
    def signed_value(self) -> str:
        return "" if self.value is None else _signed_money(self.value)


@require_safe_or_post
@for_members(MemberRight.COUNT_STOCK)
def take_stock(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the rows of the warehouse `?kho=`, review the entered counts, and save them once confirmed.

    Without `?kho=` the oldest warehouse with stocks is counted.
    """
    if request.method == "POST" and "stocktake" in request.POST:
        stocktake = CountedStocktake.from_token(request.POST["stocktake"])
        if stocktake is None:
            messages.error(request, gettext("This stock-take can no longer be saved. Please count again."))
            return redirect(request.get_full_path())
        if "edit" not in request.POST:
            return _confirm(request, membership, stocktake)
        return _render_count(request, membership, edited=stocktake)
    return _render_count(request, membership)


def _render_count(
    request: HttpRequest, membership: MembershipContext, *, edited: CountedStocktake | None = None
) -> HttpResponse:
    """Render the form, or the review of a valid submission. `edited` fills the form with earlier counts."""
    now = timezone.now()
    stocks = Stock.objects.for_cooperative(membership.cooperative).countable()
    warehouses = list(
        Warehouse.objects.filter(pk__in=stocks.order_by().values("warehouse")).order_by("created_at", "pk")
    )
    requested = str(edited.warehouse_id) if edited else request.GET.get("kho", "")
    warehouse = next(
        (row for row in warehouses if str(row.pk) == requested), warehouses[0] if warehouses else None
    )
    rows = load_stocktake_rows(warehouse, at=now) if warehouse else []
    is_submitted = request.method == "POST" and edited is None
    counted = {count.key: count.counted for count in edited.counts} if edited else {}
    kept_keys = request.POST.keys() if is_submitted else counted.keys()  # rows that emptied meanwhile
    form = StocktakeForm(
        request.POST if is_submitted else None,
        rows=[row for row in rows if row.is_listed or row.key in kept_keys],
        counted=counted,
    )
    opened_at = edited.opened_at if edited else now
    if is_submitted:
        opened_at = _read_moment(request.POST.get("opened", "")) or now
    if warehouse and is_submitted and form.is_valid():
        return _review_counts(request, membership, warehouse, form, opened_at=opened_at, counted_at=now)
    context = {
        "form": form,
        "warehouses": warehouses,
        "warehouse": warehouse,
        "opened": signing.dumps(opened_at.isoformat(), salt=SALT),
    }
    return render_page(request, membership, "members/stocktake.html", context)


def _review_counts(
    request: HttpRequest,
    membership: MembershipContext,
    warehouse: Warehouse,
    form: StocktakeForm,
    *,
    opened_at: datetime.datetime,
    counted_at: datetime.datetime,
) -> HttpResponse:
    counted = form.counted
    counts = [CountedRow(row.key, counted[row.key], row.book) for row in form.rows if row.key in counted]
    stocktake = CountedStocktake(warehouse.pk, opened_at, counted_at, counts)
    return _render_review(
        request,
        membership,
        stocktake,
        _build_reviewed_rows(warehouse, stocktake, form.rows),
        uncounted_count=len(form.rows) - len(counts),
    )


def _build_reviewed_rows(
    warehouse: Warehouse, stocktake: CountedStocktake, rows: Sequence[StocktakeRow]
) -> list[ReviewedRow]:
    """Return the counted ones of the warehouse's rows, in their order."""
    first_books = {row.key: row.book for row in load_stocktake_rows(warehouse, at=stocktake.opened_at)}
    counted = {count.key: count.counted for count in stocktake.counts}
    reviewed = []
    for row in rows:
        if row.key in counted:
            first_book = first_books.get(row.key, row.book)
            moved_from = first_book if first_book != row.book else None
            reviewed.append(ReviewedRow(row, counted[row.key], moved_from))
    return reviewed


def _confirm(
    request: HttpRequest, membership: MembershipContext, stocktake: CountedStocktake
) -> HttpResponse:
    """Save the counts. Rows that changed meanwhile are shown again, and can be confirmed as they are now.

    Implausible counts have to be entered again first.
    """
    repeated = RepeatedCountsForm(request.POST, counts=stocktake.counts)
    warehouse = (
        Warehouse.objects.for_cooperative(membership.cooperative).filter(pk=stocktake.warehouse_id).first()
    )
    if warehouse is not None and not repeated.is_valid():
        rows = load_stocktake_rows(warehouse, at=stocktake.counted_at)
        reviewed = _build_reviewed_rows(warehouse, stocktake, rows)
        return _render_review(request, membership, stocktake, reviewed, repeated=repeated)
    outcome = record_stocktake(
        cooperative=membership.cooperative,
        warehouse_id=stocktake.warehouse_id,
        counts=stocktake.counts,
        counted_at=stocktake.counted_at,
        idempotency_key=stocktake.key,
        actor=membership.actor,
        now=timezone.now(),
    )
    saved_message = ngettext("%(count)d count saved.", "%(count)d counts saved.", outcome.saved_count)
    if outcome.saved_count:
        messages.success(request, saved_message % {"count": outcome.saved_count})
    if outcome.gone_count:
        gone_message = ngettext(
            "%(count)d row is no longer in this warehouse and was not saved.",
            "%(count)d rows are no longer in this warehouse and were not saved.",
            outcome.gone_count,
        )
        messages.warning(request, gone_message % {"count": outcome.gone_count})
    if not outcome.unsaved:
        return redirect(request.get_full_path())
    again = CountedStocktake(
        stocktake.warehouse_id,
        stocktake.opened_at,
        stocktake.counted_at,
        [
            CountedRow(unsaved.row.key, unsaved.counted, unsaved.row.book)
            for unsaved in outcome.unsaved
            if not unsaved.row.is_counted_since
        ],
    )
    reviewed = [
        ReviewedRow(unsaved.row, unsaved.counted, reason=_reason_of(unsaved)) for unsaved in outcome.unsaved
    ]
    return _render_review(request, membership, again, reviewed, is_again=True)


def _reason_of(unsaved: UnsavedRow) -> StrOrPromise:
    if unsaved.refused is not None:
        return unsaved.refused.message
    if unsaved.row.is_counted_since:
        return gettext("Somebody counted this again meanwhile. That count stands.")
    return gettext("The books changed meanwhile. Check the difference.")


def _render_review(
    request: HttpRequest,
    membership: MembershipContext,
    stocktake: CountedStocktake,
    reviewed: Sequence[ReviewedRow],
    *,
    uncounted_count: int = 0,
    is_again: bool = False,
    repeated: RepeatedCountsForm | None = None,
) -> HttpResponse:
    """Show the differences, with gains and losses apart, because they hide each other in a sum."""
    form = repeated or RepeatedCountsForm(counts=stocktake.counts)
    values = [row.value for row in reviewed if row.value is not None and not row.row.is_counted_since]
    gain = sum(value for value in values if value > 0)
    loss = sum(value for value in values if value < 0)
    context = {
        "reviewed": [
            replace(row, again=form[name]) if (name := row.row.key) in form.fields else row
            for row in reviewed
        ],
        "form": form,
        "token": stocktake.token() if stocktake.counts else "",
        "counted_at": stocktake.counted_at,
        "differing_count": sum(row.difference != 0 for row in reviewed),
        "gain": _signed_money(gain),
        "loss": _signed_money(loss),
        "total": _signed_money(gain + loss),
        "uncounted_count": uncounted_count,
        "is_again": is_again,
    }
    return render_page(request, membership, "members/stocktake_review.html", context)


def _read_token(token: str) -> Any:
    try:
        return signing.loads(token, salt=SALT, max_age=datetime.timedelta(hours=OPEN_HOURS))
    except signing.BadSignature:
        return None


def _read_moment(token: str) -> datetime.datetime | None:
    value = _read_token(token)
    return datetime.datetime.fromisoformat(value) if isinstance(value, str) else None


def _sign(number: int) -> str:
    if number == 0:
        return ""
    return "+" if number > 0 else "−"


def _signed_money(amount: int) -> str:
    return _sign(amount) + format_money(abs(amount))
