"""The market as an installed app: offline pages, manifest and large type."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from orders.models import BasketLine, Order
from tests.factories import make_divisions, make_order, make_product, make_seller, make_variant
from tests.orders.pages.test_checkout_page import checkout_form
from tests.shop.members.test_on_a_phone import sign_in
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

READY = """navigator.serviceWorker.ready.then(() => new Promise((done) => {
  if (navigator.serviceWorker.controller) done();
  navigator.serviceWorker.addEventListener('controllerchange', done);
}))"""
# Return the cached addresses once they are the expected ones, or after some seconds.
KEPT = """async (wanted) => {
  const kept = async () => {
    const found = [];
    for (const name of await caches.keys()) {
      for (const { url } of await (await caches.open(name)).keys()) found.push(new URL(url).pathname);
    }
    return found.filter((path) => !path.startsWith('/static/')).sort();
  };
  for (let tries = 600; tries && JSON.stringify(await kept()) !== JSON.stringify(wanted); tries -= 1) {
    await new Promise((done) => setTimeout(done, 50));
  }
  return kept();
}"""
# Make a kept page as old as this many days.
MAKE_OLDER = """async ([path, days]) => {
  for (const name of (await caches.keys()).filter((name) => name.startsWith('cho-phien-own'))) {
    const cache = await caches.open(name);
    const kept = await cache.match(path, { ignoreVary: true });
    if (!kept) continue;
    const headers = new Headers(kept.headers);
    headers.set('X-Seen-At', Date.now() - days * 24 * 3600_000);
    await cache.delete(path, { ignoreVary: true });
    await cache.put(path, new Response(await kept.blob(), { headers }));
  }
}"""
# Send the checkout's form with these fields.
CHECK_OUT = """async (fields) => {
  const body = new FormData(document.querySelector('#checkout'));
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  await fetch('/dat-hang/', { method: 'POST', body, headers: { 'HX-Request': 'true' } });
}"""
TEXT = "async (path) => (await caches.match(path, { ignoreVary: true })).text()"


def expect_caches(phone: Page, *paths: str) -> None:
    """Expect the phone's caches to come to hold exactly these paths."""
    assert phone.evaluate(KEPT, sorted(paths)) == sorted(paths)


def test_visited_pages_are_shown_offline_with_the_basket_and_others_say_what_is_missing(
    phone_with_workers: Page,
) -> None:
    phone = phone_with_workers
    make_divisions()
    product = make_product(make_seller(), name="Gối thảo dược", price=320_000, on_hand=60)
    path = f"/san-pham/{product.slug}/"
    phone.goto("/")
    phone.evaluate(READY)

    phone.goto(path)
    expect_caches(phone, "/", "/en/offline/", "/offline/", path)
    phone.get_by_role("button", name="Thêm vào giỏ").click()
    expect(phone.get_by_text("1 × Gối thảo dược")).to_be_visible()
    phone.goto("/hop-tac-xa/")
    expect_caches(phone, "/", "/en/offline/", "/gio-hang/", "/hop-tac-xa/", "/offline/", path)
    assert re.search(r"data-basket-count\s+hidden\s*>0<", phone.evaluate(TEXT, "/hop-tac-xa/"))

    phone.context.set_offline(True)
    phone.goto(path)
    expect(phone.locator("[data-kept-copy]")).to_contain_text("Chưa có mạng")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Gối thảo dược")
    phone.get_by_role("button", name="Thêm vào giỏ").click()
    expect(phone.get_by_role("alert")).to_contain_text("chưa vào giỏ")
    assert BasketLine.objects.get().quantity == 1
    phone.goto("/")
    expect(phone.locator("[data-kept-copy]")).to_contain_text("Chưa có mạng")
    expect(phone.locator("[data-basket-count]").last).to_contain_text("1")
    phone.goto("/gio-hang/")
    expect(phone.locator("[data-kept-copy]")).to_contain_text("Chưa có mạng")
    expect(phone.locator("main")).to_contain_text("Gối thảo dược")
    phone.goto("/tim/?q=goi")
    expect(phone.get_by_text("Cần có mạng để tìm sản phẩm.")).to_be_visible()
    expect(phone.get_by_text("Giỏ hàng vẫn còn nguyên.")).to_be_hidden()
    phone.get_by_role("link", name="Gối thảo dược").click()
    expect(phone.get_by_role("heading", level=1)).to_have_text("Gối thảo dược")
    phone.goto("/en/san-pham/")
    expect(phone.get_by_role("heading", level=1)).to_have_text("You are offline")
    expect(phone.locator("[data-seen]")).to_be_hidden()  # none was seen in this language

    # The network returns while the visitor leaves: the left page must not take them back.
    phone.goto("/")
    phone.evaluate("() => { location.assign('/tim/?q=x'); dispatchEvent(new Event('online')); }")
    expect(phone.get_by_role("heading", level=1)).to_have_text("Chưa có mạng")
    assert phone.url.endswith("/tim/?q=x")

    phone.goto(path)
    expect(phone.locator("[data-kept-copy]")).to_be_visible()
    phone.context.set_offline(False)
    expect(phone.locator("[data-kept-copy]")).to_have_count(0)
    expect(phone.get_by_role("heading", level=1)).to_have_text("Gối thảo dược")

    # Placed orders leave no copy of the basket; what checkout has to show again does.
    kept = ("/", "/en/offline/", "/hop-tac-xa/", "/offline/", path)
    phone.goto("/dat-hang/")
    phone.evaluate(CHECK_OUT, {})
    expect_caches(phone, *kept, "/gio-hang/")
    phone.evaluate(CHECK_OUT, checkout_form(shown_total="", shown_maximum=""))
    assert Order.objects.count() == 1
    expect_caches(phone, *kept)


def test_first_visit_keeps_its_page_and_the_home_page(phone_with_workers: Page) -> None:
    phone = phone_with_workers
    phone.goto("/en/hop-tac-xa/")
    phone.evaluate(READY)

    expect_caches(phone, "/en/", "/en/hop-tac-xa/", "/en/offline/", "/offline/")
    phone.context.set_offline(True)
    phone.goto("/en/")
    expect(phone.locator("[data-kept-copy]")).to_contain_text("You are offline")
    phone.context.set_offline(False)


def test_retry_leads_to_the_requested_page_or_back_to_the_form(phone_with_workers: Page) -> None:
    phone = phone_with_workers
    phone.goto("/don-hang/")
    phone.evaluate(READY)
    phone.context.set_offline(True)
    phone.goto("/san-pham/?trang=2")
    retry = phone.get_by_role("link", name="Thử lại")
    expect(retry).to_be_visible()
    expect(phone.get_by_text("chưa chắc đã được lưu")).to_be_hidden()
    phone.context.set_offline(False)
    retry.click()
    expect(phone.get_by_role("heading", name="Tất cả sản phẩm")).to_be_visible()
    assert phone.url.endswith("/san-pham/?trang=2")

    # The phone believes it has a network, as in a Wi-Fi without internet.
    phone.goto("/don-hang/")
    phone.evaluate("Object.defineProperty(navigator, 'onLine', { get: () => true })")
    phone.context.set_offline(True)
    phone.locator("main form").first.evaluate("(form) => { form.noValidate = true; form.requestSubmit(); }")
    expect(phone.get_by_text("chưa chắc đã được lưu")).to_be_visible()
    phone.context.set_offline(False)
    retry.click()
    phone.wait_for_url("**/don-hang/")
    expect(phone.locator("main form").first).to_be_visible()


def test_members_app_and_market_have_separate_caches(phone_with_workers: Page) -> None:
    phone = phone_with_workers
    seller = make_seller()
    phone.goto("/hop-tac-xa/")
    phone.evaluate(READY)
    phone.reload()
    expect_caches(phone, "/", "/en/offline/", "/hop-tac-xa/", "/offline/")

    sign_in(phone, seller)
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.reload()

    pages_of_members = ("/en/xa-vien/offline/", "/xa-vien/offline/")
    expect_caches(phone, "/", "/en/offline/", "/hop-tac-xa/", "/offline/", *pages_of_members)
    names = phone.evaluate("caches.keys()")
    assert sorted(name.rpartition("-")[0] for name in names) == ["cho-phien-market", "cho-phien-offline"]


def test_own_orders_are_read_offline_for_a_week_until_a_sign_in_or_out(phone_with_workers: Page) -> None:
    phone = phone_with_workers
    seller = make_seller()
    sign_in(phone, seller)
    order = make_order((make_variant(seller), 1), user=seller.memberships.get().user)
    strangers_order = make_order((make_variant(seller), 1))
    kept = ("/", "/en/offline/", "/en/xa-vien/offline/", "/offline/", "/xa-vien/offline/")
    phone.goto("/tai-khoan/")
    phone.evaluate(READY)
    phone.goto(f"/don-hang/{strangers_order.pk}/")
    phone.goto(f"/don-hang/{order.pk}/")
    expect_caches(phone, *kept, f"/don-hang/{order.pk}/")

    phone.context.set_offline(True)
    phone.goto("/don-hang/")
    expect(phone.get_by_text("Đơn hàng vẫn còn ở chợ.")).to_be_visible()
    phone.get_by_role("link", name=order.code).click()
    expect(phone.locator("[data-kept-copy]")).to_contain_text("Trang này lưu lúc")
    expect(phone.get_by_role("heading", level=1)).to_contain_text(order.code)
    phone.context.set_offline(False)

    def keep_order() -> None:
        phone.goto(f"/don-hang/{order.pk}/")
        expect_caches(phone, *kept, f"/don-hang/{order.pk}/")

    cookies = phone.context.cookies()
    phone.context.clear_cookies()
    phone.goto(f"/don-hang/{order.pk}/")
    expect_caches(phone, *kept)
    phone.context.add_cookies(cookies)
    keep_order()
    phone.evaluate(MAKE_OLDER, [f"/don-hang/{order.pk}/", 6])
    phone.goto("/tai-khoan/")
    expect_caches(phone, *kept, f"/don-hang/{order.pk}/")
    phone.evaluate(MAKE_OLDER, [f"/don-hang/{order.pk}/", 8])
    phone.goto("/tai-khoan/")
    expect_caches(phone, *kept)
    keep_order()
    phone.evaluate("fetch('/tai-khoan/dang-nhap/', { method: 'POST' })")
    expect_caches(phone, *kept)
    keep_order()
    phone.goto("/tai-khoan/")
    phone.get_by_role("button", name="Đăng xuất").click()
    phone.wait_for_url(lambda url: "/tai-khoan/" not in url)
    expect_caches(phone, *kept)


def test_service_worker_changes_with_the_build(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Client().get("/worker.js")
    monkeypatch.setattr("shop.app_shell.build_id", lambda: "abcdefabcdef")

    after = Client().get("/worker.js")

    assert before["Cache-Control"] == "no-cache"
    assert before["Content-Type"] == "text/javascript"
    assert "cho-phien-market-abcdefabcdef" in after.content.decode()
    assert before.content != after.content


def test_market_can_be_installed_on_a_phone() -> None:
    for path, start in (("/cho-phien.webmanifest", "/"), ("/en/cho-phien.webmanifest", "/en/")):
        response = Client().get(path)
        manifest = json.loads(response.content)
        assert response["Content-Type"] == "application/manifest+json"
        assert (manifest["start_url"], manifest["scope"], manifest["display"]) == (start, "/", "standalone")
        assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
        for address in [
            *(icon["src"] for icon in manifest["icons"]),
            *(one["url"] for one in manifest["shortcuts"]),
        ]:
            assert address.startswith("/static/") or Client().get(address).status_code == 200, address


def test_large_type_is_remembered_and_needs_no_script(phone: Page) -> None:
    make_product(make_seller(), name="Gối thảo dược")
    size = "parseFloat(getComputedStyle(document.body).fontSize)"
    phone.goto("/san-pham/?trang=1")
    before = phone.evaluate(size)

    phone.get_by_role("button", name="Chữ lớn").click()
    expect(phone.get_by_role("button", name="Chữ thường")).to_be_visible()
    assert phone.url.endswith("/san-pham/?trang=1")
    assert phone.evaluate(size) == pytest.approx(before * 1.3)
    phone.goto("/")
    assert phone.evaluate(size) == pytest.approx(before * 1.3)
    phone.set_viewport_size({"width": 320, "height": 640})
    assert not phone.evaluate("document.documentElement.scrollWidth - innerWidth")

    phone.get_by_role("button", name="Chữ thường").click()
    wait_until(phone, f"() => {size} === {before}")


def test_foreign_address_is_not_redirected_to() -> None:
    for next_url in ("https://elsewhere.example/", "//elsewhere.example/", "javascript:alert(1)", ""):
        response = Client().post("/co-chu/", {"size": "large", "next": next_url})
        assert (response.status_code, response["Location"]) == (302, "/")
    assert Client().get("/co-chu/").status_code == 405
