"""A lot in browsers: received, sold, packed, delivered, traced by its label, recalled, and paid back."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from catalog.models import Lot, LotBalance, Recall
from orders.actions.fulfilment.recalls import send_recall_notices_task
from orders.models import Complaint, LedgerEntry, Order, OrderPart, ParcelLine, RecallNotice, Refund
from orders.states import ComplaintState
from orders.trace_links import lot_trace_address
from shop.core.dates.calendar import vietnam_date
from shop.notifications.models import Notification
from tests.factories import PASSWORD, get_stock, make_member, make_order, make_seller, make_user, make_variant
from tests.invariants import check_everything
from tests.qr_codes import read_qr_codes

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]


def sign_in(page: Page, email: str) -> None:
    page.goto("/tai-khoan/dang-nhap/")
    page.locator("main [name=name]").fill(email)
    page.locator("main [name=password]").fill(PASSWORD)
    page.locator("main [name=password]").press("Enter")
    page.wait_for_url(lambda url: "dang-nhap" not in url)


def balances() -> dict[str, int]:
    totals: Counter[str] = Counter()
    for account, amount in LedgerEntry.objects.values_list("account", "amount"):
        totals[account] += amount
    return {account: amount for account, amount in totals.items() if amount}


def test_lot_is_received_sold_traced_recalled_and_paid_back(
    phone: Page, page: Page, live_server, settings
) -> None:
    settings.PUBLIC_URL = live_server.url  # which the QR codes name
    member, buyer = phone, page
    seller = make_seller("HTX Thiên An")
    user = make_user(email="hoa@example.com")
    pickles = make_variant(seller, name="Măng ớt", price=40_000, on_hand=0)
    sign_in(member, make_member(seller).email)
    sign_in(buyer, user.email)

    lot = receive_lot(member)
    check_sheet(member, lot)
    sent, waiting, unpacked = (make_order((pickles, 2), user=user, now=timezone.now()) for _ in range(3))
    OrderPart.objects.update(carrier="")  # the cooperative delivers and collects
    label_codes = pack(member, sent.parts.get(), lot)
    pack(member, waiting.parts.get(), lot)
    hand_over_and_deliver(member, sent.parts.get())
    trace(buyer, label_codes, lot)
    before = get_stock(pickles)
    assert (before.on_hand, before.recalled, before.allocated) == (8, 0, 4)
    paid = balances()

    recall(member, lot, sent=sent, waiting=waiting)
    send_recall_notices_task()  # as the scheduler does

    confirm_notice(buyer, sent)
    member.reload()
    expect(member.get_by_text("1 trong 1 đơn đã xác nhận.")).to_be_visible()
    buyer.goto(lot_trace_address(lot))
    expect(buyer.get_by_text("Bị thu hồi")).to_be_visible()
    complain(buyer, sent)
    give_money_back(member)

    complaint, refund = Complaint.objects.get(), Refund.objects.get()
    assert (complaint.state, refund.amount) == (ComplaintState.ACCEPTED, 80_000)
    stock = get_stock(pickles)
    assert (stock.on_hand, stock.recalled, stock.allocated, stock.free) == (
        8,
        8,
        4,
        -4,
    )  # what is promised cannot be sent
    assert LotBalance.objects.get().on_hand == 8
    assert paid == {"cooperative_cash": 110_000, "cooperative_payable": -110_000}  # with the delivery
    assert balances() == {"cooperative_cash": 110_000, "cooperative_payable": -30_000, "buyer": -80_000}
    assert not unpacked.parts.get().parcels.exists()
    check_everything()


def receive_lot(member: Page) -> Lot:
    member.goto("/xa-vien/lo/moi/")
    member.locator("[name=variant]").select_option(label="Măng ớt (chiếc)")
    member.locator("[name=quantity]").fill("10")
    member.locator("[name=expires_on]").fill(str(vietnam_date(timezone.now()) + timedelta(30)))
    with member.expect_navigation():
        member.get_by_role("button", name="Ghi lô").click()
    return Lot.objects.get()


def check_sheet(member: Page, lot: Lot) -> None:
    """Check the labels that are printed and stuck on the goods."""
    member.goto(f"/xa-vien/lo/{lot.pk}/")
    member.get_by_role("link", name="In tem mã QR").click()
    expect(member.locator(".code-card .code")).to_have_text([lot.code] * 10)
    assert read_qr_codes(member, ".code-card img") == [lot_trace_address(lot)] * 10


def pack(member: Page, part: OrderPart, lot: Lot) -> list[str]:
    """Accept and pack the order from the lot that the page suggests; return the codes on the label."""
    member.goto(f"/xa-vien/goi/{part.pk}/")
    with member.expect_navigation():
        member.locator("form[action$='/nhan/'] button").first.click()
    expect(member.locator("main")).to_contain_text(lot.code)
    for tick in member.locator("main input[type=checkbox]").all():
        tick.check()
    with member.expect_navigation():
        member.locator("form[action$='/kien/'] .big-action").click()
    member.goto(f"/xa-vien/goi/{part.pk}/")
    with member.expect_navigation():
        member.locator("form[action$='/dong-goi/'] button").first.click()
    parcel = part.parcels.get()
    assert ParcelLine.objects.get(parcel=parcel).lot == lot
    member.goto(f"/xa-vien/kien/{parcel.pk}/tem/")
    return read_qr_codes(member, "svg")


def hand_over_and_deliver(member: Page, part: OrderPart) -> None:
    member.goto(f"/xa-vien/goi/{part.pk}/")
    with member.expect_navigation():
        member.locator("form[action$='/ra-xe/'] button").first.click()
    member.goto(f"/xa-vien/goi/{part.pk}/")
    member.locator("form[action$='/da-giao/'] input[type=radio]").first.check()
    with member.expect_navigation():
        member.locator("form[action$='/da-giao/'] .big-action").click()
    part.refresh_from_db()
    assert part.progress == "delivered"


def trace(buyer: Page, codes: list[str], lot: Lot) -> None:
    """Open the page of the lot whose QR code stands on the label."""
    assert lot_trace_address(lot) in codes
    buyer.goto(lot_trace_address(lot))
    main = buyer.locator("main")
    expect(main).to_contain_text(lot.code)
    expect(main).to_contain_text("HTX Thiên An")
    expect(buyer.get_by_role("region", name="Thấy có gì sai?").locator("li")).to_have_text(
        [
            "Hàng hỏng, dập: chụp ảnh, gửi khiếu nại từ trang đơn hàng.",
            "Tem rách, mã lô khác: đừng nhận.",
            "Giữ lại hàng và tem để đối chiếu.",
        ]
    )
    buyer.get_by_role("link", name="Báo hàng có vấn đề").click()
    buyer.wait_for_url(re.compile("/don-hang/$"))


def recall(member: Page, lot: Lot, *, sent: Order, waiting: Order) -> None:
    member.goto(f"/xa-vien/lo/{lot.pk}/")
    member.get_by_role("link", name="Thu hồi lô này").click()
    expect(member.get_by_role("heading", name="Lô này đang ở đâu")).to_be_visible()
    for order in (sent, waiting):
        expect(member.get_by_text(f"{order.code}-1")).to_be_visible()
    assert not Recall.objects.exists()  # so far a dry run
    member.locator("[name=reason]").fill("Có mốc")
    member.locator("[name=advice]").fill("Không ăn, giữ lại")
    member.locator("[name=is_confirmed]").check()
    with member.expect_navigation():
        member.get_by_role("button", name="Thu hồi lô này").click()
    assert Recall.objects.get().lot == lot
    expect(member.get_by_text("Huỷ các kiện này rồi đóng lại bằng lô khác.")).to_be_visible()


def confirm_notice(buyer: Page, sent: Order) -> None:
    notice = RecallNotice.objects.get()
    assert (notice.order, notice.read_at) == (sent, None)
    address = f"/thu-hoi/{notice.pk}/"
    assert any(address in message.text for message in Notification.objects.all())
    buyer.goto(address)
    expect(buyer.get_by_text("Không ăn, giữ lại")).to_be_visible()
    with buyer.expect_navigation():
        buyer.get_by_role("button", name="Đã đọc thông báo").click()
    expect(buyer.get_by_role("button", name="Đã đọc thông báo")).to_have_count(0)


def complain(buyer: Page, sent: Order) -> None:
    buyer.goto(f"/don-hang/{sent.pk}/")
    buyer.get_by_role("link", name="Hàng có vấn đề").first.click()
    buyer.locator("main form input[inputmode=numeric]").first.fill("2")
    buyer.locator("[name=message]").fill("Lô bị thu hồi, có mốc.")
    buyer.locator("[name=requested_remedy]").first.check()
    with buyer.expect_navigation():
        buyer.get_by_role("button", name="Gửi khiếu nại").click()
    assert Complaint.objects.get().part.order == sent


def give_money_back(member: Page) -> None:
    member.goto(f"/xa-vien/phan-anh/{Complaint.objects.get().pk}/")
    with member.expect_navigation():
        member.locator("form[action$='/dong-y/'] .big-action").click()
    with member.expect_navigation():
        member.locator("form[action$='/dong-y/'] .big-action").click()
