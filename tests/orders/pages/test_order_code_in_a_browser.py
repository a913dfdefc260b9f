"""A guest on another device enters a code before cancelling, on a phone and without scripts."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from orders.models import Order
from orders.states import PartState
from tests.conftest import PHONE
from tests.factories import make_order, make_seller, make_variant
from tests.orders.pages.order_proofs import last_sent_code

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

PHONE_NUMBER = "+84987654321"


@pytest.fixture
def order(transactional_db: None) -> Order:
    return make_order((make_variant(make_seller("HTX Thiên An"), price=320_000), 1), email="hoa@example.com")


def page_violations(page: Page) -> list[str]:
    """Return accessibility violations found by axe, and horizontal scrolling."""
    violations = [violation["id"] for violation in Axe().run(page).response["violations"]]
    has_horizontal_scroll = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return violations + (["sideways scroll"] if has_horizontal_scroll else [])


def cancel(page: Page) -> None:
    page.get_by_text("Cancel this order", exact=True).click()
    page.get_by_role("button", name="Yes, cancel this order").click()


def cancel_with_code(page: Page, order: Order) -> list[str]:
    """Cancel a part starting from the link in the email, and return the violations of the pages visited."""
    page.goto(f"/en/don-hang/{order.pk}/")
    cancel(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that the order is yours")
    assert order.parts.get().state == PartState.NEW
    violations = page_violations(page)

    page.get_by_role("button", name="Text a code to ••• 321").click()
    expect(page.get_by_text("We have sent a 6-digit code to ••• 321.")).to_be_visible()
    page.get_by_label("6-digit code").fill("12")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Enter all six digits.").first).to_be_visible()
    violations += page_violations(page)

    page.get_by_label("6-digit code").fill(last_sent_code(contact=PHONE_NUMBER))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("you can change this order on this device for one hour.")).to_be_visible()
    cancel(page)
    expect(page.get_by_text("You cancelled the order.")).to_be_visible()
    return violations + page_violations(page)


def test_phone_cancels_part_after_entering_code(phone: Page, order: Order) -> None:
    assert cancel_with_code(phone, order) == []
    assert order.parts.get().state == PartState.CANCELLED


def test_phone_without_scripts_opens_form_after_entering_code(
    browser: Browser, live_server: Any, order: Order
) -> None:
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False, **PHONE)
    page = context.new_page()
    page.goto(f"/en/don-hang/{order.pk}/tai-khoan-nhan-tien/")
    page.get_by_role("button", name="Email a code to h•••@example.com").click()
    expect(page.get_by_text("We have sent a 6-digit code to h•••@example.com.")).to_be_visible()
    page.get_by_label("6-digit code").fill(last_sent_code(contact="hoa@example.com"))
    page.get_by_role("button", name="Confirm").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Where should we send your refund?")
    context.close()
