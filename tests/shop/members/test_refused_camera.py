"""Every scanner where the camera is refused, and where it sees the QR code of another market."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from cooperatives.models import Role
from orders.models import HandoverRecord
from shop.core.models import Change
from tests.camera import show_to_camera
from tests.factories import make_variant
from tests.shop.members.sync.test_without_network import HOLDS, sign_in
from tests.shop.members.test_bulk_packing import accepted_order
from tests.shop.members.test_delivery_runs import address_of, packed_parcel, run_of
from tests.shop.members.test_driver_phone import HOLDS_RUN
from tests.shop.members.test_lot_scan import lot_of
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

REFUSED = "Máy ảnh chưa được cho phép. Cho phép trong cài đặt trình duyệt, hoặc nhập mã."
FOREIGN_LOT = "https://cho-khac.vn/truy-xuat/LZZZZZZZ2/"
FOREIGN_PARCEL = "https://cho-khac.vn/xa-vien/ban-giao/p.1.1.to_point.0.1.aaaa/"


# What a browser answers when its member refuses: a browser without a window asks nobody.
REFUSE = """() => {
  navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", "NotAllowedError"); };
}"""
ALLOW = "() => { delete navigator.mediaDevices.getUserMedia; }"


def test_scanners_say_that_the_camera_is_refused_and_whose_code_is_foreign(
    phone_with_workers: Page, seller
) -> None:
    phone = phone_with_workers
    lot = lot_of(seller)
    accepted_order((lot.variant, 1))
    run = run_of(seller, packed_parcel(seller))
    make_variant(seller)
    phone.goto(address_of(run))
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.reload()
    wait_until(phone, HOLDS_RUN)
    sign_in(phone, seller, Role.MANAGER)
    assert phone.evaluate(HOLDS, 5)
    before = Change.objects.count()
    scanners = [
        ("/xa-vien/goi/lay-hang/", "Quét tem lô", FOREIGN_LOT, "Lô này không có trên trang này."),
        ("/xa-vien/lo/", "Quét tem lô", FOREIGN_LOT, "Hợp tác xã không có lô mang mã này."),
        ("/xa-vien/offline/#lots", "Quét mã QR", FOREIGN_LOT, "Hợp tác xã không có lô mang mã này."),
        ("/xa-vien/offline/#receive", "Quét mã QR", FOREIGN_PARCEL, "Mã QR này không phải của chợ."),
        (address_of(run), "Quét mã QR", FOREIGN_PARCEL, "Mã QR này không phải của chợ."),
    ]

    for path, button, text, answer in scanners:
        is_driver = path == address_of(run)
        phone.context.set_offline(is_driver)
        phone.goto("about:blank")
        phone.goto(path)
        if is_driver:
            phone.locator("summary", has_text="Nhận kiện").click()
        scan = phone.get_by_role("button", name=button)
        phone.evaluate(REFUSE)
        scan.click()
        expect(phone.get_by_text(REFUSED)).to_be_visible()
        phone.evaluate(ALLOW)
        show_to_camera(text)
        scan.click()
        expect(phone.get_by_text(re.compile(re.escape(answer)))).to_be_visible()

    assert not HandoverRecord.objects.exists()
    assert Change.objects.count() == before
