"""Letters of twice their size, as browsers are set: nothing is cut and nothing scrolls sideways."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser

from orders.models import PaymentMethod
from tests.conftest import CHROMIUM_FLAGS
from tests.factories import (
    make_bank_account,
    make_divisions,
    make_order,
    make_seller,
    make_variant,
    make_variant_sold_by_weight,
)

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

# Words that lie beyond the window or their clipping box, and words broken in their middle; a range of numbers
# may break behind its dash. Rows that scroll by themselves are meant to be wider.
_FIND_FAULTS = r"""() => {
  const faults = [];
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) faults.push(`sideways scroll of ${wide} px`);
  const clips = (element) => /hidden|clip|auto|scroll/.test(getComputedStyle(element).overflowX);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (parent.closest("script, style, option, noscript, svg, .visually-hidden, .skip-link")) continue;
    if (!parent.checkVisibility({ visibilityProperty: true })) continue;
    if (getComputedStyle(parent).clipPath === "inset(50%)") continue;  // for screen readers alone
    let box = parent;
    while (box !== document.body && !clips(box)) box = box.parentElement;
    if (/auto|scroll/.test(getComputedStyle(box).overflowX)) continue;
    const edge = box === document.body ? { left: 0, right: innerWidth } : box.getBoundingClientRect();
    for (const { 0: word, index } of node.data.matchAll(/[^\s\u00a0]+/g)) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const rects = [...range.getClientRects()].filter((rect) => rect.width);
      const lines = new Set(rects.map((rect) => Math.round(rect.top)));
      if (lines.size > 1 && !/[-–/@]/.test(word)) faults.push(`broken: ${word}`);
      const [left, right] = [Math.max(edge.left, 0) - 1, Math.min(edge.right, innerWidth) + 1];
      if (rects.some((rect) => rect.left < left || rect.right > right)) faults.push(`cut: ${word}`);
    }
  }
  return [...new Set(faults)];
}"""


@pytest.fixture(autouse=True)
def _market(transactional_db: None) -> None:
    make_divisions()
    make_bank_account()


@pytest.mark.parametrize("language", ["", "/en"])
def test_nothing_is_cut_where_letters_are_twice_as_large(
    browser: Browser, live_server: Any, language: str
) -> None:
    gourd = make_variant_sold_by_weight(make_seller("HTX Yến Dương"))
    pillow = make_variant(make_seller("HTX Thiên An"), name="Gối ôm thảo dược thổ cẩm", price=1_320_000)
    unpaid = make_order((pillow, 2), now=timezone.now(), method=PaymentMethod.TRANSFER)
    weighed = make_order((gourd, 2), (pillow, 1), now=timezone.now())
    program = shutil.which("chromium-headless-shell") or shutil.which("chromium")
    flags = [*CHROMIUM_FLAGS, "--blink-settings=defaultFontSize=32"]
    with browser.browser_type.launch(executable_path=program, args=flags) as large:
        page = large.new_page(
            base_url=live_server.url, viewport={"width": 390, "height": 844}, service_workers="block"
        )
        page_errors: list[str] = []
        page.on("pageerror", lambda error: page_errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and page_errors.append(message.text))
        faults: dict[str, list[str]] = {}

        for variant in (gourd, pillow):
            page.goto(f"{language}/san-pham/{variant.product.slug}/")
            faults[page.url] = page.evaluate(_FIND_FAULTS)
            page.locator("#buy .buy-bar button").click()
            page.locator("#basket-bar .notice").wait_for()
        page.goto(f"{language}/gio-hang/")
        with page.expect_response(lambda response: response.request.method == "POST"):
            page.locator("#province").select_option("01")
        page.locator("#basket details").first.wait_for()
        faults[page.url] = page.evaluate(_FIND_FAULTS)
        page.locator("form[action$='/giu-hang/'] button").filter(visible=True).click()
        page.wait_for_url("**/dat-hang/")
        faults[page.url] = page.evaluate(_FIND_FAULTS)
        for order in (unpaid, weighed):
            page.goto(f"{language}/don-hang/{order.pk}/")
            faults[page.url] = page.evaluate(_FIND_FAULTS)

    assert {url: found for url, found in faults.items() if found} == {}
    assert len(faults) == 6
    assert page_errors == []
