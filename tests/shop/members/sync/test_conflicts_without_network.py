"""What happened meanwhile is said in words: a session ended, an order called off, a parcel handed over."""

from __future__ import annotations

import datetime
import re

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import Page, Route, expect

from cooperatives.models import Role
from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.delivery_runs import create_run
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.models import OrderPart, Parcel
from orders.states import ParcelState, PartState
from shop.core.actors import Actor, EntryPoint
from tests.factories import NOW, PASSWORD, make_bank_account, make_member, make_order, make_variant
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfer_helpers import receive_transfer
from tests.shop.members.sync.test_without_network import HOLDS, open_order, sign_in

NOTE_PERSIST = """StorageManager.prototype.persist = async () => {
  localStorage.setItem("persist", Number(localStorage.getItem("persist")) + 1);
  return true;
};"""


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_conflicts_are_told_after_the_member_has_signed_in_again(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    pillow = make_variant(seller)
    make_bank_account()
    handed, carried, called_off, cancelled, paid = (make_order((pillow, 2)).parts.get() for _ in range(5))
    OrderPart.objects.update(carrier="")
    system = {"actor": Actor.system(), "now": NOW}
    for part in (handed, carried, called_off, cancelled, paid):
        accept_part(part_id=part.pk, **system)
    parcel, other = (
        pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 2}, **system)
        for part in (handed, carried)
    )
    for packed in (parcel, other):
        close_parcel(parcel_id=packed.pk, **system)
    mai = make_member(seller, Role.PACKER, first_name="Lý Thị Mai")
    phone.add_init_script(NOTE_PERSIST)
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 6)

    phone.context.set_offline(True)
    open_order(phone, handed)
    phone.get_by_role("button", name="Bàn giao kiện hàng").click()
    expect(phone.get_by_text("Đang đi", exact=True)).to_be_visible()
    assert phone.evaluate("localStorage.getItem('persist')") == "1"
    open_order(phone, carried)
    phone.get_by_role("textbox", name="Đơn vị vận chuyển").fill("Bưu điện")
    phone.get_by_role("button", name="Bàn giao kiện hàng").click()
    expect(phone.get_by_text("Đang đi", exact=True)).to_be_visible()
    for part in (called_off, paid):
        open_order(phone, part)
        phone.get_by_label("Lấy rồi").check()
        for name in ("Xong, sang dán tem", "Dán tem xong"):
            phone.get_by_role("button", name=name).click()
        expect(phone.get_by_text("Đã đóng gói", exact=True)).to_be_visible()
    open_order(phone, cancelled)
    phone.locator("summary", has_text="Huỷ đơn này").click()
    phone.get_by_label("Hết hàng").check()
    phone.get_by_role("button", name=re.compile("Huỷ đơn .+ và báo khách")).click()
    expect(phone.get_by_text("Đơn này đã huỷ.")).to_be_visible()
    expect(phone.get_by_role("button", name="Bỏ việc này")).to_be_visible()
    pack_parcel(part_id=cancelled.pk, quantities={cancelled.lines.get().pk: 2}, **system)
    hand_over_parcel(
        parcel_id=parcel.pk,
        actor=mai.as_actor(EntryPoint.MEMBERS),
        now=datetime.datetime(2026, 11, 26, 1, 30, tzinfo=datetime.UTC),
    )
    run = create_run(cooperative=seller, parcel_ids=[other.pk], name="Phủ Thông", driver_name="Sơn", **system)
    cancel_part(part_id=called_off.pk, reason="hết hàng", **system)
    cash = f"{paid.order.total_gross:,}".replace(",", ".")
    receive_transfer(paid.order.code, paid.order.total_gross)
    Session.objects.all().delete()
    phone.context.set_offline(False)

    phone.goto("/xa-vien/offline/#unsent")
    expect(phone.get_by_role("status").get_by_text("Đăng nhập để gửi")).to_be_visible()
    expect(phone.get_by_text("Trên máy", exact=True)).to_have_count(7)
    phone.get_by_role("link", name="Đăng nhập").click()
    pushes: list[Route] = []
    phone.route(
        "**/dong-bo/",
        lambda route: pushes.append(route) if route.request.method == "POST" else route.continue_(),
    )
    phone.locator("#id_name").fill(phone_member(seller).email)
    phone.locator("#id_password").fill(PASSWORD)
    phone.locator("#id_password").press("Enter")
    phone.wait_for_url(re.compile(r"^[^?]+/xa-vien/$"))
    with phone.expect_request(lambda request: request.method == "POST" and request.url.endswith("/dong-bo/")):
        phone.goto("/xa-vien/offline/#unsent")
    expect(phone.get_by_role("listitem").get_by_text("Đang gửi", exact=True)).to_have_count(7)
    pushes[-1].continue_()
    phone.unroute_all()

    expect(phone.get_by_text("Cần xem lại", exact=True)).to_have_count(5)
    relabelling = phone.locator("section").filter(has_text="Khách đã chuyển khoản trước cho đơn này")
    expect(relabelling).to_contain_text(re.compile(rf"Trên tem đã in: thu {cash}\s₫\."))
    expect(relabelling).to_contain_text("Trên chợ hiện nay: không thu tiền.")
    relabelling.get_by_role("button", name="Dán tem mới: không thu tiền").click()
    label = phone.get_by_role("article")
    expect(label).to_contain_text(re.compile(r"Thu hộ \(COD\)\s*0\s₫"))
    expect(label).to_contain_text(f"{paid.order.code}-")
    phone.goto("/xa-vien/offline/#unsent")
    expect(phone.get_by_text("Cần xem lại", exact=True)).to_have_count(4)
    expect(phone.get_by_text("Kiện này đang trong chuyến của lái xe.")).to_be_visible()
    phone.get_by_role("button", name="Rút khỏi chuyến, giao đơn vị vận chuyển").click()
    expect(phone.get_by_text("Cần xem lại", exact=True)).to_have_count(3)
    expect(phone.get_by_text("Có người khác đã làm tiếp đơn này sau khi bạn xem.")).to_be_visible()
    phone.get_by_role("button", name="Vẫn huỷ đơn").click()
    expect(phone.get_by_text("Cần xem lại", exact=True)).to_have_count(2)
    expect(phone.get_by_text("Lý Thị Mai, 08:30 26/11: Đã bàn giao")).to_be_visible()
    expect(phone.get_by_text("Trên chợ hiện nay: Đang giao.")).to_be_visible()
    unpacking = phone.locator("section").filter(has_text="Lấy hàng ra khỏi kiện.")
    expect(unpacking).to_contain_text(f"Đóng hàng · Đơn {called_off.order.code}")
    expect(unpacking).to_contain_text("Dán tem")
    for left in (1, 0):
        phone.get_by_role("button", name="Giữ như trên chợ").first.click()
        expect(phone.get_by_text("Cần xem lại", exact=True)).to_have_count(left)
    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(4)
    states = Parcel.objects.dispatches().order_by("pk").values_list("state", "carrier")
    assert list(states)[:2] == [(ParcelState.HANDED_OVER, ""), (ParcelState.HANDED_OVER, "Bưu điện")]
    relabelled = paid.parcels.get()
    assert (relabelled.state, relabelled.cod_expected) == (ParcelState.PACKED, 0)
    assert not run.run_parcels.exists()
    cancelled.refresh_from_db()
    assert cancelled.state == PartState.CANCELLED
    check_everything()


def phone_member(seller):
    return seller.memberships.order_by("pk").last().user
