"""The first sale in a browser: listing, approval, purchase, packing, delivery and report.

Everything is done on screen, except that the second cooperative's product is already published.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from catalog.models import Listing
from cooperatives.models import Cooperative
from orders.models import Order, OrderPart
from shop.core.dates.calendar import vietnam_date
from shop.core.geography.divisions import load_divisions
from shop.core.images.renditions import make_renditions_task
from tests.factories import (
    PASSWORD,
    make_admin,
    make_category,
    make_channel,
    make_member,
    make_product,
    make_product_type,
    make_seller,
)

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]  # pages in a browser

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DESK = {"viewport": {"width": 1280, "height": 900}}


@pytest.fixture
def market(live_server: Any) -> dict[str, Cooperative]:
    """Return two cooperatives, one category, one published pillow, and people who can sign in."""
    load_divisions()
    make_channel()
    make_category("Rau, củ, quả tươi")
    make_product_type(slug="nong-san", name="Nông sản", is_perishable=True)
    yen_duong, thien_an = make_seller("HTX Yến Dương"), make_seller("HTX Thiên An")
    make_member(yen_duong, email="yenduong@example.com")
    make_member(thien_an, email="thienan@example.com")
    make_admin(email="quantri@example.com")
    make_product(thien_an, name="Gối thảo dược thổ cẩm", price=320_000, on_hand=5)
    return {"yen_duong": yen_duong, "thien_an": thien_an}


@pytest.fixture
def visit(browser: Browser, live_server: Any) -> Any:
    """Yield a function that opens a page for a new visitor on a phone or desktop."""
    contexts: list[BrowserContext] = []

    def open_page(device: dict[str, Any], email: str = "") -> Page:
        context = browser.new_context(base_url=live_server.url, locale="vi-VN", **device)
        contexts.append(context)
        page = context.new_page()
        if email:
            page.goto("/tai-khoan/dang-nhap/")
            page.locator("main [name=name]").fill(email)
            page.locator("main [name=password]").fill(PASSWORD)
            page.locator("main [name=password]").press("Enter")
            page.wait_for_url(re.compile(r"/(xa-vien|quan-tri)/"))
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Return a picture as a phone's camera takes it: large and rotated."""
    path = tmp_path / "bi-xanh.jpg"
    picture = Image.new("RGB", (1600, 1200), (86, 140, 70))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(path, exif=exif)
    return path


def press(page: Page, selector: str) -> None:
    """Press a button and wait for the next page."""
    with page.expect_navigation():
        page.locator(selector).first.click()


def add_to_basket(page: Page) -> None:
    """Press the product page's button and wait for the bar that names the added product."""
    page.locator("main form[action$='/gio-hang/dong/'] .buy-bar button").click()
    expect(page.locator("#basket-bar .notice.good")).to_be_visible()


def test_first_sale_from_listing_to_report(market: dict[str, Cooperative], visit: Any, photo: Path) -> None:
    listing = _list_product(visit(PHONE, "yenduong@example.com"), photo)
    _approve_listing(visit(DESK, "quantri@example.com"), listing)
    buyer = visit(PHONE)
    order = _buy_as_guest(buyer)

    _pack_and_deliver(visit(PHONE, "yenduong@example.com"), order, market["yen_duong"])
    buyer.reload()
    assert _count_done_steps(buyer) == {"HTX Yến Dương": 4, "HTX Thiên An": 0}
    expect(buyer.locator("main h1 + p")).to_contain_text("45.000")
    expect(buyer.locator("main h1 + p")).to_contain_text("350.000")
    assert _progress(order) == {"HTX Yến Dương": "delivered", "HTX Thiên An": "nothing"}
    _pack_and_deliver(visit(PHONE, "thienan@example.com"), order, market["thien_an"])

    buyer.reload()
    assert _count_done_steps(buyer) == {"HTX Yến Dương": 4, "HTX Thiên An": 4}
    expect(buyer.locator("main .tag.good").first).to_contain_text("395.000")
    order.refresh_from_db()
    assert (order.status, order.charged) == ("delivered", 395_000)
    _check_report(visit(DESK, "quantri@example.com"), order)


def _list_product(page: Page, photo: Path) -> Listing:
    page.goto("/xa-vien/hang/moi/")
    page.locator("input[name=photo]").set_input_files(photo)
    page.locator("[name=name]").fill("Bí xanh thơm")
    page.locator("[name=product_type]").select_option(label="Nông sản")
    page.locator("label:has([name=unit][value=kg])").click()
    page.locator("[name=price]").fill("15.000")
    page.locator("[name=on_hand]").fill("60")
    page.get_by_text("Xuất xứ, mùa vụ").click()
    page.locator("[name=origin]").fill("Xã Yến Dương cũ, vùng hồ Ba Bể")
    page.locator("[name=shelf_life]").fill("30 ngày từ ngày hái")
    press(page, "main form .big-action")
    press(page, "button[formaction$='/gui-duyet/']")

    listing = Listing.objects.select_related("product").get(product__name="Bí xanh thơm")
    assert listing.state == "in_review"
    picture = listing.product.media.get().picture
    make_renditions_task(picture_id=picture.pk)  # as the worker does
    picture.refresh_from_db()
    assert (picture.state, picture.width, picture.height) == ("ready", 1200, 1600)
    return listing


def _approve_listing(page: Page, listing: Listing) -> None:
    assert page.goto("/quan-tri/").ok  # type: ignore[union-attr]
    page.goto("/quan-tri/hang/")
    press(page, f"a[href$='/hang/{listing.pk}/']")
    expect(page.locator("main")).to_contain_text("Bí xanh thơm")
    press(page, "form[action$='/dang-ban/'] button")
    press(page, "button[name=reviewed]")  # it has no description

    listing.refresh_from_db()
    assert listing.state == "published"


def _buy_as_guest(page: Page) -> Order:
    for name in ("Bí xanh thơm", "Gối thảo dược thổ cẩm"):
        page.goto("/")
        page.locator("input[name=q]").first.fill(name)
        page.locator("input[name=q]").first.press("Enter")
        page.wait_for_url(re.compile("/tim/"))
        press(page, f"main a:has-text('{name}')")
        if name == "Bí xanh thơm":
            expect(page.locator("article picture img, main picture img").first).to_have_attribute(
                "src", re.compile(r"/media/pictures/.*\.jpg")
            )
        add_to_basket(page)
    page.goto("/dat-hang/")
    page.locator("[name=name]").fill("Nguyễn Thị Hoa")
    page.locator("[name=phone]").fill("0987 654 321")
    page.get_by_text("Chọn tỉnh, xã trong danh sách").click()
    with page.expect_response(lambda response: "/dat-hang/" in response.url):
        page.locator("[name=province]").select_option("01")
    page.locator("[name=commune] option[value]:not([value=''])").nth(3).wait_for(state="attached")
    page.locator("[name=commune]").select_option(index=4)
    page.locator("[name=street]").fill("Số 5, ngõ 12")
    page.locator("[name=consent]").check()
    for delivery_method in page.locator("main fieldset input[type=radio][name^=way]").all():
        delivery_method.check()
    press(page, "#checkout .big-action")
    page.wait_for_url(re.compile("/don-hang/[0-9a-f-]{36}/"))

    order = Order.objects.get()
    assert (order.buyer_name, order.phone, order.total_gross) == ("Nguyễn Thị Hoa", "+84987654321", 395_000)
    return order


def _pack_and_deliver(page: Page, order: Order, cooperative: Cooperative) -> None:
    part = OrderPart.objects.get(order=order, cooperative=cooperative)
    other_part = OrderPart.objects.exclude(pk=part.pk).get(order=order)
    assert page.goto(f"/xa-vien/goi/{other_part.pk}/").status == 404  # type: ignore[union-attr]
    page.goto("/xa-vien/")
    press(page, f"main a[href$='/goi/{part.pk}/']")
    expect(page.locator("main")).not_to_contain_text(other_part.lines.get().product_name)
    press(page, "form[action$='/nhan/'] button")
    for tick in page.locator("main input[type=checkbox]").all():
        tick.check()
    press(page, "form[action$='/kien/'] .big-action")
    page.goto(f"/xa-vien/goi/{part.pk}/")
    for step in ("dong-goi", "ra-xe"):
        press(page, f"form[action$='/{step}/'] button")
        page.goto(f"/xa-vien/goi/{part.pk}/")
    page.locator("form[action$='/da-giao/'] input[type=radio]").first.check()
    press(page, "form[action$='/da-giao/'] .big-action")

    part.refresh_from_db()
    assert part.progress == "delivered"


def _count_done_steps(page: Page) -> dict[str, int]:
    """Return the number of completed steps in each cooperative's timeline."""
    sections = page.locator("main section:has(.timeline)").all()
    steps_by_heading = {
        str(section.locator("h2").inner_text()): section.locator(".timeline .done").count()
        for section in sections
    }
    return {
        heading.replace("\u00a0", " ").split(" từ ")[1]: count for heading, count in steps_by_heading.items()
    }


def _progress(order: Order) -> dict[str, str]:
    return dict(order.parts.values_list("cooperative__name", "progress"))


def _check_report(page: Page, order: Order) -> None:
    page.goto("/quan-tri/bao-cao/ban-hang/?nhom=cooperative")
    today = vietnam_date(timezone.now()).strftime("%d/%m/%Y")
    expect(page.locator("main")).to_contain_text(today)
    for name, sum_shown in (("HTX Yến Dương", "45.000"), ("HTX Thiên An", "350.000")):
        row = page.locator("main tr").filter(has=page.get_by_role("rowheader", name=name))
        expect(row.last).to_contain_text(sum_shown)
