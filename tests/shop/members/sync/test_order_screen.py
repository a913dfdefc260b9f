"""The screen of one order without a network: opened from a label, with its main button above the tabs."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone
from playwright.sync_api import Page, expect

from catalog.models import Variant
from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.placement.place_order import place_order
from orders.actions.refunds.offer_substitute import SubstituteOffer, offer_substitute
from orders.actions.refunds.report_shortage import report_shortage
from orders.actions.vouchers.redeem_vouchers import apply_voucher_code
from orders.models import InvoiceDetails, Order, OrderPart, OrderSource
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from shop.core.texts.formatting import format_money
from tests.factories import (
    NOW,
    carrier_deliveries,
    make_basket,
    make_contact,
    make_order,
    make_variant,
    make_voucher,
)
from tests.shop.members.sync.test_without_network import HOLDS, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

# Whether a main button is in view above the tabs as soon as the screen opens.
IS_MAIN_IN_VIEW = """() => {
  const button = document.querySelector("main .buy-bar .big-action").getBoundingClientRect();
  return button.top > 0 && button.bottom <= document.querySelector(".tab-bar").getBoundingClientRect().top;
}"""
# The controls that something covers once they are scrolled into view, and those that end behind the tabs.
COVERED = """() => [...document.querySelectorAll("main :is(a, button, summary, input)")].filter((control) => {
  if (!control.checkVisibility()) return false;
  scrollTo(0, 0);
  control.scrollIntoView({ block: "nearest" });
  const { left, top, width, height } = control.getBoundingClientRect();
  const isHit = [0.1, 0.5, 0.9].every((share) => {
    const hit = document.elementFromPoint(left + width / 2, top + height * share);
    return hit && (control.contains(hit) || hit.contains(control));
  });
  return !isHit;
}).map((control) => control.outerHTML.slice(0, 100))"""


def packed_part(part: OrderPart) -> OrderPart:
    system = {"actor": Actor.system(), "now": NOW}
    accept_part(part_id=part.pk, **system)
    quantities = {line.pk: line.quantity for line in part.lines.all()}
    close_parcel(parcel_id=pack_parcel(part_id=part.pk, quantities=quantities, **system).pk, **system)
    return part


def test_label_opens_its_order_and_nothing_covers_its_buttons(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    pillow, ginger = make_variant(seller, on_hand=30), make_variant(seller, name="Gừng tươi", on_hand=30)
    new, picked, packed = (make_order((pillow, 2), (ginger, 2)).parts.get() for _ in range(3))
    accept_part(part_id=picked.pk, actor=Actor.system(), now=NOW)
    parcel = packed_part(packed).parcels.get()
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 5)
    phone.set_viewport_size({"width": 390, "height": 640})
    phone.context.set_offline(True)

    for path in (f"kien/{parcel.pk}/", f"kien/{parcel.pk}/tem/"):
        phone.goto(f"/xa-vien/{path}")  # as the phone's camera opens the label's QR code
        expect(phone.get_by_role("heading", name=f"Đơn {packed.order.code}")).to_be_visible()
        expect(phone.get_by_role("button", name="Bàn giao kiện hàng")).to_be_visible()
    phone.goto(f"/xa-vien/kien/{parcel.pk + 1}/")
    expect(phone.get_by_text("Đơn này không còn trên máy.")).to_be_visible()
    session = phone.context.new_cdp_session(phone)
    for size in (16, 32):
        session.send("Page.setFontSizes", {"fontSizes": {"standard": size}})
        for part in (new, picked, packed):
            phone.goto(f"/xa-vien/goi/{part.pk}/")
            expect(phone.get_by_role("heading", name=f"Đơn {part.order.code}")).to_be_visible()
            if size == 16:
                assert phone.evaluate(IS_MAIN_IN_VIEW)
            assert (size, phone.evaluate(COVERED)) == (size, [])


def test_less_cash_than_due_is_named_before_and_after_it_is_sent(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    part = packed_part(make_order((make_variant(seller, on_hand=30), 2)).parts.get())
    OrderPart.objects.update(carrier="")  # the cooperative delivers and collects
    hand_over_parcel(parcel_id=part.parcels.get().pk, actor=Actor.system(), now=NOW)
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 2)
    phone.context.set_offline(True)

    phone.goto(f"/xa-vien/goi/{part.pk}/")
    phone.locator("summary", has_text="Khách trả thiếu").click()
    phone.get_by_label("Số tiền đã nhận").fill("600.000")
    phone.get_by_label("Lý do thiếu").fill("Khách thiếu tiền lẻ.")
    phone.get_by_role("button", name=re.compile("^Đã giao, đã thu 600.000")).click()
    expect(phone.get_by_text(re.compile(r"^ ?đã thu 600\.000.₫, thiếu 70\.000.₫"))).to_be_visible()
    assert Axe().run(phone).response["violations"] == []
    phone.goto("/xa-vien/#unsent")
    phone.context.set_offline(False)
    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(1)

    phone.goto(f"/xa-vien/goi/{part.pk}/")
    expect(phone.get_by_text(re.compile(r"đã thu 600\.000.₫, thiếu 70\.000.₫"))).to_be_visible()


# The texts of the panel that says where an order goes: its paragraphs, and the names and amounts of its sums.
PANEL_TEXTS = """(panel) => [...panel.querySelectorAll("p, dt, dd, h3:not(:first-child)")]
  .filter((shown) => shown.checkVisibility() && !shown.closest("details"))
  .map((shown) => shown.innerText.replace(/\\s+/g, " ").trim())"""


def order_with_voucher(*goods: tuple[Variant, int], now: datetime) -> OrderPart:
    """Return the part of an order received by Zalo, with a voucher, a note and a company for the invoice."""
    basket = make_basket(*goods, now=now)
    apply_voucher_code(basket_id=basket.pk, code="CHAO10", now=now)
    order = place_order(
        basket_id=basket.pk,
        contact=make_contact(note="Gói kỹ giúp em"),
        deliveries=carrier_deliveries(basket),
        consents=frozenset({ConsentPurpose.ORDER}),
        actor=Actor.guest(),
        now=now,
    )
    InvoiceDetails.objects.create(
        order=order, company="Công ty Sen", tax_code="0101234567", address="12 Hàng Bè"
    )
    Order.objects.filter(pk=order.pk).update(source=OrderSource.ZALO)
    return order.parts.get()


def test_order_says_without_network_what_its_page_says(phone_with_workers: Page, seller) -> None:
    phone, now = phone_with_workers, timezone.now()
    make_voucher(starts_at=now - timedelta(1), ends_at=None)
    tea, ginger = make_variant(seller, name="Trà", on_hand=30), make_variant(seller, name="Gừng", on_hand=30)
    new, accepted = (order_with_voucher((tea, 4), (ginger, 2), now=now) for _ in range(2))
    system = {"actor": Actor.system(), "now": now}
    accept_part(part_id=accepted.pk, **system)
    first, second = accepted.lines.order_by("position")
    report_shortage(part_id=accepted.pk, available={first.pk: 3}, **system)
    offer_substitute(part_id=accepted.pk, offer=SubstituteOffer(second.pk, 1, tea.pk, 1), **system)
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 4)

    def read_panel(part: OrderPart, *others: str) -> list[str]:
        """Return the texts of the panel about the delivery, once the other texts are shown."""
        phone.goto(f"/xa-vien/goi/{part.pk}/")
        for text in others:
            expect(phone.get_by_text(text).first).to_be_visible()
        panel = phone.locator("section.panel", has=phone.get_by_text("Giao đến", exact=True))
        texts: list[str] = panel.evaluate(PANEL_TEXTS)
        return texts

    shown = {new: ("Khách đặt qua: Zalo", "Gói kỹ giúp em"), accepted: ("Đang hỏi khách có nhận",)}
    pages = [read_panel(part, *texts) for part, texts in shown.items()]
    phone.context.set_offline(True)
    screens = [read_panel(part, *texts) for part, texts in shown.items()]

    assert screens == pages
    assert "Khách cần hoá đơn công ty." in screens[0]
    assert screens[0][-1] == format_money(new.total_gross).replace("\u00a0", " ")
    assert "Công ty Sen" in " ".join(screens[1])
    assert "Giảm do thiếu hàng" in screens[1]
    expect(phone.get_by_label("Lấy rồi")).to_have_count(1)  # not what the buyer is asked about
    assert Axe().run(phone).response["violations"] == []
