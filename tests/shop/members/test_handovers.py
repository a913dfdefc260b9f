"""Hand-overs by QR code or six digits: farmer, collection point, driver, buyer."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from cooperatives.models import Role
from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.fulfilment.deliver_parcels import fail_delivery, hand_over_parcel
from orders.actions.fulfilment.delivery_runs import RunEnded, end_run
from orders.actions.fulfilment.handovers import (
    HandoverCodeClosed,
    HandoverNotPossible,
    IssuedCode,
    Receiver,
    WrongHandoverCode,
    confirm_handover,
    issue_handover_code,
    try_handover_digits,
)
from orders.actions.fulfilment.void_parcels import void_parcel
from orders.actions.privacy.anonymise import anonymise_person
from orders.models import DeliveryRun, HandoverCode, HandoverMethod, HandoverRecord, HandoverStep, Parcel
from orders.states import CodState, ParcelState
from shop.core.actors import Actor, ActorKind, EntryPoint
from shop.core.errors import Missing
from shop.core.models import Change, record_change
from tests.factories import fixed_now, make_member, make_seller, make_user, make_variant
from tests.markup import html_of
from tests.refusals import all_rows, assert_refused
from tests.shop.members.part_factories import parcel_of
from tests.shop.members.test_bulk_packing import accepted_order
from tests.shop.members.test_delivery_runs import address_of, packed_parcel, run_of

pytestmark = [pytest.mark.django_db, pytest.mark.both]

ENTRY = "/xa-vien/ban-giao/"
PLACE = {"name": "Lý A Páo", "place": "Bến xe Chợ Rã"}


def code_of(response) -> tuple[str, str]:
    """Return the token and the digits that a giver's page shows."""
    issued: IssuedCode = response.context["issued"]
    return issued.token, issued.digits


def named(parcel: Parcel) -> str:
    return f"{parcel.part.order.code}-{parcel.label_code}"


def issued_to_driver(parcel: Parcel, **values) -> IssuedCode:
    return issue_handover_code(
        parcel_id=parcel.pk,
        step=HandoverStep.TO_DRIVER,
        cooperative=parcel.part.cooperative,
        giver_name="Hoa",
        now=values.pop("now", timezone.now()),
        **values,
    )


def test_parcel_goes_through_four_hands_with_names_places_and_times(packer, seller, client) -> None:
    parcel = parcel_of(accepted_order((make_variant(seller, on_hand=5), 1)))
    run, guest, giver = None, Client(), f"/xa-vien/kien/{parcel.pk}/ban-giao/"

    token, _digits = code_of(packer.post(giver, {"step": "to_point", "giver_name": "Tổ 3"}))
    packer.post(f"{ENTRY}{token}/", {"name": "Kho Nà Ít", "place": "Thôn Nà Ít"})
    states = [Parcel.objects.get(pk=parcel.pk).state]
    run = run_of(seller, parcel)
    _token, digits = code_of(packer.post(giver, {"step": "to_driver", "giver_name": "Hoa"}))
    guest.post(ENTRY, {**PLACE, "parcel": named(parcel).lower(), "digits": f"{digits[:3]} {digits[3:]}"})
    states.append(Parcel.objects.get(pk=parcel.pk).state)
    driver = f"{address_of(run)}{parcel.pk}/ban-giao/"
    shown = guest.post(driver, {"giver_name": "Páo", "is_cash_collected": "on"})
    assert "đã trả đủ tiền" in html_of(guest.get(f"{ENTRY}{code_of(shown)[0]}/"))
    guest.post(f"{ENTRY}{code_of(shown)[0]}/", {"name": "Chị Hạnh", "place": "Bến Mỹ Đình"})

    parcel.refresh_from_db()
    assert [*states, parcel.state] == [ParcelState.PACKED, ParcelState.HANDED_OVER, ParcelState.DELIVERED]
    assert (parcel.cod_state, parcel.cod_collected) == (CodState.COLLECTED, parcel.cod_expected)
    columns = ("step", "method", "giver_name", "receiver_name", "place")
    assert list(HandoverRecord.objects.order_by("pk").values_list(*columns)) == [
        ("to_point", "scan", "Tổ 3", "Kho Nà Ít", "Thôn Nà Ít"),
        ("to_driver", "digits", "Hoa", "Lý A Páo", "Bến xe Chợ Rã"),
        ("to_buyer", "scan", "Páo", "Chị Hạnh", "Bến Mỹ Đình"),
    ]
    assert "Thôn Nà Ít" in html_of(packer.get(giver))
    for text in ("Chị Hạnh", "Bến Mỹ Đình"):
        assert text in html_of(packer.get(giver))
        assert text not in html_of(guest.get(driver))
    guest_changes = Change.objects.filter(actor_kind="guest")
    assert guest_changes.filter(action="parcel.delivered").exists()
    assert set(guest_changes.values_list("actor_name", flat=True)) == {""}
    at_point = Change.objects.get(action="parcel.received_at_point")
    assert (at_point.key, at_point.cooperative) == (str(parcel.pk), seller.pk)
    packer.post(f"/xa-vien/kien/{parcel.pk}/hoan-tac/delivery/")  # the receiver has confirmed it
    parcel.refresh_from_db()
    assert parcel.state == ParcelState.DELIVERED


def test_digits_are_not_stored_and_three_wrong_tries_close_the_code(packer, seller) -> None:
    parcel = packed_parcel(seller)
    issued = issued_to_driver(parcel)
    wrong_digits = f"{(int(issued.digits) + 1) % 1_000_000:06}"
    fields = {**PLACE, "parcel": named(parcel)}

    pages = [html_of(Client().post(ENTRY, {**fields, "digits": wrong_digits})) for _try in range(3)]
    late = html_of(Client().post(ENTRY, {**fields, "digits": issued.digits}))

    assert issued.digits not in str(all_rows())
    assert "Còn 2 lần thử." in pages[0]
    assert "Còn 1 lần thử." in pages[1]
    for page in (pages[2], late):
        assert "Mã đã dùng hoặc hết hiệu lực. Xin bên giao mã mới." in page
    assert Parcel.objects.get(pk=parcel.pk).state == ParcelState.PACKED
    again = issued_to_driver(parcel)
    Client().post(ENTRY, {**fields, "digits": again.digits})
    assert Parcel.objects.get(pk=parcel.pk).state == ParcelState.HANDED_OVER


def test_used_replaced_and_expired_codes_are_closed(packer, seller) -> None:
    used, replaced, expired = (packed_parcel(seller) for _number in range(3))
    tokens = [issued_to_driver(used).token, issued_to_driver(replaced).token]
    issued_to_driver(replaced)
    Client().post(f"{ENTRY}{tokens[0]}/", PLACE)
    tokens.append(issued_to_driver(expired, now=timezone.now() - timedelta(hours=3)).token)
    before = all_rows()

    responses = [Client().post(f"{ENTRY}{token}/", PLACE) for token in tokens]

    assert [response.status_code for response in responses] == [410] * 3
    assert all("Mã đã dùng hoặc hết hiệu lực." in html_of(response) for response in responses)
    assert all_rows() == before


def test_codes_end_with_their_run_their_journey_and_a_new_dispatch(seller) -> None:
    parcels = [packed_parcel(seller) for _number in range(3)]
    issued_to_driver(parcels[2])
    for parcel in parcels:
        hand_over_parcel(parcel_id=parcel.pk, actor=Actor.system(), now=fixed_now())
    for parcel in parcels[:2]:
        issue_handover_code(
            parcel_id=parcel.pk,
            step=HandoverStep.TO_BUYER,
            cooperative=seller,
            giver_name="Páo",
            is_cash_collected=True,
            now=fixed_now(),
        )
    open_codes = (
        HandoverCode.objects.filter(closed_at=None).order_by("parcel").values_list("parcel", flat=True)
    )
    assert list(open_codes.all()) == [parcels[0].pk, parcels[1].pk]

    fail_delivery(parcel_id=parcels[1].pk, reason="Vắng", actor=Actor.system(), now=fixed_now())
    assert list(open_codes.all()) == [parcels[0].pk]
    run = DeliveryRun.objects.create(
        cooperative=seller, name="Phủ Thông", driver_name="Tài", created_at=fixed_now()
    )
    run.run_parcels.create(parcel=parcels[0])
    end_run(run_id=run.pk, cooperative=seller, actor=Actor.system(), now=fixed_now())
    assert list(open_codes.all()) == []
    with assert_refused(RunEnded, "run_ended"):
        issue_handover_code(
            parcel_id=parcels[0].pk,
            step=HandoverStep.TO_BUYER,
            cooperative=seller,
            giver_name="Páo",
            run=run,
            now=fixed_now(),
        )


def test_qr_code_of_another_market_and_forged_ones_are_named(seller) -> None:
    token = issued_to_driver(packed_parcel(seller)).token
    before = all_rows()

    responses = [
        Client().post(ENTRY, {"parcel": f"https://cho-khac.vn/xa-vien/ban-giao/{token}/"}),
        Client().get(f"{ENTRY}{token[:-1]}x/"),
        Client().post(ENTRY, {"parcel": "http://["}),
    ]

    for response in responses:
        assert response.status_code == 410
        assert "Mã QR này không phải của chợ." in html_of(response)
    assert all_rows() == before


def test_pasted_qr_code_of_ours_leads_to_its_page(seller, settings) -> None:
    token = issued_to_driver(packed_parcel(seller)).token

    response = Client().post(ENTRY, {"parcel": f"{settings.PUBLIC_URL}/xa-vien/ban-giao/{token}/"})

    assert response["Location"] == f"{ENTRY}{token}/"


def test_only_the_cooperatives_packers_receive_at_the_collection_point(packer, seller) -> None:
    parcel = packed_parcel(seller)
    issued = issue_handover_code(
        parcel_id=parcel.pk,
        step=HandoverStep.TO_COLLECTION_POINT,
        cooperative=seller,
        giver_name="Tổ 3",
        now=timezone.now(),
    )
    stranger = Client()
    stranger.force_login(make_member(make_seller("HTX khác"), Role.PACKER))

    pages = [html_of(client.post(f"{ENTRY}{issued.token}/", PLACE)) for client in (Client(), stranger)]

    assert all("Đăng nhập bằng tài khoản đóng hàng" in page for page in pages)
    assert HandoverRecord.objects.count() == 0
    packer.post(f"{ENTRY}{issued.token}/", PLACE)
    assert HandoverRecord.objects.get().step == HandoverStep.TO_COLLECTION_POINT


def test_step_out_of_place_and_foreign_parcels_are_refused(seller) -> None:
    parcel, other_seller = packed_parcel(seller), make_seller("HTX khác")
    common = {"parcel_id": parcel.pk, "giver_name": "Hoa", "now": fixed_now()}

    with assert_refused(HandoverNotPossible, "handover_not_possible"):
        issue_handover_code(step=HandoverStep.TO_BUYER, cooperative=seller, **common)
    with assert_refused(Missing, "missing"):
        issue_handover_code(step=HandoverStep.TO_DRIVER, cooperative=other_seller, **common)
    issued = issued_to_driver(parcel)
    void_parcel(parcel_id=parcel.pk, reason="Rách", actor=Actor.system(), now=fixed_now())
    with assert_refused(HandoverNotPossible, "handover_not_possible"):
        confirm_handover(
            code=issued.code,
            method=HandoverMethod.SCAN,
            receiver=Receiver("Páo", "Bến xe", Actor.system()),
            now=timezone.now(),
        )


def test_wrong_parcel_and_wrong_digits_have_their_codes(seller) -> None:
    parcel = packed_parcel(seller)
    issued = issued_to_driver(parcel)
    order_code, now = parcel.part.order.code, timezone.now()
    wrong_digits = f"{(int(issued.digits) + 1) % 1_000_000:06}"

    with assert_refused(HandoverCodeClosed, "handover_code_closed"):
        try_handover_digits(order_code=order_code, label_code="9", digits=issued.digits, now=now)
    with pytest.raises(WrongHandoverCode) as refusal:
        try_handover_digits(order_code=order_code, label_code=parcel.label_code, digits=wrong_digits, now=now)
    assert (refusal.value.code, refusal.value.details) == ("wrong_handover_code", {"left": 2})
    assert HandoverCode.objects.get().tries == 1


@pytest.mark.parametrize("statement", ["UPDATE {} SET place = 'x'", "DELETE FROM {}"])
def test_recorded_handover_never_changes(seller, statement) -> None:
    issued = issued_to_driver(packed_parcel(seller))
    Client().post(f"{ENTRY}{issued.token}/", PLACE)
    assert HandoverRecord.objects.count() == 1

    with (
        pytest.raises(DatabaseError, match="a recorded hand-over never changes"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement.format("orders_handoverrecord"))


def test_entry_page_shows_how_to_go_on_without_a_camera(packer, seller) -> None:
    page = html_of(Client().get(ENTRY))
    parcel = packed_parcel(seller)
    giver = packer.post(f"/xa-vien/kien/{parcel.pk}/ban-giao/", {"step": "to_driver", "giver_name": "Hoa"})

    assert "Không có máy ảnh thì nhập mã kiện và 6 số." in page
    digits = giver.context["issued"].digits
    assert re.search(rf"{digits[:3]} {digits[3:]}", html_of(giver))


def test_buyer_who_is_erased_leaves_no_name_in_handovers(seller) -> None:
    parcel, user = packed_parcel(seller), make_user()
    type(parcel.part.order).objects.filter(pk=parcel.part.order_id).update(user=user)
    common = {
        "parcel": parcel,
        "method": HandoverMethod.SCAN,
        "giver_name": "Hoa",
        "happened_at": fixed_now(),
    }
    for step in (HandoverStep.TO_DRIVER, HandoverStep.TO_BUYER):
        code = issued_to_driver(parcel).code
        HandoverRecord.objects.create(code=code, step=step, receiver_name="Lan", place="Bến xe", **common)
    change = record_change(
        "parcel.delivered",
        parcel,
        root=parcel.part.order,
        actor=Actor(ActorKind.GUEST, EntryPoint.MEMBERS, name="Lan"),
        now=fixed_now(),
    )
    void_parcel(parcel_id=parcel.pk, reason="Rách", actor=Actor.system(), now=fixed_now())
    cancel_order(order_id=parcel.part.order_id, reason="Thôi", actor=Actor.system(), now=fixed_now())

    anonymise_person(user_id=user.pk, actor=Actor.system(), now=timezone.now())

    rows = HandoverRecord.objects.order_by("pk").values_list("receiver_name", "place", "giver_name")
    assert list(rows) == [("Lan", "Bến xe", "Hoa"), ("-", "-", "Hoa")]
    assert Change.objects.get(pk=change.pk).actor_name == ""
