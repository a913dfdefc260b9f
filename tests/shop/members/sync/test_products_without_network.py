"""Products and stock worked on without a network, in a real browser whose network is cut."""

from __future__ import annotations

import itertools
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from catalog.actions.products.save_products import update_product
from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import update_variant
from catalog.models import Listing, Movement, Price, Product, ProductMedia, RevisionPicture, Stock
from catalog.states import ListingState
from cooperatives.models import Role
from shop.core.actors import Actor
from shop.core.models import Picture, PictureState
from shop.members.sync.models import PhonePhoto
from tests.factories import (
    NOW,
    get_stock,
    make_category,
    make_channel,
    make_product,
    make_product_type,
    make_seller,
    make_variant,
    make_warehouse,
)
from tests.invariants import check_everything
from tests.shop.members.sync.test_without_network import HOLDS, SMALL_TARGETS, sign_in
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


CHOICES_ARE_KEPT = """() => new Promise((done) => {
  const opening = indexedDB.open("cho-phien-members");
  opening.onupgradeneeded = () => opening.transaction.abort();
  opening.onerror = () => done(false);
  opening.onsuccess = () => {
    const reading = opening.result.transaction("settings").objectStore("settings").get("phone");
    reading.onsuccess = () => { opening.result.close(); done(Boolean(reading.result?.choices)); };
  };
})"""
PHOTOS_KEPT = """() => new Promise((done) => {
  const opening = indexedDB.open("cho-phien-member-photos");
  opening.onsuccess = () => {
    const counting = opening.result.transaction("contents").objectStore("contents").count();
    counting.onsuccess = () => { opening.result.close(); done(counting.result); };
  };
})"""


def test_prices_stock_photos_and_pauses_are_entered_without_network(
    phone_with_workers: Page, seller, tmp_path
) -> None:
    phone = phone_with_workers
    pillow, scarf = make_variant(seller), make_variant(seller, name="Khăn thổ cẩm", price=180_000, on_hand=4)
    make_variant(seller, name="Măng khô", on_hand=0)
    make_product(seller, name="Ví thổ cẩm", variants=(("Đỏ", 0), ("Chàm", 0), ("Xanh", 0), ("Đen", 0)))
    far_warehouse = make_warehouse(seller, make_channel(), name="Kho xa")
    picture, second, third = (
        Picture.objects.create(original=f"khan-{number}.jpg", state=PictureState.READY) for number in range(3)
    )
    ProductMedia.objects.create(product=scarf.product, picture=picture)
    for number, more in enumerate((second, third), start=1):
        ProductMedia.objects.create(product=scarf.product, picture=more, sort_order=number)
    files = [tmp_path / f"khan-{number}.jpg" for number in range(3)]
    for file in files:
        Image.effect_noise((400, 300), 90).convert("RGB").save(file, quality=90)
    sign_in(phone, seller, Role.LISTER)
    assert phone.evaluate(HOLDS, 4)
    near = get_stock(pillow).warehouse_id

    phone.context.set_offline(True)
    phone.goto("/xa-vien/hang/")
    expect(phone.get_by_role("button", name="Đang bán 3")).to_be_visible()
    expect(phone.get_by_text("4 phân loại đang bán")).to_be_visible()
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
    phone.locator("summary", has_text="Ghi hàng hỏng, mất").click()
    phone.get_by_label("Số lượng hỏng, mất").fill("1")
    phone.get_by_role("button", name="Ghi hàng hỏng, mất").click()
    expect(phone.get_by_text("Kho có 14 chiếc, còn bán được 14")).to_be_visible()
    phone.locator("summary", has_text="Chuyển sang kho khác").click()
    phone.get_by_label("Số lượng chuyển").fill("4")
    phone.get_by_label("Đến kho").select_option("Kho xa")
    phone.get_by_role("button", name="Chuyển sang kho khác").click()
    expect(phone.get_by_label("Số lượng chuyển")).to_have_value("")
    phone.get_by_role("button", name="Tạm ngừng bán").click()
    expect(phone.get_by_text("Tạm ngừng", exact=True)).to_be_visible()
    assert Axe().run(phone).response["violations"] == []
    phone.goto(f"/xa-vien/hang/{scarf.product.listings.get().pk}/")
    phone.locator("summary", has_text="Sửa giá").click()
    phone.get_by_label("Giá mỗi đơn vị bán").fill("185000")
    phone.get_by_role("button", name="Lưu thay đổi").click()
    expect(phone.locator(".money", has_text="185.000")).to_be_visible()
    phone.locator("summary", has_text="Thêm ảnh").click()
    phone.get_by_label("Chọn ảnh có sẵn").set_input_files(files)
    expect(phone.get_by_text("Ảnh mới")).to_have_count(3)
    phone.get_by_role("button", name="Xoá ảnh").nth(1).click()
    expect(phone.get_by_text("Ảnh mới")).to_have_count(2)
    new_photo = phone.locator("li").filter(has_text="Ảnh mới").first
    new_photo.get_by_label("Trong ảnh có gì").fill("Khăn gấp tư")
    new_photo.get_by_role("button", name="Lưu mô tả").click()
    expect(new_photo.get_by_role("button", name="Lưu mô tả")).to_be_disabled()
    phone.locator("summary", has_text="Mô tả, sắp xếp hoặc xoá ảnh").click()
    removing = phone.get_by_role("button", name=re.compile("^Xoá ảnh ?: "))
    phone.get_by_role("button", name=re.compile("Đặt làm ảnh bìa.*Ảnh 3")).click()
    expect(phone.get_by_text("Đổi thứ tự ảnh: Ảnh 3")).to_be_visible()
    removing.nth(1).click()
    expect(removing).to_have_count(2)
    removing.nth(1).click()
    expect(phone.get_by_text("Sản phẩm đang bán phải có ảnh.")).to_be_visible()
    expect(removing).to_have_count(0)
    assert phone.evaluate(SMALL_TARGETS) == []
    phone.get_by_role("button", name=re.compile("Hoàn tác.*Xoá ảnh, Ảnh 2")).last.click()
    expect(removing).to_have_count(2)
    phone.locator("summary", has_text="Sửa mùa vụ").click()
    for month in (1, 6, 7):
        phone.locator(".keypad-months label", has_text=re.compile(rf"\b{month}$")).click()
    assert phone.evaluate(SMALL_TARGETS) == []
    assert Axe().run(phone).response["violations"] == []
    phone.get_by_role("button", name="Lưu thay đổi").last.click()
    expect(phone.get_by_text("Mùa vụ: tháng 1, 6-7")).to_be_visible()
    phone.goto("/xa-vien/kho/")
    phone.get_by_role("button", name="Kho xa").click()
    expect(phone.get_by_text("Trên sổ: 4 chiếc")).to_be_visible()
    assert Axe().run(phone).response["violations"] == []
    assert phone.evaluate(SMALL_TARGETS) == []
    phone.get_by_label("Số đếm được: Gối thảo dược").fill("40")
    phone.get_by_role("button", name=get_stock(scarf).warehouse.name).click()
    phone.get_by_label("Tìm sản phẩm").fill("khan")
    phone.get_by_label(re.compile("Số đếm được: ")).fill("0")
    phone.get_by_role("button", name="Lưu số đếm").click()
    expect(phone.get_by_role("alert")).to_contain_text("40 gấp 10 lần sổ. Đúng thì bấm lưu lần nữa.")
    assert Axe().run(phone).response["violations"] == []
    phone.get_by_label("Số đếm được: Gối thảo dược").fill("3")
    expect(phone.get_by_role("alert")).to_have_count(0)
    phone.get_by_role("button", name=get_stock(scarf).warehouse.name).click()
    phone.get_by_role("button", name="Lưu số đếm").click()
    expect(phone.get_by_text("Trên sổ: 0 chiếc").first).to_be_visible()
    channel = Listing.objects.get(product=scarf.product).channel
    update_variant(
        variant_id=scarf.pk, values={}, prices=[ListPrice(channel, 160_000)], actor=Actor.system(), now=NOW
    )
    update_product(product_id=scarf.product_id, values={"season": 0b1100}, actor=Actor.system(), now=NOW)

    phone.goto("/xa-vien/#unsent")
    expect(phone.get_by_text("Mùa vụ mới (tháng 1, 6-7) · Khăn thổ cẩm")).to_be_visible()
    phone.context.set_offline(False)

    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(7)
    expect(phone.get_by_text("Chợ đang duyệt", exact=True)).to_have_count(5)
    expect(phone.get_by_role("button", name=re.compile("^Giữ 160.000.₫, giá trên chợ"))).to_be_visible()
    assert phone.evaluate(SMALL_TARGETS) == []
    assert Axe().run(phone).response["violations"] == []
    phone.get_by_role("button", name=re.compile("^Bán 185.000.₫, giá máy này")).click()
    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(8)
    expect(phone.get_by_text("Trên chợ hiện nay: tháng 3-4.")).to_be_visible()
    expect(phone.get_by_role("button", name="Giữ mùa vụ trên chợ: tháng 3-4")).to_be_visible()
    phone.get_by_role("button", name="Lấy mùa vụ trên máy này: tháng 1, 6-7").click()
    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(9)
    assert Product.objects.get(pk=scarf.product_id).season == 0b110_0001
    proposed = RevisionPicture.objects.filter(revision__product=scarf.product, media=None)
    sent_photos = PhonePhoto.objects.order_by("pk").values_list("picture", flat=True)
    assert list(proposed.order_by("sort_order").values_list("picture", flat=True)) == list(sent_photos)
    assert len(sent_photos) == 2
    assert set(proposed.values_list("alt", flat=True)) == {"", "Khăn gấp tư"}
    kept = RevisionPicture.objects.filter(revision__product=scarf.product).exclude(media=None)
    assert list(kept.order_by("sort_order").values_list("picture", flat=True)) == [third.pk, second.pk]
    assert list(scarf.product.media.order_by("sort_order").values_list("picture", flat=True)) == [
        picture.pk,
        second.pk,
        third.pk,
    ]
    assert phone.evaluate(PHOTOS_KEPT) == 0
    prices = dict(Price.objects.values_list("variant", "amount"))
    assert (prices[pillow.pk], prices[scarf.pk]) == (32_000, 185_000)
    stocks = Stock.objects.values_list("variant", "warehouse", "on_hand")
    assert {(pillow.pk, far_warehouse.pk, 3), (pillow.pk, near, 10), (scarf.pk, near, 0)} <= set(stocks)
    assert Listing.objects.get(product=Product.objects.get(pk=pillow.product_id)).state == ListingState.PAUSED
    sent = Movement.objects.filter(created_at__gt=NOW).order_by("pk").values_list("reason", "quantity")
    assert list(sent) == [
        ("receipt", 5),
        ("loss", -1),
        ("transfer", -4),
        ("transfer", 4),
        ("count", -1),
        ("count", -4),
    ]
    check_everything()


def test_new_product_with_photos_is_entered_without_network_and_sent_in_pieces(
    phone_with_workers: Page, seller, tmp_path
) -> None:
    phone = phone_with_workers
    make_product_type()
    make_category("Rau, củ, quả tươi")
    for count in range(3):
        make_variant(make_seller(f"HTX Rau {count}"), name="Rau cải mèo", price=1_200, unit="bunch")
    photo, no_photo = tmp_path / "rau.jpg", tmp_path / "ghi-chu.jpg"
    Image.effect_noise((2000, 1500), 90).convert("RGB").save(photo, quality=90)
    no_photo.write_bytes(b"no photo")
    sign_in(phone, seller, Role.LISTER)
    wait_until(phone, CHOICES_ARE_KEPT)

    phone.context.set_offline(True)
    phone.goto("/xa-vien/hang/moi/")
    phone.get_by_label("Chọn ảnh có sẵn").set_input_files([photo, no_photo])
    expect(phone.get_by_text("Ảnh bìa")).to_be_visible()
    phone.get_by_label("Trong ảnh có gì").first.fill("Ba bó rau cải mèo")
    phone.get_by_label("Tên sản phẩm").fill("Rau cải mèo")
    expect(phone.get_by_role("img")).to_have_count(0)  # photos need no words yet
    tab = phone.context.new_page()
    phone.close()  # nothing of the unfinished product is lost
    phone = tab
    phone.goto("/xa-vien/#unsent")
    phone.get_by_role("link", name="Làm tiếp: Rau cải mèo").click()
    expect(phone.get_by_label("Tên sản phẩm")).to_have_value("Rau cải mèo")
    expect(phone.get_by_label("Trong ảnh có gì").first).to_have_value("Ba bó rau cải mèo")
    phone.get_by_role("button", name="Gửi duyệt").click()
    expect(phone.get_by_role("alert")).to_contain_text("Hãy chọn đơn vị bán.")
    phone.locator("label.filter", has_text="mớ").click()
    phone.get_by_label("Giá mỗi đơn vị bán").fill("12.000")
    phone.get_by_label("Số lượng tồn kho").fill("20")
    phone.get_by_label("Hạn dùng").fill("3 ngày")
    phone.get_by_role("button", name="Gửi duyệt").click()
    expect(phone.get_by_role("alert")).to_contain_text("Xuất xứ.")
    phone.get_by_label("Xuất xứ", exact=True).fill("Phủ Thông")
    assert phone.evaluate(SMALL_TARGETS) == []
    assert Axe().run(phone).response["violations"] == []
    phone.get_by_role("button", name="Gửi duyệt").click()
    expect(phone.get_by_text("Chờ mạng để gửi")).to_be_visible()
    pieces = itertools.count()
    phone.route("**/dong-bo/anh/**", lambda route: route.abort() if next(pieces) >= 2 else route.continue_())
    phone.goto("/xa-vien/#unsent")
    phone.context.set_offline(False)

    expect(
        phone.get_by_text(re.compile("Ảnh: 96 trên"))
    ).to_be_visible()  # two pieces, then the network broke
    assert PhonePhoto.objects.get().received == 2 * 48 * 1024
    phone.unroute("**/dong-bo/anh/**")
    phone.get_by_role("button", name="Gửi ngay 2 việc").click()
    expect(phone.get_by_text("Tệp này không phải ảnh.")).to_be_visible()
    assert not Product.objects.for_cooperative(seller).exists()
    phone.get_by_role("link", name="Sửa").click()
    expect(phone.get_by_text("Tệp này không phải ảnh.")).to_be_visible()
    phone.get_by_role("button", name="Xoá ảnh").last.click()
    phone.get_by_role("button", name="Gửi duyệt").click()
    phone.get_by_role("link", name=re.compile("Cần xem lại.*Rau cải mèo")).click()
    expect(phone.get_by_text("Cần xem lại", exact=True)).to_be_visible()
    expect(phone.get_by_text(re.compile("1.200.₫; bạn nhập 12.000.₫"))).to_be_visible()
    expect(phone.get_by_role("link", name="Sửa")).to_be_visible()
    assert not Product.objects.for_cooperative(seller).exists()
    assert phone.evaluate(SMALL_TARGETS) == []
    assert Axe().run(phone).response["violations"] == []
    phone.get_by_role("button", name="Đúng, lưu như đã nhập").click()
    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(2)
    product = Product.objects.for_cooperative(seller).get()
    assert product.variants.get().prices.get().amount == 12_000
    picture = product.media.get().picture
    assert product.media.get().alt == "Ba bó rau cải mèo"
    assert (product.listings.get().state, product.shelf_life) == (ListingState.IN_REVIEW, "3 ngày")
    assert (picture.width, picture.height) == (1600, 1200)
    assert phone.evaluate(PHOTOS_KEPT) == 0
