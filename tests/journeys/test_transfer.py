"""Paying by bank transfer in a browser.

The buyer's page follows SePay's webhooks, and the desk settles unmatched transfers.
"""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from orders.models import BankTransfer, Order, Payment, PaymentMethod
from orders.states import TransferState
from shop.core.dates.calendar import VIETNAM
from tests.doubles.bank_webhooks import sepay_webhook
from tests.factories import (
    PASSWORD,
    make_admin,
    make_bank_account,
    make_divisions,
    make_order,
    make_seller,
    make_variant,
)
from tests.orders.bank_transfers.transfer_helpers import make_incoming_transfer, record_in_transaction
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]
SECRET = "whsec-of-the-test"
PAST_THE_NEXT_QUESTION = 4_000  # milliseconds: the page of an unpaid order asks every four seconds
OURS = "0011223344556"


@pytest.fixture(autouse=True)
def _market(transactional_db: None, settings: Any, eager_jobs: None) -> None:
    settings.SEPAY_SECRET = SECRET
    make_divisions()
    make_variant(make_seller("HTX Thiên An"), name="Gối thảo dược", price=320_000)
    make_bank_account()


def post_webhook(address: str, code: str, amount: int, number: int = 1) -> int:
    """Post a signed SePay webhook for a transfer and return the status."""
    now = timezone.now()
    body, headers = sepay_webhook(
        SECRET,
        now,
        id=number,
        accountNumber=OURS,
        content=f"MBVCB.{number} {code} CHUYEN TIEN",
        transferAmount=amount,
        referenceCode=f"FT{number}",
        transactionDate=f"{now.astimezone(VIETNAM):%Y-%m-%d %H:%M:%S}",
    )
    request = urllib.request.Request(f"{address}/webhooks/sepay/", body, headers, method="POST")
    with urllib.request.urlopen(request, timeout=30) as response:
        return int(response.status)


def make_waiting_order(**fields: Any) -> Order:
    return make_order(
        (make_variant(price=45_000), 2), method=PaymentMethod.TRANSFER, now=timezone.now(), **fields
    )


def sign_in_at_desk(page: Page) -> Page:
    make_admin(email="quantri@example.com")
    page.goto("/en/tai-khoan/dang-nhap/")
    page.get_by_label("Email or phone number").fill("quantri@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(re.compile("/quan-tri/"))
    return page


def order_by_transfer(page: Page) -> None:
    page.goto("/en/san-pham/")
    page.get_by_role("link", name="Gối thảo dược").click()
    page.get_by_role("button", name="Add to basket").click()
    page.get_by_role("link", name="View basket").click()
    page.get_by_label("Deliver to").select_option("01")
    page.get_by_role("button", name="Checkout", exact=True).filter(visible=True).click()
    page.get_by_label("Full name").fill("Trần Thị Minh Hạnh")
    page.get_by_label("Phone number", exact=True).fill("0987 654 321")
    page.get_by_text("Choose province and commune from lists").click()
    page.get_by_label("Commune or ward", exact=True).select_option(index=1)
    page.get_by_label("House number, street or hamlet").fill("Số 5")
    page.get_by_label("Bank transfer").check()
    page.get_by_label("I agree that Chợ Phiên").check()
    page.get_by_role("button", name="Place order", exact=False).filter(visible=True).last.click()


def test_page_updates_when_the_transfer_arrives(phone: Page, live_server: Any) -> None:
    page = phone
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.clock.install()
    order_by_transfer(page)
    expect(page.get_by_role("heading", name="Scan the code to pay 350,000")).to_be_visible()
    order = Order.objects.get()
    page.wait_for_load_state()
    loads: list[str] = []
    page.on("load", lambda loaded: loads.append(loaded.url))

    expect(page.get_by_role("img", name=f"VietQR code: 350,000\u00a0₫, note {order.code}")).to_be_visible()
    expect(page.get_by_text("Your items are reserved until")).to_be_visible()
    page.get_by_role("button", name=f"Copy {order.code}").click()
    expect(page.get_by_role("button", name=f"Copy {order.code}")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == order.code
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save image").click()
    assert saved.value.suggested_filename == f"vietqr-{order.code}.png"

    assert post_webhook(live_server.url, order.code, 350_000) == 200
    page.clock.fast_forward(PAST_THE_NEXT_QUESTION)

    expect(page.get_by_text("We have received your payment of 350,000 ₫. Thank you.").last).to_be_visible()
    expect(page.locator("#paying-panel")).to_have_count(0)
    expect(page.locator("#news")).to_contain_text("received your payment")
    assert loads == []
    page.reload()
    expect(page.get_by_text("Paid: 350,000\u00a0₫")).to_be_visible()
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0


_SHARES = """
Object.assign(navigator, {
  canShare: ({ files }) => files.every((file) => file.type === "image/png"),
  share: async ({ files }) => { window.shared = files.map((file) => `${file.name} ${file.size > 100}`); },
});
"""


def test_code_is_seen_whole_at_once_and_its_picture_is_shared(phone: Page) -> None:
    page, order = phone, make_waiting_order()
    page_errors: list[str] = []
    page.on("console", lambda message: message.type == "error" and page_errors.append(message.text))
    page.add_init_script(_SHARES)  # Chromium on Linux shares no files
    page.goto(f"/en/don-hang/{order.pk}/")

    code = page.get_by_role("img", name="VietQR code")
    for part in (code, page.get_by_role("heading", name="Scan the code to pay 120,000")):
        box = part.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 844
    size = code.bounding_box()
    assert size
    assert size["width"] == size["height"] >= 240
    expect(page.get_by_role("search")).to_have_count(0)
    expect(page.locator(".tab-bar")).to_have_count(0)
    page.get_by_role("button", name="Share image").click()
    wait_until(page, "() => Boolean(window.shared)")
    assert page.evaluate("shared") == [f"vietqr-{order.code}.png true"]
    assert page_errors == []


def test_open_page_updates_on_another_amount_and_on_expiry(phone: Page, live_server: Any) -> None:
    page, order = phone, make_waiting_order()
    page.clock.install()
    page.goto(f"/en/don-hang/{order.pk}/")

    assert post_webhook(live_server.url, order.code, 100_000) == 200
    page.clock.fast_forward(PAST_THE_NEXT_QUESTION)

    expect(page.get_by_text("We have received your transfer of 100,000")).to_be_visible()

    Payment.objects.update(expires_at=timezone.now())
    page.clock.fast_forward(PAST_THE_NEXT_QUESTION)

    expect(page.get_by_text("Your items were reserved until")).to_be_visible()
    expect(page.get_by_role("heading", name="Scan the code")).to_have_count(0)


def test_page_is_complete_without_scripts_and_updates_on_reload(browser: Browser, live_server: Any) -> None:
    order = make_waiting_order()
    context = browser.new_context(
        base_url=live_server.url, java_script_enabled=False, viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    page.goto(f"/en/don-hang/{order.pk}/")
    expect(page.get_by_text("Your items are reserved until")).to_be_visible()
    expect(page.get_by_role("button", name="Copy")).to_have_count(0)

    assert post_webhook(live_server.url, order.code, 120_000) == 200
    page.reload()

    expect(page.get_by_text("Paid: 120,000\u00a0₫")).to_be_visible()
    context.close()


def test_desk_settles_a_transfer_without_a_code_with_one_click(page: Page) -> None:
    order = make_waiting_order(name="Lý Thị Mẩy")
    now = timezone.now()
    arrival = make_incoming_transfer("LY THI MAY chuyen tien", 120_000, booked_at=now)
    record_in_transaction(arrival, now=now)
    sign_in_at_desk(page)

    page.get_by_role("link", name="Transfers", exact=True).click()
    expect(
        page.get_by_text("the note contains the buyer's name or number, the amount equals the amount due")
    ).to_be_visible()
    page.get_by_role("button", name=f"Apply to order {order.code}: 120,000").click()

    message = f"Applied: 120,000\u00a0₫ to order {order.code} of Lý Thị Mẩy. The buyer can see it."
    expect(page.get_by_text(message)).to_be_visible()
    expect(page.get_by_text("All transfers are matched")).to_be_visible()
    order.refresh_from_db()
    assert (order.charged, order.amount_due) == (120_000, 0)


def test_desk_imports_a_bank_statement(page: Page, tmp_path: Path) -> None:
    order = make_waiting_order()
    day = f"{timezone.localtime(timezone=VIETNAM):%d/%m/%Y}"
    file = tmp_path / "sao-ke.csv"
    file.write_text(
        f"Số tài khoản: {OURS}\nNgày,Số GD,Vào,Ra,Lời nhắn\n"
        f"{day} 10:00:00,FT8,120000,,{order.code} tra\n{day} 11:00:00,FT9,,5000,phi\n"
    )
    sign_in_at_desk(page)

    page.goto("/en/quan-tri/sao-ke/")
    page.get_by_label("Statement", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload").click()
    columns = {"heading": "2", "date": "0", "reference": "1", "credit": "2", "debit": "3", "note": "4"}
    for name, column in (columns | {"account": ""}).items():
        page.locator(f"#id_{name}").select_option(column)
    page.get_by_role("button", name="Use these columns").click()
    expect(page.get_by_text("Columns saved.")).to_be_visible()
    page.get_by_role("button", name="Import 1 transfer").click()

    expect(page.get_by_text("Matched automatically")).to_be_visible()
    transfer = BankTransfer.objects.get()
    assert (transfer.state, transfer.reference) == (TransferState.ASSIGNED, "FT8")
    order.refresh_from_db()
    assert order.amount_due == 0

    page.goto("/en/quan-tri/sao-ke/")
    page.get_by_label("Statement", exact=True).set_input_files(file)
    page.get_by_role("button", name="Upload").click()

    expect(page.get_by_text("Matched automatically")).to_be_visible()
    assert BankTransfer.objects.count() == 1
