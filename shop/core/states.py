"""Change a locked row's state as its transition table allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused

Transitions = Mapping[str, frozenset[str]]


class TransitionNotAllowed(Refused):
    """The row's state excludes this transition. Another request was quicker, or the page is outdated."""

    code = "transition_not_allowed"
    default_message = _("This has changed in the meantime. Check it again.")


def change_state(row: Model, new_state: str, transitions: Transitions, *, column: str = "state") -> str:
    """Set `row.<column>` to `new_state`, save that column, and return the previous state.

    The caller holds the row's lock (on SQLite, the write transaction). Raises TransitionNotAllowed if the
    table does not contain the transition.
    """
    previous_state: str = getattr(row, column)
    if new_state not in transitions.get(previous_state, frozenset()):
        raise TransitionNotAllowed(from_state=previous_state, to_state=new_state)
    setattr(row, column, new_state)
    row.save(update_fields=[column])
    return previous_state


def change_states(
    rows: Sequence[Model], new_state: str, transitions: Transitions, *, column: str = "state"
) -> None:
    """Set the state of many locked rows of one model, or of none.

    Raises TransitionNotAllowed if one row does not allow it.
    """
    for row in rows:
        previous_state: str = getattr(row, column)
        if new_state not in transitions.get(previous_state, frozenset()):
            raise TransitionNotAllowed(from_state=previous_state, to_state=new_state)
    for row in rows:
        setattr(row, column, new_state)
    if rows:
        type(rows[0])._default_manager.bulk_update(rows, [column], batch_size=500)
