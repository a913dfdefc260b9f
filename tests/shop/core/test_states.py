from __future__ import annotations

import pytest

from shop.core.states import TransitionNotAllowed, change_state
from tests.factories import make_user
from tests.refusals import assert_refused
from tests.state_tables import unreachable_states

LIGHTS = {"red": frozenset({"green"}), "green": frozenset({"amber"}), "amber": frozenset({"red"})}


@pytest.mark.django_db
def test_allowed_transition_is_saved_and_returns_the_previous_state() -> None:
    row = make_user(note="red")

    previous_state = change_state(row, "green", LIGHTS, column="note")

    row.refresh_from_db()
    assert (previous_state, row.note) == ("red", "green")


@pytest.mark.django_db
def test_transition_saves_only_its_column() -> None:
    row = make_user(note="red", first_name="Hoa")
    row.first_name = "Lan"

    change_state(row, "green", LIGHTS, column="note")

    row.refresh_from_db()
    assert (row.note, row.first_name) == ("green", "Hoa")


@pytest.mark.django_db
@pytest.mark.parametrize("to", ["red", "amber", "blue", ""])
def test_other_transitions_are_refused_and_the_row_stays(to) -> None:
    row = make_user(note="red")

    with assert_refused(TransitionNotAllowed, "transition_not_allowed") as refusal:
        change_state(row, to, LIGHTS, column="note")

    assert row.note == "red"
    assert refusal.value.details == {"from_state": "red", "to_state": to}


@pytest.mark.django_db
def test_unknown_state_allows_no_transition() -> None:
    row = make_user(note="broken")

    with assert_refused(TransitionNotAllowed, "transition_not_allowed"):
        change_state(row, "green", LIGHTS, column="note")


def test_unreachable_states_are_found() -> None:
    transitions = {**LIGHTS, "flashing": frozenset({"red"}), "off": frozenset()}

    assert unreachable_states(LIGHTS, first="amber") == set()
    assert unreachable_states(transitions, first="red") == {"flashing", "off"}
