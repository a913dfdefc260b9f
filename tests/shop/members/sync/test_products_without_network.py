"""Products and stock worked on without a network, in a real browser whose network is cut."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from catalog.actions.products.variants import update_variant
from catalog.models import Listing, Movement, Price, Product
from catalog.states import ListingState
from cooperatives.models import Role
from shop.core.actors import Actor
from tests.factories import NOW, get_stock, make_variant
from tests.shop.members.sync.test_without_network import HOLDS, SMALL_TARGETS, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


def test_prices_stock_and_pauses_are_entered_without_network(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    pillow, scarf = make_variant(seller), make_variant(seller, name="Khăn thổ cẩm", price=180_000, on_hand=4)
    make_variant(seller, name="Măng khô", on_hand=0)
    sign_in(phone, seller, Role.LISTER)
    assert phone.evaluate(HOLDS, 3)

    phone.context.set_offline(True)
    phone.goto("/xa-vien/hang/")
    expect(phone.get_by_role("button", name="Đang bán 2")).to_be_visible()
    expect(phone.get_by_text("Còn 4 chiếc, sắp hết")).to_be_visible()
    expect(phone.get_by_text("Hết hàng, chợ đang ẩn")).to_be_visible()
    assert Axe().run(phone).response["violations"] == []
    phone.get_by_role("link", name=re.compile("Sửa.*Gối thảo dược")).click()
    phone.locator("summary", has_text="Sửa giá").click()
    phone.get_by_label("Giá mỗi đơn vị bán").fill("32.000")
    phone.get_by_role("button", name="Lưu thay đổi").click()
    expect(phone.get_by_role("alert")).to_contain_text(re.compile("Giá đổi từ 320.000.₫ thành 32.000.₫"))
    assert phone.evaluate(SMALL_TARGETS) == []
    phone.get_by_role("button", name="Đúng, lưu như đã nhập").click()
    expect(phone.locator(".money", has_text="32.000")).to_be_visible()
    phone.get_by_label("Số lượng nhập").fill("5")
    phone.get_by_role("button", name="Ghi nhận hàng nhập").click()
    expect(phone.get_by_text("Kho có 15 chiếc, còn bán được 15")).to_be_visible()
    phone.get_by_role("button", name="Tạm ngừng bán").click()
    expect(phone.get_by_text("Tạm ngừng", exact=True)).to_be_visible()
    assert Axe().run(phone).response["violations"] == []
    phone.goto(f"/xa-vien/hang/{scarf.product.listings.get().pk}/")
    phone.locator("summary", has_text="Sửa giá").click()
    phone.get_by_label("Giá mỗi đơn vị bán").fill("185000")
    phone.get_by_role("button", name="Lưu thay đổi").click()
    expect(phone.locator(".money", has_text="185.000")).to_be_visible()
    channel = Listing.objects.get(product=scarf.product).channel
    update_variant(variant_id=scarf.pk, values={}, prices=[(channel, 160_000)], actor=Actor.system(), now=NOW)

    phone.goto("/xa-vien/#unsent")
    phone.context.set_offline(False)

    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(3)
    expect(phone.get_by_role("button", name=re.compile("^Giữ 160.000.₫, giá trên chợ"))).to_be_visible()
    assert phone.evaluate(SMALL_TARGETS) == []
    assert Axe().run(phone).response["violations"] == []
    phone.get_by_role("button", name=re.compile("^Bán 185.000.₫, giá máy này")).click()
    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(4)
    prices = dict(Price.objects.values_list("variant", "amount"))
    assert (prices[pillow.pk], prices[scarf.pk]) == (32_000, 185_000)
    assert get_stock(pillow).on_hand == 15
    assert Listing.objects.get(product=Product.objects.get(pk=pillow.product_id)).state == ListingState.PAUSED
    assert Movement.objects.filter(key__startswith="phone:").count() == 1
