"""Buyers' pages in a real browser: HTMX on top of plain forms."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from catalog.models import Price, Product, ProductMedia, Variant
from cooperatives.models import Certificate, CertificateKind, DeliveryRate
from shop.core.models import Picture, PictureState, ShopSettings
from tests.factories import (
    make_all_divisions,
    make_category,
    make_channel,
    make_market_pickup,
    make_product,
    make_seller,
    make_variant,
    make_variant_sold_by_weight,
    set_wholesale_prices,
)

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def pillow() -> Product:
    """Return a product with everything its page can show, of a cooperative with a profile."""
    seller = make_seller("HTX Thiên An", slug="thien-an", story="Phụ nữ Dao ở Nà Ít thêu từ nhỏ.")
    make_market_pickup(seller, make_channel())
    category = make_category("Thổ cẩm")
    pillow = make_product(
        seller,
        name="Gối thảo dược",
        category=category,
        variants=(("Gối cổ", 0), ("Gối nằm", 80_000)),
    )
    certificate = Certificate.objects.create(
        cooperative=seller,
        kind=CertificateKind.OCOP,
        stars=4,
        number="12/QĐ",
        expires_on=timezone.now().date() + datetime.timedelta(days=90),
    )
    pillow.certificates.add(certificate)
    make_product(
        make_seller("HTX Tài Hoan"), name="Miến dong", unit="packet", content_grams=500, price=45_000
    )
    return pillow


def test_filter_changes_the_list_and_the_address_in_place(page: Page, pillow: Product) -> None:
    page.goto("/san-pham/")
    page.evaluate("window.stays = true")

    page.get_by_text("Có sao OCOP (").click()

    expect(page.get_by_role("link", name="Miến dong")).to_have_count(0)
    expect(page.get_by_role("link", name="Gối thảo dược")).to_be_visible()
    assert "ocop=on" in page.url
    assert page.evaluate("window.stays") is True


def test_purchase_bar_follows_the_chosen_variant_and_quantity(phone: Page, pillow: Product) -> None:
    phone.goto(f"/san-pham/{pillow.slug}/")
    bar = phone.locator(".buy-bar")

    phone.get_by_text("Gối nằm").click()
    expect(bar).to_contain_text("400.000\u00a0₫")
    phone.get_by_role("button", name="Tăng một").click()
    expect(bar).to_contain_text("800.000\u00a0₫")
    phone.get_by_role("spinbutton", name="Số lượng").fill("13")

    expect(bar).to_contain_text("5.200.000\u00a0₫")
    expect(bar).to_contain_text("13 × Gối nằm")
    expect(bar).not_to_contain_text("Tối đa", use_inner_text=True)


def test_price_and_button_are_in_the_first_view(phone: Page) -> None:
    vegetables = make_category("Rau, củ, quả tươi")
    gourds = make_category("Củ và bí", parent=vegetables)
    product = make_product(
        make_seller("HTX Yến Dương"),
        name="Bí xanh thơm",
        category=gourds,
        price=27_000,
        content_grams=1_800,
        is_sold_by_weight=True,
        tolerance_percent=20,
        variants=(("Quả nhỏ, 1,5–2 kg", 0), ("Quả vừa, 2–3 kg", 12_000), ("Quả to, 3–4 kg", 24_000)),
    )
    Price.objects.filter(variant__product=product).update(discounted=24_300)
    for name in ("a", "b"):
        picture = Picture.objects.create(original=f"{name}.jpg", state=PictureState.READY)
        ProductMedia.objects.create(product=product, picture=picture)
    phone.set_viewport_size({"width": 390, "height": 844})
    phone.goto(f"/san-pham/{product.slug}/")
    price, bar = phone.locator(".price-large .amount"), phone.locator(".buy-bar")

    covered = "price => price.getBoundingClientRect().bottom > document.querySelector('.buy-bar').offsetTop"
    assert price.evaluate(covered) is False
    phone.set_viewport_size({"width": 1280, "height": 800})
    assert bar.get_by_role("button").evaluate("button => button.getBoundingClientRect().bottom") <= 800


def test_maximum_of_goods_by_weight_follows_the_quantity(phone: Page) -> None:
    """The sums are the basket's, rounded once for the whole line: not a multiple of the step's maximum."""
    gourd = make_variant_sold_by_weight(make_seller(), price=33_333, content_grams=1_777)
    phone.goto(f"/san-pham/{gourd.product.slug}/")
    sums = phone.locator("[data-asked]")

    expect(sums).to_have_text(["39.992\u00a0₫"] * 2)
    phone.get_by_role("spinbutton", name="Số lượng").fill("7")
    expect(sums).to_have_text(["279.982\u00a0₫"] * 2)
    expect(phone.locator(".buy-bar")).to_contain_text("Tối đa", use_inner_text=True)
    with phone.expect_response(lambda response: response.request.method == "POST"):
        phone.locator("#buy .buy-bar button").click()
    phone.goto("/gio-hang/")

    expect(phone.locator(".basket-line .money")).to_have_text("279.982\u00a0₫")


def test_sums_above_the_limit_are_those_of_the_limit(phone: Page) -> None:
    gourd = make_variant_sold_by_weight(make_seller(), quantity_limit_per_order=20)
    set_wholesale_prices(gourd, {10: 30_000})
    phone.goto(f"/san-pham/{gourd.product.slug}/")
    sums, note = phone.locator("[data-asked]"), phone.locator("[data-over-limit]")

    quantity = phone.get_by_role("spinbutton", name="Số lượng")
    quantity.fill("2")
    expect(sums).to_have_text(["86.400\u00a0₫"] * 2)
    quantity.fill("999")

    expect(note).to_have_text("Mua được tối đa 20 quả.")
    expect(sums).to_have_text(["720.000\u00a0₫"] * 2)
    expect(phone.locator("[data-asked-count]").last).to_have_text("20")
    phone.goto(f"/san-pham/{gourd.product.slug}/?quantity=999")
    expect(quantity).to_have_value("20")
    expect(sums).to_have_text(["720.000\u00a0₫"] * 2)


def test_amount_and_reached_wholesale_price_follow_the_quantity(phone: Page) -> None:
    ginger = make_variant(make_seller(), name="Gừng tươi", price=15_000, unit="kg", on_hand=60)
    set_wholesale_prices(ginger, {10: 13_000, 50: 12_000})
    phone.goto(f"/san-pham/{ginger.product.slug}/")
    quantity = phone.get_by_role("spinbutton", name="Số lượng")
    amount, reached = phone.locator("[data-asked]"), phone.locator("[data-reached] th")

    quantity.fill("9")
    expect(amount).to_have_text("135.000\u00a0₫")
    expect(reached).to_have_count(0)
    quantity.fill("10")
    expect(amount).to_have_text("130.000\u00a0₫")
    expect(reached).to_have_text("từ 10\u00a0kg")
    quantity.fill("50")
    expect(amount).to_have_text("600.000\u00a0₫")
    expect(reached).to_have_text("từ 50\u00a0kg")


def test_price_per_kilogram_is_that_of_the_reached_wholesale_price(phone: Page) -> None:
    options = (("Gói", 0), ("Túi", 40_000))
    noodles = make_product(make_seller(), name="Miến dong", price=45_000, variants=options)
    packet, bag = noodles.variants.in_order()
    for variant, grams in ((packet, 500), (bag, 2_000)):
        Variant.objects.filter(pk=variant.pk).update(content_grams=grams)
    set_wholesale_prices(packet, {20: 42_000})
    phone.goto(f"/san-pham/{noodles.slug}/")
    phone.locator(".choice", has_text="Gói").click()
    measure = phone.locator(".choice", has_text="Gói").locator("[data-option-measure]")
    expect(measure).to_have_text("90.000\u00a0₫/kg")

    phone.get_by_role("spinbutton", name="Số lượng").fill("20")

    expect(measure).to_have_text("84.000\u00a0₫/kg")
    expect(phone.locator("[data-price-measure]")).to_have_text("84.000\u00a0₫/kg")
    expect(phone.locator("[data-asked-each]")).to_have_text("20 × 42.000\u00a0₫")
    expect(phone.locator("[data-asked-times]")).to_be_hidden()
    other = phone.locator(".choice", has_text="Túi").locator("[data-option-measure]")
    expect(other).to_have_text("42.500\u00a0₫/kg")


def test_delivery_follows_the_place_and_the_quantity_in_place(phone: Page, pillow: Product) -> None:
    make_all_divisions()
    delivery_method = pillow.cooperative.delivery_methods.get(kind="carrier")
    delivery_method.rates.update(province_code="01", up_to_grams=1_000)
    Product.objects.filter(pk=pillow.pk).update(weight=500)
    DeliveryRate.objects.create(
        delivery_method=delivery_method,
        channel=make_channel(),
        currency="VND",
        province_code="01",
        price=55_000,
    )
    phone.goto(f"/san-pham/{pillow.slug}/")
    phone.evaluate("window.stays = true")

    phone.get_by_label("Giao đến").select_option("Hà Nội")
    delivery = phone.locator("#delivery")
    delivery.get_by_label("Xã, phường").select_option("Phường Ba Đình")
    expect(delivery).to_contain_text("Giao đến Phường Ba Đình, Hà Nội.")
    expect(delivery).to_contain_text("30.000\u00a0₫")
    phone.get_by_role("button", name="Tăng một").click(click_count=2)

    expect(delivery).to_contain_text("55.000\u00a0₫")
    assert phone.evaluate("window.stays") is True


def test_read_aloud_is_offered_only_with_a_voice_of_the_language(page: Page, pillow: Product) -> None:
    for prefix, language in [("", "vi"), ("/en", "en")]:
        page.goto(f"{prefix}/san-pham/{pillow.slug}/")
        can = page.evaluate(
            "code => speechSynthesis.getVoices().some(voice => voice.lang.startsWith(code))", language
        )

        expect(page.locator("[data-read-aloud]")).to_be_visible(visible=can)


def test_search_and_filters_work_without_scripts(browser: Browser, live_server: Any, pillow: Product) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False, locale="vi-VN")
    page = context.new_page()

    page.goto("/")
    page.get_by_role("searchbox").fill("mien dong")
    page.get_by_role("searchbox").press("Enter")
    expect(page.get_by_role("link", name="Miến dong")).to_be_visible()
    page.goto("/san-pham/")
    page.get_by_text("Có sao OCOP (").click()
    page.get_by_role("button", name="Xem sản phẩm").click()
    expect(page.get_by_role("link", name="Miến dong")).to_have_count(0)
    page.get_by_role("link", name="Gối thảo dược").click()

    expect(page.get_by_role("button", name="Thêm vào giỏ")).to_be_visible()
    expect(page.get_by_role("button", name="Tăng một")).to_be_hidden()
    context.close()


def test_head_follows_the_chosen_option_and_the_bar_names_the_limit(phone: Page, pillow: Product) -> None:
    ShopSettings.objects.update_or_create(defaults={"limit_quantity_per_checkout": 12})
    phone.goto(f"/san-pham/{pillow.slug}/")
    price, bar = phone.locator(".price-large"), phone.locator(".buy-bar")
    quantity = phone.get_by_role("spinbutton", name="Số lượng")
    expect(price).to_contain_text("từ 320.000\u00a0₫")

    phone.get_by_text("Gối nằm").click()
    expect(price).to_contain_text("400.000\u00a0₫ / chiếc")
    expect(price).not_to_contain_text("từ", use_inner_text=True)
    quantity.fill("12")
    expect(bar).to_contain_text("4.800.000\u00a0₫")
    quantity.fill("999")

    expect(bar.get_by_role("status")).to_have_text("Mua được tối đa 12 chiếc.")
    expect(bar).to_contain_text("4.800.000\u00a0₫")
    quantity.fill("2")
    expect(bar.get_by_role("status")).to_be_hidden()
    phone.goto(f"/san-pham/{pillow.slug}/?variant={pillow.variants.get(name='Gối nằm').pk}")
    expect(price).to_contain_text("400.000\u00a0₫ / chiếc")
