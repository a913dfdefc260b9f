"""A parcel in four browsers: farmer, collection point, driver without an account, and buyer."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from cooperatives.models import Role
from orders.models import DeliveryRun, HandoverRecord, OrderPart, Parcel
from orders.states import CodState, ParcelState
from shop.core.models import Change
from tests.camera import show_to_camera
from tests.conftest import PHONE, open_page
from tests.factories import make_order, make_seller, make_variant
from tests.invariants import check_everything
from tests.qr_codes import read_qr_codes
from tests.shop.members.sync.test_handover_without_network import read_digits
from tests.shop.members.sync.test_without_network import HOLDS, open_order, sign_in
from tests.shop.members.test_delivery_runs import address_of, run_of
from tests.shop.members.test_driver_phone import HOLDS_RUN
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

CODE = "img.invitation-code"
ALL_SENT = "Đã gửi hết"


@pytest.fixture
def drivers_phone(browser: Browser, live_server) -> Iterator[Page]:
    yield from open_page(browser, live_server.url, **PHONE, service_workers="allow")


def show_code(giver: Page, step: str) -> str:
    """Show the code of a step; return the address in its QR code."""
    giver.get_by_role("button", name=step).click()
    expect(giver.get_by_alt_text("Mã QR bàn giao")).to_be_visible()
    return read_qr_codes(giver, CODE)[0]


def take_by_camera(receiver: Page, address: str, place: str) -> None:
    show_to_camera(address)
    receiver.get_by_label("Ở đâu?").fill(place)
    receiver.get_by_role("button", name="Quét mã QR").click()
    expect(receiver.get_by_text("quét mã QR")).to_be_visible()
    receiver.get_by_role("button", name="Đã nhận kiện").click()


def test_parcel_passes_four_hands_three_of_them_without_network(
    phone_with_workers: Page, second_phone_with_workers: Page, drivers_phone: Page, page: Page
) -> None:
    farmer, point, driver, buyer = phone_with_workers, second_phone_with_workers, drivers_phone, page
    seller = make_seller("HTX Thiên An")
    part = make_order((make_variant(seller), 2)).parts.get()
    OrderPart.objects.update(carrier="")  # the driver collects for the cooperative
    sign_in(farmer, seller, Role.PACKER)
    assert farmer.evaluate(HOLDS, 2)
    pack(farmer, part)
    run = run_of(seller, Parcel.objects.get())
    sign_in(point, seller, Role.MANAGER)
    assert point.evaluate(HOLDS, 2)
    keep_run(driver, run)
    for phone in (farmer, point, driver):
        phone.context.set_offline(True)

    open_order(farmer, part)
    farmer.locator("summary", has_text="Bàn giao bằng mã").click()
    point.goto("/xa-vien/ban-giao/")
    take_by_camera(point, show_code(farmer, "Người trồng giao điểm gom"), "Kho Nà Ít")
    expect(point.get_by_text(re.compile("lưu trên máy này"))).to_be_visible()
    open_order(point, part)
    point.locator("summary", has_text="Bàn giao bằng mã").click()
    point.get_by_role("button", name="Điểm gom giao lái xe").click()
    expect(point.get_by_alt_text("Mã QR bàn giao")).to_be_visible()
    digits = read_digits(point)
    driver.goto(address_of(run))
    driver.locator("summary", has_text="Nhận kiện").click()
    driver.get_by_label("Mã kiện").fill(part.order.code)
    driver.get_by_label("6 số").fill(digits)
    driver.get_by_label("Ở đâu?").fill("Bến xe Chợ Rã")
    driver.get_by_role("button", name="Đã nhận kiện").click()
    driver.locator("summary", has_text="Để người mua xác nhận bằng mã").click()
    driver.get_by_label("Người mua đã trả đủ tiền").check()
    to_buyer = show_code(driver, "Hiện mã")
    assert not HandoverRecord.objects.exists()

    send(driver, run)  # the phones send in the opposite order
    for phone in (point, farmer):
        phone.context.set_offline(False)
        phone.goto("/xa-vien/offline/#unsent")
        expect(phone.get_by_text("Trên máy", exact=True)).to_have_count(0)
        expect(phone.get_by_text("Cần xem lại")).to_have_count(0)
    buyer.goto(to_buyer)
    expect(buyer.get_by_text("Xác nhận ở đây cũng là xác nhận đã trả đủ tiền.")).to_be_visible()
    buyer.locator("main [name=name]").fill("Chị Hạnh")
    buyer.locator("main [name=place]").fill("Bến Mỹ Đình")
    with buyer.expect_navigation():
        buyer.get_by_role("button", name="Đã nhận kiện").click()

    columns = ("step", "method", "giver_name", "receiver_name", "place")
    records = list(HandoverRecord.objects.order_by("happened_at").values_list(*columns))
    assert [(step, method, place) for step, method, _giver, _receiver, place in records] == [
        ("to_point", "scan", "Kho Nà Ít"),
        ("to_driver", "digits", "Bến xe Chợ Rã"),
        ("to_buyer", "scan", "Bến Mỹ Đình"),
    ]
    assert [row[3] for row in records[1:]] == ["Hoàng Văn Tài", "Chị Hạnh"]
    assert records[2][2] == "Hoàng Văn Tài"
    parcel = Parcel.objects.get()
    assert (parcel.state, parcel.cod_state) == (ParcelState.DELIVERED, CodState.COLLECTED)
    steps = Change.objects.filter(key=str(parcel.pk), action__startswith="parcel.").order_by("pk")
    assert [(row.action, row.actor_kind) for row in steps] == [
        ("parcel.created", "person"),
        ("parcel.packed", "person"),
        ("parcel.handed_over", "guest"),  # the driver's phone was the first to send
        ("parcel.delivered", "guest"),
    ]
    check_everything()


def pack(farmer: Page, part: OrderPart) -> None:
    """Accept and pack with a network, so that a run may take the parcel."""
    farmer.goto(f"/xa-vien/offline/#part-{part.pk}")
    farmer.get_by_role("button", name="Nhận đơn").click()
    farmer.get_by_label("Lấy rồi").check()
    farmer.get_by_role("button", name="Xong, sang dán tem").click()
    farmer.get_by_role("button", name="Dán tem xong").click()
    expect(farmer.get_by_text(ALL_SENT)).to_be_visible()


def keep_run(driver: Page, run: DeliveryRun) -> None:
    driver.goto(address_of(run))
    driver.evaluate("navigator.serviceWorker.ready.then(() => true)")
    driver.reload()
    wait_until(driver, HOLDS_RUN)


def send(driver: Page, run: DeliveryRun) -> None:
    driver.context.set_offline(False)
    expect(driver.get_by_text("Trên máy", exact=True)).to_have_count(0)
    expect(driver.get_by_text("Cần xem lại")).to_have_count(0)
