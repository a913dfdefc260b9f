"""Vouchers that staff create and change over the API, as Saleor's Dashboard does."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from orders.models import Voucher, VoucherCode, VoucherUse, VoucherValue
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.models import Change
from tests.factories import (
    NOW,
    make_admin,
    make_category,
    make_channel,
    make_order,
    make_product,
    make_seller,
    make_staff,
    make_user,
    make_variant,
    make_voucher,
)
from tests.refusals import all_rows
from tests.shop.accounts.factors import signed_in
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

CREATE = """mutation($input: VoucherInput!) { voucherCreate(input: $input) {
  voucher { name type discountValueType usageLimit endDate applyOncePerCustomer countries { code }
    minCheckoutItemsQuantity singleUse codes(first: 9) { edges { node { code } } }
    products(first: 9) { edges { node { name } } } channelListings { id } }
  errors { field code voucherCodes } } }"""
UPDATE = """mutation($id: ID!, $input: VoucherInput!) { voucherUpdate(id: $id, input: $input) {
  voucher { name discountValueType usageLimit codes(first: 9) { edges { node { code } } }
    channelListings { discountValue } }
  errors { field code voucherCodes } } }"""
CHANNELS = """mutation($id: ID!, $input: VoucherChannelListingInput!) {
  voucherChannelListingUpdate(id: $id, input: $input) {
    voucher { channelListings { channel { slug } discountValue currency minSpent { amount } } }
    errors { field code channels } } }"""
SCOPE = """mutation($id: ID!, $input: CatalogueInput!) { %s(id: $id, input: $input) {
  voucher { products(first: 9) { edges { node { name } } } variants(first: 9) { totalCount }
    categories(first: 9) { edges { node { name } } } }
  errors { field code products } } }"""


@pytest.fixture
def token() -> str:
    return token_of(make_staff(Permission.MANAGE_DISCOUNTS))


def voucher_id(voucher):
    return global_id("Voucher", voucher.pk)


def create(token, **input_data):
    return data_of(CREATE, token, input=input_data)["voucherCreate"]


def update(token, voucher, **input_data):
    return data_of(UPDATE, token, id=voucher_id(voucher), input=input_data)["voucherUpdate"]


def set_channels(token, voucher, **input_data):
    answer = data_of(CHANNELS, token, id=voucher_id(voucher), input=input_data)
    return answer["voucherChannelListingUpdate"]


def change_scope(token, name, voucher, **input_data):
    return data_of(SCOPE % name, token, id=voucher_id(voucher), input=input_data)[name]


def use(voucher):
    VoucherUse.objects.create(code=voucher.codes.first(), order=make_order(), used_at=NOW)


def test_voucher_is_created_and_applies_once_it_has_a_value(token) -> None:
    product = make_variant(name="Gối").product
    channel = make_channel()

    payload = create(
        token,
        name="Tết",
        addCodes=["tet 2027", ""],
        type="SPECIFIC_PRODUCT",
        discountValueType="PERCENTAGE",
        products=[global_id("Product", product.pk)],
        collections=[],
        usageLimit=5,
        applyOncePerCustomer=True,
        singleUse=True,
        countries=["VN"],
        minCheckoutItemsQuantity=2,
        endDate="2027-02-20T00:00:00Z",
        startDate="2027-01-20T00:00:00Z",
    )

    voucher = Voucher.objects.get()
    drawn = voucher.codes.exclude(code="TET2027").get().code
    codes = {edge["node"]["code"] for edge in payload["voucher"].pop("codes")["edges"]}
    assert codes == {"TET2027", drawn}
    assert len(drawn) == 8
    assert payload == {
        "voucher": {
            "name": "Tết",
            "type": "SPECIFIC_PRODUCT",
            "discountValueType": "PERCENTAGE",
            "usageLimit": 5,
            "endDate": "2027-02-20T00:00:00+00:00",
            "applyOncePerCustomer": True,
            "countries": [{"code": "VN"}],
            "minCheckoutItemsQuantity": 2,
            "singleUse": True,
            "products": {"edges": [{"node": {"name": product.name}}]},
            "channelListings": [],
        },
        "errors": [],
    }
    assert Change.objects.of_row(voucher).get().action == "voucher.issued"
    added = [{"channelId": global_id("Channel", channel.pk), "discountValue": 12.5, "minAmountSpent": 99_000}]
    listed = set_channels(token, voucher, addChannels=added)
    listing = {"channel": {"slug": "viet-nam"}, "discountValue": 12.5, "currency": "VND"}
    assert listed == {
        "voucher": {"channelListings": [listing | {"minSpent": {"amount": 99_000}}]},
        "errors": [],
    }
    assert VoucherValue.objects.get().value == Decimal("12.5")


@pytest.mark.parametrize(
    ("input_data", "field", "code"),
    [
        ({}, None, "GRAPHQL_ERROR"),
        ({"code": "A", "addCodes": ["B"]}, None, "GRAPHQL_ERROR"),
        ({"addCodes": ["MOI", " moi"]}, "codes", "DUPLICATED_INPUT_ITEM"),
        ({"addCodes": ["chao10"]}, "codes", "ALREADY_EXISTS"),
        ({"code": "CHAO10"}, "code", "ALREADY_EXISTS"),
        ({"addCodes": ["<b>"]}, "codes", "INVALID"),
        ({"addCodes": ["X" * 51]}, "codes", "INVALID"),
        ({"addCodes": ["M"], "name": "x" * 256}, "name", "INVALID"),
        ({"addCodes": ["M"], "usageLimit": -1}, "usageLimit", "INVALID"),
        ({"addCodes": ["M"], "minCheckoutItemsQuantity": -1}, "minCheckoutItemsQuantity", "INVALID"),
        ({"addCodes": ["M"], "countries": ["XX"]}, "countries", "INVALID"),
        ({"addCodes": ["M"], "collections": [global_id("Collection", 1)]}, "collections", "INVALID"),
        ({"addCodes": ["M"], "products": [global_id("Product", 987_654)]}, "products", "NOT_FOUND"),
        ({"addCodes": ["M"], "products": [global_id("Category", 1)]}, "products", "GRAPHQL_ERROR"),
        (
            {"addCodes": ["M"], "startDate": "2027-01-02T00:00:00Z", "endDate": "2027-01-02T00:00:00Z"},
            "endDate",
            "INVALID",
        ),
    ],
)
def test_invalid_voucher_is_refused(token, input_data, field, code) -> None:
    make_voucher(code="CHAO10")
    before = all_rows()

    payload = create(token, **input_data)

    errors = [(error["field"], error["code"]) for error in payload["errors"]]
    assert (payload["voucher"], errors) == (None, [(field, code)])
    assert all_rows() == before


def test_taken_and_repeated_codes_are_named(token) -> None:
    make_voucher(code="CHAO10")

    taken = create(token, addCodes=["chao10", "MOI"])["errors"]
    repeated = create(token, addCodes=["MOI", "moi", "KHAC"])["errors"]

    assert taken == [{"field": "codes", "code": "ALREADY_EXISTS", "voucherCodes": ["CHAO10"]}]
    assert repeated == [{"field": "codes", "code": "DUPLICATED_INPUT_ITEM", "voucherCodes": ["MOI"]}]


def test_voucher_changes_and_gets_codes(token) -> None:
    voucher = make_voucher(code="CHAO10", value=10)

    payload = update(token, voucher, name="Mới", usageLimit=3, endDate=None, type=None, addCodes=["THEM"])

    assert payload == {
        "voucher": {
            "name": "Mới",
            "discountValueType": "PERCENTAGE",
            "usageLimit": 3,
            "codes": {"edges": [{"node": {"code": "CHAO10"}}, {"node": {"code": "THEM"}}]},
            "channelListings": [{"discountValue": 10.0}],
        },
        "errors": [],
    }
    change = Change.objects.of_row(voucher).get()
    assert (change.action, change.data) == (
        "voucher.changed",
        {"fields": ["name", "usage_limit"], "codes": ["THEM"]},
    )


@pytest.mark.parametrize(
    ("value_type", "value", "kept"),
    [("PERCENTAGE", 40_000, []), ("PERCENTAGE", 15, [15.0]), ("FIXED", 20, [20.0])],
)
def test_values_that_another_type_cannot_have_are_removed(token, value_type, value, kept) -> None:
    former = "fixed" if value_type == "PERCENTAGE" else "percentage"
    voucher = make_voucher(value=value, value_type=former)

    payload = update(token, voucher, discountValueType=value_type)

    assert payload["voucher"]["discountValueType"] == value_type
    assert [listing["discountValue"] for listing in payload["voucher"]["channelListings"]] == kept


def test_only_code_is_renamed_until_an_order_used_it(token) -> None:
    voucher = make_voucher(code="CHAO10")

    renamed = update(token, voucher, code="chao-moi")

    assert renamed["errors"] == []
    assert voucher.codes.get().code == "CHAO-MOI"
    use(voucher)
    before = all_rows()
    refused = [
        update(token, voucher, **values)["errors"]
        for values in ({"code": "KHAC"}, {"singleUse": True}, {"usageLimit": 9})
    ]
    assert [(error["field"], error["code"]) for (error,) in refused] == [
        ("code", "VOUCHER_ALREADY_USED"),
        ("singleUse", "VOUCHER_ALREADY_USED"),
        ("usageLimit", "VOUCHER_ALREADY_USED"),
    ]
    assert all_rows() == before
    assert update(token, voucher, code="CHAO-MOI", singleUse=False, name="Vẫn đổi tên")["errors"] == []


def test_one_of_several_codes_is_not_renamed(token) -> None:
    voucher = make_voucher(code="CHAO10")
    VoucherCode.objects.create(voucher=voucher, code="KHAC")
    before = all_rows()

    payload = update(token, voucher, code="MOI")

    assert payload["errors"] == [{"field": "code", "code": "INVALID", "voucherCodes": None}]
    assert all_rows() == before


def test_voucher_covers_more_and_less(token) -> None:
    voucher, vegetables = make_voucher(), make_category("Rau")
    pillow = make_variant(name="Gối")
    ids = {
        "products": [global_id("Product", pillow.product_id)],
        "variants": [global_id("ProductVariant", pillow.pk)],
        "categories": [global_id("Category", vegetables.pk)],
    }

    added = change_scope(token, "voucherCataloguesAdd", voucher, **ids)
    removed = change_scope(token, "voucherCataloguesRemove", voucher, products=ids["products"], variants=[])

    covered = {
        "products": {"edges": [{"node": {"name": pillow.product.name}}]},
        "variants": {"totalCount": 1},
        "categories": {"edges": [{"node": {"name": "Rau"}}]},
    }
    assert added == {"voucher": covered, "errors": []}
    assert removed == {"voucher": covered | {"products": {"edges": []}}, "errors": []}


def test_voucher_covers_only_what_exists_and_its_cooperative_sells(token) -> None:
    owner, other = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    voucher = make_voucher(cooperative=owner)
    foreign = make_variant(other)
    empty = make_product(owner)
    empty.pk, empty.slug, empty._state.adding = None, "chua-co-loai", True
    empty.save()
    before = all_rows()

    refused = [
        change_scope(token, "voucherCataloguesAdd", voucher, **input_data)["errors"]
        for input_data in (
            {"products": [global_id("Product", foreign.product_id)]},
            {"variants": [global_id("ProductVariant", foreign.pk)]},
            {"categories": [global_id("Category", 987_654)]},
            {"products": [global_id("Product", empty.pk)]},
        )
    ]

    assert refused == [
        [{"field": "products", "code": "NOT_FOUND", "products": None}],
        [{"field": "variants", "code": "NOT_FOUND", "products": None}],
        [{"field": "categories", "code": "NOT_FOUND", "products": None}],
        [
            {
                "field": "products",
                "code": "CANNOT_MANAGE_PRODUCT_WITHOUT_VARIANT",
                "products": [global_id("Product", empty.pk)],
            }
        ],
    ]
    assert all_rows() == before


def test_channel_values_are_changed_in_part_and_removed(token) -> None:
    voucher = make_voucher(value=10, minimum=50_000)
    channel = global_id("Channel", make_channel().pk)

    kept = set_channels(token, voucher, addChannels=[{"channelId": channel, "discountValue": 20}])
    cleared = set_channels(token, voucher, addChannels=[{"channelId": channel, "minAmountSpent": None}])
    removed = set_channels(token, voucher, removeChannels=[channel])

    (first,), (second,) = kept["voucher"]["channelListings"], cleared["voucher"]["channelListings"]
    assert (first["discountValue"], first["minSpent"]) == (20.0, {"amount": 50_000})
    assert (second["discountValue"], second["minSpent"]) == (20.0, None)
    assert removed == {"voucher": {"channelListings": []}, "errors": []}


@pytest.mark.parametrize(
    ("entry", "field", "code"),
    [
        ({}, "discountValue", "REQUIRED"),
        ({"discountValue": None}, "discountValue", "REQUIRED"),
        ({"discountValue": 0}, "discountValue", "REQUIRED"),
        ({"discountValue": 100.5}, "discountValue", "INVALID"),
        ({"discountValue": 1.2345}, "discountValue", "INVALID"),
        ({"discountValue": 5, "minAmountSpent": 0.5}, "minAmountSpent", "INVALID"),
    ],
)
def test_invalid_channel_value_is_refused(token, entry, field, code) -> None:
    voucher = make_voucher()
    voucher.values.all().delete()
    channel = global_id("Channel", make_channel().pk)
    before = all_rows()

    payload = set_channels(token, voucher, addChannels=[{"channelId": channel} | entry])

    assert payload == {
        "voucher": None,
        "errors": [{"field": field, "code": code, "channels": [channel]}],
    }
    assert all_rows() == before


def test_channels_are_named_once_and_exist(token) -> None:
    voucher, channel = make_voucher(), global_id("Channel", make_channel().pk)
    unknown = global_id("Channel", 987_654)
    before = all_rows()
    entry = {"channelId": channel, "discountValue": 5}

    refused = [
        set_channels(token, voucher, **input_data)["errors"]
        for input_data in (
            {"addChannels": [entry], "removeChannels": [channel]},
            {"addChannels": [entry, entry]},
            {"removeChannels": [channel, channel]},
            {"addChannels": [{"channelId": unknown, "discountValue": 5}]},
        )
    ]

    assert refused == [
        [{"field": "input", "code": "DUPLICATED_INPUT_ITEM", "channels": [channel]}],
        [{"field": "addChannels", "code": "DUPLICATED_INPUT_ITEM", "channels": [channel]}],
        [{"field": "removeChannels", "code": "DUPLICATED_INPUT_ITEM", "channels": [channel]}],
        [{"field": "addChannels", "code": "NOT_FOUND", "channels": [unknown]}],
    ]
    assert all_rows() == before


def test_voucher_without_a_value_is_listed_at_the_desk(token) -> None:
    create(token, name="Chưa có giá trị", addCodes=["CHUA"])

    desk = signed_in(make_admin())
    pages = [
        desk.get(reverse("desk:discounts")),
        desk.get(reverse("desk:voucher", args=[Voucher.objects.get().pk])),
    ]

    assert [page.status_code for page in pages] == [200, 200]
    assert all("Chưa có giá trị" in page.text for page in pages)


def test_only_staff_who_manage_discounts_change_vouchers() -> None:
    voucher, tokens = make_voucher(), [None, token_of(make_user()), token_of(make_staff())]
    identified = {"id": voucher_id(voucher), "input": {}}
    before = all_rows()

    refusals = [execute(CREATE, token, input={}) for token in tokens]
    for document in (UPDATE, CHANNELS, SCOPE % "voucherCataloguesAdd", SCOPE % "voucherCataloguesRemove"):
        refusals += [execute(document, token, **identified) for token in tokens]

    messages = {error["message"] for refusal in refusals for error in refusal["errors"]}
    assert messages == {"Permission denied: this needs one of MANAGE_DISCOUNTS."}
    assert all_rows() == before


def test_unknown_voucher_is_not_found(token) -> None:
    identified = {"id": global_id("Voucher", 987_654), "input": {}}

    answers = [
        execute(document, token, **identified)["data"]
        for document in (UPDATE, CHANNELS, SCOPE % "voucherCataloguesAdd")
    ]

    codes = [error["code"] for data in answers for payload in data.values() for error in payload["errors"]]
    assert codes == ["NOT_FOUND"] * 3


def test_start_defaults_to_now(token) -> None:
    before = datetime.datetime.now(datetime.UTC)

    create(token, addCodes=["NGAY"])

    assert before <= Voucher.objects.get().starts_at <= datetime.datetime.now(datetime.UTC)
