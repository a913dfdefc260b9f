from __future__ import annotations

import pytest

from shop.core.states import WrongMove, advance
from tests.factories import make_user
from tests.refusals import assert_refused
from tests.state_tables import unreachable_states

LIGHTS = {"red": frozenset({"green"}), "green": frozenset({"amber"}), "amber": frozenset({"red"})}


@pytest.mark.django_db
def test_allowed_move_is_saved_and_returns_the_previous_state() -> None:
    row = make_user(note="red")

    came_from = advance(row, "green", LIGHTS, column="note")

    row.refresh_from_db()
    assert (came_from, row.note) == ("red", "green")


@pytest.mark.django_db
def test_move_saves_only_its_column() -> None:
    row = make_user(note="red", first_name="Hoa")
    row.first_name = "Lan"

    advance(row, "green", LIGHTS, column="note")

    row.refresh_from_db()
    assert (row.note, row.first_name) == ("green", "Hoa")


@pytest.mark.django_db
@pytest.mark.parametrize("to", ["red", "amber", "blue", ""])
def test_other_moves_are_refused_and_the_row_stays(to) -> None:
    row = make_user(note="red")

    with assert_refused(WrongMove, "wrong_move") as refusal:
        advance(row, to, LIGHTS, column="note")

    assert row.note == "red"
    assert refusal.value.details == {"came_from": "red", "to": to}


@pytest.mark.django_db
def test_unknown_state_allows_no_move() -> None:
    row = make_user(note="broken")

    with assert_refused(WrongMove, "wrong_move"):
        advance(row, "green", LIGHTS, column="note")


def test_unreachable_states_are_found() -> None:
    moves = {**LIGHTS, "flashing": frozenset({"red"}), "off": frozenset()}

    assert unreachable_states(LIGHTS, first="amber") == set()
    assert unreachable_states(moves, first="red") == {"flashing", "off"}
