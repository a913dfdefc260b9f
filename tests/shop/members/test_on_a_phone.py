"""The members' pages on a phone: with and without scripts, and offline."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from catalog.models import Listing, Product
from catalog.states import ListingState
from cooperatives.models import Cooperative
from orders.actions.complaints.file_complaint import submit_complaint
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.models import OrderPart
from orders.states import ParcelState
from shop.core.actors import Actor
from tests.factories import (
    NOW,
    PASSWORD,
    fixed_now,
    make_category,
    make_member,
    make_order,
    make_product,
    make_product_type,
    make_variant,
    make_variant_sold_by_weight,
)
from tests.orders.refunds.refund_helpers import deliver_order, get_first_line

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


def sign_in(page: Page, seller: Cooperative, path: str = "/xa-vien/") -> None:
    member = make_member(seller)
    page.goto(path)
    page.locator("#id_name").fill(member.email)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
    page.wait_for_url(re.compile(f"^[^?]+{re.escape(path)}$"))  # the page to sign in at names it too


def photo(folder: Path) -> Path:
    path = folder / "bi.jpg"
    file = io.BytesIO()
    Image.new("RGB", (800, 600), "darkgreen").save(file, "JPEG")
    path.write_bytes(file.getvalue())
    return path


def test_product_is_photographed_described_and_submitted_for_review(phone: Page, seller, tmp_path) -> None:
    make_category("Rau, củ, quả tươi")
    make_product_type()
    sign_in(phone, seller)

    phone.get_by_role("link", name="Chụp sản phẩm mới").click()
    phone.get_by_label("Chụp ảnh").first.set_input_files(photo(tmp_path))
    expect(phone.get_by_text("Đã có ảnh")).to_be_visible()
    phone.get_by_text("Mô tả ảnh").click()
    phone.get_by_label("Trong ảnh 1 có gì").fill("Bí trên giàn")
    phone.get_by_label("Tên sản phẩm").fill("Bí xanh thơm")
    phone.locator("label.filter", has_text="quả").first.click()
    phone.get_by_label("Giá mỗi đơn vị bán").fill("15.000")
    phone.get_by_role("group", name="Số lượng tồn kho").get_by_role("spinbutton").fill("20")
    phone.get_by_text("Xuất xứ, mùa vụ").click()
    phone.get_by_label("Xuất xứ", exact=True).fill("Yến Dương, Thái Nguyên")
    phone.get_by_role("button", name="Tiếp tục").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Bí xanh thơm")
    expect(phone.locator("#photos")).to_contain_text("Đang xử lý ảnh")
    phone.get_by_text("Thêm ảnh", exact=True).click()
    phone.get_by_label("Chọn ảnh có sẵn").set_input_files([photo(tmp_path), photo(tmp_path)])
    phone.get_by_role("button", name="Gửi duyệt").click()

    expect(phone.get_by_text("Chợ đang duyệt")).to_be_visible()
    expect(phone.get_by_text("Đã thêm 2 ảnh.")).to_be_visible()
    assert Listing.objects.get().state == ListingState.IN_REVIEW
    alts = Product.objects.get().media.order_by("sort_order").values_list("alt", flat=True)
    assert list(alts) == ["Bí trên giàn", "", ""]


def test_photos_go_up_one_by_one_with_their_own_words(phone: Page, seller, tmp_path) -> None:
    listing = make_product(seller, state=ListingState.DRAFT).listings.get()
    paths = [tmp_path / f"anh-{number}.png" for number in range(3)]
    for number, path in enumerate(paths):
        Image.new("RGB", (3000 - 1000 * number, 1500), "darkgreen").save(path)
    paths[1].write_bytes(b"nothing")
    sign_in(phone, seller, f"/xa-vien/hang/{listing.pk}/")

    buttons = phone.locator("#pictures .file-button")
    shown = buttons.evaluate_all(
        "rows => rows.map(row => row.querySelector('input').getBoundingClientRect().width)"
    )
    phone.get_by_label("Chọn ảnh có sẵn").set_input_files(paths)

    assert max(shown) < 5  # the browser's own button, in its own language, is not seen
    expect(buttons.nth(1)).to_contain_text("anh-0.png, anh-1.png, anh-2.png")
    phone.get_by_role("button", name="Thêm các ảnh này").click()
    rows = phone.locator(".upload")
    expect(rows.nth(2)).to_contain_text("Đã thêm.")
    expect(rows.nth(0)).to_contain_text("Đã thêm.")
    expect(rows.nth(1)).to_contain_text("không phải ảnh")
    widths = [media.picture.width for media in listing.product.media.order_by("sort_order", "pk")]
    assert widths == [2400, 1000]


def test_kept_photo_stays_in_its_frame_and_a_new_one_takes_its_place(phone: Page, seller, tmp_path) -> None:
    make_product_type()
    sign_in(phone, seller, "/xa-vien/hang/moi/")
    phone.get_by_label("Chụp ảnh").first.set_input_files(photo(tmp_path))
    phone.get_by_role("button", name="Tiếp tục").click()
    expect(phone.locator("#errors")).to_be_visible()
    frame = phone.locator(".photo-drop img")
    expect(phone.get_by_label("Tên sản phẩm")).to_have_attribute("aria-invalid", "true")
    phone.get_by_label("Tên sản phẩm").fill("Bí")
    expect(phone.get_by_label("Tên sản phẩm")).not_to_have_attribute("aria-invalid", "true")

    expect(frame).to_have_js_property("naturalWidth", 800)
    Image.new("RGB", (640, 480), "maroon").save(tmp_path / "moi.jpg")
    phone.get_by_label("Chụp ảnh").first.set_input_files(tmp_path / "moi.jpg")

    expect(frame).to_have_js_property("naturalWidth", 640)


def test_shelf_life_is_asked_once_a_type_that_needs_it_is_chosen(phone: Page, seller) -> None:
    perishable = make_product_type(slug="tuoi", name="Hàng tươi", is_perishable=True)
    woven = make_product_type(slug="det", name="Đồ dệt")
    sign_in(phone, seller, "/xa-vien/hang/moi/")
    shelf_life, chosen_type = phone.get_by_label("Hạn dùng"), phone.get_by_label("Loại sản phẩm")

    expect(shelf_life).to_be_hidden()
    chosen_type.select_option(str(perishable.pk))
    expect(shelf_life).to_be_visible()
    chosen_type.select_option(str(woven.pk))
    expect(shelf_life).to_be_hidden()


def test_photo_with_too_many_pixels_is_shrunk_on_the_phone(phone: Page, seller, tmp_path) -> None:
    make_product_type()
    path = tmp_path / "bi.png"
    Image.new("RGB", (7000, 7000), "darkgreen").save(path)  # the market refuses it as it is
    sign_in(phone, seller)

    phone.goto("/xa-vien/hang/moi/")
    phone.get_by_label("Chụp ảnh").first.set_input_files(path)
    phone.get_by_label("Tên sản phẩm").fill("Bí xanh thơm")
    phone.locator("label.filter", has_text="quả").first.click()
    phone.get_by_label("Giá mỗi đơn vị bán").fill("15.000")
    phone.get_by_role("group", name="Số lượng tồn kho").get_by_role("spinbutton").fill("20")
    phone.get_by_text("Xuất xứ, mùa vụ").click()
    phone.get_by_label("Xuất xứ", exact=True).fill("Yến Dương, Thái Nguyên")
    phone.get_by_role("button", name="Tiếp tục").click()

    expect(phone.get_by_role("heading", level=1)).to_have_text("Bí xanh thơm", timeout=30_000)
    picture = Product.objects.get().media.get().picture
    assert (picture.width, picture.height) == (2400, 2400)


def test_order_goes_from_accepted_to_delivered_without_scripts(
    browser: Browser, live_server: Any, seller
) -> None:
    part = make_order((make_variant(seller), 2), now=fixed_now()).parts.get()
    context = browser.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport={"width": 360, "height": 740}
    )
    page = context.new_page()
    sign_in(page, seller)

    page.get_by_role("link", name="Xem 1 đơn mới").click()
    page.get_by_role("button", name="Nhận đơn").click()
    page.get_by_text("Lấy rồi").click()
    page.get_by_role("button", name="Xong, sang dán tem").click()
    page.get_by_role("button", name="Dán tem xong").click()
    page.get_by_label("Mã vận đơn").fill("VTP1")
    page.get_by_role("button", name="Bàn giao kiện hàng").click()
    expect(page.get_by_label("Số tiền đã nhận")).to_be_hidden()
    page.get_by_text("Đã thu một phần").click()
    expect(page.get_by_label("Số tiền đã nhận")).to_be_visible()
    page.get_by_text("Đã thu đủ").click()
    page.get_by_role("button", name="Đã giao xong").click()
    expect(page.get_by_role("main").get_by_role("link", name="Về việc hôm nay")).to_be_visible()

    parcel = part.parcels.get()
    assert (parcel.state, parcel.tracking_number) == (ParcelState.DELIVERED, "VTP1")
    assert parcel.cod_collected == part.total_gross
    context.close()


def test_every_members_page_fits_small_screens(phone: Page, seller) -> None:
    variant = make_variant(seller, on_hand=30)
    listing = make_product(seller, state=ListingState.DRAFT).listings.get()
    new_part, begun_part, closed_part, accepted_part = (
        make_order((variant, 2), now=fixed_now()).parts.get() for _ in range(4)
    )
    accept_part(part_id=accepted_part.pk, actor=Actor.system(), now=timezone.now())
    parcels = [_start_parcel(part) for part in (begun_part, closed_part)]
    close_parcel(parcel_id=parcels[1].pk, actor=Actor.system(), now=timezone.now())
    phone.set_viewport_size({"width": 360, "height": 740})
    sign_in(phone, seller)
    faults = {}

    for path in (
        "/xa-vien/",
        "/xa-vien/goi/?viec=nhan",
        "/xa-vien/goi/?viec=xong",
        f"/xa-vien/goi/{new_part.pk}/",
        f"/xa-vien/goi/{new_part.pk}/tu-choi/",
        f"/xa-vien/goi/{begun_part.pk}/",
        f"/xa-vien/goi/{closed_part.pk}/",
        f"/xa-vien/kien/{parcels[0].pk}/tem/",
        f"/xa-vien/kien/{parcels[0].pk}/huy/",
        "/xa-vien/goi/?viec=dong",
        "/xa-vien/goi/lay-hang/",
        "/xa-vien/goi/dong/",
        "/xa-vien/kien/tem/",
        "/xa-vien/hang/",
        "/xa-vien/hang/moi/",
        "/xa-vien/hang/nhieu/",
        "/xa-vien/hang/bang/",
        f"/xa-vien/hang/{listing.pk}/",
        f"/xa-vien/hang/{listing.pk}/mo-ta/",
        f"/xa-vien/hang/{listing.pk}/loai/",
        "/xa-vien/kho/",
        "/xa-vien/kho/kiem-ke/",
        "/xa-vien/tien-mat/",
        "/xa-vien/quyet-toan/",
        "/xa-vien/tam-nghi/",
        "/xa-vien/cach-giao/",
        "/en/xa-vien/",
    ):
        phone.goto(path)
        found = ["sideways"] * phone.evaluate("+(document.documentElement.scrollWidth > innerWidth)")
        found += phone.evaluate(_SMALL)
        phone.set_viewport_size({"width": 180, "height": 370})
        found += ["sideways in letters twice as large"] * phone.evaluate(
            "+(document.documentElement.scrollWidth > innerWidth)"
        )
        phone.set_viewport_size({"width": 360, "height": 740})
        if found:
            faults[path] = found

    assert faults == {}


def test_answer_to_a_complaint_names_the_sum_on_its_button(phone: Page, seller) -> None:
    now = timezone.now()
    part = deliver_order(make_order((make_variant(seller, price=45_000, on_hand=20), 5)), now=now)
    complaint = submit_complaint(
        part_id=part.pk,
        quantities={get_first_line(part).pk: 2},
        text="Hai quả dập.",
        actor=Actor.guest(),
        now=now,
    )
    sign_in(phone, seller, f"/xa-vien/phan-anh/{complaint.pk}/")

    amount = phone.get_by_label("Hoàn tiền")
    expect(phone.get_by_role("button", name="Xem lại: hoàn 90.000\u00a0₫ cho khách")).to_be_visible()
    amount.fill("45.000")
    expect(phone.get_by_role("button", name="Xem lại: hoàn 45.000\u00a0₫ cho khách")).to_be_visible()
    amount.fill("")
    expect(phone.get_by_role("button", name="Xem lại câu trả lời")).to_be_visible()


def test_error_of_a_weight_goes_as_soon_as_it_is_changed(phone: Page, seller) -> None:
    part = make_order((make_variant_sold_by_weight(seller), 2)).parts.get()
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    sign_in(phone, seller)
    phone.goto(f"/xa-vien/goi/{part.pk}/")
    phone.get_by_label("Tổng cân nặng").fill("64")
    phone.get_by_role("button", name="Lưu cân nặng").click()
    expect(phone.locator("#errors")).to_be_visible()
    expect(phone.get_by_label("Nhập lại cân nặng")).to_be_visible()

    phone.get_by_label("Tổng cân nặng").fill("4,8")

    expect(phone.locator("#errors")).to_have_count(0)
    expect(phone.locator(".error")).to_have_count(0)
    expect(phone.get_by_label("Nhập lại cân nặng")).to_have_count(0)


def test_labels_print_one_on_each_a6_page(phone: Page, seller) -> None:
    variant = make_variant(seller, on_hand=30)
    for _number in range(3):
        _start_parcel(make_order((variant, 2), now=fixed_now()).parts.get())
    sign_in(phone, seller)

    phone.goto("/xa-vien/kien/tem/")
    printed = phone.pdf(prefer_css_page_size=True)

    sizes = [
        [round(float(side)) for side in box.split()[2:]]
        for box in re.findall(rb"/MediaBox \[([^\]]+)\]", printed)
    ]
    assert sizes == [[298, 420]] * 3  # A6, in points


def test_app_shows_its_offline_page_without_a_network(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    sign_in(phone, seller)
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.reload()

    phone.context.set_offline(True)
    phone.goto("/xa-vien/cach-giao/")

    expect(phone.get_by_role("heading", level=1)).to_have_text("Chưa có mạng")
    expect(phone.get_by_role("navigation", name="Việc của tôi")).to_be_visible()
    phone.context.set_offline(False)
    phone.get_by_role("link", name="Thử lại").click()
    phone.wait_for_url("**/xa-vien/cach-giao/")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Cách giao hàng")


@pytest.mark.parametrize("knows", [True, False])
def test_form_keeps_words_and_photo_without_a_network(
    phone_with_workers: Page, seller, tmp_path, knows: bool
) -> None:
    phone = phone_with_workers
    make_category("Rau, củ, quả tươi")
    make_product_type()
    sign_in(phone, seller, "/xa-vien/hang/moi/")
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.get_by_label("Chụp ảnh").first.set_input_files(photo(tmp_path))
    phone.get_by_label("Tên sản phẩm").fill("Bí xanh thơm")
    phone.locator("label.filter", has_text="quả").first.click()
    phone.get_by_label("Giá mỗi đơn vị bán").fill("15.000")
    phone.get_by_role("group", name="Số lượng tồn kho").get_by_role("spinbutton").fill("20")
    phone.get_by_text("Xuất xứ, mùa vụ").click()
    phone.get_by_label("Xuất xứ", exact=True).fill("Yến Dương, Thái Nguyên")
    phone.context.set_offline(True)
    if not knows:  # as in a Wi-Fi without internet
        phone.evaluate("Object.defineProperty(navigator, 'onLine', { get: () => true })")

    phone.get_by_role("button", name="Tiếp tục").click()

    expect(phone.get_by_role("alert")).to_contain_text("chưa gửi được")
    expect(phone.get_by_label("Tên sản phẩm")).to_have_value("Bí xanh thơm")
    assert not Product.objects.exists()
    phone.context.set_offline(False)
    phone.get_by_role("button", name="Tiếp tục").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Bí xanh thơm")
    assert Product.objects.get().media.count() == 1


def test_form_that_was_lost_on_its_way_leads_back_to_its_page(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    sign_in(phone, seller, "/xa-vien/tam-nghi/")
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.reload()
    phone.context.set_offline(True)

    phone.evaluate("document.querySelector('main form[method=post]').submit()")  # past the scripts

    expect(phone.get_by_text("chưa chắc đã được lưu")).to_be_visible()
    phone.context.set_offline(False)
    phone.get_by_role("link", name="Thử lại").click()
    phone.wait_for_url("**/xa-vien/tam-nghi/")
    expect(phone.locator("main form")).not_to_have_count(0)


# Buttons, fields and summaries that are under 48 px high, too small for a thumb.
_SMALL = """[...document.querySelectorAll(
  'main a.button, main button, main .filter, main .choice, main select, main summary, main input:not([type])'
)].filter(e => e.offsetParent && e.getBoundingClientRect().height < 47.5)
  .map(e => e.outerHTML.slice(0, 80))"""


def _start_parcel(part: OrderPart) -> Any:
    accept_part(part_id=part.pk, actor=Actor.system(), now=timezone.now())
    quantities = {line.pk: line.quantity for line in part.lines.all()}
    return pack_parcel(part_id=part.pk, quantities=quantities, actor=Actor.system(), now=timezone.now())
