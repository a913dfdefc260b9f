"""Checks of transition tables."""

from __future__ import annotations

from typing import Any

from shop.core.states import Transitions


def unreachable_states(transitions: Transitions, *, first: str) -> set[str]:
    """Return states that no chain of transitions from `first` reaches (a mistake in the table)."""
    reached_states = {first}
    states_to_visit = [first]
    while states_to_visit:
        for target in transitions.get(states_to_visit.pop(), frozenset()):
            if target not in reached_states:
                reached_states.add(target)
                states_to_visit.append(target)
    all_states: set[Any] = set(transitions) | {
        target for targets in transitions.values() for target in targets
    }
    return all_states - reached_states
