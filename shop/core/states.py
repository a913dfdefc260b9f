"""State machines: move a locked row's state along its transition table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused

Moves = Mapping[str, frozenset[str]]


class WrongMove(Refused):
    """The row's state does not allow this move: another request was quicker, or the page is outdated."""

    code = "wrong_move"
    default_message = _("This has changed in the meantime. Check it again.")


def advance(row: Model, new_state: str, moves: Moves, *, column: str = "state") -> str:
    """Set `row.<column>` to `new_state`, save that column, and return the previous state.

    The caller holds the row's lock (on SQLite: the write transaction). Raises WrongMove if the table does not
    contain the move.
    """
    came_from: str = getattr(row, column)
    if new_state not in moves.get(came_from, frozenset()):
        raise WrongMove(came_from=came_from, to=new_state)
    setattr(row, column, new_state)
    row.save(update_fields=[column])
    return came_from


def advance_all(rows: Sequence[Model], new_state: str, moves: Moves, *, column: str = "state") -> None:
    """Move many locked rows of one model, or none of them. Raises WrongMove if one may not move."""
    for row in rows:
        came_from: str = getattr(row, column)
        if new_state not in moves.get(came_from, frozenset()):
            raise WrongMove(came_from=came_from, to=new_state)
    for row in rows:
        setattr(row, column, new_state)
    if rows:
        type(rows[0])._default_manager.bulk_update(rows, [column], batch_size=500)
