"""Checks of transition tables."""

from __future__ import annotations

from typing import Any

from shop.core.states import Moves


def unreachable_states(moves: Moves, *, first: str) -> set[str]:
    """Return states that no chain of moves from `first` reaches (a mistake in the table)."""
    seen = {first}
    waiting = [first]
    while waiting:
        for target in moves.get(waiting.pop(), frozenset()):
            if target not in seen:
                seen.add(target)
                waiting.append(target)
    every: set[Any] = set(moves) | {target for targets in moves.values() for target in targets}
    return every - seen
