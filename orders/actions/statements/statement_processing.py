"""Process the rows of confirmed bank and COD statements in the background."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from django.utils import timezone

from orders.models import StatementImport, StatementKind, StatementRow
from orders.states import StatementRowState
from shop.core.actors import Actor, EntryPoint
from shop.core.jobs.sweeps import run_each


def process_remaining_rows(statement_id: int, process_next: Callable[[Actor], bool]) -> None:
    """Call `process_next` on behalf of the statement's user until it returns that no rows are left."""
    statement = StatementImport.objects.select_related("imported_by").get(pk=statement_id)
    actor = (
        statement.imported_by.as_actor(EntryPoint.DESK)
        if statement.imported_by is not None
        else Actor.system()
    )
    while process_next(actor):
        pass


def resume_statements(kind: StatementKind, process: Callable[[int], None], *, sweep: str) -> None:
    """Process statements that were confirmed more than two minutes ago and have unprocessed rows."""
    statement_rows = StatementRow.objects.filter(
        state=StatementRowState.WAITING,
        statement__kind=kind,
        statement__confirmed_at__lt=timezone.now() - datetime.timedelta(minutes=2),
    )
    unfinished = list(statement_rows.order_by("statement").values_list("statement", flat=True).distinct())
    run_each(unfinished, process, sweep=sweep)
