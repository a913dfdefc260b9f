"""Missing items and substitutes over the API, by the rules of the members' app."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from orders.actions.fulfilment.pack_parcels import accept_part
from orders.models import Order, OrderPart, Refund, Substitute
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.actors import Actor
from tests.factories import (
    fixed_now,
    make_admin,
    make_order,
    make_seller,
    make_staff,
    make_user,
    make_variant,
)
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.orders.test_fulfillment import fulfil
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

REPORT = """
mutation($id: ID!, $lines: [CooperativePartAvailableLineInput!]!, $key: UUID) {
  cooperativePartReportShortage(id: $id, lines: $lines, idempotencyKey: $key) {
    errors { field code }
    part { refunded { amount } lines { quantity } }
  }
}
"""
OFFER = """
mutation($id: ID!, $input: CooperativeSubstituteInput!, $key: UUID) {
  cooperativeSubstituteOffer(id: $id, input: $input, idempotencyKey: $key) {
    errors { field code }
    substitute { id state productName quantity substituteQuantity replacedTotal { amount } total { amount } }
  }
}
"""
WITHDRAW = """
mutation($id: ID!) {
  cooperativeSubstituteWithdraw(id: $id) { errors { field code } substitute { state } }
}
"""
ANSWER = """
mutation($id: ID!, $accept: Boolean!) {
  cooperativeSubstituteAnswer(id: $id, accept: $accept) {
    errors { field code }
    substitute { state newOrderLine { productName quantity } }
  }
}
"""
PARTS = """
query($id: ID!) {
  order(id: $id) {
    cooperativeParts {
      substitutes { state variantName answeredAt orderLine { productName } newOrderLine { productName } }
    }
  }
}
"""


class Case:
    """A signed-in buyer's accepted part of four packs at 100,000; the cooperative has noodles at 80,000."""

    def __init__(self) -> None:
        self.seller = make_seller()
        self.buyer = make_user()
        pack, other = make_variant(self.seller, name="Miến dong", price=100_000), make_variant(self.seller)
        self.order = make_order((pack, 4), (other, 1), user=self.buyer, now=fixed_now())
        self.part: OrderPart = self.order.parts.get()
        accept_part(part_id=self.part.pk, actor=Actor.system(), now=timezone.now())
        self.noodles = make_variant(self.seller, name="Bún khô", price=80_000)
        self.token = token_of(make_staff(Permission.MANAGE_ORDERS, works_for=(self.seller,)))
        self.line = self.part.lines.order_by("position")[0]

    @property
    def part_id(self) -> str:
        return global_id("CooperativePart", self.part.pk)

    def report(self, available: int, token: str | None = None, **variables: object) -> dict:
        lines = [{"orderLineId": global_id("OrderLine", self.line.pk), "available": available}]
        data = data_of(REPORT, token or self.token, id=self.part_id, lines=lines, **variables)
        return data["cooperativePartReportShortage"]

    def offer(self, token: str | None = None, **changed: object) -> dict:
        key = changed.pop("key", None)
        entered = {
            "orderLineId": global_id("OrderLine", self.line.pk),
            "quantity": 2,
            "variantId": global_id("ProductVariant", self.noodles.pk),
            "substituteQuantity": 2,
        } | changed
        data = data_of(OFFER, token or self.token, id=self.part_id, input=entered, key=key)
        return data["cooperativeSubstituteOffer"]


def test_cooperatives_staff_report_missing_items_once_for_a_key() -> None:
    case, key = Case(), str(uuid.uuid4())

    payloads = [case.report(3, key=key) for _attempt in range(2)]

    expected = {"refunded": {"amount": 100_000}, "lines": [{"quantity": 4}, {"quantity": 1}]}
    assert payloads == [{"errors": [], "part": expected}] * 2
    assert Refund.objects.get().amount == 100_000
    refused = case.report(4)
    assert refused["errors"] == [
        {"field": f"available-{case.line.pk}", "code": "INVALID_QUANTITY"},
    ]


def test_offered_substitute_is_shown_and_answered_by_its_buyer() -> None:
    case = Case()

    payload = case.offer(key=str(uuid.uuid4()))

    substitute = payload["substitute"]
    assert payload["errors"] == []
    assert {name: value for name, value in substitute.items() if name != "id"} == {
        "state": "WAITING",
        "productName": "Bún khô",
        "quantity": 2,
        "substituteQuantity": 2,
        "replacedTotal": {"amount": 200_000},
        "total": {"amount": 160_000},
    }
    assert fulfil(case.order, token_of(make_admin()))["errors"][0]["code"] == "FULFILL_ORDER_LINE"

    buyer = token_of(case.buyer)
    answered = data_of(ANSWER, buyer, id=substitute["id"], accept=True)["cooperativeSubstituteAnswer"]

    assert answered == {
        "errors": [],
        "substitute": {"state": "ACCEPTED", "newOrderLine": {"productName": "Bún khô", "quantity": 2}},
    }
    (part,) = data_of(PARTS, buyer, id=global_id("Order", case.order.pk))["order"]["cooperativeParts"]
    (shown,) = part["substitutes"]
    assert (shown["state"], shown["orderLine"]) == ("ACCEPTED", {"productName": "Miến dong"})
    assert shown["newOrderLine"] == {"productName": "Bún khô"}
    again = data_of(ANSWER, buyer, id=substitute["id"], accept=False)["cooperativeSubstituteAnswer"]
    assert again["errors"] == [{"field": None, "code": "NOT_EDITABLE"}]


def test_withdrawn_substitute_cannot_be_answered() -> None:
    case = Case()
    key = case.offer()["substitute"]["id"]

    withdrawn = data_of(WITHDRAW, case.token, id=key)["cooperativeSubstituteWithdraw"]

    assert withdrawn == {"errors": [], "substitute": {"state": "WITHDRAWN"}}
    answered = data_of(ANSWER, token_of(make_admin()), id=key, accept=True)["cooperativeSubstituteAnswer"]
    assert answered == {"errors": [{"field": None, "code": "NOT_EDITABLE"}], "substitute": None}


def test_refusals_of_offers_have_codes() -> None:
    case = Case()
    line = global_id("ProductVariant", case.line.variant_id)

    codes = [
        case.offer(**changed)["errors"][0]["code"]
        for changed in ({"quantity": 5}, {"variantId": line}, {"substituteQuantity": 11})
    ]

    assert codes == ["INVALID_QUANTITY", "PRODUCT_UNAVAILABLE_FOR_PURCHASE", "INSUFFICIENT_STOCK"]
    assert not Substitute.objects.exists()


def test_strangers_neither_report_nor_offer_nor_answer() -> None:
    case = Case()
    key = case.offer()["substitute"]["id"]
    foreign = token_of(make_staff(Permission.MANAGE_ORDERS, works_for=(make_seller("HTX Tài Hoan"),)))
    stranger = token_of(make_user())
    before = all_rows()

    assert case.report(3, foreign)["errors"] == [{"field": "id", "code": "NOT_FOUND"}]
    assert case.offer(foreign)["errors"] == [{"field": "id", "code": "NOT_FOUND"}]
    for token in (foreign, stranger, case.token, None):
        answered = data_of(ANSWER, token, id=key, accept=True)["cooperativeSubstituteAnswer"]
        assert answered["errors"] == [{"field": "id", "code": "NOT_FOUND"}]
    assert execute(WITHDRAW, stranger, id=key)["errors"]
    assert all_rows() == before
    assert Order.objects.get().lines.count() == 2
