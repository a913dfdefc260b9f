"""Photos that a phone cannot shrink, or that are very large, arrive from a phone that had no network."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from catalog.models import Product
from cooperatives.models import Role
from shop.members.sync.models import PhonePhoto
from tests.factories import make_category, make_product_type
from tests.shop.members.sync.test_products_without_network import CHOICES_ARE_KEPT, PHOTOS_KEPT
from tests.shop.members.sync.test_without_network import sign_in
from tests.shop.members.test_products import photo
from tests.waiting import wait_until

MOST_PIXELS = (7680, 5210)  # 40 million, as the cameras of newer phones take them


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_heic_photo_and_one_of_forty_megapixels_arrive(
    phone_with_workers: Page, seller, tmp_path: Path
) -> None:
    phone = phone_with_workers
    make_product_type(slug="kho", name="Hàng khô")
    make_category("Đồ uống")
    large, heic = tmp_path / "lon.jpg", tmp_path / "anh.heic"
    Image.new("RGB", MOST_PIXELS, "olive").save(large, quality=60)
    heic.write_bytes(photo("HEIF", "anh.heic", size=(128, 64)).read())
    sign_in(phone, seller, Role.LISTER)
    wait_until(phone, CHOICES_ARE_KEPT)

    phone.context.set_offline(True)
    phone.goto("/xa-vien/hang/moi/")
    phone.get_by_label("Chọn ảnh có sẵn").set_input_files([large, heic])
    phone.get_by_label("Tên sản phẩm").fill("Măng khô")  # while the phone makes the photos smaller
    expect(phone.get_by_text("Ảnh 2")).to_be_visible()
    expect(phone.get_by_label("Tên sản phẩm")).to_have_value("Măng khô")
    phone.locator("label.filter", has_text="gói").first.click()
    phone.get_by_label("Giá mỗi đơn vị bán").fill("90.000")
    phone.get_by_label("Số lượng tồn kho").fill("20")
    phone.get_by_role("button", name="Lưu bản nháp").click()
    expect(phone.get_by_text("Chờ mạng để gửi")).to_be_visible()
    assert phone.evaluate(PHOTOS_KEPT) == 2
    assert not PhonePhoto.objects.exists()
    phone.goto("/xa-vien/#unsent")
    phone.context.set_offline(False)

    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(1)
    pictures = [row.picture for row in Product.objects.get().media.order_by("sort_order")]
    assert [(picture.width, picture.height) for picture in pictures] == [(1600, 1085), (128, 64)]
    with pictures[1].original.open() as original:
        assert original.read(12)[4:] == b"ftypheic"
    assert phone.evaluate(PHOTOS_KEPT) == 0
