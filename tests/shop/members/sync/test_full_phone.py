"""A phone whose memory is full: nothing is lost, it says so, and what waits is still sent."""

from __future__ import annotations

import re

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from catalog.models import Product
from cooperatives.models import Cooperative, Role
from orders.states import PartState
from shop.members.sync.models import PhoneCommand, PhonePhoto
from tests.factories import make_category, make_order, make_product_type, make_variant
from tests.shop.members.sync.test_products_without_network import CHOICES_ARE_KEPT, PHOTOS_KEPT
from tests.shop.members.sync.test_without_network import HOLDS, open_order, sign_in
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


# Store random bytes until not even a hundred more fit, and go on: a browser may free some space later.
FILL = """() => new Promise((full) => {
  const opening = indexedDB.open("other-app");
  opening.onupgradeneeded = () => opening.result.createObjectStore("bytes", { autoIncrement: true });
  opening.onsuccess = async () => {
    const isStored = (size) => new Promise((done) => {
      const transaction = opening.result.transaction("bytes", "readwrite");
      const bytes = new Uint8Array(size);
      for (let start = 0; start < size; start += 65536)
        crypto.getRandomValues(bytes.subarray(start, start + 65536));
      transaction.objectStore("bytes").add(bytes);
      transaction.oncomplete = () => done(true);
      transaction.onabort = () => done(false);
    });
    globalThis.isFilling = true;
    while (globalThis.isFilling) {
      for (const size of [1_000_000, 100_000, 10_000, 1_000, 100]) while (await isStored(size));
      full(true);
      await new Promise((done) => setTimeout(done, 20));
    }
    opening.result.close();
  };
})"""


DELETE_FILLING = """() => new Promise((done) => {
  globalThis.isFilling = false;
  indexedDB.deleteDatabase("other-app").onsuccess = () => done(true);
})"""


def open_filling_page(page: Page, byte_count: int) -> Page:
    """Let the browser keep at most this many bytes for the market. Return another page that can fill them.

    The limit ends with the session of that page.
    """
    other_page = page.context.new_page()
    other_page.goto("/robots.txt")
    session = page.context.new_cdp_session(other_page)
    origin = page.evaluate("location.origin")
    session.send("Storage.overrideQuotaForOrigin", {"origin": origin, "quotaSize": byte_count})
    page.bring_to_front()
    return other_page


def test_full_phone_loses_nothing_and_sends_what_waits(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    variant = make_variant(seller)
    first, second = (make_order((variant, 2)).parts.get() for _ in range(2))
    phone.goto("/")
    other_app = open_filling_page(phone, 4_000_000)
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 3)
    phone.context.set_offline(True)
    open_order(phone, first)
    phone.get_by_role("button", name="Nhận đơn").click()
    expect(phone.get_by_label("Lấy rồi")).to_be_visible()

    other_app.evaluate(FILL)
    open_order(phone, second)
    phone.get_by_role("button", name="Nhận đơn").click()
    expect(phone.get_by_role("alert")).to_contain_text("Máy chưa lưu được việc này")
    expect(phone.get_by_label("Lấy rồi")).to_have_count(0)
    phone.reload()
    phone.goto("/xa-vien/#unsent")
    expect(phone.get_by_text("Trên máy", exact=True)).to_have_count(1)
    phone.context.set_offline(False)

    expect(phone.get_by_text(re.compile("Đã gửi hết|Bộ nhớ máy")).first).to_be_visible()
    first.refresh_from_db()
    assert (first.state, PhoneCommand.objects.count()) == (PartState.ACCEPTED, 1)
    third = make_order((variant, 2)).parts.get()
    phone.goto("/xa-vien/offline/#today")
    expect(phone.get_by_text("Bộ nhớ máy đã đầy")).to_be_visible()
    other_app.evaluate(DELETE_FILLING)
    phone.reload()
    expect(phone.get_by_role("link", name=third.order.code)).to_be_visible()
    phone.goto(f"/xa-vien/offline/#part-{second.pk}")
    phone.get_by_role("button", name="Nhận đơn").click()
    expect(phone.get_by_label("Lấy rồi")).to_be_visible()
    expect(phone.get_by_text("Đã gửi hết")).to_be_visible()
    second.refresh_from_db()
    assert (second.state, PhoneCommand.objects.count()) == (PartState.ACCEPTED, 2)
    phone.goto(f"/xa-vien/offline/#part-{first.pk}")
    expect(phone.get_by_label("Lấy rồi")).to_be_visible()


def open_new_listing(phone: Page, seller: Cooperative) -> None:
    make_product_type()
    make_category("Rau, củ, quả tươi")
    Cooperative.objects.update(hamlet="Nà Ít", province_name="Thái Nguyên")
    sign_in(phone, seller, Role.LISTER)
    wait_until(phone, CHOICES_ARE_KEPT)
    phone.context.set_offline(True)
    phone.goto("/xa-vien/hang/moi/")


def describe(phone: Page) -> None:
    phone.locator("label.filter", has_text="mớ").click()
    phone.get_by_label("Giá mỗi đơn vị bán").fill("12.000")
    phone.get_by_label("Số lượng tồn kho").fill("20")
    phone.get_by_label("Hạn dùng").fill("3 ngày")


def test_photo_that_a_full_phone_cannot_keep_loses_nothing_that_was_entered(
    phone_with_workers: Page, seller, tmp_path
) -> None:
    phone = phone_with_workers
    phone.goto("/")
    other_app = open_filling_page(phone, 6_000_000)
    open_new_listing(phone, seller)
    photo = tmp_path / "rau.jpg"
    Image.effect_noise((1600, 1200), 90).convert("RGB").save(photo, quality=90)
    phone.get_by_label("Tên sản phẩm").fill("Rau cải mèo")
    describe(phone)
    expect(phone.get_by_label("Hạn dùng")).to_have_value("3 ngày")

    other_app.evaluate(FILL)
    phone.get_by_label("Chọn ảnh có sẵn").set_input_files(photo)
    expect(phone.get_by_role("alert")).to_contain_text("Máy chưa lưu được việc này")
    expect(phone.get_by_role("button", name="Xoá ảnh")).to_have_count(0)
    assert phone.evaluate(PHOTOS_KEPT) == 0
    phone.reload()
    expect(phone.get_by_label("Tên sản phẩm")).to_have_value("Rau cải mèo")
    other_app.evaluate(DELETE_FILLING)
    phone.get_by_label("Chọn ảnh có sẵn").set_input_files(photo)
    expect(phone.get_by_role("button", name="Xoá ảnh")).to_have_count(1)
    phone.get_by_role("button", name="Gửi duyệt").click()
    expect(phone.get_by_text("Chờ mạng để gửi")).to_be_visible()
    phone.goto("/xa-vien/offline/#unsent")
    phone.context.set_offline(False)

    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(2)
    assert PhonePhoto.objects.count() == 1
    assert Product.objects.for_cooperative(seller).get().media.count() == 1
