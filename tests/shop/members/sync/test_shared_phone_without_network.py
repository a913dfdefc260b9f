"""A phone that two members share, in a real browser whose network is cut."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from cooperatives.actions import phone_pins
from cooperatives.actions.members import remove_member
from cooperatives.actions.shared_phones import end_shared_phone
from cooperatives.models import Role, SharedPhone
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.models import OrderPart, Parcel
from orders.states import ParcelState
from shop.core.actors import Actor, EntryPoint
from shop.core.models import Change
from shop.members.sync.models import PhoneCommand
from tests.factories import NOW, make_member, make_order, make_variant
from tests.invariants import check_everything
from tests.phone_factories import PIN, give_pin, register_phone
from tests.shop.members.sync.test_without_network import HOLDS, SMALL_TARGETS, open_order
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

HOA, MINH = "Lò Thị Hoa", "Vàng A Minh"

# Whether the phone's database says that this member is at the phone; null: nobody.
IS_AT_THE_PHONE = """(member) => new Promise((done) => {
  const opening = indexedDB.open("cho-phien-members");
  opening.onsuccess = () => {
    const reading = opening.result.transaction("settings").objectStore("settings").get("author");
    reading.onsuccess = () => { opening.result.close(); done((reading.result?.member ?? null) === member); };
  };
})"""
# Check whether the phone was left, when its last use was recorded under the name of an earlier version.
CHECK_AFTER_UPDATE = """async () => {
  const { lockWhenIdle } = await import("member/shared_phone");
  localStorage.removeItem("lastActivityAt");
  localStorage.seen = Date.now();
  await lockWhenIdle();
}"""


@pytest.fixture(autouse=True)
def few_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_pins, "ITERATIONS", 1000)


def enter_pin(page: Page, name: str, pin: str) -> None:
    """Choose the member and tap their PIN, on the market's page or on the phone's own screen."""
    page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name)).click()
    for digit in pin:
        page.locator(f'.keypad [value="{digit}"]').click()
    page.get_by_role("button", name="Mở máy").click()


def share_phone(page: Page, phone: SharedPhone, secret: str) -> None:
    """Give the page's browser the secret of a shared phone."""
    page.goto("/xa-vien/offline/")
    address = page.evaluate("location.origin")
    page.context.add_cookies([{"name": "shared_phone", "value": f"{phone.pk}.{secret}", "url": address}])


def lock(page: Page) -> None:
    page.get_by_role("button", name="Đổi người").click()
    expect(page.get_by_role("heading", name="Ai đang làm việc?")).to_be_visible()


def accept_and_pack(page: Page, part: OrderPart) -> None:
    open_order(page, part)
    page.get_by_role("button", name="Nhận đơn").click()
    page.get_by_label("Lấy rồi").check()
    page.get_by_role("button", name="Xong, sang dán tem").click()
    expect(page.get_by_role("button", name="Dán tem xong")).to_be_visible()


# Pack too much and close the parcel, and pack what was ordered once the market has refused it.
REPEAT_PACKING = """async ({ part, line }) => {
  const { addCommands, readOutbox, repeatCommand } = await import("member/store");
  const { synchronise } = await import("member/sync");
  const { syncUrl } = document.querySelector("[data-sync-url]").dataset;
  const key = crypto.randomUUID();
  const give = (name, payload) => ({ name, payload, subject: { part }, chains: [`part-${part}`] });
  await addCommands([
    { ...give("pack_parcel", { part, quantities: { [line]: 3 } }), key },
    give("close_parcel", { packed_by: key }),
    give("hand_over_parcel", { packed_by: key }),
  ]);
  await synchronise(syncUrl);
  const refused = (await readOutbox()).filter(({ state }) => state === "refused").map(({ name }) => name);
  await repeatCommand(key, { part, quantities: { [line]: 2 } });
  await synchronise(syncUrl);
  return [refused, (await readOutbox()).map(({ state }) => state)];
}"""


# The unfinished product that another member of the phone finds, and the one that its own member finds.
UNFINISHED_PRODUCTS = """async () => {
  const { readAuthor, readDraft, readSettings, storeAuthor, storeDraft } = await import("member/store");
  const [{ member, rights }, { key }] = [await readSettings(), await readAuthor()];
  await storeDraft({ name: "Măng khô" });
  await storeAuthor({ id: 0, name: "", role: "lister", rights: [] }, key);
  const found = await readDraft();
  await storeAuthor({ ...member, rights }, key);
  return [found, await readDraft()];
}"""

# Whether the phone's database has no rows and no member's key. An unfinished product stays.
HOLDS_NOTHING = """() => new Promise((done) => {
  const opening = indexedDB.open("cho-phien-members");
  opening.onsuccess = () => {
    const reading = opening.result.transaction(["rows", "settings"]);
    const keys = ["rows", "settings"].map((name) => reading.objectStore(name).getAllKeys());
    reading.oncomplete = () => {
      opening.result.close();
      done(keys.flatMap(({ result }) => result).every((key) => String(key).startsWith("draft")));
    };
  };
})"""

# A synchronisation holds its turn, as while photos go out in a weak network.
SYNCHRONISE_WITHOUT_END = """() => new Promise((begun) => {
  navigator.locks.request("member-sync", () => new Promise(() => begun()));
})"""

# Whether the phone stores a pull that the former member began before the phone was locked.
STORES_LATE_PULL = """async () => {
  const { readAuthor, readTurn, storePull } = await import("member/store");
  const shared = { signing_key: btoa("key"), members: [] };
  const facts = { member: { id: 1, role: "packer" }, cooperative: { id: 1 }, rights: [], rows: [] };
  const late = { ...facts, removed: [], shared_phone: shared };
  await storePull(late, (await readTurn()) - 1).catch(() => {});
  return (await readAuthor()) !== null;
}"""


def test_repeated_packing_takes_its_signed_steps_along_and_a_locked_phone_can_be_ended(
    phone_with_workers: Page, seller
) -> None:
    page = phone_with_workers
    phone, secret = register_phone(seller)
    hoa = give_pin(phone, make_member(seller, Role.PACKER, first_name=HOA))
    part = make_order((make_variant(seller), 2)).parts.get()
    accept_part(part_id=part.pk, actor=hoa.membership.user.as_actor(EntryPoint.MEMBERS), now=NOW)
    share_phone(page, phone, secret)
    page.goto("/xa-vien/")
    enter_pin(page, HOA, PIN)
    page.wait_for_url(re.compile(r"/xa-vien/$"))
    wait_until(page, IS_AT_THE_PHONE, hoa.membership.user_id)

    result = page.evaluate(REPEAT_PACKING, {"part": part.pk, "line": str(part.lines.get().pk)})

    assert result == [["pack_parcel"], ["done"] * 3]
    assert Parcel.objects.get().state == ParcelState.HANDED_OVER

    assert page.evaluate(UNFINISHED_PRODUCTS) == [None, {"name": "Măng khô"}]
    page.evaluate(SYNCHRONISE_WITHOUT_END)
    page.get_by_role("button", name="Đổi người").click()
    expect(page.get_by_role("heading", name="Ai đang làm việc?")).to_be_visible()
    wait_until(page, IS_AT_THE_PHONE, None)
    assert (page.get_by_role("link", name=HOA).count(), page.evaluate(STORES_LATE_PULL)) == (1, False)

    end_shared_phone(cooperative_id=seller.pk, phone_id=phone.pk, actor=Actor.system(), now=NOW)
    page.goto("/xa-vien/")
    expect(page.get_by_text("Máy này không còn dùng chung")).to_be_visible()
    wait_until(page, HOLDS_NOTHING)


def test_two_members_pack_without_network_and_each_is_recorded_under_their_name(
    phone_with_workers: Page, seller
) -> None:
    page = phone_with_workers
    shared, secret = register_phone(seller)
    hoa, minh = (
        give_pin(shared, make_member(seller, Role.PACKER, first_name=name), pin)
        for name, pin in ((HOA, "2580"), (MINH, "8642"))
    )
    pillow = make_variant(seller)
    hoas, minhs = (make_order((pillow, 2)).parts.get() for _ in range(2))
    share_phone(page, shared, secret)

    page.goto("/xa-vien/")
    enter_pin(page, HOA, "2580")
    page.wait_for_url(re.compile(r"/xa-vien/$"))
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.reload()
    assert page.evaluate(HOLDS, 3)
    wait_until(page, IS_AT_THE_PHONE, hoa.membership.user_id)

    page.context.set_offline(True)
    accept_and_pack(page, hoas)
    expect(page.get_by_text(HOA)).to_be_visible()
    second_tab = page.context.new_page()
    second_tab.goto("/xa-vien/#today")
    expect(second_tab.get_by_text(HOA)).to_be_visible()
    lock(page)
    expect(second_tab.get_by_role("heading", name="Ai đang làm việc?")).to_be_visible()
    second_tab.close()
    wait_until(page, IS_AT_THE_PHONE, None)
    assert Axe().run(page).response["violations"] == []
    page.goto(f"/xa-vien/goi/{minhs.pk}/")  # locked, whatever is asked for
    expect(page.get_by_role("heading", name="Ai đang làm việc?")).to_be_visible()
    expect(page.get_by_text("2 việc chưa gửi")).to_be_visible()
    for _ in range(3):
        expect(page.get_by_role("button", name=MINH)).to_be_visible()
        enter_pin(page, MINH, "0000")
        expect(page.get_by_role("alert")).to_be_visible()
        page.get_by_role("button", name="Người khác").click()
    enter_pin(page, MINH, "8642")  # right, but the phone waits
    expect(page.get_by_text("Hãy chờ 1 phút")).to_be_visible()
    assert page.evaluate(SMALL_TARGETS) == []
    assert Axe().run(page).response["violations"] == []
    page.clock.install()
    page.clock.fast_forward(61_000)
    page.get_by_label("Mã PIN").fill("8642")
    page.get_by_role("button", name="Mở máy").click()
    expect(page.get_by_role("button", name="Đổi người")).to_be_visible()
    expect(page.get_by_text(MINH)).to_be_visible()
    accept_and_pack(page, minhs)
    page.goto("/xa-vien/#unsent")
    expect(page.get_by_text("Trên máy", exact=True)).to_have_count(4)
    expect(page.get_by_text(re.compile(f"· {HOA}"))).to_have_count(2)
    assert not PhoneCommand.objects.exists()

    page.context.set_offline(False)
    page.goto("/xa-vien/")  # the market still has a session of the first member
    expect(page.get_by_text(MINH)).to_be_visible()
    expect(page.get_by_text(HOA)).to_have_count(0)
    page.goto("/xa-vien/offline/#unsent")
    expect(page.get_by_text("Đã lên", exact=True)).to_have_count(4)

    assert {parcel.part_id for parcel in Parcel.objects.all()} == {hoas.pk, minhs.pk}
    done = Change.objects.filter(action__in=("part.accepted", "parcel.created")).order_by("pk")
    assert [(change.actor_name, change.action) for change in done] == [
        (HOA, "part.accepted"),
        (HOA, "parcel.created"),
        (MINH, "part.accepted"),
        (MINH, "parcel.created"),
    ]
    check_everything()

    remove_member(cooperative_id=seller.pk, membership_id=minh.membership_id, actor=Actor.system(), now=NOW)
    page.goto("/xa-vien/")
    expect(page.get_by_role("heading", name="Ai đang làm việc?")).to_be_visible()
    expect(page.get_by_text(MINH)).to_have_count(0)
    for seen in ("1", "Date.now() + 24 * 3600_000"):  # after a long rest, or before the clock was set right
        enter_pin(page, HOA, "2580")
        expect(page.get_by_role("button", name="Đổi người")).to_be_visible()
        wait_until(page, IS_AT_THE_PHONE, hoa.membership.user_id)
        page.evaluate(CHECK_AFTER_UPDATE)
        assert page.evaluate(IS_AT_THE_PHONE, hoa.membership.user_id)
        page.evaluate(
            f"localStorage.lastActivityAt = {seen}; document.dispatchEvent(new Event('visibilitychange'))"
        )
        expect(page.get_by_role("heading", name="Ai đang làm việc?")).to_be_visible()
