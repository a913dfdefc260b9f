"""Names of members, drivers and receivers in hand-overs and runs: who deletes them, and when."""

from __future__ import annotations

import datetime

import pytest

from cooperatives.models import Role
from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.delivery_runs import end_old_runs, end_run
from orders.actions.fulfilment.handovers import Receiver, confirm_handover, issue_handover_code
from orders.actions.privacy import handover_names
from orders.actions.privacy.anonymise import anonymise_person
from orders.actions.privacy.handover_names import NAME_RETENTION, delete_old_handover_names
from orders.models import (
    DeliveryRun,
    HandoverCode,
    HandoverMethod,
    HandoverRecord,
    HandoverStep,
    Parcel,
    RunParcel,
)
from shop.core.actors import Actor, ActorKind, EntryPoint
from shop.core.models import Change, record_change
from tests.factories import fixed_now, make_member, make_seller
from tests.shop.members.test_delivery_runs import packed_parcel, run_of

pytestmark = [pytest.mark.django_db, pytest.mark.both]

DAY = datetime.timedelta(days=1)


@pytest.fixture
def seller():
    return make_seller("HTX Thiên An")


@pytest.fixture
def handover(seller) -> HandoverRecord:
    """Return a hand-over to a driver, on a run of theirs, and a change that the driver made."""
    now = fixed_now()
    parcel = packed_parcel(seller)
    issued = issue_handover_code(
        parcel_id=parcel.pk,
        step=HandoverStep.TO_DRIVER,
        cooperative=seller,
        giver_name="Lò Thị Hoa",
        now=now,
    )
    receiver = Receiver("Lý A Páo", "Bến xe Chợ Rã", Actor.guest(EntryPoint.MEMBERS))
    confirm_handover(code=issued.code, method=HandoverMethod.SCAN, receiver=receiver, now=now)
    run = DeliveryRun.objects.create(
        cooperative=seller,
        name="Hà Nội",
        driver_name="Lý A Páo",
        driver_phone="+84987654321",
        created_at=now,
        ended_at=now,
    )
    record_change("parcel.failed", parcel, actor=run.driver, now=now, cooperative_id=seller.pk)
    return HandoverRecord.objects.get()


def names() -> tuple[str, ...]:
    """Return every stored name of the hand-over, and the driver's phone."""
    record, run = HandoverRecord.objects.get(), DeliveryRun.objects.get()
    driver_change = Change.objects.get(actor_kind=ActorKind.GUEST, action="parcel.failed")
    given_by = HandoverCode.objects.get().giver_name
    people = (record.giver_name, given_by, record.receiver_name, run.driver_name)
    return (*people, run.driver_phone, driver_change.actor_name)


def test_names_end_half_a_year_after_the_handover(handover) -> None:
    now = fixed_now()
    named = ("Lò Thị Hoa", "Lò Thị Hoa", "Lý A Páo", "Lý A Páo", "+84987654321", "Lý A Páo")
    delete_old_handover_names(now=now + NAME_RETENTION)
    assert names() == named

    for _ in range(2):
        delete_old_handover_names(now=now + NAME_RETENTION + DAY)

    assert names() == ("-", "-", "-", "-", "", "")
    assert HandoverRecord.objects.get().place == "Bến xe Chợ Rã"
    assert Change.objects.filter(action="change.redacted").count() == 1


def test_driver_of_an_open_run_keeps_their_name(handover) -> None:
    DeliveryRun.objects.update(ended_at=None)

    delete_old_handover_names(now=fixed_now() + 2 * NAME_RETENTION)

    assert DeliveryRun.objects.get().driver_name == "Lý A Páo"


def test_run_that_nobody_ends_is_over_after_a_month_and_its_driver_unnamed_half_a_year_later(seller) -> None:
    now, month = fixed_now(), 30 * DAY
    parcel = packed_parcel(seller)
    run = run_of(seller, parcel)
    end_old_runs(now=now + month)
    run.refresh_from_db()
    assert run.ended_at is None

    end_old_runs(now=now + month + DAY)
    delete_old_handover_names(now=now + month + 2 * DAY + NAME_RETENTION)

    run.refresh_from_db()
    assert (run.ended_at, run.driver_name) == (now + month + DAY, "-")
    assert Change.objects.get(action="run.ended").actor_kind == ActorKind.SYSTEM
    assert not RunParcel.objects.open().exists()


def test_place_of_a_delivery_goes_with_its_names(handover) -> None:
    parcel = HandoverRecord.objects.get().parcel
    issued = issue_handover_code(
        parcel_id=parcel.pk,
        step=HandoverStep.TO_BUYER,
        cooperative=parcel.part.cooperative,
        giver_name="Lý A Páo",
        now=fixed_now(),
    )
    receiver = Receiver("Bùi Thị Sen", "Thôn Nà Ít", Actor.guest(EntryPoint.MEMBERS))
    confirm_handover(code=issued.code, method=HandoverMethod.SCAN, receiver=receiver, now=fixed_now())
    HandoverRecord.objects.filter(step=HandoverStep.TO_BUYER).update(giver_name="-", receiver_name="-")

    delete_old_handover_names(now=fixed_now() + NAME_RETENTION + DAY)

    places = dict(HandoverRecord.objects.values_list("step", "place"))
    assert places == {"to_driver": "Bến xe Chợ Rã", "to_buyer": "-"}


def test_sweep_writes_some_rows_of_each_kind_at_a_time(seller, monkeypatch) -> None:
    monkeypatch.setattr(handover_names, "_SWEEP_SIZE", 1)
    now = fixed_now()
    for _number in range(2):
        parcel = packed_parcel(seller)
        run = run_of(seller, parcel)
        hand_over_parcel(parcel_id=parcel.pk, actor=Actor.system(), now=now)
        Parcel.objects.filter(pk=parcel.pk).update(driver_phone="+84987654321")
        issue_handover_code(
            parcel_id=parcel.pk,
            step=HandoverStep.TO_BUYER,
            cooperative=seller,
            giver_name="Lý A Páo",
            now=now,
        )
        end_run(run_id=run.pk, cooperative=seller, actor=Actor.system(), now=now)

    def named() -> tuple[int, int, int]:
        return (
            HandoverCode.objects.exclude(giver_name="-").count(),
            DeliveryRun.objects.exclude(driver_name="-").count(),
            Parcel.objects.exclude(driver_phone="").count(),
        )

    counts = [named()]
    for _sweep in range(2):
        delete_old_handover_names(now=now + NAME_RETENTION + DAY)
        counts.append(named())

    assert counts == [(2, 2, 2), (1, 1, 1), (0, 0, 0)]


def test_anonymised_member_is_taken_out_of_the_handovers_of_their_cooperative(seller, handover) -> None:
    make_member(seller, Role.MANAGER)
    member = make_member(seller, Role.PACKER, first_name="Lò Thị Hoa")
    namesake = make_member(make_seller("HTX khác"), Role.PACKER, first_name="Lý A Páo")
    make_member(namesake.memberships.get().cooperative, Role.MANAGER)

    for user in (member, namesake):
        anonymise_person(user_id=user.pk, actor=Actor.system(), now=fixed_now())

    record = HandoverRecord.objects.get()
    assert (record.giver_name, HandoverCode.objects.get().giver_name) == ("-", "-")
    assert (record.receiver_name, record.place) == ("Lý A Páo", "Bến xe Chợ Rã")
