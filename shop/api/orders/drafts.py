"""Draft orders, which staff write for a buyer: their list and their deletion."""

from __future__ import annotations

from orders.actions.placement.draft_orders import delete_draft
from orders.models import Order
from shop.api.breadth import Selection
from shop.api.connections import SortKey, connect
from shop.api.context import Context
from shop.api.filters import build_condition, require_one_filter, sort_keys
from shop.api.orders.filters import DRAFT_FILTER, DRAFT_SORTS, DRAFT_WHERE, search_condition
from shop.api.orders.inputs import DraftOrderDeleteArguments, DraftOrdersArguments
from shop.api.orders.mutations import find_order, order_row
from shop.api.orders.types import WHOLE_ORDER_PERMISSIONS, order_object
from shop.api.root_fields import Mutations, Queries

query = Queries()
mutation = Mutations(codes={"not_a_draft": "INVALID"})

_NEWEST = [SortKey("created_at", is_descending=True), SortKey("number", is_descending=True)]


@query.field(permissions=WHOLE_ORDER_PERMISSIONS)
def draft_orders(
    arguments: DraftOrdersArguments, context: Context, selection: Selection
) -> dict[str, object]:
    require_one_filter(arguments)
    rows = order_object.rows(context).filter(pk__in=Order.objects.drafts().order_by().values("pk"))
    rows = rows.filter(build_condition(arguments.get("filter"), DRAFT_FILTER, context))
    rows = rows.filter(build_condition(arguments.get("where"), DRAFT_WHERE, context))
    if (search_text := arguments.get("search")) and search_text.strip():
        rows = rows.filter(search_condition(context, search_text))
    order_by = sort_keys(arguments.get("sortBy"), DRAFT_SORTS, _NEWEST, unique="number")
    return connect(order_object, rows, arguments, selection, order=order_by)


@mutation.field(permissions=WHOLE_ORDER_PERMISSIONS)
def draft_order_delete(
    arguments: DraftOrderDeleteArguments, context: Context, selection: Selection
) -> dict[str, object]:
    """Delete a draft, and return it as it was."""
    key = find_order(arguments.get("id"), arguments.get("externalReference"), context).pk
    deleted = order_row(key, context, selection)
    delete_draft(order_id=key, actor=context.actor, now=context.now)
    return {"order": deleted}


mutation.add_bulk_deletion("draftOrderBulkDelete", draft_order_delete, permissions=WHOLE_ORDER_PERMISSIONS)

TYPES = (query, mutation)
