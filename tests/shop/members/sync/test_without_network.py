"""Orders worked on without a network, in a real browser whose network is cut."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from cooperatives.models import Membership, Role
from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.models import EventKind, OrderPart, Parcel, PaymentEvent, Substitute
from orders.states import CodState, ParcelState, PartState, SubstituteState
from shop.core.actors import Actor
from shop.core.models import Change
from shop.core.texts.formatting import format_money
from shop.members import app_shell
from shop.members.sync import views
from shop.members.sync.models import PhoneCommand
from tests.factories import NOW, PASSWORD, make_member, make_order, make_variant, make_variant_sold_by_weight
from tests.invariants import check_everything
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

# Wait until the phone's database holds this many rows.
HOLDS = """async (count) => {
  for (let tries = 600; tries; tries -= 1) {
    const rows = await new Promise((done) => {
      const opening = indexedDB.open("cho-phien-members");
      opening.onupgradeneeded = () => opening.transaction.abort();
      opening.onerror = () => done(0);
      opening.onsuccess = () => {
        const counting = opening.result.transaction("rows").objectStore("rows").count();
        counting.onsuccess = () => { opening.result.close(); done(counting.result); };
      };
    });
    if (rows === count) return true;
    await new Promise((done) => setTimeout(done, 50));
  }
  return false;
}"""


# Wait until a row of the phone's database names these contents.
NAMES = """async (contents) => {
  for (let tries = 600; tries; tries -= 1) {
    const rows = await new Promise((done) => {
      const opening = indexedDB.open("cho-phien-members");
      opening.onsuccess = () => {
        const reading = opening.result.transaction("rows").objectStore("rows").getAll();
        reading.onsuccess = () => { opening.result.close(); done(reading.result); };
      };
    });
    if (rows.some((row) => row.contents?.includes(contents))) return true;
    await new Promise((done) => setTimeout(done, 50));
  }
  return false;
}"""

# Store an unfinished product in the phone's database, or delete it.
CHANGE_DRAFT = """(draft) => new Promise((done) => {
  const opening = indexedDB.open("cho-phien-members");
  opening.onsuccess = () => {
    const transaction = opening.result.transaction("settings", "readwrite");
    const settings = transaction.objectStore("settings");
    if (draft) settings.put(draft, "draft");
    else settings.delete("draft");
    transaction.oncomplete = () => { opening.result.close(); done(); };
  };
})"""

# Keep a script that only the build before had; return how many builds the phone keeps.
KEEP_EARLIER_SCRIPT = """async () => {
  const names = await caches.keys();
  const headers = { "Content-Type": "text/javascript" };
  const script = new Response("export default 7", { headers });
  await (await caches.open(names[0])).put("/static/js/earlier.js", script);
  return names.length;
}"""

SMALL_TARGETS = """[...document.querySelectorAll(
    "main a, main button, main summary, main label:has(input), main .input")]
  .filter((shown) => shown.checkVisibility() && shown.getBoundingClientRect().height < 47.5)
  .map((small) => small.outerHTML.slice(0, 80))"""


def sign_in(page: Page, seller, role: Role = Role.PACKER) -> None:
    member = make_member(seller, role)
    page.goto("/xa-vien/")
    page.locator("#id_name").fill(member.email)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("#id_password").press("Enter")
    page.wait_for_url(re.compile(r"^[^?]+/xa-vien/$"))  # the page to sign in at names it too
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()


def open_order(page: Page, part: OrderPart) -> None:
    page.goto("/xa-vien/#today")
    page.get_by_role("link", name=part.order.code).click()


def test_orders_are_accepted_weighed_and_packed_without_network_and_sent_once(
    phone_with_workers: Page, seller, monkeypatch
) -> None:
    phone = phone_with_workers
    weighed = make_order((make_variant_sold_by_weight(seller), 2)).parts.get()
    plain, called_off = (make_order((make_variant(seller), 2)).parts.get() for _ in range(2))
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 6)  # three orders and three products

    phone.context.set_offline(True)
    open_order(phone, weighed)
    phone.get_by_role("button", name="Nhận đơn").click()
    phone.get_by_label("Số cân của Bí xanh thơm").fill("46")
    expect(phone.get_by_text(re.compile("Khác xa mức dự tính"))).to_be_visible()
    phone.get_by_label("Số cân của Bí xanh thơm").fill("4,6")
    expect(phone.get_by_text(re.compile(r"4,6.kg × 15\.000.₫/kg = 69\.000.₫"))).to_be_visible()
    phone.get_by_role("button", name="Ghi số cân").click()
    expect(phone.get_by_text("4,6 kg")).to_be_visible()
    assert Axe().run(phone).response["violations"] == []
    second_tab = phone.context.new_page()
    phone.close()
    phone = second_tab
    open_order(phone, weighed)
    phone.get_by_label("Lấy rồi").check()
    phone.get_by_role("button", name="Xong, sang dán tem").click()
    phone.get_by_role("button", name="Dán tem xong").click()
    expect(phone.get_by_text("Đã đóng gói", exact=True)).to_be_visible()
    for part in (plain, called_off):
        open_order(phone, part)
        phone.get_by_role("button", name="Nhận đơn").click()
        expect(phone.get_by_label("Lấy rồi")).to_be_visible()
    open_order(phone, plain)
    phone.locator("summary", has_text="Thiếu hàng").click()
    phone.locator("summary", has_text="Đề nghị đổi món").click()
    phone.get_by_label("Thiếu bao nhiêu").fill("1")
    phone.get_by_label("Gửi thay bằng").select_option(str(called_off.lines.get().variant_id))
    phone.get_by_label("Số lượng gửi thay").fill("1")
    phone.get_by_role("button", name="Hỏi khách").click()
    expect(phone.get_by_text("Chờ khách trả lời về hàng thay thế")).to_be_visible()
    phone.goto("/xa-vien/#unsent")
    expect(phone.get_by_text("Trên máy", exact=True)).to_have_count(7)
    assert Axe().run(phone).response["violations"] == []
    assert not PhoneCommand.objects.exists()

    cancel_part(part_id=called_off.pk, reason="hết hàng", actor=Actor.system(), now=NOW)
    with monkeypatch.context() as patch:
        patch.setattr(views, "run_commands", None)  # the server answers 500
        phone.context.set_offline(False)
        expect(phone.get_by_text("Chưa gửi được tới chợ")).to_be_visible()
    expect(phone.get_by_text("Trên máy", exact=True)).to_have_count(7)
    phone.get_by_role("button", name="Gửi ngay 7 việc").click()

    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(6)
    expect(phone.get_by_text("Cần xem lại")).to_be_visible()
    phone.get_by_role("button", name="Giữ như trên chợ").click()
    expect(phone.get_by_text("Cần xem lại")).to_have_count(0)
    parcel = Parcel.objects.get()
    assert (parcel.part_id, parcel.state, parcel.lines.get().grams) == (weighed.pk, ParcelState.PACKED, 4600)
    plain.refresh_from_db()
    assert plain.state == PartState.ACCEPTED
    sent = Change.objects.filter(idempotency_key__startswith="phone:").values_list("action", flat=True)
    assert Counter(sent) == {"part.accepted": 2, "line.weighed": 1, "parcel.packed": 1}
    assert PhoneCommand.objects.count() == 7
    substitute = Substitute.objects.get()
    assert (substitute.line.part, substitute.quantity, substitute.state) == (
        plain,
        1,
        SubstituteState.WAITING,
    )
    check_everything()


def pack_and_hand_over(phone: Page) -> None:
    phone.get_by_label("Lấy rồi").check()
    for name in ("Xong, sang dán tem", "Dán tem xong", "Bàn giao kiện hàng"):
        phone.get_by_role("button", name=name).click()


def test_orders_go_from_new_to_delivered_with_cash_without_network(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    plain, weighed = (
        make_order((variant, 2)).parts.get()
        for variant in (make_variant(seller), make_variant_sold_by_weight(seller))
    )
    OrderPart.objects.update(carrier="")  # the cooperative delivers and collects
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 4)

    phone.context.set_offline(True)
    open_order(phone, plain)
    phone.get_by_role("button", name="Nhận đơn").click()
    pack_and_hand_over(phone)
    phone.locator("summary", has_text="Chưa giao được").click()
    phone.get_by_text("Sai địa chỉ.").click()
    phone.get_by_role("button", name="Chưa giao được").click()
    phone.get_by_role("button", name="Giao lại").click()
    phone.get_by_role("button", name="Đã giao, chưa thu tiền").click()
    cash = phone.get_by_role("button", name=re.compile("^Đã thu 670.000"))
    cash.click()
    expect(cash).to_have_count(0)  # once it is stored
    expect(phone.get_by_text("Đã giao", exact=True)).to_be_visible()
    open_order(phone, weighed)
    phone.get_by_role("button", name="Nhận đơn").click()
    phone.get_by_label("Số cân của Bí xanh thơm").fill("0,4")
    phone.get_by_role("button", name="Ghi số cân").click()
    pack_and_hand_over(phone)
    phone.get_by_label("Số tiền đã nhận").fill("36.000")
    assert Axe().run(phone).response["violations"] == []
    phone.get_by_role("button", name="Đã giao, đã thu 36.000").click()
    expect(phone.get_by_text("Đã giao", exact=True)).to_be_visible()
    phone.goto("/xa-vien/#unsent")
    expect(phone.get_by_text("Trên máy", exact=True)).to_have_count(14)
    assert not PhoneCommand.objects.exists()

    phone.context.set_offline(False)
    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(9)
    phone.get_by_role("button", name="Đúng 0,4 kg").click()
    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(14)
    phone.reload()
    expect(phone.get_by_role("link", name="Chưa gửi")).to_have_count(0)

    parcels = list(Parcel.objects.order_by("part"))
    assert [(parcel.part_id, parcel.state, parcel.cod_state) for parcel in parcels] == [
        (part.pk, ParcelState.DELIVERED, CodState.COLLECTED) for part in (plain, weighed)
    ]
    assert [(parcel.cod_expected, parcel.cod_collected) for parcel in parcels] == [
        (670_000, 670_000),
        (36_000, 36_000),
    ]
    collected = PaymentEvent.objects.filter(kind=EventKind.CHARGE_SUCCESS).order_by("amount")
    assert list(collected.values_list("amount", flat=True)) == [36_000, 670_000]
    sent = Change.objects.filter(idempotency_key__startswith="phone:").order_by("pk")
    timeline = [row.action for row in sent if row.key == str(parcels[0].pk) or row.key == str(plain.pk)]
    assert timeline == [
        "part.accepted",
        "parcel.packed",
        "parcel.handed_over",
        "parcel.delivery_failed",
        "parcel.handed_over",
        "parcel.delivered",
        "parcel.cash_collected",
    ]
    assert PhoneCommand.objects.count() == 15  # the refused weight, and the same weight confirmed
    check_everything()


def test_change_made_online_is_seen_at_once_without_network(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    part = make_order((make_variant(seller), 3)).parts.get()
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 2)

    phone.goto(f"/xa-vien/goi/{part.pk}/thieu/")
    phone.get_by_label("Gối thảo dược").fill("2")
    phone.get_by_role("button", name="Tiếp: xem lại số tiền").click()
    phone.get_by_role("button", name="Báo khách: giảm").click()
    phone.get_by_text("Đã báo cho khách").wait_for()
    assert phone.evaluate(NAMES, "2 chiếc Gối thảo dược")
    phone.context.set_offline(True)
    phone.goto("/xa-vien/#today")

    expect(phone.get_by_text("2 chiếc Gối thảo dược")).to_be_visible()
    expect(phone.get_by_text("Khiếu nại, hoàn tiền và quyết toán cần có mạng")).to_be_visible()
    expect(phone).to_have_title("Hôm nay · Chợ Phiên")
    phone.get_by_role("link", name=part.order.code).click()
    expect(phone).to_have_title(f"Đơn {part.order.code} · Chợ Phiên")
    expect(phone.get_by_text("2 chiếc", exact=True)).to_be_visible()
    expect(phone.get_by_text("Thiếu 1 chiếc Gối thảo dược")).to_be_visible()
    part.refresh_from_db()
    expect(phone.get_by_text(format_money(part.order.current_total_gross, "VND"))).to_have_count(2)
    phone.get_by_label("Lấy rồi").check()
    phone.get_by_role("button", name="Xong, sang dán tem").click()
    phone.locator("summary", has_text="Tem kiện hàng").click()
    expect(phone.get_by_text("Ghi tay mã này lên kiện.")).to_be_visible()
    phone.get_by_role("link", name="Đóng hàng").click()
    expect(phone.get_by_text("Đã lấy hàng, chưa dán tem")).to_be_visible()


def test_replaced_build_sends_its_work_and_asks_to_be_updated(
    phone_with_workers: Page, seller, monkeypatch
) -> None:
    phone = phone_with_workers
    part, called_off = (make_order((make_variant(seller), 2)).parts.get() for _ in range(2))
    sign_in(phone, seller)
    phone.set_viewport_size({"width": 360, "height": 780})
    phone.context.add_cookies([{"name": "text_size", "value": "large", "url": phone.url}])
    phone.reload()
    assert phone.evaluate(HOLDS, 4)
    phone.context.set_offline(True)
    for offered in (part, called_off):
        phone.goto(f"/xa-vien/offline/#part-{offered.pk}")
        assert phone.evaluate(SMALL_TARGETS) == []
        phone.get_by_role("button", name="Nhận đơn").click()
        expect(phone.get_by_label("Lấy rồi")).to_be_visible()
    phone.goto("/xa-vien/offline/#unsent")
    expect(phone.get_by_text("Trên máy", exact=True)).to_have_count(2)
    expect(phone.locator("html")).to_have_class("large-type")
    assert phone.evaluate(SMALL_TARGETS) == []
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
    expect(phone.get_by_text("Ứng dụng có bản mới.")).to_have_count(0)
    cancel_part(part_id=called_off.pk, reason="hết hàng", actor=Actor.system(), now=NOW)
    for module in (app_shell, views):
        monkeypatch.setattr(module, "build_id", lambda: "newer-build")

    phone.context.set_offline(False)

    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(1)
    part.refresh_from_db()
    assert part.state == PartState.ACCEPTED
    phone.get_by_role("button", name="Cập nhật ứng dụng").click()
    expect(phone.locator("[data-build=newer-build]")).to_be_visible()
    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(1)
    expect(phone.get_by_text("Cần xem lại")).to_have_count(1)
    expect(phone.get_by_text("Ứng dụng có bản mới.")).to_have_count(0)
    wait_until(phone, "async () => (await caches.keys()).at(-1) === 'cho-phien-offline-newer-build'")
    assert PhoneCommand.objects.count() == 2
    # A page of the build before may still ask for its scripts; one that is nowhere is said in words.
    assert phone.evaluate(KEEP_EARLIER_SCRIPT) == 2
    phone.context.set_offline(True)
    assert phone.evaluate("import('/static/js/earlier.js').then((module) => module.default)") == 7
    phone.context.set_offline(False)
    session = phone.context.new_cdp_session(phone)
    session.send("Network.enable")
    session.send("Network.setBypassServiceWorker", {"bypass": True})
    phone.route("**/handover.js", lambda route: route.fulfill(status=404))
    phone.goto("/xa-vien/offline/#receive")
    expect(phone.get_by_role("alert").get_by_text("Ứng dụng có bản mới.")).to_be_visible()
    expect(phone.get_by_role("button", name="Cập nhật ứng dụng")).to_be_visible()


def test_phone_with_unsent_work_is_not_signed_out(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    part = make_order((make_variant(seller), 2)).parts.get()
    second_piece = re.compile(r"/dong-bo/\?.*since=[^&]")
    phone.route(second_piece, lambda route: route.abort())
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 1)
    phone.unroute(second_piece)
    phone.reload()
    assert phone.evaluate(HOLDS, 2)  # the rest is fetched at once
    phone.context.set_offline(True)
    open_order(phone, part)
    phone.get_by_role("button", name="Nhận đơn").click()
    expect(phone.get_by_label("Lấy rồi")).to_be_visible()
    phone.route("**/dong-bo/*", lambda route: route.abort())
    phone.context.set_offline(False)

    phone.goto("/xa-vien/")

    expect(phone.get_by_role("link", name="Chưa gửi (1)")).to_be_visible()
    phone.get_by_role("button", name="Đăng xuất").click()
    expect(phone.get_by_text("đăng xuất bây giờ là mất những việc này")).to_be_visible()
    phone.unroute("**/dong-bo/*")
    phone.get_by_role("link", name="Chưa gửi (1)").click()
    expect(phone.get_by_text("Đã lên", exact=True)).to_be_visible()
    # Another tab stores an unfinished product while the sign-out waits for its turn.
    phone.goto("/xa-vien/")
    phone.evaluate(
        "() => new Promise((held) => { navigator.locks.request('member-sync', () => { held(); "
        "return new Promise((release) => { globalThis.release = release; }); }); })"
    )
    phone.get_by_role("button", name="Đăng xuất").click()
    wait_until(phone, "async () => (await navigator.locks.query()).pending.length > 0")
    phone.evaluate(CHANGE_DRAFT, {"name": "Măng khô"})
    phone.evaluate("release()")
    expect(phone.get_by_text("đăng xuất bây giờ là mất những việc này")).to_be_visible()
    phone.evaluate(CHANGE_DRAFT, None)
    held_pulls: list[Route] = []
    phone.route("**/dong-bo/*", lambda route: held_pulls.append(route))
    with phone.expect_request("**/dong-bo/*"):
        phone.goto("/xa-vien/")
    # Rows of a pull could arrive after the others were deleted, so it ends before the member is signed out.
    order: list[str] = []
    phone.on(
        "requestfailed", lambda request: order.append(request.method) if "/dong-bo/" in request.url else None
    )
    phone.on("request", lambda request: order.append(request.method) if request.method == "POST" else None)
    phone.get_by_role("button", name="Đăng xuất").click()
    phone.wait_for_url(lambda url: "/xa-vien/" not in url)
    assert order == ["GET", "POST"]
    assert phone.evaluate(HOLDS, 0)
    part.refresh_from_db()
    assert part.state == PartState.ACCEPTED


def test_removed_member_sees_what_was_not_sent_and_deletes_it(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    part = make_order((make_variant(seller), 2)).parts.get()
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 2)
    phone.context.set_offline(True)
    open_order(phone, part)
    phone.get_by_role("button", name="Nhận đơn").click()
    expect(phone.get_by_label("Lấy rồi")).to_be_visible()
    Membership.objects.all().delete()

    phone.context.set_offline(False)

    expect(phone.get_by_role("alert")).to_contain_text(f"không còn là thành viên của {seller.name}")
    assert phone.evaluate(HOLDS, 0)
    phone.goto("/xa-vien/")  # leads to the application
    phone.get_by_role("link", name="Chưa gửi (1)").click()
    expect(phone.get_by_text(f"Nhận đơn · Đơn {part.order.code}")).to_be_visible()
    phone.get_by_role("button", name="Xoá khỏi máy này").click()
    phone.wait_for_url("**/xa-vien/dang-ky/")
    expect(phone.get_by_role("link", name="Chưa gửi")).to_have_count(0)
    part.refresh_from_db()
    assert part.state == PartState.NEW


def test_tapped_twice_is_done_once_and_full_storage_is_told(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    part = make_order((make_variant(seller), 2)).parts.get()
    sign_in(phone, seller)
    assert phone.evaluate(HOLDS, 2)
    phone.context.set_offline(True)
    open_order(phone, part)
    # What browsers throw on a full disk, which a test cannot fill.
    phone.evaluate("""() => {
      window.realAdd = IDBObjectStore.prototype.add;
      IDBObjectStore.prototype.add = () => { throw new DOMException("full", "QuotaExceededError"); };
    }""")

    phone.get_by_role("button", name="Nhận đơn").click()

    expect(phone.get_by_role("alert")).to_contain_text("Máy chưa lưu được việc này")
    phone.evaluate("() => { IDBObjectStore.prototype.add = window.realAdd; }")
    phone.get_by_role("button", name="Nhận đơn").dblclick()
    expect(phone.get_by_label("Lấy rồi")).to_be_visible()
    expect(phone.get_by_role("alert")).to_have_count(0)
    phone.goto("/xa-vien/#unsent")
    expect(phone.get_by_text("Trên máy", exact=True)).to_have_count(1)
