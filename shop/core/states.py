"""Moving a state: only along its table, only on a locked row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused

Moves = Mapping[str, frozenset[str]]


class WrongMove(Refused):
    """The row's state does not allow this move; somebody was quicker, or the page is old."""

    code = "wrong_move"
    default_words = _("This has changed in the meantime. Please look at it again.")


def advance(row: Model, to: str, moves: Moves, *, column: str = "state") -> str:
    """Move `row.<column>` to `to` and save that column; answer the state it came from.

    The caller holds the row's lock (SQLite: the writer). Raises WrongMove where the table
    has no such move.
    """
    came_from: str = getattr(row, column)
    if to not in moves.get(came_from, frozenset()):
        raise WrongMove(came_from=came_from, to=to)
    setattr(row, column, to)
    row.save(update_fields=[column])
    return came_from


def advance_all(rows: Sequence[Model], to: str, moves: Moves, *, column: str = "state") -> None:
    """Move many locked rows of one model at once, or none: Raises WrongMove where one of them may not."""
    for row in rows:
        came_from: str = getattr(row, column)
        if to not in moves.get(came_from, frozenset()):
            raise WrongMove(came_from=came_from, to=to)
    for row in rows:
        setattr(row, column, to)
    if rows:
        type(rows[0])._default_manager.bulk_update(rows, [column], batch_size=500)


def unreachable(moves: Moves, *, first: str) -> set[str]:
    """States of the table that no chain of moves from `first` arrives at (a mistake in the table)."""
    seen = {first}
    waiting = [first]
    while waiting:
        for to in moves.get(waiting.pop(), frozenset()):
            if to not in seen:
                seen.add(to)
                waiting.append(to)
    every: set[Any] = set(moves) | {to for targets in moves.values() for to in targets}
    return every - seen
