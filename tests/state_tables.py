"""Checks of transition tables."""

from __future__ import annotations

from typing import Any

from shop.core.states import Transitions


def unreachable_states(transitions: Transitions, *, first: str) -> set[str]:
    """Return states that no chain of transitions from `first` reaches (a mistake in the table)."""
    seen = {first}
    waiting = [first]
    while waiting:
        for target in transitions.get(waiting.pop(), frozenset()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    every: set[Any] = set(transitions) | {target for targets in transitions.values() for target in targets}
    return every - seen
