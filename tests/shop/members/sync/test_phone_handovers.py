"""Hand-overs whose codes phones made without a network: each is recorded once, in any order of sending."""

from __future__ import annotations

import datetime
import itertools

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from catalog.actions.stock.lots import LotDetails, receive_lot
from cooperatives.actions import phone_pins
from cooperatives.models import Membership, Role
from orders.actions.fulfilment import phone_handovers
from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.fulfilment.deliver_parcels import deliver_parcel, fail_delivery, hand_over_parcel
from orders.actions.fulfilment.delivery_runs import driver_link_token, end_run
from orders.actions.fulfilment.handovers import ForeignHandoverCode, check_digit, issue_handover_code
from orders.actions.fulfilment.phone_codes import PhoneCode, read_phone_token
from orders.actions.fulfilment.recalls import start_recall
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.models import DeliveryRun, HandoverCode, HandoverRecord, HandoverStep, Parcel
from orders.states import CodState, ParcelState
from shop.core.actors import Actor
from shop.core.models import Change, LimitCounter
from shop.core.web.rate_limits import RateLimit
from tests.factories import fixed_now, get_stock, make_member, make_seller, make_variant
from tests.invariants import check_everything
from tests.markup import html_of
from tests.refusals import all_rows
from tests.shop.members.part_factories import parcel_of
from tests.shop.members.sync.phone import Phone, make_command
from tests.shop.members.sync.test_shared_phone_pushes import PhoneOfTwo
from tests.shop.members.test_bulk_packing import accepted_order
from tests.shop.members.test_delivery_runs import packed_parcel, run_of

pytestmark = pytest.mark.django_db

ENTRY = "/xa-vien/ban-giao/"
RECEIVER = {"name": "Lý A Páo", "place": "Bến xe Chợ Rã"}
STEPS = st.sampled_from([HandoverStep.TO_COLLECTION_POINT, HandoverStep.TO_DRIVER])


def given_by(parcel: Parcel, step: HandoverStep, giver_id: int = 0) -> PhoneCode:
    return PhoneCode(step, part_id=parcel.part_id, position=1, giver_id=giver_id)


def offer(parcel: Parcel, step: HandoverStep, **options) -> dict:
    return make_command(
        "offer_handover", part=parcel.part_id, position=1, step=str(step), earlier=0, **options
    )


def receive(code: PhoneCode, **options) -> dict:
    return make_command("receive_parcel", token=code.token, **RECEIVER, **options)


def outcomes(answers: dict) -> list[tuple[str, str]]:
    return [(answer["outcome"], answer.get("code", "")) for answer in answers["answers"]]


@given(five=st.integers(0, 99_999), place=st.integers(0, 4), other=st.integers(1, 9))
def test_check_digit_shows_each_wrong_digit(five: int, place: int, other: int) -> None:
    digits = f"{five:05d}"
    wrong = digits[:place] + str((int(digits[place]) + other) % 10) + digits[place + 1 :]

    assert check_digit(wrong) != check_digit(digits)


@given(numbers=st.tuples(*[st.integers(0, 10**9)] * 4), step=STEPS, change=st.data())
def test_signed_codes_are_read_back_and_every_changed_one_is_foreign(numbers, step, change) -> None:
    part, place, earlier, giver = numbers
    code = PhoneCode(step, part_id=part, position=place + 1, earlier=earlier, giver_id=giver)
    place = change.draw(st.integers(0, len(code.token) - 1))
    letter = change.draw(st.sampled_from("0123456789abcdefpr._"))
    changed = code.token[:place] + letter + code.token[place + 1 :]

    assert read_phone_token(code.token) == code
    if changed != code.token:
        with pytest.raises(ForeignHandoverCode):
            read_phone_token(changed)


@pytest.mark.parametrize(
    "token",
    ["p.1.2.to_driver.0.7.", "r.1.2.1." + "0" * 32, "p..." + "9" * 5000, "p.٣.1.to_point.0.0.x"],
)
def test_malformed_codes_are_foreign(token) -> None:
    with pytest.raises(ForeignHandoverCode):
        read_phone_token(token)


def other_packer(seller) -> Phone:
    return Phone(seller, user=make_member(seller, Role.PACKER, email="b@example.com"))


def send_all(commands: tuple[tuple[Phone, dict], ...], rounds: int) -> None:
    """Send the commands one by one in this order, and all of them again until each is answered."""
    for _round in range(rounds):
        for phone, command in commands:
            phone.push(command)


def test_both_phones_send_in_any_order_and_each_handover_is_recorded_once(seller) -> None:
    giver, receiver = Phone(seller), other_packer(seller)
    results = []
    orders = list(itertools.permutations(range(4)))[::4]  # every fourth, to save time
    for order in orders:
        parcel = parcel_of(accepted_order((make_variant(seller, on_hand=5), 1)))
        offered = offer(parcel, HandoverStep.TO_COLLECTION_POINT)
        commands = (
            (giver, offered),
            (receiver, receive(given_by(parcel, HandoverStep.TO_COLLECTION_POINT, giver.user.pk))),
            (giver, make_command("close_parcel", parcel=parcel.pk, after=())),
            (receiver, receive(given_by(parcel, HandoverStep.TO_DRIVER, giver.user.pk))),
        )
        LimitCounter.objects.all().delete()
        send_all(tuple(commands[place] for place in order), rounds=2)
        parcel.refresh_from_db()
        results.append(
            (
                parcel.state,
                sorted(parcel.handovers.values_list("step", "giver_name", "receiver_name", "method")),
                Change.objects.filter(action="parcel.handed_over", key=str(parcel.pk)).count(),
            )
        )

    names = (giver.user.name, RECEIVER["name"], "scan")
    expected = (ParcelState.HANDED_OVER, [("to_driver", *names), ("to_point", *names)], 1)
    assert results == [expected] * len(orders)
    check_everything()


def test_receipt_waits_for_the_giver_who_packed_without_a_network(seller) -> None:
    giver, receiver = Phone(seller), other_packer(seller)
    part = accepted_order((make_variant(seller, on_hand=5), 1))
    step = HandoverStep.TO_COLLECTION_POINT
    code = PhoneCode(step, part_id=part.pk, position=1)
    spaced = f"{code.digits[:3]} {code.digits[3:]}"
    typed = make_command("receive_parcel", order=part.order.code.lower(), digits=spaced, **RECEIVER)
    packed = make_command("pack_parcel", part=part.pk, quantities={str(part.lines.get().pk): 1})
    offered = make_command(
        "offer_handover", part=part.pk, position=1, step=str(step), earlier=0, after=(packed["key"],)
    )

    early = outcomes(receiver.push(typed))
    sent = outcomes(giver.push(packed, offered))
    late = outcomes(receiver.push(typed))
    repeated = outcomes(receiver.push(typed))

    assert early == [("later", "parcel_not_sent_yet")]
    assert sent == [("done", ""), ("done", "")]
    assert late == repeated == [("done", "")]
    record = HandoverRecord.objects.get()
    assert (record.step, record.method, record.giver_name) == ("to_point", "digits", giver.user.name)
    assert Parcel.objects.get().state == ParcelState.PACKED


def test_codes_of_two_phones_that_packed_one_order_move_their_own_parcels(seller) -> None:
    givers = [Phone(seller), other_packer(seller)]
    part = accepted_order((make_variant(seller, on_hand=5), 3))
    step, line = HandoverStep.TO_COLLECTION_POINT, str(part.lines.get().pk)
    labels = ["KQRT", "ACDE"]
    packs = [
        make_command("pack_parcel", part=part.pk, quantities={line: count}, label=label)
        for count, label in zip((1, 2), labels, strict=True)
    ]
    codes = [PhoneCode(step, part_id=part.pk, label_code=label) for label in labels]
    offered = {"part": part.pk, "label": "KQRT", "step": str(step), "earlier": 0}
    typed = {"order": part.order.code, "label": "KQRT", "digits": codes[0].digits, **RECEIVER}
    receipt = make_command("receive_parcel", **typed)

    early = outcomes(givers[1].push(receipt))
    givers[1].push(packs[1])
    between = outcomes(givers[1].push(receipt))
    givers[0].push(packs[0], make_command("offer_handover", after=(packs[0]["key"],), **offered))
    late = outcomes(givers[1].push(receipt, receive(codes[1])))

    assert early == between == [("later", "parcel_not_sent_yet")]
    assert late == [("done", ""), ("done", "")]
    assert sorted(
        (record.method, record.parcel.label_code, record.parcel.lines.get().quantity)
        for record in HandoverRecord.objects.all()
    ) == [("digits", "KQRT", 1), ("scan", "ACDE", 2)]
    check_everything()


def test_moment_is_that_of_the_phone_with_a_wrong_clock(seller) -> None:
    phone, parcel = Phone(seller), packed_parcel(seller)
    clock = timezone.now() - datetime.timedelta(days=1)
    command = make_command(
        "receive_parcel",
        token=given_by(parcel, HandoverStep.TO_DRIVER).token,
        at=clock - datetime.timedelta(hours=3),
        **RECEIVER,
    )

    phone.send(command, clock=clock.isoformat())

    waited = timezone.now() - HandoverRecord.objects.get().happened_at
    assert abs(waited - datetime.timedelta(hours=3)) < datetime.timedelta(minutes=1)


def test_used_codes_and_codes_of_earlier_journeys_are_closed(seller) -> None:
    first, second = Phone(seller), other_packer(seller)
    parcel = packed_parcel(seller)
    code = given_by(parcel, HandoverStep.TO_DRIVER)
    assert outcomes(first.push(receive(code))) == [("done", "")]
    before = all_rows()

    used = outcomes(second.push(receive(code)))
    page = Client().get(f"{ENTRY}{code.token}/")
    digits = {**RECEIVER, "parcel": f"{parcel.part.order.code}-{parcel.label_code}", "digits": code.digits}
    typed = html_of(Client().post(ENTRY, digits))

    assert used == [("refused", "handover_code_closed")]
    assert page.status_code == 410
    for text in (html_of(page), typed):
        assert "Mã đã dùng hoặc hết hiệu lực." in text
    assert all_rows() == before
    fail_delivery(parcel_id=parcel.pk, reason="Vắng", actor=Actor.system(), now=timezone.now())
    again = PhoneCode(HandoverStep.TO_DRIVER, part_id=parcel.part_id, position=1, earlier=1)
    assert outcomes(second.push(receive(code), receive(again))) == [
        ("refused", "handover_code_closed"),
        ("done", ""),
    ]
    assert HandoverRecord.objects.count() == 2


def test_codes_of_other_markets_cooperatives_and_guesses_are_refused(seller, settings) -> None:
    other = make_seller("HTX khác")
    phone, stranger = Phone(seller), Phone(other, user=make_member(other, Role.PACKER, email="b@example.com"))
    parcel = parcel_of(accepted_order((make_variant(seller, on_hand=5), 1)))
    code = given_by(parcel, HandoverStep.TO_COLLECTION_POINT)
    settings.SECRET_KEY, own_key = "another market's key", settings.SECRET_KEY
    foreign = code.token
    settings.SECRET_KEY = own_key
    before = all_rows()

    answers = [
        outcomes(phone.push(make_command("receive_parcel", token=foreign, **RECEIVER))),
        outcomes(stranger.push(receive(code))),
        outcomes(stranger.push(offer(parcel, HandoverStep.TO_DRIVER))),
    ]

    assert answers == [
        [("refused", "foreign_handover_code")],
        [("refused", "missing")],
        [("refused", "missing")],
    ]
    assert all_rows() == before


def test_three_wrong_entries_close_the_digits_but_not_the_qr_code(seller) -> None:
    parcel = packed_parcel(seller)
    code = given_by(parcel, HandoverStep.TO_DRIVER)
    fields = {**RECEIVER, "parcel": f"{parcel.part.order.code}-{parcel.label_code}"}
    wrong = f"{(int(code.digits) + 1) % 1_000_000:06}"

    pages = [html_of(Client().post(ENTRY, {**fields, "digits": wrong})) for _try in range(3)]
    late = html_of(Client().post(ENTRY, {**fields, "digits": code.digits}))

    assert "Còn 2 lần thử." in pages[0]
    assert "Còn 1 lần thử." in pages[1]
    for page in (pages[2], late):
        assert "Mã đã dùng hoặc hết hiệu lực. Xin bên giao mã mới." in page
    assert not HandoverRecord.objects.exists()
    assert not HandoverCode.objects.exists()
    Client().post(f"{ENTRY}{code.token}/", RECEIVER)
    assert HandoverRecord.objects.get().method == "scan"


@pytest.mark.parametrize(("step", "position"), [("to_buyer", 1), ("to_driver", 0), ("to_point", -1)])
def test_packers_phone_cannot_sign_other_codes_than_those_of_members(seller, step, position) -> None:
    phone, parcel = Phone(seller), packed_parcel(seller)
    code = PhoneCode(HandoverStep(step), part_id=parcel.part_id, position=position)
    before = all_rows()

    page = Client().get(f"{ENTRY}{code.token}/")
    answer = outcomes(phone.push(receive(code)))

    assert page.status_code == 410
    assert answer == [("refused", "foreign_handover_code")]
    assert all_rows() == before


def test_record_names_the_member_whose_phone_signed_the_qr_code(seller) -> None:
    first, second = Phone(seller), other_packer(seller)
    parcel = packed_parcel(seller)
    second.user.first_name = "Lò Thị Hoa"
    second.user.save()
    first.push(offer(parcel, HandoverStep.TO_DRIVER))

    first.push(receive(given_by(parcel, HandoverStep.TO_DRIVER, second.user.pk)))

    assert HandoverRecord.objects.get().giver_name == "Lò Thị Hoa"


def test_pin_of_a_shared_phone_receives_for_its_cooperative_only(seller, monkeypatch) -> None:
    monkeypatch.setattr(phone_pins, "ITERATIONS", 1000)
    two, other = PhoneOfTwo(seller), make_seller("HTX Khác")
    Membership.objects.create(cooperative=other, user=two.packer.membership.user, role=Role.PACKER)
    own, foreign = packed_parcel(seller), packed_parcel(other)
    step = HandoverStep.TO_COLLECTION_POINT

    answers = two.push(*(two.sign(two.packer, receive(given_by(parcel, step))) for parcel in (own, foreign)))

    assert answers == [("done", ""), ("refused", "missing")]
    assert HandoverRecord.objects.get().parcel == own


def guess(fields: dict, digits: str, *, network: str = "192.0.2.1") -> str:
    return html_of(Client(REMOTE_ADDR=network).post(ENTRY, {**fields, "digits": digits}))


def test_strangers_guesses_close_the_digits_to_nobody_else_and_for_a_day(seller) -> None:
    parcel = packed_parcel(seller)
    run = run_of(seller, parcel)
    code = given_by(parcel, HandoverStep.TO_DRIVER)
    fields = {**RECEIVER, "parcel": f"{parcel.part.order.code}-{parcel.label_code}"}
    for _try in range(3):
        guess(fields, "000000")
    assert "Mã đã dùng hoặc hết hiệu lực." in guess(fields, code.digits)

    typed = {"order": parcel.part.order.code, "number": int(parcel.label_code), **RECEIVER}
    at_point = given_by(parcel, HandoverStep.TO_COLLECTION_POINT)
    by_member = outcomes(Phone(seller).push(make_command("receive_parcel", digits=at_point.digits, **typed)))
    by_driver = push_to_run(run, make_command("receive_parcel", digits=code.digits, **typed))
    fail_delivery(parcel_id=parcel.pk, reason="Vắng", actor=Actor.system(), now=timezone.now())
    again = PhoneCode(HandoverStep.TO_DRIVER, part_id=parcel.part_id, position=1, earlier=1)
    guess(fields, again.digits, network="192.0.2.2")
    LimitCounter.objects.update(expires_at=timezone.now())  # a day later

    assert by_member == by_driver == [("done", "")]
    assert HandoverRecord.objects.filter(step="to_driver").count() == 2
    assert "Còn 2 lần thử." in guess(fields, "000000")


def push_to_run(run: DeliveryRun, *commands: dict) -> list[tuple[str, str]]:
    body = {"clock": timezone.now().isoformat(), "commands": commands}
    address = f"/xa-vien/chuyen-di/{driver_link_token(run)}/dong-bo/"
    return outcomes(Client().post(address, body, content_type="application/json").json())


def test_guesses_of_later_steps_and_of_parcels_that_are_not_packed_yet_are_counted(seller) -> None:
    parcel = packed_parcel(seller)
    run = run_of(seller, parcel)
    order_code = parcel.part.order.code
    to_buyer = PhoneCode(HandoverStep.TO_BUYER, run_id=run.pk, parcel_id=parcel.pk)
    not_packed = PhoneCode(HandoverStep.TO_DRIVER, part_id=parcel.part_id, position=2)
    fields = {**RECEIVER, "parcel": f"{order_code}-{parcel.label_code}"}
    guesses = [
        make_command("receive_parcel", order=order_code, digits=digits, **RECEIVER)
        for digits in (*["000000"] * 3, not_packed.digits)
    ]

    answers = push_to_run(run, *guesses)
    pages = [guess(fields, digits) for digits in (*["000000"] * 3, to_buyer.digits)]

    assert answers == [
        *[("refused", "wrong_handover_code")] * 2,
        *[("refused", "handover_code_closed")] * 2,
    ]
    assert "Còn 1 lần thử." in pages[1]
    for page in pages[2:]:
        assert "Mã đã dùng hoặc hết hiệu lực." in page
    assert not HandoverCode.objects.exists()


def test_only_wrong_entries_count_and_those_from_many_networks_end_too(seller, monkeypatch) -> None:
    parcel = packed_parcel(seller)
    code = given_by(parcel, HandoverStep.TO_DRIVER)
    fields = {**RECEIVER, "parcel": f"{parcel.part.order.code}-{parcel.label_code}"}
    monkeypatch.setattr(phone_handovers, "_ENTRIES_OF_STRANGERS", RateLimit("strangers", 2, 60))

    guess(fields, code.digits)

    assert HandoverRecord.objects.get().method == "digits"
    assert set(LimitCounter.objects.values_list("count", flat=True)) == {0}
    pages = [guess(fields, "000000", network=f"192.0.2.{number}") for number in range(3)]
    assert "Còn 1 lần thử." in pages[0]
    assert "Mã đã dùng hoặc hết hiệu lực." in pages[2]


def test_entered_digits_of_the_market_count_as_no_wrong_entry_and_its_qr_code_stays_valid(seller) -> None:
    parcel, other = packed_parcel(seller), packed_parcel(seller)
    issued, closed = (
        issue_handover_code(
            parcel_id=row.pk,
            step=HandoverStep.TO_DRIVER,
            cooperative=seller,
            giver_name="Hoa",
            now=timezone.now(),
        )
        for row in (parcel, other)
    )

    guess({**RECEIVER, "parcel": f"{parcel.part.order.code}-{parcel.label_code}"}, issued.digits)
    counts = set(LimitCounter.objects.values_list("count", flat=True))
    for _try in range(3):
        guess({**RECEIVER, "parcel": f"{other.part.order.code}-{other.label_code}"}, "000000")
    Client().post(f"{ENTRY}{closed.token}/", RECEIVER)

    assert counts == {0}
    assert HandoverRecord.objects.count() == 2


def test_cancelled_and_recalled_parcels_are_named(seller) -> None:
    phone = Phone(seller)
    voided, cancelled = packed_parcel(seller), packed_parcel(seller)
    void_parcel(parcel_id=voided.pk, reason="Rách", actor=Actor.system(), now=fixed_now())
    cancel_order(order_id=cancelled.part.order_id, reason="Thôi", actor=Actor.system(), now=fixed_now())
    variant = make_variant(seller)
    lot = receive_lot(
        cooperative=seller,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        quantity=5,
        details=LotDetails(),
        actor=Actor.system(),
        now=fixed_now(),
    )
    recalled = packed_parcel(seller)
    recalled.lines.update(lot=lot)
    start_recall(lot_id=lot.pk, reason="Mốc", advice="Bỏ", actor=Actor.system(), now=fixed_now())
    before = all_rows()

    answers = [
        outcomes(phone.push(receive(given_by(parcel, HandoverStep.TO_DRIVER))))[0]
        for parcel in (voided, cancelled, recalled)
    ]

    assert answers == [
        ("refused", "handover_of_cancelled_parcel"),
        ("refused", "handover_of_cancelled_parcel"),
        ("refused", "recalled_lot_in_parcel"),
    ]
    assert all_rows() == before


def test_buyer_confirms_the_drivers_code_before_or_after_the_driver_sends(seller) -> None:
    first, second, ended = (packed_parcel(seller) for _number in range(3))
    run = run_of(seller, first, second, ended)
    for parcel in (first, second, ended):
        hand_over_parcel(parcel_id=parcel.pk, actor=Actor.system(), now=fixed_now())
    codes = [
        PhoneCode(HandoverStep.TO_BUYER, run_id=run.pk, parcel_id=parcel.pk, is_cash_collected=True)
        for parcel in (first, second, ended)
    ]
    deliver_parcel(parcel_id=second.pk, is_cash_collected=True, actor=Actor.system(), now=fixed_now())

    page = html_of(Client().get(f"{ENTRY}{codes[0].token}/"))
    for code in codes[:2]:
        Client().post(f"{ENTRY}{code.token}/", RECEIVER)
    end_run(run_id=run.pk, cooperative=seller, actor=Actor.system(), now=fixed_now())
    closed = Client().post(f"{ENTRY}{codes[2].token}/", RECEIVER)

    assert "Hoàng Văn Tài" in page
    assert closed.status_code == 410
    for parcel in (first, second):
        parcel.refresh_from_db()
        assert (parcel.state, parcel.cod_state) == (ParcelState.DELIVERED, CodState.COLLECTED)
    assert sorted(HandoverRecord.objects.values_list("parcel", "giver_name")) == [
        (first.pk, "Hoàng Văn Tài"),
        (second.pk, "Hoàng Văn Tài"),
    ]
    assert Change.objects.filter(action="parcel.delivered").count() == 2
    check_everything()


def test_phone_gets_the_key_of_each_part_and_counts_of_handovers(seller) -> None:
    phone, parcel = Phone(seller), packed_parcel(seller)
    code = given_by(parcel, HandoverStep.TO_DRIVER)
    phone.push(receive(code))

    row = next(row for row in phone.pull()["rows"] if row["id"] == parcel.part_id)

    assert row["handover_key"] == code.key
    assert row["parcels"][0]["handovers"] == {"to_point": 0, "to_driver": 1}
