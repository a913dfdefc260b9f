"""Lots worked on without a network, in a real browser whose network is cut."""

from __future__ import annotations

import datetime
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from catalog.models import Lot, LotBalance, LotStage, Stock
from cooperatives.models import Producer, Role
from orders.actions.complaints.file_complaint import submit_complaint
from orders.models import OrderPart
from orders.trace_links import lot_trace_address
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.members.sync.models import PhoneCommand
from tests.camera import show_to_camera
from tests.factories import make_channel, make_order, make_variant, make_warehouse
from tests.invariants import check_everything
from tests.orders.refunds.refund_helpers import deliver_order
from tests.shop.members.part_factories import accepted_part
from tests.shop.members.sync.test_photos import encode_photo
from tests.shop.members.sync.test_without_network import HOLDS, SMALL_TARGETS, sign_in
from tests.shop.members.test_lots import make_lot

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


def test_lots_are_received_counted_lost_moved_and_noted_without_network(
    phone_with_workers: Page, seller
) -> None:
    phone = phone_with_workers
    ginger = make_variant(seller, name="Gừng tươi", on_hand=0)
    make_warehouse(seller, make_channel(), name="Kho xa")
    household = Producer.objects.create(cooperative=seller, name="Tổ 3, Nà Ít")
    early, late = make_lot(ginger, 10, days=5), make_lot(ginger, 4, days=30)
    pickup_day = vietnam_date(timezone.now()) + datetime.timedelta(3)
    for ahead in (0, 4):
        part = accepted_part(seller)
        day = pickup_day + datetime.timedelta(ahead)
        OrderPart.objects.filter(pk=part.pk).update(delivery_kind="market_day", pickup_day=day)
    delivered = deliver_order(make_order((make_variant(seller), 1)), now=timezone.now())
    complaint = submit_complaint(
        part_id=delivered.pk,
        quantities={delivered.lines.get().pk: 1},
        text="Dập.",
        actor=Actor.guest(),
        now=timezone.now(),
    )
    sign_in(phone, seller, Role.PACKER)
    assert phone.evaluate(HOLDS, 6)
    phone.set_viewport_size({"width": 360, "height": 780})
    today = vietnam_date(timezone.now())

    phone.context.set_offline(True)
    phone.goto("/xa-vien/offline/#today")
    expect(phone.get_by_text("Lô sắp hết hạn hoặc đã quá hạn: 1.")).to_be_visible()
    expect(phone.get_by_text(f"{pickup_day:%d/%m}: khách đến nhận hàng.")).to_be_visible()
    expect(phone.get_by_text("1 đơn hẹn đến nhận.")).to_be_visible()
    answer = phone.get_by_role("link", name="Trả lời khiếu nại")
    expect(answer).to_have_attribute("href", f"/xa-vien/phan-anh/{complaint.pk}/")
    phone.goto("/xa-vien/lo/")
    expect(phone.get_by_text("Sắp hết hạn, còn 5 ngày")).to_be_visible()
    show_to_camera(lot_trace_address(late))
    phone.get_by_role("button", name="Quét mã QR").click()
    expect(phone).to_have_url(re.compile(f"#lot-{late.pk}$"))
    phone.goto("/xa-vien/lo/")
    phone.get_by_role("link", name="Nhập lô mới").click()
    phone.get_by_label("Sản phẩm").select_option("Gừng tươi")
    phone.get_by_label("Số lượng nhập").fill("6")
    phone.get_by_label("Ngày thu hoạch").fill(str(today))
    phone.get_by_label("Hạn dùng").fill(str(today + datetime.timedelta(15)))
    phone.get_by_label("Hộ sản xuất").select_option("Tổ 3, Nà Ít")
    assert phone.evaluate(SMALL_TARGETS) == []
    assert Axe().run(phone).response["violations"] == []
    phone.get_by_role("button", name="Ghi lô").click()
    expect(phone.get_by_text("Lô mới, gửi lên chợ sẽ có mã")).to_be_visible()
    expect(phone.locator("ol > li .strong")).to_have_text(["Còn 10 chiếc", "Còn 6 chiếc", "Còn 4 chiếc"])
    phone.get_by_role("link", name=early.code).click()
    phone.locator("summary", has_text="Ghi hao hụt").click()
    for kind, quantity, left in [
        ("Hỏng hoặc mất", "1", "Còn 9 chiếc"),
        ("Đã đếm: còn từng này", "8", "Còn 8 chiếc"),
        ("Chuyển sang kho khác", "3", "Còn 5 chiếc"),
    ]:
        phone.get_by_label("Có gì thay đổi?").first.select_option(kind)
        phone.get_by_label("Số lượng").first.fill(quantity)
        phone.get_by_role("button", name="Ghi lại", exact=True).first.click()
        expect(phone.get_by_text(left)).to_be_visible()
    phone.get_by_label("Việc đã làm").fill("Rửa, để ráo")
    phone.get_by_role("button", name="Ghi việc đã làm").click()
    expect(phone.get_by_label("Việc đã làm")).to_have_value("")
    assert phone.evaluate(SMALL_TARGETS) == []
    assert Axe().run(phone).response["violations"] == []
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    phone.locator("summary", has_text="Thêm ảnh").click()
    phone.get_by_label("Chọn ảnh có sẵn").set_input_files(
        {"name": "lo.jpg", "mimeType": "image/jpeg", "buffer": encode_photo()}
    )
    expect(phone.get_by_role("button", name="Xoá ảnh")).to_be_visible()
    assert not PhoneCommand.objects.exists()

    phone.goto("/xa-vien/#unsent")
    phone.context.set_offline(False)

    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(6)
    assert early.pictures.count() == 1
    received = Lot.objects.latest("pk")
    assert (received.producer, received.harvested_on) == (household, today)
    balances = LotBalance.objects.order_by("lot", "stock").values_list("lot", "on_hand")
    assert list(balances) == [(early.pk, 5), (early.pk, 3), (late.pk, 4), (received.pk, 6)]
    stocks = Stock.objects.filter(variant=ginger).order_by("pk").values_list("on_hand", flat=True)
    assert list(stocks) == [5 + 4 + 6, 3]
    assert LotStage.objects.get().title == "Rửa, để ráo"
    check_everything()
