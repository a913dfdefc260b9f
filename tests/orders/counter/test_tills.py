"""A cooperative's tills: numbered, renamed, and closed once no shift is open."""

from __future__ import annotations

import pytest

from orders.actions.counter import tills
from orders.actions.counter.tills import (
    TillClosed,
    TillHasOpenShift,
    TillNameRequired,
    TooManyTills,
    close_till,
    create_till,
    rename_till,
)
from orders.models import Till
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change, KeyReused
from tests.factories import NOW, make_cooperative
from tests.orders.counter.till_helpers import LATER, begin_shift, end_shift, make_till
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
ACTOR = Actor.system("test")


def test_tills_of_a_cooperative_are_numbered_and_a_repeated_key_makes_one() -> None:
    cooperative, other = make_cooperative(), make_cooperative("HTX khác")
    common = {"actor": ACTOR, "now": NOW}

    first = create_till(cooperative=cooperative, name="  Nhà   chung ", idempotency_key="a", **common)
    again = create_till(cooperative=cooperative, name="Nhà chung", idempotency_key="a", **common)
    second = create_till(cooperative=cooperative, name="Chợ", **common)
    elsewhere = create_till(cooperative=other, name="Chợ", **common)

    assert (first.number, first.name, first.currency, again) == (1, "Nhà chung", "VND", first)
    assert (second.number, elsewhere.number) == (2, 1)
    assert Change.objects.filter(action="till.created", cooperative=cooperative.pk).count() == 2


def test_key_of_another_cooperative_is_refused() -> None:
    create_till(cooperative=make_cooperative(), name="Chợ", idempotency_key="a", actor=ACTOR, now=NOW)
    other = make_cooperative("HTX khác")

    with assert_refused(KeyReused, "key_reused"):
        create_till(cooperative=other, name="Chợ", idempotency_key="a", actor=ACTOR, now=NOW)


def test_till_needs_a_name() -> None:
    cooperative = make_cooperative()

    with assert_refused(TillNameRequired, "till_name_required"):
        create_till(cooperative=cooperative, name="   ", actor=ACTOR, now=NOW)


def test_closed_tills_do_not_count_towards_the_limit(monkeypatch) -> None:
    monkeypatch.setattr(tills, "MAX_TILLS", 1)
    till, _cashier = make_till()
    cooperative = till.cooperative

    with assert_refused(TooManyTills, "too_many_tills"):
        create_till(cooperative=cooperative, name="Chợ", actor=ACTOR, now=NOW)
    close_till(cooperative=cooperative, till_id=till.pk, actor=ACTOR, now=NOW)

    assert create_till(cooperative=cooperative, name="Chợ", actor=ACTOR, now=NOW).number == 2


def test_renaming_records_both_names() -> None:
    till, _cashier = make_till("Chợ")

    rename_till(cooperative=till.cooperative, till_id=till.pk, name="Chợ phiên", actor=ACTOR, now=LATER)
    rename_till(cooperative=till.cooperative, till_id=till.pk, name="Chợ phiên", actor=ACTOR, now=LATER)

    till.refresh_from_db()
    assert till.name == "Chợ phiên"
    assert Change.objects.get(action="till.changed").data == {
        "from": {"name": "Chợ"},
        "to": {"name": "Chợ phiên"},
    }


def test_till_with_an_open_shift_stays_open() -> None:
    till, cashier = make_till()
    shift = begin_shift(till, cashier)

    with assert_refused(TillHasOpenShift, "till_has_open_shift"):
        close_till(cooperative=till.cooperative, till_id=till.pk, actor=ACTOR, now=LATER)
    end_shift(shift, cashier, {500_000: 1})
    close_till(cooperative=till.cooperative, till_id=till.pk, actor=ACTOR, now=LATER)

    assert Till.objects.get().closed_at == LATER
    with assert_refused(TillClosed, "till_closed"):
        close_till(cooperative=till.cooperative, till_id=till.pk, actor=ACTOR, now=LATER)
    with assert_refused(TillClosed, "till_closed"):
        begin_shift(till, cashier)


def test_till_of_another_cooperative_is_missing() -> None:
    till, _cashier = make_till()
    other = make_cooperative("HTX khác")

    with assert_refused(Missing, "missing"):
        close_till(cooperative=other, till_id=till.pk, actor=ACTOR, now=LATER)
    with assert_refused(Missing, "missing"):
        rename_till(cooperative=other, till_id=till.pk, name="Chợ", actor=ACTOR, now=LATER)
    with assert_refused(Missing, "missing"):
        rename_till(cooperative=other, till_id=till.pk + 1, name="Chợ", actor=ACTOR, now=LATER)
