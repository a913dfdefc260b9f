"""Checks of transition tables."""

from __future__ import annotations

from typing import Any

from shop.core.states import Moves


def unreachable_states(moves: Moves, *, first: str) -> set[str]:
    """Return states that no chain of moves from `first` reaches (a mistake in the table)."""
    seen = {first}
    waiting = [first]
    while waiting:
        for to in moves.get(waiting.pop(), frozenset()):
            if to not in seen:
                seen.add(to)
                waiting.append(to)
    every: set[Any] = set(moves) | {to for targets in moves.values() for to in targets}
    return every - seen
