"""The members' page of an option's wholesale prices and limits."""

from __future__ import annotations

import pytest

from catalog.actions.products.copy_products import copy_product
from catalog.models import Listing, Price, Variant, WholesalePrice
from catalog.states import ListingState
from cooperatives.models import Role
from shop.core.actors import Actor
from tests.factories import (
    NOW,
    make_channel,
    make_member,
    make_seller,
    make_variant,
    set_wholesale_prices,
)
from tests.markup import html_of

pytestmark = [pytest.mark.django_db, pytest.mark.both]


@pytest.fixture
def ginger() -> Variant:
    """Ginger at 15,000 đồng a kilogram."""
    return make_variant(name="Gừng tươi", price=15_000, unit="kg", on_hand=100)


def page_of(variant):
    listing = Listing.objects.get(product=variant.product_id)
    return f"/xa-vien/hang/{listing.pk}/loai/{variant.pk}/gia-si/"


def tiers_of(variant):
    rows = WholesalePrice.objects.filter(price__variant=variant).order_by("minimum_quantity")
    return list(rows.values_list("minimum_quantity", "amount"))


def limits_of(variant):
    variant.refresh_from_db()
    return (
        variant.quantity_limit_per_order,
        variant.quantity_limit_per_customer,
        variant.quantity_limit_days,
    )


@pytest.fixture
def member_client(client, ginger):
    client.force_login(make_member(ginger.cooperative, Role.LISTER))
    return client


def test_lister_adds_changes_and_removes_wholesale_prices(member_client, ginger) -> None:
    page = page_of(ginger)

    member_client.post(
        page, {"quantity_1": "50", "amount_1": "12.000", "quantity_2": "10", "amount_2": "13.000"}
    )
    assert tiers_of(ginger) == [(10, 13_000), (50, 12_000)]
    member_client.post(page, {"quantity_1": "10", "amount_1": "12.500", "quantity_3": "", "amount_3": ""})
    assert tiers_of(ginger) == [(10, 12_500)]
    form = html_of(member_client.get(page))
    assert 'value="12.500"' in form
    assert "quantity_3" in form
    assert "quantity_4" not in form
    response = member_client.post(page, {"quantity_1": "", "amount_1": ""})

    assert (response.status_code, tiers_of(ginger)) == (302, [])


def test_lister_sets_limits(member_client, ginger) -> None:
    member_client.post(page_of(ginger), {"limit_per_order": "20", "limit_per_buyer": "30", "limit_days": "7"})
    assert limits_of(ginger) == (20, 30, 7)
    listing = html_of(member_client.get(page_of(ginger).partition("loai/")[0])).replace("\u00a0", " ")
    assert "Tối đa 20 kg mỗi đơn" in listing
    assert "Mỗi người mua tối đa 30 kg trong 7 ngày" in listing

    member_client.post(page_of(ginger), {"limit_per_order": ""})

    assert limits_of(ginger) == (None, None, None)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"quantity_1": "10"}, "Nhập giá cho số lượng này."),
        ({"amount_1": "13.000"}, "Nhập số lượng cho giá này."),
        ({"quantity_1": "1", "amount_1": "13.000"}, "2"),
        ({"quantity_1": "10", "amount_1": "15.000"}, "Từ 10 trở lên, giá phải thấp hơn 15.000"),
        ({"limit_days": "7"}, "Nhập số lượng một người mua được đặt trong những ngày này."),
        ({"limit_per_order": "0"}, "1"),
    ],
)
def test_invalid_terms_change_nothing(member_client, ginger, fields, error) -> None:
    set_wholesale_prices(ginger, {20: 11_000})

    page = html_of(member_client.post(page_of(ginger), fields))

    assert error in page
    assert "errors" in page
    assert (tiers_of(ginger), limits_of(ginger)) == ([(20, 11_000)], (None, None, None))


def test_price_with_a_missing_zero_is_asked_about(member_client, ginger) -> None:
    fields = {"quantity_1": "10", "amount_1": "1.300", "limit_per_order": "20"}

    page = html_of(member_client.post(page_of(ginger), fields))
    assert "Giá lẻ là 15.000" in page
    assert (tiers_of(ginger), limits_of(ginger)) == ([], (None, None, None))
    token = page.partition('name="confirmed" value="')[2].partition('"')[0]
    member_client.post(page_of(ginger), fields | {"confirmed": token})

    assert (tiers_of(ginger), limits_of(ginger)) == ([(10, 1_300)], (20, None, None))


def test_changed_limit_keeps_the_place_in_the_queue_of_reviews(member_client, ginger) -> None:
    Listing.objects.update(state=ListingState.IN_REVIEW, submitted_at=NOW)

    member_client.post(page_of(ginger), {"limit_per_order": "20"})

    assert limits_of(ginger) == (20, None, None)
    assert Listing.objects.get().submitted_at == NOW


def test_wholesale_price_above_what_an_order_holds_is_refused(member_client, ginger) -> None:
    fields = {"quantity_1": "10", "amount_1": "13.000", "quantity_2": "21", "amount_2": "12.000"}

    page = html_of(member_client.post(page_of(ginger), fields | {"limit_per_order": "20"}))

    assert "Mỗi đơn hàng mua được tối đa 20\xa0kg." in page
    assert (tiers_of(ginger), limits_of(ginger)) == ([], (None, None, None))
    member_client.post(page_of(ginger), fields | {"limit_per_order": "21"})
    assert tiers_of(ginger) == [(10, 13_000), (21, 12_000)]


def test_usual_price_cannot_fall_to_the_wholesale_price(member_client, ginger) -> None:
    set_wholesale_prices(ginger, {10: 13_000})
    page = page_of(ginger).removesuffix("gia-si/")

    html = html_of(member_client.post(page, {"unit": "kg", "price": "13.000"}))

    assert "Giá sỉ đang là 13.000" in html
    assert Price.objects.get(variant=ginger).amount == 15_000


def test_edit_of_unit_and_price_keeps_limits_and_wholesale_prices(member_client, ginger) -> None:
    set_wholesale_prices(ginger, {10: 13_000})
    Variant.objects.update(quantity_limit_per_order=20, quantity_limit_per_customer=30, quantity_limit_days=7)

    member_client.post(page_of(ginger).removesuffix("gia-si/"), {"unit": "kg", "price": "16.000"})

    assert Price.objects.get(variant=ginger).amount == 16_000
    assert (tiers_of(ginger), limits_of(ginger)) == ([(10, 13_000)], (20, 30, 7))


def test_terms_of_another_cooperative_or_without_right_are_not_found(client, ginger) -> None:
    stranger = make_member(make_seller("HTX Tài Hoan"), Role.LISTER)
    packer = make_member(ginger.cooperative, Role.PACKER)
    for user in (stranger, packer):
        client.force_login(user)
        assert client.post(page_of(ginger), {"limit_per_order": "1"}).status_code in (403, 404)
    assert limits_of(ginger) == (None, None, None)


def test_copy_of_a_product_has_its_wholesale_prices_and_limits(ginger) -> None:
    set_wholesale_prices(ginger, {10: 13_000, 50: 12_000})
    Variant.objects.update(quantity_limit_per_order=20, quantity_limit_per_customer=30, quantity_limit_days=7)

    copied = copy_product(
        cooperative=ginger.cooperative,
        product_id=ginger.product_id,
        channel=make_channel(),
        actor=Actor.system(),
        now=NOW,
    )

    variant = copied.variants.get()
    assert (tiers_of(variant), limits_of(variant)) == ([(10, 13_000), (50, 12_000)], (20, 30, 7))
