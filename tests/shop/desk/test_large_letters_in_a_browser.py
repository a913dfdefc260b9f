"""Pages for work on a narrow phone: nothing scrolls sideways where letters are large."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from playwright.sync_api import Browser

from cooperatives.models import Role
from shop.accounts.models import User
from tests.conftest import CHROMIUM_FLAGS
from tests.factories import PASSWORD, make_admin, make_channel, make_cooperative, make_member
from tests.orders.settlement.settlement_helpers import ACCOUNT, make_due_payout

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

TOO_WIDE = """(isLarge) => {
  const page = document.documentElement;
  page.classList.toggle('large-type', isLarge);
  return page.scrollWidth - innerWidth;
}"""


def make_manager_with_payout() -> User:
    cooperative = make_cooperative(**ACCOUNT)
    make_due_payout(cooperative, 1_098_765_432)
    return make_member(cooperative, Role.MANAGER)


@pytest.mark.parametrize("language", ["", "/en"])
@pytest.mark.parametrize(
    ("path", "make_person", "browser_size"),
    [
        ("/xa-vien/quyet-toan/", make_manager_with_payout, 16),
        ("/quan-tri/thu-hoi/?ma=LAAAAAAAA", make_admin, 16),
        ("/quan-tri/thu-hoi/?ma=LAAAAAAAA", make_admin, 32),
    ],
)
def test_nothing_scrolls_sideways_in_large_letters(
    browser: Browser, live_server: Any, path: str, make_person: Any, browser_size: int, language: str
) -> None:
    """Letters are enlarged by the shop's own button at the usual size, or by the browser's settings."""
    make_channel()
    person = make_person()
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    flags = [*CHROMIUM_FLAGS, f"--blink-settings=defaultFontSize={browser_size}"]
    with browser.browser_type.launch(executable_path=program, args=flags) as window:
        page = window.new_page(
            base_url=live_server.url, viewport={"width": 390, "height": 844}, service_workers="block"
        )
        page.goto("/tai-khoan/dang-nhap/")
        page.locator("main [name=name]").fill(person.email)
        page.locator("main [name=password]").fill(PASSWORD)
        page.locator("main [name=password]").press("Enter")
        page.wait_for_url(lambda url: "dang-nhap" not in url)
        page.goto(f"{language}{path}")

        assert page.evaluate(TOO_WIDE, browser_size == 16) == 0
