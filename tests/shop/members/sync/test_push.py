"""Commands from phones: answers, repeats, order, foreign rows, rights, clocks and limits."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Listing, Movement, Price
from catalog.states import ListingState
from cooperatives.models import DeliveryKind, Membership, Role
from orders.actions.fulfilment.cancel_parts import cancel_part
from orders.actions.fulfilment.delivery_runs import create_run
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.models import OrderPart, Parcel, Substitute
from orders.states import CashHolder, CodState, ParcelState, PartState
from shop.core.actors import Actor
from shop.core.models import Change
from shop.members.sync import commands as sync_commands
from shop.members.sync.commands import CommandKind
from shop.members.sync.models import PhoneCommand
from shop.members.sync.run_commands import delete_old_commands_task
from tests.factories import (
    NOW,
    get_stock,
    make_cooperative,
    make_member,
    make_order,
    make_seller,
    make_variant,
    make_variant_sold_by_weight,
    unknown_uuid,
)
from tests.refusals import all_rows
from tests.shop.members.part_factories import closed_parcel
from tests.shop.members.sync.phone import SYNC_URL, Phone, make_command
from tests.shop.members.test_bulk_packing import accepted_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(seller) -> Phone:
    return Phone(seller)


@pytest.fixture
def part(seller) -> OrderPart:
    return make_order((make_variant(seller), 2)).parts.get()


def test_order_is_accepted_weighed_packed_and_delivered_in_one_push(phone, seller) -> None:
    part = make_order((make_variant_sold_by_weight(seller), 2)).parts.get()
    line = part.lines.get()
    accepting = make_command("accept_part", part=part.pk)
    weighing = make_command(
        "weigh_line", part=part.pk, line=str(line.pk), grams=4600, after=(accepting["key"],)
    )
    packing = make_command(
        "pack_parcel", part=part.pk, quantities={str(line.pk): 2}, after=(weighing["key"],)
    )
    packed = {"packed_by": packing["key"]}
    closing = make_command("close_parcel", **packed, after=(packing["key"],))
    handing_over = make_command("hand_over_parcel", **packed, vehicle="97B-012.34", after=(closing["key"],))
    delivering = make_command(
        "deliver_parcel", **packed, is_cash_collected=True, after=(handing_over["key"],)
    )
    commands = [accepting, weighing, packing, closing, handing_over, delivering]

    push_response = phone.push(*commands)

    parcel = Parcel.objects.get()
    row = {"kind": "part", "id": part.pk}
    assert push_response["answers"] == [
        {"key": command["key"], "outcome": "done", "row": row}
        | ({"result": {"parcel": parcel.pk}} if command is packing else {})
        for command in commands
    ]
    # A part that is delivered and paid is no longer on the phone.
    assert (push_response["rows"], push_response["removed"]) == ([], [row])
    assert (parcel.state, parcel.vehicle) == (ParcelState.DELIVERED, "97B-012.34")
    assert (parcel.cod_state, parcel.cod_collected) == (CodState.COLLECTED, 99_000)


def test_answer_brings_the_row_as_it_is_now(phone, part) -> None:
    line = part.lines.get()

    push_response = phone.push(make_command("accept_part", part=part.pk))

    (row,) = push_response["rows"]
    part.refresh_from_db()
    assert (row["kind"], row["id"], row["order"], row["state"]) == (
        "part",
        part.pk,
        part.order.code,
        "accepted",
    )
    assert row["stages"] == ["pack"]
    assert row["buyer"] == {
        "name": "Nguyễn Thị Hoa",
        "phone": "+84987654321",
        "shown_phone": "0987 654 321",
        "greeting": f"Chào Nguyễn Thị Hoa, HTX Thiên An nhắn về đơn {part.order.code} của bạn.",
        "address": str(part.order.shipping_address),
    }
    assert row["lines"] == [
        {
            "id": str(line.pk),
            "name": "Gối thảo dược",
            "variant": line.variant_id,
            "distinct_variant": "",
            "quantity": 2,
            "open": 2,
            "amount": "2 chiếc",
            "contents": "2 chiếc Gối thảo dược",
            "total": 640_000,
            "estimate_grams": None,
            "bound_grams": None,
            "bound_total": None,
            "weighed_grams": None,
            "kilogram_price": None,
            "asked_grams": None,
            "is_substitute_asked": False,
            "questions": [],
            "picture": "",
            "lots": [],
            "lot_picks": [],
            "lot_choices": [],
        }
    ]
    assert row["parcels"] == []


def test_repeat_returns_the_first_answer_and_does_nothing(phone, part) -> None:
    accepting = make_command("accept_part", part=part.pk)
    packing = make_command("pack_parcel", part=part.pk, quantities={str(part.lines.get().pk): 2})
    first = phone.push(accepting, packing)
    before = all_rows()

    second = phone.push(accepting, packing)

    assert second["answers"] == first["answers"]
    assert [answer["outcome"] for answer in second["answers"]] == ["done", "done"]
    assert all_rows() == before


def test_refusal_is_repeated_even_if_the_command_would_succeed_now(phone, part) -> None:
    packing = make_command("pack_parcel", part=part.pk, quantities={str(part.lines.get().pk): 2})
    first = phone.push(packing)["answers"]
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    before = all_rows()

    second = phone.push(packing)

    assert first == [
        {
            "key": packing["key"],
            "outcome": "refused",
            "code": "transition_not_allowed",
            "message": "Nội dung này vừa thay đổi. Hãy kiểm tra lại.",
            "details": {"from_state": "new", "to_state": "packing"},
            "row": {"kind": "part", "id": part.pk},
        }
    ]
    assert second["answers"] == first
    assert second["rows"][0]["state"] == "accepted"
    assert all_rows() == before


def test_key_of_another_command_is_refused(phone, part) -> None:
    accepting = make_command("accept_part", part=part.pk)
    phone.push(accepting)
    before = all_rows()

    other_payload = phone.push(accepting | {"payload": {"part": part.pk + 1}})["answers"][0]
    other_name = phone.push(accepting | {"name": "close_parcel"})["answers"][0]

    assert [answer["code"] for answer in (other_payload, other_name)] == ["key_reused"] * 2
    assert all_rows() == before


def test_same_key_of_another_member_is_another_command(phone, seller, part) -> None:
    accepting = make_command("accept_part", part=part.pk)
    phone.push(accepting)

    answer = Phone(seller).push(accepting)["answers"][0]

    assert (answer["outcome"], answer["code"]) == ("refused", "transition_not_allowed")
    assert PhoneCommand.objects.filter(key=accepting["key"]).count() == 2


def test_refusal_holds_up_only_what_builds_on_it(phone, seller) -> None:
    cancelled, untouched = (make_order((make_variant(seller), 2)).parts.get() for _ in range(2))
    cancel_part(part_id=cancelled.pk, reason="hết hàng", actor=Actor.system(), now=NOW)
    accepting = make_command("accept_part", part=cancelled.pk)
    packing = make_command(
        "pack_parcel",
        part=cancelled.pk,
        quantities={str(cancelled.lines.get().pk): 2},
        after=(accepting["key"],),
    )
    closing = make_command("close_parcel", packed_by=packing["key"], after=(packing["key"],))
    other = make_command("accept_part", part=untouched.pk)

    answers = phone.push(accepting, packing, closing, other)["answers"]
    again = phone.push(closing, packing)["answers"]

    assert [(answer["outcome"], answer.get("code")) for answer in answers] == [
        ("refused", "transition_not_allowed"),
        ("later", "earlier_command_open"),
        ("later", "earlier_command_open"),
        ("done", None),
    ]
    assert answers[1]["details"] == {"waits_for": [accepting["key"]]}
    assert [answer["outcome"] for answer in again] == ["later", "later"]
    assert set(PhoneCommand.objects.values_list("key", flat=True)) == {
        uuid.UUID(command["key"]) for command in (accepting, other)
    }


def test_commands_out_of_order_wait_and_are_done_once_sent_again(phone, part) -> None:
    accepting = make_command("accept_part", part=part.pk)
    packing = make_command(
        "pack_parcel",
        part=part.pk,
        quantities={str(part.lines.get().pk): 2},
        after=(accepting["key"],),
    )

    first = phone.push(packing, accepting)["answers"]
    second = phone.push(packing)["answers"]

    assert [answer["outcome"] for answer in first] == ["later", "done"]
    assert [answer["outcome"] for answer in second] == ["done"]
    assert Parcel.objects.count() == 1


def test_command_done_before_its_answer_was_stored_is_done_once(phone, part) -> None:
    """A server that dies between the action and its answer."""
    receipt = make_command(
        "receive_stock",
        variant=part.lines.get().variant_id,
        warehouse=str(get_stock(part.lines.get().variant).warehouse_id),
        quantity=5,
    )
    phone.push(receipt)
    PhoneCommand.objects.update(outcome="", answered_at=None, claimed_at=NOW - datetime.timedelta(days=1))
    before = all_rows()

    answer = phone.push(receipt)["answers"][0]

    assert answer["outcome"] == "done"
    assert all_rows() == before


def test_command_that_another_request_runs_waits(phone, part) -> None:
    accepting = make_command("accept_part", part=part.pk)
    phone.push(accepting)
    PhoneCommand.objects.update(outcome="", answered_at=None, claimed_at=timezone.now())

    answer = phone.push(accepting)["answers"][0]

    assert (answer["outcome"], answer["code"]) == ("later", "command_running")


def test_commands_behind_one_that_another_request_runs_do_not_overtake_it(phone, part, seller) -> None:
    second_part = make_order((make_variant(seller), 1)).parts.get()
    accepting = make_command("accept_part", part=part.pk)
    behind = make_command("accept_part", part=second_part.pk)
    phone.push(accepting)
    PhoneCommand.objects.update(outcome="", answered_at=None, claimed_at=timezone.now())
    before = all_rows()

    meanwhile = phone.push(accepting, behind)["answers"]
    rows_meanwhile = all_rows()
    PhoneCommand.objects.update(claimed_at=NOW - datetime.timedelta(days=1))
    afterwards = phone.push(accepting, behind)["answers"]

    assert [(answer["outcome"], answer["code"]) for answer in meanwhile] == [("later", "command_running")] * 2
    assert rows_meanwhile == before
    assert [answer["outcome"] for answer in afterwards] == ["done", "done"]
    second_part.refresh_from_db()
    assert second_part.state == PartState.ACCEPTED


def part_row(phone: Phone, since: str = "") -> dict[str, Any]:
    """Return the only order of a pull."""
    (row,) = [row for row in phone.pull(since)["rows"] if row["kind"] == "part"]
    return row


def test_parcel_of_a_run_is_handed_to_a_carrier_once_the_member_takes_it_out(phone, seller, part) -> None:
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    parcel = closed_parcel(OrderPart.objects.get(pk=part.pk))
    run = create_run(
        cooperative=seller,
        parcel_ids=[parcel.pk],
        name="Phủ Thông",
        driver_name="Sơn",
        actor=Actor.system(),
        now=NOW,
    )
    in_run = part_row(phone)["parcels"][0]["run_driver"]

    refused = phone.answer("hand_over_parcel", parcel=parcel.pk, carrier="Bưu điện")
    taken_out = phone.answer("hand_over_parcel", parcel=parcel.pk, carrier="Bưu điện", should_leave_run=True)

    assert in_run == "Sơn"
    assert (refused["code"], refused["details"]["driver"]) == ("parcel_in_run", "Sơn")
    assert taken_out["outcome"] == "done"
    assert not run.run_parcels.exists()
    assert part_row(phone)["parcels"][0]["run_driver"] == ""


def test_fault_of_ours_holds_up_no_other_command(phone, seller, part, monkeypatch) -> None:
    def fail(_call):
        raise RuntimeError("broken")

    commands = dict(sync_commands.COMMANDS)
    commands["close_parcel"] = CommandKind(commands["close_parcel"].right, fail)
    failing_command, accepting = (
        make_command("close_parcel", parcel=1),
        make_command("accept_part", part=part.pk),
    )
    with monkeypatch.context() as patch:
        patch.setattr("shop.members.sync.run_commands.COMMANDS", commands)
        answers = phone.push(failing_command, accepting)["answers"]

    mended = phone.push(failing_command)["answers"][0]

    assert [(answer["outcome"], answer.get("code")) for answer in answers] == [
        ("later", "command_failed"),
        ("done", None),
    ]
    assert (mended["outcome"], mended["code"]) == ("refused", "missing")


def test_foreign_rows_look_like_missing_ones(phone, seller, part) -> None:
    foreign_seller = make_seller("HTX Yến Dương")
    foreign = make_order((make_variant(foreign_seller), 2)).parts.get()
    accept_part(part_id=foreign.pk, actor=Actor.system(), now=NOW)
    foreign_phone = Phone(foreign_seller)
    line = foreign.lines.get()
    packing = make_command("pack_parcel", part=foreign.pk, quantities={str(line.pk): 2})
    foreign_phone.push(packing)
    parcel, stock = Parcel.objects.get(), get_stock(line.variant)
    manager = Phone(seller, Role.MANAGER)
    unknown, own_part = 10**15, {"part": part.pk}
    before = all_rows()

    answers = [
        manager.answer(name, **payload)
        for name, payload in [
            ("accept_part", {"part": foreign.pk}),
            ("accept_part", {"part": unknown}),
            ("pack_parcel", {"part": foreign.pk, "quantities": {str(line.pk): 1}}),
            ("close_parcel", {"parcel": parcel.pk}),
            ("close_parcel", {"parcel": unknown}),
            ("hand_over_parcel", {"parcel": parcel.pk}),
            ("deliver_parcel", {"parcel": parcel.pk, "is_cash_collected": True}),
            ("count_stock", {"variant": line.variant_id, "warehouse": str(stock.warehouse_id), "counted": 3}),
            ("count_stock", {"variant": unknown, "warehouse": str(unknown_uuid()), "counted": 3}),
        ]
    ]
    borrowed_key = manager.push(
        make_command("close_parcel", packed_by=packing["key"], after=(packing["key"],))
    )["answers"][0]

    assert {tuple(sorted(answer)) for answer in answers} == {("code", "message", "outcome")}
    assert {answer["code"] for answer in answers} == {"missing"}
    assert borrowed_key["outcome"] == "later"  # as for a key that nobody has
    foreign_line = manager.answer("weigh_line", **own_part, line=str(line.pk), grams=100)
    assert foreign_line["code"] in ("missing", "transition_not_allowed")
    assert all_rows() == before


def test_foreign_listing_and_variant_cannot_be_priced_together(seller) -> None:
    phone = Phone(seller, Role.LISTER)
    own_variant, other = make_variant(seller), make_variant(seller, name="Chuối sấy")
    foreign = make_variant(make_seller("HTX Yến Dương"))
    listing, foreign_listing = (Listing.objects.get(product=one.product) for one in (own_variant, foreign))
    before = all_rows()

    answers = [
        phone.answer("change_price", listing=of.pk, variant=variant.pk, amount=5_000, seen=320_000)
        for of, variant in [(listing, other), (listing, foreign), (foreign_listing, own_variant)]
    ]
    answers.append(phone.answer("pause_listing", listing=foreign_listing.pk))

    assert {answer["code"] for answer in answers} == {"missing"}
    assert all_rows() == before


def test_role_without_the_right_is_refused_before_any_row_is_looked_up(seller, part) -> None:
    for role, name in [
        (Role.LISTER, "accept_part"),
        (Role.CASHIER, "weigh_line"),
        (Role.BOOKKEEPER, "count_stock"),
        (Role.PACKER, "change_price"),
        (Role.PACKER, "pause_listing"),
    ]:
        answer = Phone(seller, role).answer(name, part=part.pk)
        assert answer["outcome"] == "refused"
        assert answer["code"] == "forbidden"
        assert "row" not in answer

    part.refresh_from_db()
    assert part.state == PartState.NEW


def test_former_member_and_unknown_cooperative_look_alike(phone, seller, part) -> None:
    accepting = make_command("accept_part", part=part.pk)
    foreign = make_seller("HTX Yến Dương")
    Membership.objects.filter(user=phone.user).update(is_active=False)
    before = all_rows()

    responses = [
        phone.send(accepting),
        phone.send(accepting, cooperative=foreign.pk),
        phone.send(accepting, cooperative=10**15),
        phone.send(accepting, cooperative="mười"),
        phone.client.get(SYNC_URL, {"cooperative": seller.pk}),
        phone.client.get(SYNC_URL),
    ]

    assert {response.status_code for response in responses} == {404}
    assert {response.json()["code"] for response in responses} == {"missing"}
    assert all_rows() == before


def test_cooperative_that_is_not_approved_has_no_phone() -> None:
    applicant = make_cooperative("HTX Mới", state="applied")

    response = Phone(applicant, Role.MANAGER).send()

    assert response.status_code == 404


def test_ended_session_is_told_in_words(seller, part) -> None:
    accepting = make_command("accept_part", part=part.pk)
    phone = Phone(seller)
    phone.client.logout()

    responses = [phone.send(accepting), phone.client.get(SYNC_URL), Client().get(f"/en{SYNC_URL}")]

    assert [response.status_code for response in responses] == [401] * 3
    assert responses[0].json() == {
        "code": "signed_out",
        "message": "Bạn cần đăng nhập lại. Việc đã làm vẫn được giữ trên máy này.",
    }
    assert responses[2].json()["message"].startswith("Sign in again.")
    assert responses[0].headers["Cache-Control"] == "private, no-store"
    assert not PhoneCommand.objects.exists()


def test_commands_of_another_member_are_not_done_under_the_wrong_name(phone, seller, part) -> None:
    response = phone.send(make_command("accept_part", part=part.pk), member=make_member(seller).pk)

    assert response.status_code == 409
    assert (response.json()["code"], response.json()["member"]) == ("other_member", phone.user.pk)
    assert not PhoneCommand.objects.exists()


def test_missing_csrf_token_is_refused(phone, part) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(phone.user)
    token = strict.get(SYNC_URL).json()["csrf_token"]
    body = {
        "member": phone.user.pk,
        "cooperative": phone.cooperative.pk,
        "clock": timezone.now().isoformat(),
        "commands": [make_command("accept_part", part=part.pk)],
    }

    without = strict.post(SYNC_URL, body, content_type="application/json")
    with_token = strict.post(SYNC_URL, body, content_type="application/json", headers={"X-CSRFToken": token})

    assert (without.status_code, with_token.status_code) == (403, 200)
    assert with_token.json()["answers"][0]["outcome"] == "done"


@pytest.mark.parametrize("days", [-1, 400])
def test_wrong_clock_is_recorded_and_decides_nothing(phone, part, days) -> None:
    clock = timezone.now() + datetime.timedelta(days=days)
    accepting = make_command("accept_part", part=part.pk) | {"at": clock.isoformat()}
    started = timezone.now()

    answer = phone.send(accepting, clock=clock.isoformat()).json()

    assert answer["answers"][0]["outcome"] == "done"
    assert round(answer["clock_difference"] / 86_400) == -days
    row = PhoneCommand.objects.get()
    assert row.device_time == clock
    assert abs(row.clock_difference + datetime.timedelta(days=days)) < datetime.timedelta(minutes=1)
    part.refresh_from_db()
    assert started <= part.accepted_at <= timezone.now()
    assert started <= Change.objects.get(action="part.accepted").created_at <= timezone.now()


def test_malformed_payloads_are_refused(seller, part) -> None:
    phone, line = Phone(seller, Role.MANAGER), str(uuid.UUID(int=1))
    payloads = [
        ("accept_part", {}, "part"),
        ("accept_part", {"part": "1"}, "part"),
        ("accept_part", {"part": True}, "part"),
        ("accept_part", {"part": 10**40}, "part"),
        ("accept_part", {"part": -1}, "part"),
        ("accept_part", {"part": 1.0}, "part"),
        ("close_parcel", {"packed_by": "x"}, "packed_by"),
        ("close_parcel", {"parcel": None}, "parcel"),
        ("count_stock", {"variant": [1]}, "variant"),
        ("pack_parcel", {"part": part.pk}, "quantities"),
        ("pack_parcel", {"part": part.pk, "quantities": {}}, "quantities"),
        ("pack_parcel", {"part": part.pk, "quantities": [1]}, "quantities"),
        ("pack_parcel", {"part": part.pk, "quantities": {"x": 1}}, "quantities"),
        ("pack_parcel", {"part": part.pk, "quantities": {line: 0}}, line),
        ("pack_parcel", {"part": part.pk, "quantities": {line: 1}, "extra": 1}, "extra"),
    ]

    answers = phone.push(*[make_command(name, **payload) for name, payload, _field in payloads])["answers"]

    assert {(answer["outcome"], answer["code"]) for answer in answers} == {("refused", "invalid_command")}
    assert [answer["details"]["field"] for answer in answers] == [field for *_, field in payloads]


@pytest.mark.parametrize(
    ("fields", "carrier", "holder"),
    [
        ({"carrier": ""}, "", CashHolder.COOPERATIVE),
        ({}, "Viettel Post", CashHolder.CARRIER),
        ({"is_cash_with_cooperative": True}, "Viettel Post", CashHolder.COOPERATIVE),
    ],
)
def test_carrier_is_cleared_by_an_empty_text_and_kept_without_one(
    phone, part, fields, carrier, holder
) -> None:
    OrderPart.objects.filter(pk=part.pk).update(carrier="Viettel Post", delivery_kind=DeliveryKind.CARRIER)
    parcel = _packed(phone, part)

    phone.answer("hand_over_parcel", parcel=parcel.pk, **fields)

    parcel.refresh_from_db()
    assert (parcel.state, parcel.carrier, parcel.cod_holder) == (ParcelState.HANDED_OVER, carrier, holder)


def test_text_that_no_database_can_store_is_refused(phone, part) -> None:
    parcel = _packed(phone, part)

    for text in ("a\0b", "\ud800", "x" * 61):
        answer = phone.answer("hand_over_parcel", parcel=parcel.pk, vehicle=text)
        assert (answer["code"], answer["details"]) == ("invalid_command", {"field": "vehicle"})


def test_unknown_command_is_refused_and_not_remembered(phone) -> None:
    command = make_command("fly_parcel")

    answer = phone.push(command)["answers"][0]

    assert (answer["outcome"], answer["code"]) == ("refused", "unknown_command")
    assert not PhoneCommand.objects.exists()


def test_push_that_breaks_the_protocol_is_refused_whole(phone) -> None:
    for body in (
        {"clock": "gestern"},
        {"clock": "2026-11-28T10:00:00"},
        {"clock": "0001-01-01T00:00:00+14:00"},
        {"commands": {}},
        {"commands": [1]},
        {"commands": [{"key": "x"}]},
        {"commands": [make_command("x") | {"at": 5}]},
        {"commands": [make_command("x") | {"after": ["y"]}]},
        {"commands": [make_command("x") | {"more": 1}]},
        {"commands": [make_command("x" * 41)]},
        {"commands": [{**make_command("x"), "key": str(uuid.UUID(int=1))}] * 2},
    ):
        response = phone.send(**({"commands": []} | body))
        assert (response.status_code, response.json()["code"]) == (400, "invalid_push"), body
    for content in (
        *(b"", b"[]", b"{", b'{"clock": NaN}', b"[" * 100_000, b"\xff"),
        b'{"a": 1' + b"0" * 5000 + b"}",
    ):
        response = phone.client.post(SYNC_URL, content, content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (400, "invalid_push"), content[:20]
    assert not PhoneCommand.objects.exists()


def test_large_pushes_are_refused(phone) -> None:
    too_many = phone.send(*[make_command("x") for _ in range(51)])
    too_long = phone.send(make_command("x", text="x" * 300_000))

    assert [response.status_code for response in (too_many, too_long)] == [413, 413]
    assert not PhoneCommand.objects.exists()


def test_too_many_pushes_have_to_wait(phone) -> None:
    for _ in range(60):
        assert phone.send().status_code == 200

    response = phone.send()

    assert (response.status_code, response.json()["code"]) == (429, "too_many_tries")
    assert response.headers["Retry-After"] == "60"
    assert Phone(phone.cooperative).send().status_code == 200


def test_stock_is_received_lost_and_counted(seller) -> None:
    variant = make_variant(seller, on_hand=10)
    stock = get_stock(variant)
    at = {"variant": variant.pk, "warehouse": str(stock.warehouse_id)}
    phone = Phone(seller, Role.CASHIER)
    commands = [
        make_command("receive_stock", **at, quantity=5),
        make_command("write_off_stock", **at, quantity=2, note="dập"),
        make_command("count_stock", **at, counted=12),
    ]

    push_response = phone.push(*commands)
    phone.push(*commands)

    assert [answer["outcome"] for answer in push_response["answers"]] == ["done"] * 3
    assert push_response["rows"][0]["variants"][0]["stocks"] == [
        {"warehouse": at["warehouse"], "on_hand": 12, "reserved": 0, "allocated": 0, "recalled": 0}
    ]
    movements = Movement.objects.filter(idempotency_key__startswith="phone:").order_by("pk")
    assert list(movements.values_list("quantity", "reason", "note")) == [
        (5, "receipt", ""),
        (-2, "loss", "dập"),
        (-1, "count", ""),
    ]


def test_price_that_another_member_changed_is_not_overwritten(seller) -> None:
    variant = make_variant(seller)
    listing = Listing.objects.get(product=variant.product)
    of = {"listing": listing.pk, "variant": variant.pk}
    first_phone, second_phone = Phone(seller, Role.LISTER), Phone(seller, Role.LISTER)

    first = second_phone.answer("change_price", **of, amount=330_000, seen=320_000)
    conflict = first_phone.push(make_command("change_price", **of, amount=340_000, seen=320_000))
    agreed = first_phone.answer("change_price", **of, amount=330_000, seen=320_000)
    decided = first_phone.answer("change_price", **of, amount=340_000, seen=330_000)

    assert first["outcome"] == "done"
    (answer,) = conflict["answers"]
    assert (answer["outcome"], answer["code"]) == ("refused", "price_already_changed")
    assert answer["details"].pop("latest") is not None
    assert answer["details"] == {"amount": 330_000, "field": "price"}
    assert conflict["rows"][0]["variants"][0]["prices"][0]["amount"] == 330_000
    assert (agreed["outcome"], decided["outcome"]) == ("done", "done")
    assert Price.objects.get().amount == 340_000


def test_unusual_price_is_asked_about_and_confirmed_by_another_command(seller) -> None:
    variant = make_variant(seller)
    listing = Listing.objects.get(product=variant.product)
    price = {"listing": listing.pk, "variant": variant.pk, "amount": 32_000, "seen": 320_000}
    phone = Phone(seller, Role.LISTER)

    question = phone.answer("change_price", **price)
    confirmed = phone.answer("change_price", **price, confirmed=question["details"]["confirmation_token"])

    assert (question["code"], question["details"]["confirmation_token"]) == ("unusual_price", "320000-32000")
    assert confirmed["outcome"] == "done"
    assert Price.objects.get().amount == 32_000


def test_listing_is_paused_and_resumed_once(seller) -> None:
    variant = make_variant(seller)
    listing = Listing.objects.get(product=variant.product)
    phone = Phone(seller, Role.LISTER)
    pausing = make_command("pause_listing", listing=listing.pk)
    phone.push(pausing)
    _forget_answers()  # as if the server had died before it stored them
    repeated = phone.push(pausing)
    listing.refresh_from_db()
    state = listing.state

    second = phone.answer("pause_listing", listing=listing.pk)

    assert (repeated["answers"][0]["outcome"], state) == ("done", ListingState.PAUSED)
    assert repeated["rows"][0]["listings"][0]["state"] == "paused"
    assert (second["outcome"], second["code"]) == ("refused", "transition_not_allowed")
    assert Change.objects.filter(action="listing.paused").count() == 1


def test_failed_delivery_and_short_cash_are_recorded(phone, part) -> None:
    parcel = _packed(phone, part)
    phone.answer("hand_over_parcel", parcel=parcel.pk)
    failed = phone.answer("fail_delivery", parcel=parcel.pk, reason="Khách không nghe máy.")
    phone.answer("hand_over_parcel", parcel=parcel.pk)
    delivered = phone.answer("deliver_parcel", parcel=parcel.pk)
    without_reason = phone.answer("report_collected_cash", parcel=parcel.pk, cash=600_000)

    short = phone.answer("report_collected_cash", parcel=parcel.pk, cash=600_000, cash_reason="thiếu lẻ")

    assert (failed["outcome"], delivered["outcome"]) == ("done", "done")
    assert (without_reason["code"], without_reason["details"]["expected"]) == ("cash_amount_differs", 670_000)
    assert short["outcome"] == "done"
    parcel.refresh_from_db()
    assert (parcel.cod_collected, parcel.cash_difference_reason) == (600_000, "thiếu lẻ")


def test_queries_grow_only_with_commands(phone, seller) -> None:
    few_parts = [make_order((make_variant(seller), 2)).parts.get() for _ in range(2)]
    many_parts = [
        make_order(*[(make_variant(seller, name=f"Hàng {number}"), 1) for number in range(4)]).parts.get()
        for _ in range(2)
    ]

    def repeat_of(parts):
        commands = [make_command("accept_part", part=part.pk) for part in parts]
        phone.push(*commands)
        with CaptureQueriesContext(connection) as queries:
            phone.push(*commands)
        return len(queries)

    assert repeat_of(few_parts) == repeat_of(many_parts)


def _packed(phone: Phone, part: OrderPart) -> Parcel:
    phone.answer("accept_part", part=part.pk)
    packed = phone.answer("pack_parcel", part=part.pk, quantities={str(part.lines.get().pk): 2})
    phone.answer("close_parcel", parcel=packed["result"]["parcel"])
    return Parcel.objects.get()


def _forget_answers() -> None:
    PhoneCommand.objects.update(outcome="", answered_at=None, claimed_at=None)


def test_answers_are_deleted_after_ninety_days_and_their_repeats_do_nothing_twice(phone, part) -> None:
    old_command, recent, unanswered = (make_command("accept_part", part=part.pk) for _ in range(3))
    phone.push(old_command, recent, unanswered)
    now = timezone.now()
    PhoneCommand.objects.filter(key=old_command["key"]).update(received_at=now - datetime.timedelta(days=91))
    PhoneCommand.objects.filter(key=recent["key"]).update(received_at=now - datetime.timedelta(days=89))
    PhoneCommand.objects.filter(key=unanswered["key"]).update(
        received_at=now - datetime.timedelta(days=91), outcome="", answered_at=None
    )

    delete_old_commands_task()

    assert [str(row.key) for row in PhoneCommand.objects.all()] == [recent["key"]]
    before = Change.objects.count()
    (answer,) = phone.push(old_command)["answers"]
    assert (answer["outcome"], Change.objects.count()) == ("done", before)


def test_substitute_at_a_loss_is_offered_once_it_is_confirmed(seller) -> None:
    phone = Phone(seller)
    ordered, dearer = make_variant(seller, price=20_000), make_variant(seller, name="Khăn", price=90_000)
    part = accepted_order((ordered, 2))
    offer = {
        "part": part.pk,
        "line": str(part.lines.get().pk),
        "quantity": 1,
        "variant": dearer.pk,
        "substitute_quantity": 1,
    }

    asked = phone.answer("offer_substitute", **offer)
    assert not Substitute.objects.exists()
    confirmed = make_command("offer_substitute", **offer, confirmed=asked["details"]["confirmation_token"])
    outcomes = [phone.push(confirmed)["answers"][0]["outcome"] for _sent in range(2)]

    assert (asked["outcome"], asked["code"]) == ("refused", "substitute_at_a_loss")
    assert outcomes == ["done", "done"]
    assert Substitute.objects.get().variant == dearer
