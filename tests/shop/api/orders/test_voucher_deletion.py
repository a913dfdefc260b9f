"""Vouchers and codes that staff delete over the API."""

from __future__ import annotations

import pytest

from orders.models import Voucher, VoucherCode, VoucherUse
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.models import Change
from tests.factories import NOW, make_order, make_staff, make_variant, make_voucher, unknown_uuid
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

DELETE = "mutation($id: ID!) { voucherDelete(id: $id) { voucher { id name } errors { field code } } }"
DELETE_MANY = "mutation($ids: [ID!]!) { voucherBulkDelete(ids: $ids) { count errors { field code } } }"
DELETE_CODES = """
mutation($ids: [ID!]!) { voucherCodeBulkDelete(ids: $ids) { count errors { path code voucherCodes } } }
"""


@pytest.fixture
def token() -> str:
    return token_of(make_staff(Permission.MANAGE_DISCOUNTS))


def make_used_voucher() -> Voucher:
    used = make_voucher(code="DADUNG", name="Đã dùng")
    order = make_order((make_variant(), 1))
    VoucherUse.objects.create(code=used.codes.get(), order=order, used_at=NOW)
    return used


def test_unused_voucher_is_deleted_with_its_codes(token: str) -> None:
    voucher_id = global_id("Voucher", make_voucher(code="THU", name="Thử").pk)

    deleted = data_of(DELETE, token, id=voucher_id)["voucherDelete"]

    assert deleted == {"voucher": {"id": voucher_id, "name": "Thử"}, "errors": []}
    assert not Voucher.objects.exists()
    assert not VoucherCode.objects.exists()
    change = Change.objects.get(action="voucher.deleted")
    assert change.snapshot == {"name": "Thử", "codes": ["THU"]}


def test_used_voucher_stays(token: str) -> None:
    used = make_used_voucher()
    before = all_rows()

    refused = data_of(DELETE, token, id=global_id("Voucher", used.pk))["voucherDelete"]
    missing = data_of(DELETE, token, id=global_id("Voucher", used.pk + 1))["voucherDelete"]

    assert refused == {"voucher": None, "errors": [{"field": None, "code": "VOUCHER_ALREADY_USED"}]}
    assert missing["errors"] == [{"field": None, "code": "NOT_FOUND"}]
    assert all_rows() == before


def test_vouchers_are_deleted_each_for_itself(token: str) -> None:
    used, unused = make_used_voucher(), make_voucher(code="THU", name="Thử")
    ids = [global_id("Voucher", voucher.pk) for voucher in (used, unused)]

    deleted = data_of(DELETE_MANY, token, ids=ids)["voucherBulkDelete"]

    assert deleted == {"count": 1, "errors": [{"field": None, "code": "VOUCHER_ALREADY_USED"}]}
    assert list(Voucher.objects.all()) == [used]


def test_codes_are_deleted_each_for_itself(token: str) -> None:
    used = make_used_voucher()
    used_code = used.codes.get()
    unused_code = VoucherCode.objects.create(voucher=used, code="CONMOI")
    ids = [global_id("VoucherCode", key) for key in (used_code.pk, unused_code.pk, unknown_uuid())]

    deleted = data_of(DELETE_CODES, token, ids=ids)["voucherCodeBulkDelete"]

    assert deleted == {
        "count": 1,
        "errors": [
            {"path": "ids", "code": "INVALID", "voucherCodes": [ids[0]]},
            {"path": "ids", "code": "NOT_FOUND", "voucherCodes": [ids[2]]},
        ],
    }
    assert list(VoucherCode.objects.all()) == [used_code]
    change = Change.objects.get(action="voucher.code_removed")
    assert (change.key, change.reason) == (str(used.pk), "CONMOI")


def test_deleting_vouchers_needs_the_right_to_manage_discounts() -> None:
    voucher = make_voucher(code="THU")
    lister = token_of(make_staff(Permission.MANAGE_PRODUCTS))
    voucher_id, code_id = global_id("Voucher", voucher.pk), global_id("VoucherCode", voucher.codes.get().pk)
    before = all_rows()

    answers = [
        execute(DELETE, lister, id=voucher_id),
        execute(DELETE_MANY, lister, ids=[voucher_id]),
        execute(DELETE_CODES, lister, ids=[code_id]),
    ]

    for answer in answers:
        assert answer["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"
    assert all_rows() == before
