"""Parcels packed, labelled and cut short without a network, in a real browser whose network is cut."""

from __future__ import annotations

import datetime
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.refunds.offer_substitute import SubstituteOffer, offer_substitute
from orders.models import OrderPart, Parcel, ParcelLine, Refund
from orders.states import ParcelState
from orders.trace_links import lot_trace_address
from shop.core.actors import Actor
from shop.members.sync.models import PhoneCommand
from tests.factories import NOW, get_stock, make_order, make_variant
from tests.invariants import check_everything
from tests.qr_codes import read_qr_codes
from tests.shop.members.sync.test_without_network import HOLDS, SMALL_TARGETS, open_order, sign_in
from tests.shop.members.test_lots import make_lot
from tests.voice import give_voice

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


PACKED_FORMS = """async () => (await (await import("member/store")).readOutbox())
  .map(({ payload }) => payload.form_key)"""


def check_screen(phone: Page) -> None:
    assert phone.evaluate(SMALL_TARGETS) == []
    assert Axe().run(phone).response["violations"] == []
    assert phone.evaluate("document.documentElement.scrollWidth") == 360


def test_part_of_an_order_is_packed_from_another_lot_and_the_rest_is_cut_short(
    phone_with_workers: Page, seller
) -> None:
    phone = phone_with_workers
    ginger, honey = make_variant(seller, name="Gừng tươi"), make_variant(seller, name="Mật ong")
    early, late = make_lot(ginger, 2, days=5), make_lot(ginger, 8, days=30)
    order = make_order((ginger, 3), (honey, 2))
    OrderPart.objects.update(carrier="")
    part = order.parts.get()
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 3)
    phone.set_viewport_size({"width": 360, "height": 780})
    give_voice(phone)

    phone.goto(f"/xa-vien/goi/{part.pk}/")
    row = phone.get_by_role("listitem").filter(has=phone.get_by_role("heading", name="Mật ong"))
    row.get_by_label("Lấy rồi").check()
    phone.reload()
    expect(row.get_by_label("Lấy rồi")).to_be_checked()
    phone.context.set_offline(True)
    phone.reload()
    expect(phone.get_by_role("heading", name="Gừng tươi")).to_be_visible()
    expect(row.get_by_label("Lấy rồi")).to_be_checked()

    phone.goto("/xa-vien/goi/lay-hang/")
    expect(phone.get_by_role("heading", name="Gừng tươi")).to_be_visible()
    phone.get_by_label(f"Lấy rồi: {order.code} Mật ong").check()
    check_screen(phone)
    phone.get_by_role("button", name="Nghe").click()
    spoken = phone.evaluate("window.spoken")
    assert {"Gừng tươi", "3 chiếc"} <= set(spoken)
    assert f"Lấy 2 chiếc ở lô {early.code} (hạn dùng {early.expires_on:%d/%m/%Y})" in " ".join(spoken)
    phone.get_by_role("button", name="Từng đơn").click()
    expect(phone.get_by_role("heading", name=order.code)).to_be_visible()
    check_screen(phone)

    open_order(phone, part)
    goods = phone.get_by_role("listitem").filter(has=phone.get_by_role("heading", name="Gừng tươi"))
    expect(goods.get_by_text(f"Lấy 2 chiếc ở lô {early.code}")).to_be_visible()
    expect(goods.get_by_text(f"Lấy 1 chiếc ở lô {late.code}")).to_be_visible()
    goods.locator("summary", has_text="Lấy lô khác").click()
    goods.get_by_label("Lô hàng", exact=True).select_option(str(late.pk))
    goods.get_by_label("Số lượng trong kiện này").fill("4")
    goods.get_by_label("Lấy rồi").check()
    expect(phone.get_by_role("button", name="Xong, sang dán tem")).to_be_disabled()
    goods.get_by_label("Số lượng trong kiện này").fill("2")
    other = phone.get_by_role("listitem").filter(has=phone.get_by_role("heading", name="Mật ong"))
    expect(other.get_by_label("Lấy rồi")).to_be_checked()  # in the pick list
    other.locator("summary", has_text="Thiếu hàng").click()
    other.get_by_label("Gửi được bao nhiêu?").fill("1")
    expect(other.get_by_text(re.compile("Khách trả ít hơn 320.000"))).to_be_visible()
    check_screen(phone)
    other.get_by_role("button", name="Báo khách").click()
    expect(phone.get_by_text("Thiếu hàng: 1 × Mật ong")).to_be_visible()
    expect(other.get_by_text("1 chiếc", exact=True)).to_be_visible()
    expect(phone.get_by_text(re.compile("1.310.000"))).to_be_visible()
    phone.get_by_role("button", name="Xong, sang dán tem").click()
    expect(phone.get_by_text("2 chiếc Gừng tươi", exact=True)).to_be_visible()
    expect(goods.get_by_text("1 chiếc", exact=True)).to_be_visible()

    phone.locator("summary", has_text="Tem kiện hàng").click()
    expect(phone.get_by_role("img", name="Mã QR của kiện hàng")).to_be_visible()
    lot_code = phone.get_by_role("article").get_by_role("img", name=f"Mã QR của lô hàng {late.code}")
    expect(lot_code).to_be_visible()
    assert read_qr_codes(phone, ".lot-qr") == [lot_trace_address(late)]
    printed_code = phone.get_by_role("article").get_by_role("heading").inner_text()
    phone.get_by_text("58 mm").click()
    check_screen(phone)
    phone.evaluate("window.print = () => { window.isPrinted = true; }")
    phone.get_by_role("button", name="In tem").click()
    phone.wait_for_selector("body.prints-label > .label-page", state="attached")
    paper = phone.pdf(prefer_css_page_size=True)
    pages = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper)
    assert [(round(float(width)), round(float(height))) for width, height in pages] == [
        (164, 510)
    ]  # 58 × 180 mm
    phone.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(phone.locator("body > .label-page")).to_have_count(0)
    phone.locator("summary", has_text="Lời nhắn cho khách").click()
    message = f"Chào Nguyễn Thị Hoa, HTX Thiên An nhắn về đơn {order.code} của bạn. "
    expect(phone.get_by_text(message)).to_contain_text("không gửi được 1 × Mật ong.")
    phone.context.grant_permissions(["clipboard-read", "clipboard-write"])
    phone.get_by_role("button", name="Sao chép tin nhắn").click()
    expect(phone.get_by_text("Đã sao chép")).to_be_visible()
    assert phone.evaluate("navigator.clipboard.readText()").startswith(message)
    expect(phone.get_by_role("link", name="Zalo")).to_have_attribute("href", "https://zalo.me/84987654321")
    expect(phone.get_by_role("link", name="0987 654 321")).to_have_attribute("href", "tel:+84987654321")
    check_screen(phone)
    phone.get_by_role("button", name="Dán tem xong").click()
    expect(phone.get_by_text("Đã đóng gói", exact=True)).to_be_visible()
    phone.get_by_label("Đơn vị vận chuyển", exact=True).fill("Xe Hùng Cường")
    phone.get_by_role("button", name="Bàn giao kiện hàng").click()
    expect(phone.get_by_text(message)).to_contain_text("trên đường tới bạn. Bên chở: Xe Hùng Cường.")
    assert not PhoneCommand.objects.exists()

    phone.context.set_offline(False)
    phone.goto("/xa-vien/offline/#unsent")
    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(4)
    parcel = Parcel.objects.dispatches().get()
    assert parcel.state == ParcelState.HANDED_OVER
    assert printed_code == f"{order.code}-{parcel.label_code}"
    lines = ParcelLine.objects.filter(parcel=parcel).order_by("order_line__position")
    assert list(lines.values_list("order_line__product_name", "quantity", "lot")) == [
        ("Gừng tươi", 2, late.pk),
        ("Mật ong", 1, None),
    ]
    assert (Refund.objects.get().amount, parcel.cod_expected) == (320_000, 960_000)
    assert get_stock(ginger).on_hand == 18
    check_everything()


def test_shortage_after_a_refused_parcel_is_refused_and_refunds_nothing(
    phone_with_workers: Page, seller
) -> None:
    phone = phone_with_workers
    ginger = make_variant(seller, name="Gừng tươi")
    make_lot(ginger, 8, days=5)
    late = make_lot(ginger, 8, days=30)
    part = make_order((ginger, 5)).parts.get()
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 2)

    phone.goto(f"/xa-vien/goi/{part.pk}/")
    phone.locator("summary", has_text="Lấy lô khác").click()
    phone.locator("select[name^=lot-]").select_option(str(late.pk))
    phone.get_by_label("Số lượng trong kiện này").fill("2")
    phone.get_by_label("Lấy rồi").check()
    phone.evaluate("localStorage.removeItem('picked')")  # as if another phone had ticked it
    form_key = phone.locator("form[data-packs] [name=idempotency_key]").input_value()
    phone.context.set_offline(True)
    phone.get_by_role("button", name="Xong, sang dán tem").click()  # of the market's page
    expect(phone.get_by_text("3 chiếc", exact=True)).to_be_visible()
    assert phone.evaluate(PACKED_FORMS) == [form_key]
    expect(phone.get_by_role("button", name="Dán tem xong")).to_be_visible()
    phone.locator("summary", has_text="Thiếu hàng").click()
    phone.get_by_label("Gửi được bao nhiêu?").fill("1")
    phone.get_by_role("button", name="Báo khách").click()
    expect(phone.get_by_text("Thiếu hàng: 2 × Gừng tươi")).to_be_visible()
    late.expires_on = NOW.date() - datetime.timedelta(1)
    late.save()
    phone.context.set_offline(False)
    phone.goto("/xa-vien/offline/#unsent")
    expect(phone.get_by_text("Cần xem lại", exact=True)).to_have_count(1)
    phone.get_by_role("button", name="Giữ như trên chợ").click()

    expect(phone.get_by_text("Số còn phải đóng gói đã khác với số bạn thấy trên máy.")).to_be_visible()
    expect(phone.get_by_role("button", name="Thử lại")).to_have_count(0)
    phone.get_by_role("button", name="Giữ như trên chợ").click()
    expect(phone.get_by_text("Cần xem lại", exact=True)).to_have_count(0)
    open_order(phone, part)
    expect(phone.get_by_text("5 chiếc", exact=True)).to_be_visible()
    assert not Refund.objects.exists()
    other = make_variant(seller, name="Riềng", price=100_000)
    offer = SubstituteOffer(part.lines.get().pk, 1, other.pk, 1)
    offer_substitute(part_id=part.pk, offer=offer, actor=Actor.system(), now=NOW)
    phone.goto(f"/xa-vien/offline/#part-{part.pk}")
    expect(phone.get_by_text("Đang hỏi khách có nhận 1 chiếc Riềng")).to_be_visible()
    phone.locator("summary", has_text="Lời nhắn cho khách").click()
    expect(phone.get_by_text(re.compile("Chào Nguyễn Thị Hoa"))).to_contain_text("lấy món thay thế")
    phone.context.set_offline(True)
    phone.goto("/xa-vien/")
    expect(phone.locator("[data-phone-app]")).to_be_visible()
    phone.context.set_offline(False)
    expect(phone.locator("[data-phone-app]")).to_have_count(0)  # the market's own page of today
    check_everything()
