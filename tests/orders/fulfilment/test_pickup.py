"""Parcels for pickup are handed only to buyers who show the code."""

from __future__ import annotations

import pytest

from orders.actions.fulfilment.confirm_receipt import confirm_part_receipt
from orders.actions.fulfilment.deliver_parcels import InvalidPickupCode, deliver_parcel, hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.models import OrderPart, Parcel
from orders.states import ParcelState
from shop.core.actors import Actor, ActorKind, EntryPoint
from shop.core.errors import ReasonRequired
from shop.core.models import Change
from tests.factories import NOW, make_part
from tests.refusals import assert_refused
from tests.row_reuse import reuse_rows

pytestmark = pytest.mark.django_db
CODE_REQUIRED = [EntryPoint.MARKET, EntryPoint.MEMBERS, EntryPoint.API]


def person_at(entry_point: EntryPoint) -> Actor:
    return Actor(ActorKind.PERSON, entry_point, "7", "Chị Hoa")


@reuse_rows
def parcel_for_pickup(kind: str = "market_day") -> Parcel:
    """Return a parcel ready for pickup."""
    part = make_part()
    OrderPart.objects.filter(pk=part.pk).update(delivery_kind=kind)
    context = {"actor": person_at(EntryPoint.MEMBERS), "now": NOW}
    accept_part(part_id=part.pk, **context)
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, **context)
    close_parcel(parcel_id=parcel.pk, **context)
    return hand_over_parcel(parcel_id=parcel.pk, **context)


def wrong_code_of(parcel: Parcel) -> str:
    return f"{(int(parcel.pickup_code) + 1) % 1_000_000:06}"


@pytest.mark.parametrize("kind", ["pickup", "market_day"])
def test_pickup_parcel_gets_six_digit_code(kind) -> None:
    code = parcel_for_pickup(kind).pickup_code

    assert len(code) == 6
    assert code.isdecimal()


@pytest.mark.parametrize("kind", ["carrier", "coach"])
def test_shipped_parcel_has_no_code_and_needs_none(kind) -> None:
    parcel = parcel_for_pickup(kind)

    delivered = deliver_parcel(
        parcel_id=parcel.pk, is_cash_collected=True, actor=person_at(EntryPoint.MEMBERS), now=NOW
    )

    assert (parcel.pickup_code, delivered.state) == ("", ParcelState.DELIVERED)


@pytest.mark.parametrize("entry_point", CODE_REQUIRED)
def test_pickup_requires_correct_code(entry_point) -> None:
    parcel = parcel_for_pickup()

    for code in ("", wrong_code_of(parcel)):
        with assert_refused(InvalidPickupCode, "invalid_pickup_code"):
            deliver_parcel(
                parcel_id=parcel.pk,
                is_cash_collected=True,
                code=code,
                reason="quen nhau",
                actor=person_at(entry_point),
                now=NOW,
            )


def test_spaces_in_pickup_code_are_ignored() -> None:
    parcel = parcel_for_pickup()
    code = f" {parcel.pickup_code[:3]} {parcel.pickup_code[3:]}"

    delivered = deliver_parcel(
        parcel_id=parcel.pk, is_cash_collected=True, code=code, actor=person_at(EntryPoint.MEMBERS), now=NOW
    )

    assert delivered.state == ParcelState.DELIVERED


def test_platform_staff_may_deliver_without_code_but_with_reason() -> None:
    parcel = parcel_for_pickup()
    desk = {
        "parcel_id": parcel.pk,
        "is_cash_collected": True,
        "actor": person_at(EntryPoint.DESK),
        "now": NOW,
    }

    with assert_refused(ReasonRequired, "reason_required"):
        deliver_parcel(**desk)
    with assert_refused(InvalidPickupCode, "invalid_pickup_code"):
        deliver_parcel(code=wrong_code_of(parcel), reason="mất điện thoại", **desk)
    deliver_parcel(reason="mất điện thoại", **desk)

    assert Change.objects.get(action="parcel.delivered").reason == "mất điện thoại"


def test_buyers_own_confirmation_needs_no_code() -> None:
    parcel = parcel_for_pickup()

    confirm_part_receipt(part_id=parcel.part_id, actor=Actor.guest(), now=NOW)

    parcel.refresh_from_db()
    assert parcel.state == ParcelState.DELIVERED
