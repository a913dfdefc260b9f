"""A new product takes details from similar ones without a network, and sees the market's usual prices."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from playwright.sync_api import Page, expect

from catalog.models import Product
from catalog.states import ListingState
from cooperatives.models import Role
from tests.factories import make_category, make_product, make_product_type, make_seller, make_variant
from tests.shop.members.sync.phone import Phone
from tests.shop.members.sync.test_products_without_network import CHOICES_ARE_KEPT
from tests.shop.members.sync.test_without_network import SMALL_TARGETS, sign_in
from tests.waiting import wait_until


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_new_product_takes_over_details_of_a_similar_one(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    fresh = make_product_type(slug="tuoi", name="Hàng tươi", is_perishable=True)
    category = make_category("Đồ uống")
    make_variant(seller, name="Mật ong rừng", price=90_000)
    for number, price in enumerate((100_000, 120_000, 180_000)):
        other = make_seller(f"HTX Ong {number}")
        make_variant(other, name="Mật ong bạc hà", price=price, unit="jar", content_grams=500)
    make_product(make_seller("HTX Nháp"), name="Mật ong nháp", state=ListingState.DRAFT)
    Product.objects.filter(name="Mật ong bạc hà").update(
        product_type=fresh, category=category, shelf_life="24 tháng"
    )
    sign_in(phone, seller, Role.LISTER)
    wait_until(phone, CHOICES_ARE_KEPT)
    phone.set_viewport_size({"width": 360, "height": 780})

    phone.context.set_offline(True)
    phone.goto("/xa-vien/hang/moi/")
    phone.get_by_label("Tên sản phẩm").fill("mat ong")
    similar = phone.get_by_role("group", name="Điền theo sản phẩm tương tự").get_by_role("button")
    expect(similar).to_have_text(["Mật ong rừng của bạn", "Mật ong bạc hà"])
    phone.get_by_label("Giá mỗi đơn vị bán").fill("150000")
    similar.filter(has_text="bạc hà").click()

    expect(phone.get_by_label("Tên sản phẩm")).to_have_value("Mật ong bạc hà")
    expect(phone.get_by_label("Loại sản phẩm")).to_have_value(str(fresh.pk))
    expect(phone.locator("#new-shelf-life")).to_have_value("24 tháng")
    expect(phone.locator("#new-category")).to_have_value(str(category.pk))
    expect(phone.locator("#new-content")).to_have_value("500")
    expect(phone.get_by_label("Giá mỗi đơn vị bán")).to_have_value("150000")
    expect(phone.get_by_text("Chụp trọn món hàng")).to_be_visible()
    expect(
        phone.get_by_text(re.compile("Giá thường trên chợ: 100.000.* đến 120.000.*theo 3"))
    ).to_be_visible()
    assert Axe().run(phone).response["violations"] == []
    assert phone.evaluate(SMALL_TARGETS) == []
    assert phone.evaluate("document.documentElement.scrollWidth") == 360


@pytest.mark.django_db
def test_goods_on_the_market_are_sent_once_and_apart_from_the_choices(seller) -> None:
    make_variant(make_seller("HTX Ong"), name="Mật ong bạc hà", price=100_000, unit="jar", content_grams=500)
    make_product(make_seller("HTX Nháp"), name="Mật ong nháp", state=ListingState.DRAFT)
    phone = Phone(seller, Role.LISTER)

    page = phone.pull()
    (goods,) = page["market"]["goods"]

    assert (goods["name"], goods["unit_code"], goods["content"], goods["price"]) == (
        "Mật ong bạc hà",
        "jar",
        {"content_grams": 500},
        100_000,
    )
    versions = {"choices": page["choices"]["version"], "market": page["market"]["version"]}
    noodles = make_variant(make_seller("HTX Miến"), name="Miến dong")
    again = phone.client.get("/xa-vien/dong-bo/", versions).json()
    assert again.keys() & versions.keys() == set()
    cache.clear()  # a day has passed
    later = phone.client.get("/xa-vien/dong-bo/", versions).json()
    assert "choices" not in later
    assert [row["name"] for row in later["market"]["goods"]] == [noodles.product.name, "Mật ong bạc hà"]
    assert Phone(seller, Role.PACKER).pull()["market"] is None
