"""A driver's phone, which keeps its run, records without a network and sends later."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Page, expect

from cooperatives.models import Role
from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.delivery_runs import driver_link_token, end_run, reopen_run
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.fulfilment.phone_codes import PhoneCode
from orders.models import DeliveryRun, HandoverRecord, HandoverStep, Parcel
from orders.states import CodState, ParcelState
from shop.core.actors import Actor
from shop.core.models import Change
from shop.core.web.rate_limits import RateLimit
from shop.members.fulfilment import driver_sync
from tests.factories import PASSWORD, fixed_now, make_member, make_order, make_variant
from tests.invariants import check_everything
from tests.refusals import all_rows
from tests.shop.members.sync.phone import make_command
from tests.shop.members.test_delivery_runs import address_of, packed_parcel, run_of
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db

# The runs in the phone's database.
HOLDS_TOKENS = """() => new Promise((done) => {
  indexedDB.open("cho-phien-runs").onsuccess = ({ target: { result: db } }) => {
    db.transaction("runs").objectStore("runs").getAllKeys().onsuccess = ({ target }) => {
      db.close();
      done(target.result);
    };
  };
})"""
# Whether the phone's database holds a run.
HOLDS_RUN = """() => new Promise((done) => {
  const opening = indexedDB.open("cho-phien-runs");
  opening.onupgradeneeded = () => opening.transaction.abort();
  opening.onerror = () => done(false);
  opening.onsuccess = () => {
    const counting = opening.result.transaction("runs").objectStore("runs").count();
    counting.onsuccess = () => { opening.result.close(); done(counting.result === 1); };
  };
})"""
PLACE = {"name": "Hoàng Văn Tài", "place": "Bến xe Chợ Rã"}


def dispatched_parcel(seller) -> Parcel:
    parcel = packed_parcel(seller)
    return hand_over_parcel(parcel_id=parcel.pk, actor=Actor.system(), now=fixed_now())


def run_of_all(seller, *parcels: Parcel) -> DeliveryRun:
    """Return an open run of parcels that may have left already."""
    run = DeliveryRun.objects.create(
        cooperative=seller, name="Phủ Thông", driver_name="Hoàng Văn Tài", created_at=fixed_now()
    )
    for parcel in parcels:
        run.run_parcels.create(parcel=parcel)
    return run


def send(run: DeliveryRun, *commands) -> list[tuple[str, str]]:
    response = Client().post(
        f"{address_of(run)}dong-bo/",
        {"clock": timezone.now().isoformat(), "commands": list(commands)},
        content_type="application/json",
    )
    assert response.status_code == 200, response.content
    return [(answer["outcome"], answer.get("code", "")) for answer in response.json()["answers"]]


def to_driver(parcel: Parcel) -> PhoneCode:
    return PhoneCode(HandoverStep.TO_DRIVER, part_id=parcel.part_id, position=1)


def test_driver_receives_delivers_and_fails_each_once(seller) -> None:
    received, delivered, failed = packed_parcel(seller), dispatched_parcel(seller), dispatched_parcel(seller)
    run = run_of_all(seller, received, delivered, failed)
    commands = [
        make_command("receive_parcel", token=to_driver(received).token, **PLACE),
        make_command("deliver_parcel", parcel=delivered.pk, is_cash_collected=True),
        make_command("fail_delivery", parcel=failed.pk, reason="Vắng nhà"),
    ]

    answers = [send(run, *commands) for _sent in range(2)]

    assert answers == [[("done", "")] * 3] * 2
    states = [Parcel.objects.get(pk=parcel.pk).state for parcel in (received, delivered, failed)]
    assert states == [ParcelState.HANDED_OVER, ParcelState.DELIVERED, ParcelState.FAILED_DELIVERY]
    assert HandoverRecord.objects.get().receiver_name == "Hoàng Văn Tài"
    assert Change.objects.filter(action="parcel.delivered").count() == 1
    check_everything()


def test_drivers_delivery_after_the_buyers_receipt_only_adds_the_cash(seller) -> None:
    parcel = dispatched_parcel(seller)
    run = run_of_all(seller, parcel)
    code = PhoneCode(HandoverStep.TO_BUYER, run_id=run.pk, parcel_id=parcel.pk)
    Client().post(f"/xa-vien/ban-giao/{code.token}/", PLACE)
    command = make_command("deliver_parcel", parcel=parcel.pk, is_cash_collected=True)

    answers = [send(run, command) for _sent in range(2)]

    parcel.refresh_from_db()
    assert answers == [[("done", "")]] * 2
    assert (parcel.state, parcel.cod_state) == (ParcelState.DELIVERED, CodState.COLLECTED)
    assert Change.objects.filter(action="parcel.delivered").count() == 1
    check_everything()


def test_foreign_parcels_wrong_steps_and_ended_runs_are_refused(seller) -> None:
    own, foreign = packed_parcel(seller), packed_parcel(seller)
    run = run_of(seller, own)
    before = all_rows()

    answers = send(
        run,
        make_command("receive_parcel", token=to_driver(foreign).token, **PLACE),
        make_command(
            "receive_parcel",
            token=PhoneCode(HandoverStep.TO_COLLECTION_POINT, part_id=own.part_id, position=1).token,
            **PLACE,
        ),
        make_command("deliver_parcel", parcel=foreign.pk, is_cash_collected=False),
        make_command("accept_part", parcel=own.pk),
    )
    invalid = Client().post(f"{address_of(run)}dong-bo/", "[]", content_type="application/json")

    assert answers == [
        ("refused", "parcel_not_in_run"),
        ("refused", "parcel_not_in_run"),
        ("refused", "missing"),
        ("refused", "invalid_command"),
    ]
    assert invalid.status_code == 400
    assert all_rows() == before
    end_run(run_id=run.pk, cooperative=seller, actor=Actor.system(), now=fixed_now())
    ended = Client().get(f"{address_of(run)}dong-bo/")
    assert (ended.status_code, ended.json()["code"]) == (410, "run_ended")
    assert Client().get("/xa-vien/chuyen-di/1.forged/dong-bo/").status_code == 410


def test_fault_of_ours_holds_up_no_other_command_of_the_driver(seller, monkeypatch) -> None:
    def fail(**_facts: object) -> None:
        raise RuntimeError("broken")

    failed, delivered = dispatched_parcel(seller), dispatched_parcel(seller)
    run = run_of_all(seller, failed, delivered)
    commands = [
        make_command("fail_delivery", parcel=failed.pk, reason="Vắng nhà"),
        make_command("deliver_parcel", parcel=delivered.pk, is_cash_collected=False),
    ]
    with monkeypatch.context() as patch:
        patch.setattr(driver_sync, "record_failed_delivery_of_run", fail)
        answers = send(run, *commands)

    mended = send(run, *commands)

    assert answers == [("later", "command_failed"), ("done", "")]
    assert mended == [("done", ""), ("done", "")]


def test_later_steps_of_a_parcel_wait_for_one_that_failed_on_our_side(seller, monkeypatch) -> None:
    def fail(**_facts: object) -> None:
        raise RuntimeError("broken")

    parcel, other = dispatched_parcel(seller), dispatched_parcel(seller)
    run = run_of_all(seller, parcel, other)
    failing = make_command("fail_delivery", parcel=parcel.pk, reason="Vắng nhà")
    receiving = make_command("receive_parcel", token=to_driver(parcel).token, **PLACE)
    delivering = make_command("deliver_parcel", parcel=parcel.pk, is_cash_collected=False)
    elsewhere = make_command("deliver_parcel", parcel=other.pk, is_cash_collected=False)
    for minutes, command in enumerate((delivering, receiving, failing), start=1):
        command["at"] = (timezone.now() - timedelta(minutes=minutes)).isoformat()
    with monkeypatch.context() as patch:
        patch.setattr(driver_sync, "record_failed_delivery_of_run", fail)
        answers = send(run, failing, receiving, delivering, elsewhere)

    in_pieces = [*send(run, failing), *send(run, receiving), *send(run, delivering, elsewhere)]
    again = send(run, failing, receiving, delivering, elsewhere)

    waits = ("later", "earlier_command_open")
    assert answers == [("later", "command_failed"), waits, waits, ("done", "")]
    assert in_pieces == again == [("done", "")] * 4
    changes = Change.objects.filter(key=str(parcel.pk)).order_by("pk")
    assert [change.action for change in changes][-3:] == [
        "parcel.delivery_failed",
        "parcel.handed_over",
        "parcel.delivered",
    ]


def test_driver_who_sends_too_often_waits(seller, monkeypatch) -> None:
    run = run_of(seller, packed_parcel(seller))
    monkeypatch.setattr(driver_sync, "_PUSHES", RateLimit("pushes", 1, 60))
    send(run)

    response = Client().post(f"{address_of(run)}dong-bo/", "{}", content_type="application/json")

    assert (response.status_code, response.headers["Retry-After"]) == (429, "60")
    assert response.json()["code"] == "too_many_tries"


def test_run_is_sent_without_receivers_of_delivered_parcels(seller) -> None:
    open_parcel, delivered = dispatched_parcel(seller), dispatched_parcel(seller)
    run = run_of_all(seller, open_parcel, delivered)
    send(run, make_command("deliver_parcel", parcel=delivered.pk, is_cash_collected=False))

    rows = {row["id"]: row for row in Client().get(f"{address_of(run)}dong-bo/").json()["parcels"]}

    assert rows[open_parcel.pk]["buyer"]["name"] == open_parcel.part.order.buyer_name
    assert rows[open_parcel.pk]["cash_expected"] == open_parcel.cod_expected
    assert rows[delivered.pk]["buyer"] is None


def test_run_names_parcels_by_their_position_in_the_part_as_codes_do(seller) -> None:
    part = make_order((make_variant(seller, on_hand=5), 3)).parts.get()
    whose = {"actor": Actor.system(), "now": fixed_now()}
    accept_part(part_id=part.pk, **whose)
    one = {"part_id": part.pk, "quantities": {part.lines.get().pk: 1}, **whose}
    parcels = [pack_parcel(**one, label_code=label_code) for label_code in ("QWRT", "", "")]
    run = run_of_all(seller, *parcels[1:], packed_parcel(seller))

    rows = Client().get(f"{address_of(run)}dong-bo/").json()["parcels"]

    assert [(row["label"], row["position"]) for row in rows] == [("1", 2), ("2", 3), ("1", 1)]


def test_moment_of_a_receipt_is_that_of_the_phone(seller) -> None:
    parcel = packed_parcel(seller)
    command = make_command(
        "receive_parcel", token=to_driver(parcel).token, at=timezone.now() - timedelta(hours=2), **PLACE
    )

    send(run_of(seller, parcel), command)

    waited = timezone.now() - HandoverRecord.objects.get().happened_at
    assert abs(waited - timedelta(hours=2)) < timedelta(minutes=1)


# Make the run on the phone older by this many days.
MAKE_OLDER = """(days) => new Promise((done) => {
  const opening = indexedDB.open("cho-phien-runs");
  opening.onsuccess = () => {
    const runs = opening.result.transaction("runs", "readwrite").objectStore("runs");
    runs.openCursor().onsuccess = ({ target: { result: cursor } }) => {
      cursor.update({ ...cursor.value, fetchedAt: cursor.value.fetchedAt - days * 24 * 3600_000 });
    };
    runs.transaction.oncomplete = () => { opening.result.close(); done(); };
  };
})"""


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_phone_forgets_a_run_after_its_end_after_three_days_and_at_the_sign_out(
    phone_with_workers: Page, seller
) -> None:
    phone = phone_with_workers
    packer = make_member(seller, Role.PACKER)
    run, other = run_of(seller, packed_parcel(seller)), run_of(seller, packed_parcel(seller))
    is_gone = f"async () => !(await ({HOLDS_RUN})())"

    def keep(kept: DeliveryRun) -> None:
        phone.goto(address_of(kept))
        wait_until(phone, HOLDS_RUN)

    keep(run)
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.evaluate(MAKE_OLDER, 4)
    phone.goto("/xa-vien/ban-giao/")  # any page of the app
    wait_until(phone, is_gone)
    keep(run)
    phone.evaluate(MAKE_OLDER, 2)
    end_run(run_id=run.pk, cooperative=seller, actor=Actor.system(), now=fixed_now())
    phone.goto(address_of(run))
    wait_until(phone, is_gone)
    DeliveryRun.objects.update(ended_at=None)
    keep(run)
    end_run(run_id=run.pk, cooperative=seller, actor=Actor.system(), now=fixed_now())
    phone.goto(address_of(other))  # only this one stays
    holds_only = f"async (token) => String(await ({HOLDS_TOKENS})()) === token"
    wait_until(phone, holds_only, driver_link_token(other))
    phone.goto("/tai-khoan/dang-nhap/")
    phone.fill("[name=name]", packer.email)
    phone.fill("[name=password]", PASSWORD)
    phone.press("[name=password]", "Enter")
    phone.wait_for_url("**/xa-vien/")
    phone.evaluate("localStorage.setItem('handover-place', 'Bến xe')")

    phone.get_by_role("button", name="Đăng xuất").click()

    phone.wait_for_url(lambda url: "/xa-vien/" not in url)
    assert phone.evaluate(HOLDS_TOKENS) == []
    assert phone.evaluate("localStorage.getItem('handover-place')") is None


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_driver_works_without_network_and_sends_later(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    delivered, received, recorded = dispatched_parcel(seller), packed_parcel(seller), packed_parcel(seller)
    run = run_of_all(seller, delivered, received, recorded)
    phone.goto(address_of(run))
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.reload()
    wait_until(phone, HOLDS_RUN)

    phone.context.set_offline(True)
    phone.goto(address_of(run))
    expect(phone.get_by_text(delivered.part.order.buyer_name).first).to_be_visible()
    expect(phone.get_by_text("Chưa có mạng. Cứ làm tiếp.")).to_be_visible()
    phone.locator("summary", has_text="Để người mua xác nhận bằng mã").click()
    phone.get_by_role("button", name="Hiện mã").click()
    expect(phone.get_by_alt_text("Mã QR bàn giao")).to_be_visible()
    code = PhoneCode(HandoverStep.TO_BUYER, run_id=run.pk, parcel_id=delivered.pk)
    expect(phone.get_by_text(f"{code.digits[:3]} {code.digits[3:]}")).to_be_visible()
    phone.get_by_role("button", name=re.compile("Đã giao, đã thu")).click()
    expect(phone.get_by_text("Đã giao", exact=True)).to_be_visible()
    phone.locator("summary", has_text="Nhận kiện").click()
    for parcel in (received, recorded):
        phone.get_by_label("Mã kiện").fill(f"{parcel.part.order.code}-{parcel.label_code}")
        phone.get_by_label("6 số").fill(to_driver(parcel).digits)
        phone.get_by_label("Ở đâu?").fill("Bến xe Chợ Rã")
        phone.get_by_role("button", name="Đã nhận kiện").click()
        expect(phone.get_by_text(f"Nhận kiện · {parcel.part.order.code}")).to_be_visible()
    stop = phone.locator("section.panel").filter(has_text=f"{recorded.part.order.code}-{recorded.label_code}")
    stop.get_by_role("button", name=re.compile("Đã giao, đã thu")).click()
    expect(phone.get_by_text("Trên máy", exact=True)).to_have_count(4)
    assert Axe().run(phone).response["violations"] == []
    assert not HandoverRecord.objects.exists()
    phone.reload()
    expect(phone.get_by_text("Trên máy", exact=True)).to_have_count(4)
    # Another phone of the run was first, so this phone's receipt of the parcel is refused.
    first = make_command("receive_parcel", token=to_driver(recorded).token, **PLACE)
    assert send(run, first) == [("done", "")]

    phone.context.set_offline(False)
    expect(phone.get_by_text("Trên máy", exact=True)).to_have_count(0)
    expect(phone.get_by_text("Cần xem lại", exact=True)).to_have_count(1)
    phone.goto(address_of(run))
    expect(phone.get_by_role("button", name="Đã giao xong")).to_be_visible()
    in_part = phone.get_by_label("Đã thu một phần")
    in_part.check()
    phone.context.set_offline(True)
    with phone.expect_response("**/dong-bo/"):
        phone.context.set_offline(False)
    expect(in_part).to_be_checked()
    phone.get_by_role("link", name="Nhận kiện").click()
    expect(phone.get_by_role("button", name="Quét mã QR")).to_be_visible()

    delivered.refresh_from_db()
    received.refresh_from_db()
    recorded.refresh_from_db()
    for parcel in (delivered, recorded):
        assert (parcel.state, parcel.cod_state) == (ParcelState.DELIVERED, CodState.COLLECTED)
    assert received.state == ParcelState.HANDED_OVER

    # The run ends by mistake while its driver has no network.
    phone.context.set_offline(True)
    phone.goto(address_of(run))
    stop = phone.locator("section.panel").filter(has_text=f"{received.part.order.code}-{received.label_code}")
    stop.get_by_role("button", name=re.compile("Đã giao, đã thu")).click()
    expect(phone.get_by_text("Trên máy", exact=True)).to_have_count(1)
    whose = {"run_id": run.pk, "cooperative": seller, "actor": Actor.system(), "now": timezone.now()}
    end_run(**whose)
    phone.context.set_offline(False)
    phone.goto(address_of(run))
    expect(phone.get_by_text("Hợp tác xã mở lại chuyến thì tự gửi lên.")).to_be_visible()
    waiting = phone.locator("[data-run-unsent] li", has_text=received.part.order.code)
    expect(waiting).to_contain_text("Chuyến này đã kết thúc.")
    refused = phone.locator("[data-run-unsent] li", has_text="Nhận kiện")
    expect(waiting.get_by_role("button", name="Bỏ việc này")).to_be_visible()
    refused.get_by_role("button", name="Bỏ việc này").click()
    expect(refused).to_have_count(0)
    reopen_run(**whose)
    phone.reload()
    expect(phone.get_by_role("button", name="Đã giao xong")).to_have_count(0)
    expect(phone.locator("[data-run-unsent]")).to_be_hidden()

    received.refresh_from_db()
    assert (received.state, received.cod_state) == (ParcelState.DELIVERED, CodState.COLLECTED)
    check_everything()
