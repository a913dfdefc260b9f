"""Parcels handed over between phones without a network, in a real browser whose network is cut."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles.storage import staticfiles_storage
from playwright.sync_api import Page, Route, expect

from cooperatives.models import Role
from orders.actions.fulfilment.phone_codes import PhoneCode
from orders.models import HandoverRecord, HandoverStep, OrderPart, Parcel
from orders.states import ParcelState, PartState
from shop.members.sync.models import CommandOutcome, PhoneCommand
from tests.camera import show_to_camera
from tests.factories import make_order, make_variant
from tests.invariants import check_everything
from tests.shop.members.sync.random_commands import ADD_COMMANDS
from tests.shop.members.sync.test_without_network import HOLDS, SMALL_TARGETS, open_order, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

# The text of the QR code that a page shows.
READ_CODE = """async (decoder) => {
  const { decodeQR } = await import(decoder);
  const shown = document.querySelector("img.invitation-code");
  const canvas = Object.assign(document.createElement("canvas"), { width: 480, height: 480 });
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, 480, 480);
  context.drawImage(shown, 0, 0, 480, 480);
  return decodeQR(context.getImageData(0, 0, 480, 480));
}"""


def read_code(phone: Page) -> str:
    expect(phone.get_by_alt_text("Mã QR bàn giao")).to_be_visible()
    return str(phone.evaluate(READ_CODE, staticfiles_storage.url("vendor/qr-decode.js")))


def read_digits(phone: Page) -> str:
    return phone.locator(".money-large.code").inner_text().replace(" ", "")


def pack(phone: Page, part: OrderPart) -> None:
    open_order(phone, part)
    phone.get_by_role("button", name="Nhận đơn").click()
    phone.get_by_label("Lấy rồi").check()
    phone.get_by_role("button", name="Xong, sang dán tem").click()
    phone.locator("summary", has_text="Bàn giao bằng mã").click()


def test_two_phones_hand_over_by_digits_and_by_camera_without_network(
    phone_with_workers: Page, second_phone_with_workers: Page, seller
) -> None:
    giver, receiver = phone_with_workers, second_phone_with_workers
    part = make_order((make_variant(seller), 2)).parts.get()
    for phone, role in ((giver, Role.PACKER), (receiver, Role.MANAGER)):
        sign_in(phone, seller, role)
        assert phone.evaluate(HOLDS, 2)
        phone.context.set_offline(True)

    pack(giver, part)
    giver.get_by_role("button", name="Người trồng giao điểm gom").click()
    expect(giver.get_by_alt_text("Mã QR bàn giao")).to_be_visible()
    digits = read_digits(giver)
    code_on_label = giver.locator("section h3 .code").inner_text()
    receiver.goto("/xa-vien/ban-giao/")
    receiver.get_by_label("Mã kiện").fill(part.order.code.lower())
    receiver.get_by_label("6 số").fill(f"{(int(digits) + 1) % 1_000_000:06}")
    receiver.get_by_label("Ở đâu?").fill("Kho Nà Ít")
    confirm = receiver.get_by_role("button", name="Đã nhận kiện")
    confirm.click()
    expect(receiver.get_by_text("Mã chưa đúng.")).to_be_visible()
    # Another parcel's code is entered wrongly three times; then its digits are closed on this phone.
    receiver.get_by_label("Mã kiện").fill("TKHAC123")
    for words in ("Mã chưa đúng.", "Mã chưa đúng.", "Đã nhập sai ba lần."):
        confirm.click()
        expect(receiver.get_by_role("alert")).to_contain_text(words)
    receiver.get_by_label("6 số").fill("000000")
    confirm.click()
    expect(receiver.get_by_role("alert")).to_contain_text("Đã nhập sai ba lần.")
    receiver.get_by_label("Mã kiện").fill(part.order.code)
    receiver.get_by_label("6 số").fill(f"{digits[:3]} {digits[3:]}")
    confirm.click()
    expect(receiver.get_by_role("alert")).to_contain_text("Nhập mã kiện như trên tem")
    receiver.get_by_label("Mã kiện").fill(code_on_label.lower())
    confirm.click()
    expect(receiver.get_by_text(re.compile("lưu trên máy này"))).to_be_visible()
    assert not HandoverRecord.objects.exists()
    # The receiver sends first: the parcel is not known yet.
    receiver.context.set_offline(False)
    receiver.goto("/xa-vien/offline/#unsent")
    expect(receiver.get_by_text("Máy bên giao chưa gửi kiện này lên.")).to_be_visible()
    giver.context.set_offline(False)
    giver.goto("/xa-vien/offline/#unsent")
    expect(giver.get_by_text("Đã lên", exact=True)).to_have_count(3)
    receiver.reload()
    expect(receiver.get_by_text("Đã lên", exact=True)).to_have_count(1)
    record = HandoverRecord.objects.get()
    assert (record.step, record.method, record.place) == ("to_point", "digits", "Kho Nà Ít")
    assert Parcel.objects.get().state == ParcelState.PACKED

    # The collection point goes on to the driver.
    giver, receiver = receiver, giver
    for phone in (giver, receiver):
        phone.goto("/xa-vien/")
        phone.context.set_offline(True)
    open_order(giver, part)
    giver.locator("summary", has_text="Bàn giao bằng mã").click()
    giver.get_by_role("button", name="Điểm gom giao lái xe").click()
    text = read_code(giver)
    assert Axe().run(giver).response["violations"] == []
    receiver.goto("/xa-vien/ban-giao/")
    receiver.get_by_label("Ở đâu?").fill("Bến xe Chợ Rã")
    # As a browser without cameras.
    receiver.evaluate("Object.defineProperty(navigator, 'mediaDevices', { configurable: true })")
    receiver.get_by_role("button", name="Quét mã QR").click()
    expect(receiver.get_by_text("Không mở được máy ảnh. Hãy nhập mã.")).to_be_visible()
    receiver.evaluate("delete navigator.mediaDevices")
    show_to_camera(text.replace("127.0.0.1", "cho-khac.vn").replace("localhost", "cho-khac.vn"))
    receiver.get_by_role("button", name="Quét mã QR").click()
    expect(receiver.get_by_text("Mã QR này không phải của chợ.")).to_be_visible()
    show_to_camera(text)
    receiver.get_by_role("button", name="Quét mã QR").click()
    expect(receiver.get_by_text("quét mã QR")).to_be_visible()
    assert receiver.evaluate(SMALL_TARGETS) == []
    assert Axe().run(receiver).response["violations"] == []
    receiver.get_by_role("button", name="Đã nhận kiện").click()
    expect(receiver.get_by_text(re.compile("lưu trên máy này"))).to_be_visible()
    receiver.goto(text)  # the phone's own camera opens the address again
    receiver.get_by_role("button", name="Đã nhận kiện").click()
    expect(receiver.get_by_text(re.compile("Mã đã dùng hoặc hết hiệu lực"))).to_be_visible()
    for phone, done in ((receiver, 4), (giver, 2)):
        phone.context.set_offline(False)
        phone.goto("/xa-vien/offline/#unsent")
        expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(done)
        expect(phone.get_by_text("Cần xem lại")).to_have_count(0)

    assert list(HandoverRecord.objects.order_by("pk").values_list("step", "method")) == [
        ("to_point", "digits"),
        ("to_driver", "scan"),
    ]
    assert Parcel.objects.get().state == ParcelState.HANDED_OVER
    check_everything()


def test_receipts_whose_parcels_nobody_sends_hold_up_nothing_and_can_be_dropped(
    phone_with_workers: Page, seller
) -> None:
    phone = phone_with_workers
    waited_for, other = (make_order((make_variant(seller), 2)).parts.get() for _ in range(2))
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 4)
    phone.context.set_offline(True)
    code = PhoneCode(HandoverStep.TO_COLLECTION_POINT, part_id=waited_for.pk, position=1)
    receipt = {
        "name": "receive_parcel",
        "payload": {"token": code.token, "name": "Lý A Páo", "place": "Kho Nà Ít"},
        "subject": {"part": waited_for.pk, "order": waited_for.order.code, "position": 1, "step": code.step},
        "chains": [],
    }
    phone.evaluate(ADD_COMMANDS, [receipt] * 21)  # more than one push sends
    open_order(phone, other)
    phone.get_by_role("button", name="Nhận đơn").click()
    expect(phone.get_by_label("Lấy rồi")).to_be_visible()

    phone.goto("/xa-vien/offline/#unsent")
    phone.context.set_offline(False)

    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(1)
    other.refresh_from_db()
    assert other.state == PartState.ACCEPTED
    drop = phone.get_by_role("button", name="Bỏ việc này")
    expect(drop).to_have_count(21)
    assert phone.evaluate(SMALL_TARGETS) == []
    drop.first.click()
    expect(drop).to_have_count(20)
    assert list(PhoneCommand.objects.exclude(outcome="").values_list("name", "outcome")) == [
        ("accept_part", CommandOutcome.DONE)
    ]
    assert not HandoverRecord.objects.exists()


def test_camera_that_the_browser_refuses_is_said_in_words(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    sign_in(phone, seller)
    session = phone.context.new_cdp_session(phone)
    session.send("Network.enable")
    session.send("Network.setBypassServiceWorker", {"bypass": True})

    def refuse_camera(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, headers={**response.headers, "permissions-policy": "camera=()"})

    phone.route("**/xa-vien/offline/", refuse_camera)
    phone.goto("/xa-vien/offline/#receive")

    phone.get_by_role("button", name="Quét mã QR").click()

    expect(phone.get_by_role("alert")).to_contain_text("Máy ảnh chưa được cho phép.")
