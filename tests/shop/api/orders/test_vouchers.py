"""Vouchers as the Dashboard lists and shows them."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest

from orders.models import ValueType, VoucherCode, VoucherType, VoucherUse
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from tests.factories import (
    NOW,
    make_category,
    make_channel,
    make_order,
    make_staff,
    make_user,
    make_variant,
    make_voucher,
)
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

DETAILS = """
query($id: ID!) { voucher(id: $id) {
  name code type discountValueType usageLimit used startDate endDate minCheckoutItemsQuantity
  applyOncePerOrder applyOncePerCustomer singleUse onlyForStaff countries { code }
  codes(first: 10) { totalCount edges { node { code used isActive } } }
  channelListings { discountValue currency minSpent { amount } channel { slug } }
  products(first: 10) { totalCount edges { node { name } } }
  variants(first: 10) { edges { node { id } } }
  categories(first: 10) { totalCount edges { node { name } } }
  collections(first: 10) { totalCount edges { node { id } } }
} }
"""
LIST = """
query($filter: VoucherFilterInput, $sortBy: VoucherSortingInput, $channel: String) {
  vouchers(first: 20, filter: $filter, sortBy: $sortBy, channel: $channel) { edges { node { name } } } }
"""
COVERED = """
{ vouchers(first: 20) { edges { node {
  used channelListings { discountValue channel { slug } } codes(first: 2) { edges { node { code used } } }
  products(first: 2) { edges { node { name } } } } } } }
"""


@pytest.fixture
def token() -> str:
    return token_of(make_staff(Permission.MANAGE_DISCOUNTS))


def listed(token: str, **variables: Any) -> list[str]:
    edges = data_of(LIST, token, **variables)["vouchers"]["edges"]
    return [edge["node"]["name"] for edge in edges]


def test_voucher_is_shown_with_its_codes_values_and_goods(token: str) -> None:
    category = make_category("Gối")
    variant = make_variant(category=category)
    voucher = make_voucher(
        code="TET2027",
        name="Tết",
        type=VoucherType.SPECIFIC_PRODUCT,
        value_type=ValueType.FIXED,
        value=20_000,
        minimum=100_000,
        usage_limit=5,
        minimum_quantity=2,
        countries=["VN"],
        products=[variant.product],
        categories=[category],
    )
    code = VoucherCode.objects.get()
    VoucherUse.objects.create(code=code, order=make_order((variant, 1)), used_at=NOW)

    shown = data_of(DETAILS, token, id=global_id("Voucher", voucher.pk))["voucher"]

    assert shown == {
        "name": "Tết",
        "code": "TET2027",
        "type": "SPECIFIC_PRODUCT",
        "discountValueType": "FIXED",
        "usageLimit": 5,
        "used": 1,
        "startDate": voucher.starts_at.isoformat(),
        "endDate": voucher.ends_at.isoformat() if voucher.ends_at else None,
        "minCheckoutItemsQuantity": 2,
        "applyOncePerOrder": False,
        "applyOncePerCustomer": False,
        "singleUse": False,
        "onlyForStaff": False,
        "countries": [{"code": "VN"}],
        "codes": {
            "totalCount": 1,
            "edges": [{"node": {"code": "TET2027", "used": 1, "isActive": True}}],
        },
        "channelListings": [
            {
                "discountValue": 20_000.0,
                "currency": "VND",
                "minSpent": {"amount": 100_000.0},
                "channel": {"slug": make_channel().slug},
            }
        ],
        "products": {"totalCount": 1, "edges": [{"node": {"name": variant.product.name}}]},
        "variants": {"edges": []},
        "categories": {"totalCount": 1, "edges": [{"node": {"name": "Gối"}}]},
        "collections": {"totalCount": 0, "edges": []},
    }


def test_vouchers_are_filtered_and_sorted(token: str) -> None:
    day = datetime.timedelta(days=1)
    now = datetime.datetime.now(datetime.UTC)
    make_voucher(code="CU", name="Cũ", starts_at=now - 9 * day, ends_at=now - day, value=30)
    make_voucher(code="NAY", name="Nay", starts_at=now - 3 * day, ends_at=None, value=10)
    later = make_voucher(code="SAU", name="Sau", starts_at=now + day, ends_at=None, value=20)
    later.type = VoucherType.SHIPPING
    later.save()

    assert listed(token) == ["Sau", "Nay", "Cũ"]
    assert listed(token, filter={"status": ["ACTIVE"]}) == ["Nay"]
    assert listed(token, filter={"status": ["EXPIRED", "SCHEDULED"]}) == ["Sau", "Cũ"]
    assert listed(token, filter={"discountType": ["SHIPPING"]}) == ["Sau"]
    assert listed(token, filter={"search": "nay"}) == ["Nay"]
    assert listed(token, filter={"timesUsed": {"gte": 1}}) == []
    assert listed(token, filter={"ids": [global_id("Voucher", later.pk)]}) == ["Sau"]
    assert listed(token, sortBy={"field": "VALUE", "direction": "ASC"}) == ["Nay", "Sau", "Cũ"]
    assert listed(token, sortBy={"field": "CODE", "direction": "DESC"}) == ["Sau", "Nay", "Cũ"]
    assert listed(token, channel=make_channel().slug) == ["Sau", "Nay", "Cũ"]
    assert listed(token, channel="khong-co") == []


def test_vouchers_need_the_right_to_manage_discounts() -> None:
    voucher_id = global_id("Voucher", make_voucher(code="TET2027").pk)
    lister = token_of(make_staff(Permission.MANAGE_PRODUCTS))

    answers = [
        execute(query, token, **variables)
        for token in (token_of(make_user()), lister, "")
        for query, variables in ((DETAILS, {"id": voucher_id}), (LIST, {}))
    ]

    for answer in answers:
        assert list(answer["data"].values()) == [None]
        assert answer["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"


def test_list_takes_the_same_queries_for_more_vouchers(
    token: str, django_assert_num_queries: Callable[..., Any]
) -> None:
    variant = make_variant()
    make_voucher(code="MOT", name="Một", products=[variant.product])
    data_of(COVERED, token)
    with django_assert_num_queries(9):
        data_of(COVERED, token)

    for number in range(5):
        make_voucher(code=f"MA{number}", name=str(number), products=[variant.product])

    with django_assert_num_queries(9):
        vouchers = data_of(COVERED, token)["vouchers"]
    assert len(vouchers["edges"]) == 6
    assert {len(edge["node"]["products"]["edges"]) for edge in vouchers["edges"]} == {1}
