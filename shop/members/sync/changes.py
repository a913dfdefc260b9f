"""Answer a phone's pull, first with a snapshot in pages, then with the rows changed since its cursor.

The cursor names a position in the change log. PostgreSQL may commit a change after changes with higher ids.
The position therefore stays behind all changes that are younger than the longest transaction. The rows of
these changes are sent again, which does no harm.
"""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace

from django.db.models import Exists, Max, OuterRef

from catalog.models import Lot, LotBalance, Product, Stock, Variant
from cooperatives.access import MembershipContext
from cooperatives.models import Cooperative
from orders.models import DeliveryRun, Order, OrderLine, OrderPart, Parcel
from shop.core.models import Change
from shop.members.sync.part_facts import open_parts
from shop.members.sync.rows import (
    PART,
    PRODUCT,
    Row,
    RowReference,
    load_rows_by_reference,
    load_rows_of_kind,
    visible_kinds,
)

PAGE_SIZE = 100
MAX_CHANGED_ROWS_PER_PULL = 300  # if there are more, a snapshot in pages is sent instead
MAX_CHANGED_ORDERS_OF_MARKET = 5_000
MAX_PARTS_SHARING_LOTS = 100
MAX_SCANNED_CHANGES = 50_000  # of the whole market since the cursor
# Twice the longest transaction of a page or job.
SETTLING_DELAY = datetime.timedelta(minutes=5)
_CURSOR_FORMAT = 14
_CURSOR = re.compile(r"(\d{1,4})-(\d{1,18})-([a-z]+)-(\d{1,18})(?:-([a-z]+)-(\d{1,18}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A position in the change log, for one cooperative and role.

    During a snapshot the cursor also names the kind of rows and the last row that was sent.
    """

    cooperative_id: int
    role: str
    position: int
    kind: str = ""
    last_id: int = 0

    def __str__(self) -> str:
        text = f"{_CURSOR_FORMAT}-{self.cooperative_id}-{self.role}-{self.position}"
        return f"{text}-{self.kind}-{self.last_id}" if self.kind else text


def pull_rows(membership: MembershipContext, since: str, *, now: datetime.datetime) -> Row:
    """Return the next page of a snapshot, or the rows changed and removed since the cursor.

    `is_reset` tells the phone to forget the cooperative's rows first. It is true if the phone has no rows, if
    its cursor is of another cooperative, role or format, or if too much has changed. `has_more` tells the
    phone to pull again at once.
    """
    cursor = _parse_cursor(since, membership)
    if cursor is None:
        return _read_snapshot_page(membership, _find_snapshot_start(membership, now), is_reset=True, now=now)
    if cursor.kind:
        return _read_snapshot_page(membership, cursor, is_reset=False, now=now)
    references = _read_changed_references(membership, cursor.position)
    if references is None:
        return _read_snapshot_page(membership, _find_snapshot_start(membership, now), is_reset=True, now=now)
    rows = load_rows_by_reference(membership, references, now=now)
    position = max(cursor.position, _find_settled_position(now))
    return {
        "cursor": str(replace(cursor, position=position)),
        "is_reset": False,
        "has_more": False,
        "rows": [rows[reference] for reference in sorted(rows)],
        "removed": [reference.as_json() for reference in sorted(references - rows.keys())],
    }


def _parse_cursor(text: str, membership: MembershipContext) -> Cursor | None:
    """Return the phone's cursor, or None if the cursor does not fit this member and a snapshot is due."""
    match = _CURSOR.fullmatch(text)
    if match is None or int(match[1]) != _CURSOR_FORMAT:
        return None
    cursor = Cursor(
        cooperative_id=int(match[2]),
        role=match[3],
        position=int(match[4]),
        kind=match[5] or "",
        last_id=int(match[6] or 0),
    )
    fits = (cursor.cooperative_id, cursor.role) == (membership.cooperative.pk, membership.role)
    return cursor if fits and cursor.kind in ("", *visible_kinds(membership)) else None


def _find_snapshot_start(membership: MembershipContext, now: datetime.datetime) -> Cursor:
    kinds = visible_kinds(membership)
    return Cursor(
        membership.cooperative.pk, membership.role, _find_settled_position(now), kinds[0] if kinds else ""
    )


def _find_settled_position(now: datetime.datetime) -> int:
    """Return the highest id below which every change is committed, or 0 in a new shop."""
    settled = Change.objects.filter(created_at__lte=now - SETTLING_DELAY).order_by("-pk")
    return settled.values_list("pk", flat=True).first() or 0


def _read_snapshot_page(
    membership: MembershipContext, cursor: Cursor, *, is_reset: bool, now: datetime.datetime
) -> Row:
    rows: list[Row] = []
    following = replace(cursor, kind="", last_id=0)
    if cursor.kind:
        cooperative = membership.cooperative
        ids = _read_ids_after(cursor.kind, cooperative, cursor.last_id)
        rows = load_rows_of_kind(cursor.kind, cooperative, ids[:PAGE_SIZE], now=now)
        kinds = visible_kinds(membership)
        next_kinds = kinds[kinds.index(cursor.kind) + 1 :]
        if len(ids) > PAGE_SIZE:
            following = replace(cursor, last_id=ids[PAGE_SIZE - 1])
        elif next_kinds:
            following = replace(cursor, kind=next_kinds[0], last_id=0)
    return {
        "cursor": str(following),
        "is_reset": is_reset,
        "has_more": bool(following.kind),
        "rows": rows,
        "removed": [],
    }


def _read_ids_after(kind: str, cooperative: Cooperative, last_id: int) -> list[int]:
    """Return the ids after `last_id`. One more than a page holds means that another page follows."""
    rows = open_parts(cooperative) if kind == PART else Product.objects.for_cooperative(cooperative)
    ids = rows.filter(pk__gt=last_id).order_by("pk").values_list("pk", flat=True)
    return list(ids[: PAGE_SIZE + 1])


def _read_changed_references(membership: MembershipContext, position: int) -> set[RowReference] | None:
    """Return the rows that changed after the position.

    Returns None if there are so many that a snapshot is due.
    """
    last = Change.objects.aggregate(last=Max("pk"))["last"] or 0
    if last - position > MAX_SCANNED_CHANGES or position > last:
        return None
    cooperative = membership.cooperative
    changes = Change.objects.filter(pk__gt=position)
    keys_by_kind: dict[str, set[str]] = {}
    for action, root_kind, root_key, kind, key in changes.filter(cooperative=cooperative.pk).values_list(
        "action", "root_kind", "root_key", "kind", "key"
    ):
        if action == "cooperative.stock_warnings_changed":
            return None  # the rows of all products hold the thresholds
        keys_by_kind.setdefault(root_kind, set()).add(root_key)
        keys_by_kind.setdefault(kind, set()).add(key)
    # Changes of a whole order, such as its placement, belong to no cooperative.
    order_kind = Order._meta.label_lower
    order_changes = changes.filter(cooperative=None, root_kind=order_kind)
    order_keys = {*keys_by_kind.get(order_kind, ()), *order_changes.values_list("root_key", flat=True)}
    if len(order_keys) > MAX_CHANGED_ORDERS_OF_MARKET:
        return None
    order_ids = [uuid.UUID(key) for key in order_keys]
    product_ids = _integer_keys(keys_by_kind.get(Product._meta.label_lower, ()))
    stock_ids = _integer_keys(keys_by_kind.get(Stock._meta.label_lower, ()))
    lot_ids = _integer_keys(keys_by_kind.get(Lot._meta.label_lower, ()))
    product_ids |= _find_product_ids_of_stocks(cooperative, stock_ids)
    product_ids |= _find_product_ids_of_lots(cooperative, lot_ids)
    product_ids |= _find_product_ids_of_orders(cooperative, order_ids)
    parts = OrderPart.objects.for_cooperative(cooperative).filter(order__in=order_ids)
    run_ids = _integer_keys(keys_by_kind.get(DeliveryRun._meta.label_lower, ()))
    part_ids = {
        *parts.values_list("pk", flat=True),
        *_find_part_ids_of_lots(cooperative, lot_ids),
        *_find_part_ids_sharing_lots(cooperative, order_ids),
        *_find_part_ids_of_runs(cooperative, run_ids),
    }
    references = {RowReference(PART, part_id) for part_id in part_ids}
    references |= {RowReference(PRODUCT, product_id) for product_id in product_ids}
    kinds = visible_kinds(membership)
    visible = {reference for reference in references if reference.kind in kinds}
    return visible if len(visible) <= MAX_CHANGED_ROWS_PER_PULL else None


def _find_product_ids_of_stocks(cooperative: Cooperative, ids: Collection[int]) -> set[int]:
    stocks = Stock.objects.for_cooperative(cooperative).filter(pk__in=ids)
    return set(stocks.values_list("variant__product", flat=True))


def _find_product_ids_of_lots(cooperative: Cooperative, ids: Collection[int]) -> set[int]:
    lots = Lot.objects.for_cooperative(cooperative).filter(pk__in=ids)
    return set(lots.values_list("variant__product", flat=True))


def _find_product_ids_of_orders(cooperative: Cooperative, ids: Collection[uuid.UUID]) -> set[int]:
    """Return products whose stock these orders allocate or release."""
    lines = OrderLine.objects.filter(order__in=ids, cooperative=cooperative, variant__isnull=False)
    return set(lines.values_list("variant__product", flat=True))


def _find_part_ids_of_lots(cooperative: Cooperative, ids: Collection[int]) -> set[int]:
    """Return the open parts whose pick lists may name these lots."""
    if not ids:
        return set()
    variants = Variant.objects.filter(lots__in=ids)
    lines = OrderLine.objects.filter(part__in=open_parts(cooperative), variant__in=variants)
    return set(lines.values_list("part", flat=True))


def _find_part_ids_of_runs(cooperative: Cooperative, ids: Collection[int]) -> set[int]:
    """Return the parts whose parcels name the drivers of these runs."""
    if not ids:
        return set()
    parcels = Parcel.objects.for_cooperative(cooperative).filter(run_parcels__run__in=ids)
    return set(parcels.values_list("part", flat=True))


def _find_part_ids_sharing_lots(cooperative: Cooperative, ids: Collection[uuid.UUID]) -> set[int]:
    """Return the open parts that take from lots which these orders take from, unless there are many.

    What these orders take changes the lots that are suggested to the others. Suggestions may grow old where
    resending would cost more: the market refuses a lot that is used up.
    """
    if not ids:
        return set()
    balances = LotBalance.objects.filter(stock__variant=OuterRef("variant")).exclude(on_hand=0)
    variants = OrderLine.objects.filter(Exists(balances), order__in=ids, cooperative=cooperative)
    lines = OrderLine.objects.filter(
        part__in=open_parts(cooperative), variant__in=variants.values("variant")
    ).order_by("part")
    part_ids = set(lines.values_list("part", flat=True).distinct()[: MAX_PARTS_SHARING_LOTS + 1])
    return part_ids if len(part_ids) <= MAX_PARTS_SHARING_LOTS else set()


def _integer_keys(keys: Collection[str]) -> set[int]:
    return {int(key) for key in keys}
