"""Public metadata, writable by anyone who knows the id of a guest's basket or order."""

from __future__ import annotations

import json

import pytest
from django.db import transaction

from orders.models import Basket, Order
from shop.api.ids import global_id
from shop.core.models import ShopSettings
from shop.core.models.bases import MAX_METADATA_BYTES, MetadataTooLarge
from tests.factories import (
    NOW,
    make_basket,
    make_channel,
    make_order,
    make_seller,
    make_user,
    make_variant,
)
from tests.refusals import all_rows, assert_refused
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db
WRITE = """mutation($id: ID!, $key: String!, $value: String!) {
    updateMetadata(id: $id, input: [{key: $key, value: $value}]) { errors { field code message } } }"""
REGISTER = """mutation($value: String!) { accountRegister(input: {
    email: "mai@example.com", password: "mat-khau-cua-toi-2026",
    metadata: [{key: "a", value: $value}] }) { errors { field code } } }"""


def test_order_with_an_expired_link_is_not_found() -> None:
    order = make_order()
    Order.objects.update(link_expires_at=NOW)
    strangers = token_of(make_user())
    before = all_rows()

    responses = [
        execute(WRITE, token, id=global_id("Order", key), key="a", value="b")
        for token in (None, strangers)
        for key in (order.pk, "2f1f3f5e-6a0c-4d0e-9a53-0d6f4d0a1b11")
    ]

    assert [response["errors"][0]["extensions"]["code"] for response in responses] == ["PermissionDenied"] * 4
    assert Order.objects.get().metadata == {}
    assert all_rows() == before


def test_metadata_size_is_bounded_in_one_step_or_in_many() -> None:
    basket = make_basket((make_variant(make_seller(), on_hand=5), 1))
    half_of_limit = "a" * (MAX_METADATA_BYTES // 2)

    def write(key: str, value: str) -> list[str]:
        response = data_of(WRITE, id=global_id("Checkout", basket.pk), key=key, value=value)
        return [error["code"] for error in response["updateMetadata"]["errors"]]

    assert write("a", half_of_limit) == []
    before = all_rows()
    assert write("b", half_of_limit) == ["INVALID"]
    assert write("b", half_of_limit * 3) == ["INVALID"]
    assert all_rows() == before
    assert write("a", "b") == []
    assert Basket.objects.get().metadata == {"a": "b"}


def test_registration_cannot_exceed_the_metadata_bound() -> None:
    ShopSettings.objects.create(enable_account_confirmation_by_email=False)
    make_channel()
    before = all_rows()

    response = data_of(REGISTER, value="a" * MAX_METADATA_BYTES)["accountRegister"]

    assert response["errors"] == [{"field": "metadata", "code": "INVALID"}]
    assert all_rows() == before


def test_metadata_bound_counts_bytes_and_covers_bulk_updates() -> None:
    """A Vietnamese letter has up to three bytes."""
    basket = make_basket((make_variant(make_seller(), on_hand=5), 1))
    room = MAX_METADATA_BYTES - len(json.dumps({"a": ""}).encode())

    basket.metadata = {"a": "ế" * (room // 3)}
    basket.save()
    basket.metadata = {"a": "ế" * (room // 3 + 1)}
    with assert_refused(MetadataTooLarge, "metadata_too_large"), transaction.atomic():
        Basket.objects.bulk_update([basket], ["metadata"])

    assert Basket.objects.get().metadata == {"a": "ế" * (room // 3)}
