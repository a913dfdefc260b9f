"""Draft orders over the API, as the Dashboard lists and deletes them."""

from __future__ import annotations

import datetime
import uuid

import pytest

from orders.actions.placement.draft_orders import create_draft, edit_draft
from orders.actions.quotes.quote_types import RequestedLine
from orders.models import Order, OrderSource
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.actors import Actor
from shop.core.models import Change
from tests.factories import NOW, make_admin, make_channel, make_contact, make_order, make_staff, make_variant
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

DRAFTS = """
query($where: DraftOrderWhereInput, $filter: OrderDraftFilterInput, $sort: OrderSortingInput,
      $search: String) {
  draftOrders(first: 10, where: $where, filter: $filter, sortBy: $sort, search: $search) {
    totalCount edges { node { number status total { gross { amount } } } }
  }
}
"""
DELETE = """
mutation($id: ID, $reference: String) {
  draftOrderDelete(id: $id, externalReference: $reference) { order { number status } errors { field code } }
}
"""
DELETE_MANY = "mutation($ids: [ID!]!) { draftOrderBulkDelete(ids: $ids) { count errors { field code } } }"


def make_draft(name: str, *, hours: int = 0) -> Order:
    """Return a draft of one pillow for a person with this name."""
    context = {"actor": Actor.system(), "now": NOW + datetime.timedelta(hours=hours)}
    draft = create_draft(channel=make_channel(), source=OrderSource.PHONE, **context)
    variant = make_variant(price=320_000)
    edit_draft(
        order_id=draft.pk,
        lines=[RequestedLine(uuid.uuid4(), variant.pk, 1)],
        deliveries={},
        contact=make_contact(name=name),
        **context,
    )
    Order.objects.filter(pk=draft.pk).update(created_at=context["now"])
    return Order.objects.get(pk=draft.pk)


def numbers(token: str, **variables: object) -> list[str]:
    drafts = data_of(DRAFTS, token, **variables)["draftOrders"]
    assert drafts["totalCount"] == len(drafts["edges"])
    return [edge["node"]["number"] for edge in drafts["edges"]]


def test_drafts_are_listed_filtered_and_sorted_without_placed_orders() -> None:
    token = token_of(make_admin())
    older, newer = make_draft("Lê Thị Hoa"), make_draft("Trần Văn Nam", hours=3)
    placed = make_order((make_variant(on_hand=5), 1))
    first, second = str(older.number), str(newer.number)

    assert numbers(token) == [second, first]
    assert numbers(token, sort={"field": "CREATED_AT", "direction": "ASC"}) == [first, second]
    assert numbers(token, search="nam") == [second]
    assert numbers(token, filter={"customer": "lê thị"}) == [first]
    assert numbers(token, filter={"created": {"gte": "2090-01-01"}}) == []
    assert numbers(token, where={"createdAt": {"gte": (NOW + datetime.timedelta(hours=1)).isoformat()}}) == [
        second
    ]
    assert numbers(token, where={"ids": [global_id("Order", older.pk), global_id("Order", placed.pk)]}) == [
        first
    ]
    listed = data_of(DRAFTS, token)["draftOrders"]["edges"][0]["node"]
    assert listed == {"number": second, "status": "DRAFT", "total": {"gross": {"amount": 320_000.0}}}


def test_draft_is_deleted_and_shown_as_it_was() -> None:
    token, draft = token_of(make_admin()), make_draft("Hoa")

    payload = data_of(DELETE, token, id=global_id("Order", draft.pk))["draftOrderDelete"]

    assert payload == {"order": {"number": str(draft.number), "status": "DRAFT"}, "errors": []}
    assert not Order.objects.filter(pk=draft.pk).exists()
    deletion = Change.objects.get(action="order.draft_deleted")
    assert deletion.key == str(draft.pk)


def test_placed_and_unknown_orders_are_not_deleted() -> None:
    token, placed = token_of(make_admin()), make_order((make_variant(on_hand=5), 1))
    before = all_rows()

    refused = data_of(DELETE, token, id=global_id("Order", placed.pk))["draftOrderDelete"]
    unknown = data_of(DELETE, token, reference="SAP-1")["draftOrderDelete"]
    unnamed = data_of(DELETE, token)["draftOrderDelete"]

    assert refused == {"order": None, "errors": [{"field": None, "code": "INVALID"}]}
    assert unknown == {"order": None, "errors": [{"field": "externalReference", "code": "NOT_FOUND"}]}
    assert unnamed == {"order": None, "errors": [{"field": "id", "code": "REQUIRED"}]}
    assert all_rows() == before


def test_drafts_are_deleted_each_for_itself() -> None:
    token, draft = token_of(make_admin()), make_draft("Hoa")
    placed = make_order((make_variant(on_hand=5), 1))

    payload = data_of(DELETE_MANY, token, ids=[global_id("Order", placed.pk), global_id("Order", draft.pk)])[
        "draftOrderBulkDelete"
    ]

    assert payload == {"count": 1, "errors": [{"field": None, "code": "INVALID"}]}
    assert list(Order.objects.values_list("pk", flat=True)) == [placed.pk]


@pytest.mark.parametrize("permissions", [(), (Permission.MANAGE_PRODUCTS,)])
def test_drafts_are_for_staff_who_manage_orders(permissions: tuple[Permission, ...]) -> None:
    draft, token = make_draft("Hoa"), token_of(make_staff(*permissions))
    before = all_rows()

    listed = execute(DRAFTS, token)
    deleted = execute(DELETE, token, id=global_id("Order", draft.pk))

    assert listed["data"]["draftOrders"] is None
    assert deleted["data"]["draftOrderDelete"] is None
    for answer in (listed, deleted):
        assert answer["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"
    assert all_rows() == before
