"""What a phone sends twice under one key happens once."""

from __future__ import annotations

import pytest

from catalog.models import Movement
from orders.actions.deliver import deliver_parcel, hand_over_parcel
from orders.actions.pack import accept_part, close_parcel, pack_parcel
from orders.models import PaymentEvent
from shop.core.actors import Actor
from shop.core.models import Change
from shop.core.states import WrongMove
from tests.factories import NOW, make_part

pytestmark = pytest.mark.django_db
MEMBER = Actor.system("test")


def test_every_step_sent_twice_is_done_once_and_answers_alike() -> None:
    part = make_part()
    line = part.lines.get()

    for _sent in range(2):
        accepted = accept_part(part_id=part.pk, key="a", actor=MEMBER, now=NOW)
        parcel = pack_parcel(part_id=part.pk, quantities={line.pk: 1}, key="b", actor=MEMBER, now=NOW)
        close_parcel(parcel_id=parcel.pk, key="c", actor=MEMBER, now=NOW)
        hand_over_parcel(parcel_id=parcel.pk, key="d", actor=MEMBER, now=NOW)
        answer = deliver_parcel(parcel_id=parcel.pk, cash_collected=True, key="e", actor=MEMBER, now=NOW)

    assert (accepted.state, answer.state) == ("accepted", "delivered")
    assert part.parcels.count() == 1
    assert list(Movement.objects.filter(reason="dispatch").values_list("quantity", flat=True)) == [-1]
    assert PaymentEvent.objects.filter(kind="charge_success").count() == 1
    assert sorted(Change.objects.filter(sent_key__isnull=False).values_list("sent_key", flat=True)) == [
        "a",
        "c",
        "d",
        "e",
    ]


def test_the_same_step_under_another_key_is_refused() -> None:
    part = make_part()
    accept_part(part_id=part.pk, key="a", actor=MEMBER, now=NOW)

    with pytest.raises(WrongMove):
        accept_part(part_id=part.pk, key="b", actor=MEMBER, now=NOW)

    assert Change.objects.filter(what="part.accepted").count() == 1
