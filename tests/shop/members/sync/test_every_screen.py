"""Every screen without a network at 360 px: axe, targets and width, in large letters and at 200 %."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from cooperatives.models import Membership, Role
from orders.actions.fulfilment.deliver_parcels import fail_delivery, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.models import OrderPart
from shop.core.actors import Actor
from shop.members.sync import views
from tests.factories import (
    NOW,
    make_channel,
    make_order,
    make_variant,
    make_variant_sold_by_weight,
    make_warehouse,
)
from tests.shop.members.sync.test_without_network import HOLDS, sign_in
from tests.shop.members.test_driver_phone import HOLDS_RUN, address_of, dispatched_parcel, run_of_all
from tests.shop.members.test_lots import make_lot
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

# Open all folds, also those in folds, and wait for the scripts that these load.
OPEN_FOLDS = """async () => {
  for (let round = 0; round < 4; round += 1) {
    for (const fold of document.querySelectorAll("main details:not([open])")) fold.open = true;
    await new Promise((done) => setTimeout(done, 50));
  }
}"""
SMALL = """() => [...document.querySelectorAll(
    ":is(main, header, nav) :is(a, button, summary, .input, label:has(input))")]
  .filter((shown) => shown.checkVisibility() && shown.getBoundingClientRect().height < 47.5)
  .map((target) => target.outerHTML.slice(0, 120))"""
WIDE = """() => {
  const isWide = (shown) => shown.getBoundingClientRect().right > 361;
  const wide = [...document.querySelectorAll("main *")].filter(isWide);
  const innermost = wide.filter((shown) => ![...shown.children].some(isWide));
  const isWhole = document.documentElement.scrollWidth <= 360;
  return isWhole ? [] : innermost.map((shown) => shown.outerHTML.slice(0, 120));
}"""


def check_screen(phone: Page, name: str) -> None:
    phone.evaluate(OPEN_FOLDS)
    violations = Axe().run(phone).response["violations"]
    found = {f"{row['id']}: {row['nodes'][0]['html'][:150]}" for row in violations}
    assert (name, found, phone.evaluate(SMALL), phone.evaluate(WIDE)) == (name, set(), [], [])
    # Letters twice as large by the browser's own setting, which also decides the page's layout.
    session = phone.context.new_cdp_session(phone)
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32}})
    phone.evaluate("document.documentElement.classList.remove('large-type')")
    assert phone.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
    assert (name, phone.evaluate(WIDE)) == (name, [])
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 16}})
    session.detach()
    phone.evaluate("document.documentElement.classList.add('large-type')")


def test_every_screen_is_accessible_in_large_letters_on_a_small_phone(
    phone_with_workers: Page, seller, monkeypatch
) -> None:
    phone = phone_with_workers
    system = {"actor": Actor.system(), "now": NOW}
    pillow, ginger = make_variant(seller, on_hand=30), make_variant(seller, name="Gừng tươi", on_hand=4)
    make_warehouse(seller, make_channel(), name="Kho xa")
    lot = make_lot(ginger, 10, days=5)
    squash = make_variant_sold_by_weight(seller)
    new, picked, weighed, packed, failed, leaving = (
        make_order((pillow, 2), (variant, 2)).parts.get()
        for variant in (ginger, ginger, squash, ginger, ginger, ginger)
    )
    OrderPart.objects.update(carrier="")
    for part in (picked, weighed, packed, failed, leaving):
        accept_part(part_id=part.pk, **system)
    for part in (packed, failed, leaving):
        quantities = {line.pk: line.quantity for line in part.lines.all()}
        parcel = pack_parcel(part_id=part.pk, quantities=quantities, **system)
        close_parcel(parcel_id=parcel.pk, **system)
        if part != packed:
            hand_over_parcel(parcel_id=parcel.pk, **system)
        if part == failed:
            fail_delivery(parcel_id=parcel.pk, reason="vắng nhà", **system)
    sign_in(phone, seller, Role.MANAGER)
    assert phone.evaluate(HOLDS, 9)
    phone.set_viewport_size({"width": 360, "height": 780})
    phone.context.add_cookies([{"name": "text_size", "value": "large", "url": phone.url}])
    phone.reload()
    phone.wait_for_load_state()

    phone.context.set_offline(True)
    listing = pillow.product.listings.get()
    screens = ["today", "pack", "picks", "unsent", "products", "new", "stock", "lots", "newlot", "receive"]
    screens += [f"part-{part.pk}" for part in (new, picked, weighed, packed, failed, leaving)]
    for screen in [*screens, f"listing-{listing.pk}", f"lot-{lot.pk}"]:
        phone.goto(f"/xa-vien/offline/#{screen}")
        phone.reload()
        expect(phone.locator("[data-phone-app] h2").first).to_be_visible()
        check_screen(phone, screen)
    phone.goto(f"/xa-vien/offline/#part-{packed.pk}")
    phone.reload()
    phone.locator("summary", has_text="Bàn giao bằng mã").click()
    phone.get_by_role("button", name="Điểm gom giao lái xe").click()
    expect(phone.get_by_alt_text("Mã QR bàn giao")).to_be_visible()
    check_screen(phone, "give")
    phone.goto(f"/xa-vien/offline/#part-{new.pk}")
    phone.reload()
    phone.get_by_role("button", name="Nhận đơn").click()
    expect(phone.get_by_label("Lấy rồi").first).to_be_visible()
    monkeypatch.setattr(views, "build_id", lambda: "newer-build")
    phone.context.set_offline(False)
    expect(phone.get_by_role("button", name="Cập nhật ứng dụng")).to_be_visible()
    check_screen(phone, "renewal")
    phone.context.set_offline(True)
    Membership.objects.all().delete()
    phone.context.set_offline(False)
    expect(phone.get_by_role("alert")).to_contain_text("không còn là thành viên")
    check_screen(phone, "removed member")


def test_drivers_run_is_accessible_in_large_letters_on_a_small_phone(
    phone_with_workers: Page, seller
) -> None:
    phone = phone_with_workers
    run = run_of_all(seller, dispatched_parcel(seller))
    phone.set_viewport_size({"width": 360, "height": 780})
    phone.goto(address_of(run))
    phone.context.add_cookies([{"name": "text_size", "value": "large", "url": phone.url}])
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.reload()
    wait_until(phone, HOLDS_RUN)

    phone.context.set_offline(True)
    phone.goto(address_of(run))
    expect(phone.get_by_text("Chưa có mạng. Cứ làm tiếp.")).to_be_visible()
    phone.evaluate(OPEN_FOLDS)
    phone.get_by_role("button", name="Hiện mã").click()
    check_screen(phone, "run")
    phone.get_by_role("button", name=re.compile("Đã giao, đã thu")).click()
    expect(phone.get_by_text("Đã giao", exact=True)).to_be_visible()
    check_screen(phone, "delivered")
