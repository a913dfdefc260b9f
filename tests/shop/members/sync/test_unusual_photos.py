"""Photos of 40 megapixels, in HEIC, and on a full phone, in a real browser whose network is cut."""

from __future__ import annotations

from pathlib import Path

import pillow_heif
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from catalog.models import Product
from cooperatives.models import Cooperative, Role
from shop.members.sync.models import PhonePhoto
from tests.factories import make_category, make_product_type
from tests.shop.members.sync.test_full_phone import DELETE_FILLING, FILL, open_filling_page
from tests.shop.members.sync.test_products_without_network import CHOICES_ARE_KEPT, PHOTOS_KEPT
from tests.shop.members.sync.test_without_network import sign_in
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


def make_photos(folder: Path) -> list[Path]:
    """Write photos as two phones take them: a picture of 40 megapixels, and HEIC."""
    large, heic = folder / "rung.jpg", folder / "rau.heic"
    Image.new("RGB", (8000, 5000), (60, 120, 60)).save(large, quality=60)
    pillow_heif.from_pillow(Image.effect_noise((640, 480), 60).convert("RGB")).save(heic)
    return [large, heic]


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


def test_large_and_heic_photos_are_kept_sent_and_shown_while_the_name_is_typed(
    phone_with_workers: Page, seller, tmp_path
) -> None:
    phone = phone_with_workers
    open_new_listing(phone, seller)

    phone.get_by_label("Chọn ảnh có sẵn").set_input_files(make_photos(tmp_path))
    phone.get_by_label("Tên sản phẩm").fill("Rau cải mèo")  # while the phone shrinks them
    expect(phone.get_by_role("button", name="Xoá ảnh")).to_have_count(2)
    expect(phone.get_by_label("Tên sản phẩm")).to_have_value("Rau cải mèo")
    describe(phone)
    phone.get_by_role("button", name="Gửi duyệt").click()
    expect(phone.get_by_text("Chờ mạng để gửi")).to_be_visible()
    phone.goto("/xa-vien/offline/#unsent")
    phone.context.set_offline(False)

    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(2)
    product = Product.objects.for_cooperative(seller).get()
    pictures = [media.picture for media in product.media.order_by("sort_order")]
    assert product.name == "Rau cải mèo"
    assert [(picture.width, picture.height) for picture in pictures] == [(1600, 1000), (640, 480)]
    assert phone.evaluate(PHOTOS_KEPT) == 0


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
