"""Figures of a members' phone: a new listing with a photo, a first view, and opening without a network."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
from PIL import Image
from playwright.sync_api import CDPSession, Page, Response, expect

from cooperatives.models import Cooperative, Role
from shop.members.sync.models import PhoneCommand
from tests.factories import make_category, make_order, make_product_type, make_variant
from tests.figures import FIGURE
from tests.shop.members.sync.phone import SYNC_URL, Phone
from tests.shop.members.sync.random_commands import Row
from tests.shop.members.sync.test_products_without_network import CHOICES_ARE_KEPT
from tests.shop.members.sync.test_without_network import HOLDS, sign_in
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.long,
    pytest.mark.django_db(transaction=True),
]

MAX_TAPS, MAX_SECONDS = 12, 60
MAX_SECONDS_TO_OPEN = 1
MAX_FIRST_VIEW_BYTES = 150 * 1024
PRODUCTS, ORDERS = 1_000, 500
PULL_URL_START = "/xa-vien/dong-bo/?"
TRIES = 3  # the best counts: other processes slow a page down and never speed it up
KEY_DELAY = 150  # milliseconds between two letters of somebody who types on a phone
# Lighthouse's phone: 1.6 Mbit/s, 150 ms, and a processor of a quarter of the speed.
SLOW_NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 200_000, "uploadThroughput": 94_000}
COUNT_TAPS = (
    "document.addEventListener('click', (event) => { window.taps = (window.taps ?? 0) + event.isTrusted; })"
)


def measure_best(measure: Callable[[], float]) -> float:
    return min(measure() for _try in range(TRIES))


def slow_down(page: Page) -> CDPSession:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_NETWORK)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    return session


def test_listing_and_first_view_stay_within_their_limits(
    phone_with_workers: Page, seller, tmp_path: Path, record_property
) -> None:
    phone = phone_with_workers
    make_product_type()
    make_category("Rau, củ, quả tươi")
    Cooperative.objects.update(hamlet="Nà Ít", province_name="Thái Nguyên")
    for number in range(5):
        make_order((make_variant(seller, name=f"Gối {number}"), 2))
    sign_in(phone, seller, Role.MANAGER)
    assert phone.evaluate(HOLDS, 10)
    wait_until(phone, CHOICES_ARE_KEPT)

    seconds, taps = list_product(phone, tmp_path)
    size, shown_after = measure_first_view(phone)

    record_property(
        FIGURE,
        f"a new listing with a photo: {taps} taps, {seconds:.0f} s (goal {MAX_TAPS} taps, {MAX_SECONDS} s)",
    )
    record_property(
        FIGURE,
        f"first view of Today on a slow phone: {size / 1024:.0f} KB (goal 150 KB), "
        f"shown after {shown_after:.1f} s",
    )
    assert taps <= MAX_TAPS
    assert seconds <= MAX_SECONDS
    assert size <= MAX_FIRST_VIEW_BYTES
    assert PhoneCommand.objects.count() == 2


def test_phone_with_many_products_and_orders_opens_within_a_second(
    phone_with_workers: Page, seller, record_property
) -> None:
    phone = phone_with_workers
    variants = [make_variant(seller, name=f"Gối {number}", on_hand=200) for number in range(PRODUCTS)]
    for number in range(ORDERS):
        make_order((variants[number % 10], 1))
    pages: list[Response] = []
    phone.on("response", lambda response: pages.append(response) if PULL_URL_START in response.url else None)
    began = time.monotonic()
    sign_in(phone, seller, Role.MANAGER)
    assert any(phone.evaluate(HOLDS, PRODUCTS + ORDERS) for _try in range(10))  # a busy machine takes minutes
    seconds = time.monotonic() - began
    bodies = pull_bodies(Phone(seller, Role.MANAGER))
    phone.context.set_offline(True)
    opened_after = measure_best(lambda: open_without_network(phone))

    sent = sum(len(brotli.compress(body, quality=4)) for body in bodies)
    record_property(
        FIGURE,
        f"first pull of {PRODUCTS:,} products and {ORDERS} orders: {len(pages)} requests, "
        f"{sum(map(len, bodies)) / 1024:,.0f} KB, {sent / 1024:.0f} KB compressed, "
        f"{seconds:.0f} s with the sign-in",
    )
    record_property(
        FIGURE,
        f"opened without a network, {PRODUCTS:,} products and {ORDERS} orders: "
        f"usable after {opened_after:.2f} s (goal {MAX_SECONDS_TO_OPEN} s)",
    )
    assert opened_after < MAX_SECONDS_TO_OPEN


def pull_bodies(phone: Phone) -> list[bytes]:
    """Return the bodies of all pages of a first pull."""
    bodies: list[bytes] = []
    page: Row = {"cursor": "", "has_more": True}
    while page["has_more"]:
        fields = {"cooperative": phone.cooperative.pk, "since": page["cursor"]}
        bodies.append(phone.client.get(SYNC_URL, fields).content)
        page = json.loads(bodies[-1])
    return bodies


def list_product(phone: Page, folder: Path) -> tuple[float, int]:
    """Photograph and describe a product without a network; return seconds and taps until it is kept."""
    photo = folder / "rau.jpg"
    Image.effect_noise((4000, 3000), 60).convert("RGB").save(photo, quality=80)
    phone.context.set_offline(True)
    phone.goto("/xa-vien/hang/")
    phone.evaluate(COUNT_TAPS)
    began = time.monotonic()

    def write(label: str, text: str) -> None:
        phone.get_by_label(label, exact=True).click()
        phone.keyboard.type(text, delay=KEY_DELAY)

    phone.get_by_role("link", name="Chụp sản phẩm mới").click()
    with phone.expect_file_chooser() as chooser:
        phone.locator("label", has_text="Chụp ảnh").click()
    chooser.value.set_files(photo)
    write("Tên sản phẩm", "Rau cải mèo")
    phone.locator("label.filter", has_text="mớ").click()
    write("Giá mỗi đơn vị bán", "12000")
    write("Số lượng tồn kho", "20")
    write("Hạn dùng", "3 ngày")
    phone.get_by_role("button", name="Gửi duyệt").click()
    expect(phone.get_by_text("Chờ mạng để gửi")).to_be_visible()
    seconds = time.monotonic() - began
    taps = phone.evaluate("window.taps")
    phone.goto("/xa-vien/#unsent")
    phone.context.set_offline(False)
    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(2)
    return seconds, int(taps)


def measure_first_view(phone: Page) -> tuple[int, float]:
    """Return the bytes and the seconds of Today's first view on a slow phone that has nothing cached.

    The shop compresses its files when it starts, so texts count as Brotli sends them.
    """
    page = phone.context.new_page()
    session = slow_down(page)
    session.send("Network.setBypassServiceWorker", {"bypass": True})
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    responses: list[Response] = []
    page.on("response", lambda response: responses.append(response))
    page.goto("/xa-vien/", wait_until="load")
    page.wait_for_load_state("networkidle")
    shown_after = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    size = sum(min(len(brotli.compress(body)), len(body)) for body in [row.body() for row in responses])
    page.close()
    return size, shown_after / 1000


def open_without_network(phone: Page) -> float:
    """Return the seconds from opening the app until an order that waits can be opened."""
    phone.goto("about:blank")
    phone.goto("/xa-vien/", wait_until="commit")
    phone.get_by_role("link", name=re.compile("Đơn T")).first.wait_for()
    return float(phone.evaluate("performance.now()")) / 1000
