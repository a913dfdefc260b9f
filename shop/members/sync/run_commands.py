"""Run the commands of one push in their order, and answer each of them.

There are three outcomes: done, refused and later. "Later" means that nothing is known yet, and the phone
sends the command again under the same key. The answers "done" and "refused" are stored and never change.

Four kinds of commands are answered with "later": commands that build on an unanswered or refused command,
a command that another request is running at this moment, with all that follow it in the push, commands that
failed because of an error in the market, and the receipt of a parcel that its giver's phone has not sent yet.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from celery import shared_task
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cooperatives.access import MembershipContext
from orders.actions.fulfilment.phone_handovers import ParcelNotSentYet
from shop.core.database.transactions import lock_rows
from shop.core.errors import Refused
from shop.core.models import KeyReused
from shop.members.sync.authors import CommandAuthors, Signature
from shop.members.sync.command_types import CommandKind, CommandRun
from shop.members.sync.commands import COMMANDS
from shop.members.sync.latest_changes import read_latest_changes
from shop.members.sync.models import CommandOutcome, PhoneCommand, PhonePhoto
from shop.members.sync.payloads import Payload
from shop.members.sync.rows import Row, RowReference, load_rows_by_reference

log = logging.getLogger(__name__)

OUTCOME_LATER = "later"
# After this time a request that claimed a command counts as dead. The repeat runs the action under the same
# key.
CLAIM_LIFETIME = datetime.timedelta(minutes=2)
# Phones may send a command again for 30 days after their build was replaced. A repeat after 90 days reaches
# the action again, whose own idempotency key keeps it from acting twice.
COMMAND_RETENTION = datetime.timedelta(days=90)


class UnknownCommand(Refused):
    code = "unknown_command"
    default_message = _("The app sent a task that the market does not know. Update the app.")


class EarlierCommandOpen(Refused):
    """The command builds on commands that are not done. `details["waits_for"]` lists their keys."""

    code = "earlier_command_open"
    default_message = _("An earlier step of this task is not done yet.")


class CommandRunning(Refused):
    """Another request, such as one of a second tab, is running this command or one before it."""

    code = "command_running"
    default_message = _("This is already being sent.")


class CommandFailed(Refused):
    """The server failed. The action may have been done. The phone's repeat finds that out."""

    code = "command_failed"
    default_message = _("The market could not do this now. The app will send it again.")


@dataclass(frozen=True, slots=True)
class SentCommand:
    """A command as a phone sent it. `after` are the keys of the commands that it builds on.

    On a shared phone the member who gave the command has signed it. Without a signature it is the sender's.
    The signed text may name a command that was refused. `repeated_as` is the key under which that command was
    repeated.
    """

    key: uuid.UUID
    name: str
    at: datetime.datetime
    payload: Mapping[str, object]
    after: frozenset[uuid.UUID] = frozenset()
    signature: Signature | None = None
    repeated_as: uuid.UUID | None = None

    @property
    def digest(self) -> str:
        """The hash of name and payload. A key that comes with another hash is refused."""
        content = json.dumps([self.name, self.payload], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class CommandAnswer:
    """An answer to one command. `row` names the row that the command is about, if that is known.

    `happened_at` is when the member gave a command that is done.
    """

    key: uuid.UUID
    outcome: str
    code: str = ""
    message: str = ""
    details: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    row: RowReference | None = None
    happened_at: datetime.datetime | None = None

    def as_json(self) -> Row:
        facts = {
            "code": self.code,
            "message": self.message,
            "details": self.details,
            "result": self.result,
            "row": self.row.as_json() if self.row else None,
        }
        return {"key": self.key, "outcome": self.outcome} | {
            name: fact for name, fact in facts.items() if fact
        }


def run_commands(
    commands: Sequence[SentCommand],
    *,
    authors: CommandAuthors,
    clock_difference: datetime.timedelta,
    now: datetime.datetime,
) -> dict[str, list[Row]]:
    """Run the commands and return their `answers`, with `rows` and `removed`.

    `rows` holds the rows that the commands are about, as they are now. `removed` names those that no longer
    belong on the phone.
    """
    earlier_keys = {key for command in commands for key in command.after}
    answered = PhoneCommand.objects.answered(authors.user_ids, earlier_keys)
    done = {key: row.happened_at for key, row in answered.items() if row.outcome == CommandOutcome.DONE}
    answers: list[CommandAnswer] = []
    is_overtaking = False
    for command in commands:
        waits_for = sorted(str(key) for key in command.after - done.keys())
        not_before = max((done[key] for key in command.after & done.keys()), default=None)
        if is_overtaking:
            answer = _answer_later(command, CommandRunning())
        elif waits_for:
            answer = _answer_later(command, EarlierCommandOpen(waits_for=waits_for))
        else:
            answer = _answer_command(
                command,
                authors=authors,
                clock_difference=clock_difference,
                not_before=not_before,
                now=now,
            )
        if answer.outcome == CommandOutcome.DONE:
            happened_at = answer.happened_at or now
            done.setdefault(command.key, max(happened_at, not_before or happened_at))
        # Later commands may rely on this one without naming it: a loss needs the receipt before it.
        is_overtaking = is_overtaking or answer.code == CommandRunning.code
        answers.append(answer)
    references = {answer.row for answer in answers if answer.row is not None}
    rows = load_rows_by_reference(authors.membership, references, now=now)
    return {
        "answers": [answer.as_json() for answer in answers],
        "rows": [rows[reference] for reference in sorted(rows)],
        "removed": [reference.as_json() for reference in sorted(references - rows.keys())],
    }


@shared_task(name="sync.delete_old_commands")
def delete_old_commands_task() -> None:
    """Delete commands, answers and photos that arrived too long ago to be sent again."""
    PhoneCommand.objects.received_before(timezone.now() - COMMAND_RETENTION).delete()
    PhonePhoto.objects.created_before(timezone.now() - COMMAND_RETENTION).delete()


def _answer_command(
    sent_command: SentCommand,
    *,
    authors: CommandAuthors,
    clock_difference: datetime.timedelta,
    not_before: datetime.datetime | None,
    now: datetime.datetime,
) -> CommandAnswer:
    """Answer one command. `not_before` is the latest time of the commands that it builds on."""
    command = COMMANDS.get(sent_command.name)
    if command is None:  # not stored, because a later version may know it
        return _answer_refused(sent_command, UnknownCommand())
    try:
        membership = authors.find_author(sent_command.signature, now=now)
    except Refused as refused:  # not stored, because the member may sign the same command again
        return _answer_refused(sent_command, refused)
    try:
        row, is_claimed = claim_command(
            sent_command, membership=membership, clock_difference=clock_difference, now=now
        )
    except KeyReused as refused:
        return _answer_refused(sent_command, refused)
    if row.outcome:
        return _stored_answer(row)
    if not is_claimed:
        return _answer_later(sent_command, CommandRunning())
    try:
        happened_at = min(now, max(row.happened_at, not_before or row.happened_at))
        run = _build_run(sent_command, membership, authors, happened_at, now)
        answer = _run_claimed(sent_command, command, run)
    except ParcelNotSentYet as refused:  # the phone of another person will send it
        PhoneCommand.objects.filter(pk=row.pk, outcome="").update(claimed_at=None)
        return _answer_later(sent_command, refused)
    except Exception:  # the other commands of the push must not wait for this one
        log.exception(
            "Command %s %s of user %s failed", sent_command.name, sent_command.key, membership.user.pk
        )
        PhoneCommand.objects.filter(pk=row.pk, outcome="").update(claimed_at=None)
        return _answer_later(sent_command, CommandFailed())
    return _store_answer(row, answer, now=now)


@transaction.atomic(durable=True)
def claim_command(
    sent_command: SentCommand,
    *,
    membership: MembershipContext,
    clock_difference: datetime.timedelta,
    now: datetime.datetime,
) -> tuple[PhoneCommand, bool]:
    """Record a command that arrives for the first time, and return its row and whether the caller may run it.

    Only one request at a time may run a command, so the answer that is stored first is always the answer of
    the run that changed the rows. Raises KeyReused if the user has sent another command under the same key.
    """
    PhoneCommand.objects.bulk_create(
        [
            PhoneCommand(
                user=membership.user,
                cooperative=membership.cooperative,
                key=sent_command.key,
                name=sent_command.name,
                digest=sent_command.digest,
                device_time=sent_command.at,
                clock_difference=clock_difference,
                received_at=now,
            )
        ],
        ignore_conflicts=True,
    )
    row = lock_rows(PhoneCommand.objects.filter(user=membership.user, key=sent_command.key))[0]
    if (row.name, row.digest, row.cooperative_id) != (
        sent_command.name,
        sent_command.digest,
        membership.cooperative.pk,
    ):
        raise KeyReused()
    if row.outcome or (row.claimed_at is not None and now < row.claimed_at + CLAIM_LIFETIME):
        return row, False
    row.claimed_at = now
    row.save(update_fields=["claimed_at"])
    return row, True


def _build_run(
    sent_command: SentCommand,
    membership: MembershipContext,
    authors: CommandAuthors,
    happened_at: datetime.datetime,
    now: datetime.datetime,
) -> CommandRun:
    return CommandRun(
        membership=membership,
        author_ids=authors.user_ids,
        is_phone_shared=bool(authors.pins),
        payload=Payload(sent_command.payload),
        idempotency_key=f"phone:{membership.user.pk}:{sent_command.key}",
        happened_at=happened_at,
        now=now,
        repeated_as=sent_command.repeated_as,
    )


def _run_claimed(sent_command: SentCommand, command: CommandKind, run: CommandRun) -> CommandAnswer:
    row = None
    try:
        run.membership.require(command.right)
        prepared = command.prepare(run)
        row = prepared.row
        run.payload.require_empty()
        outcome = prepared.action()
        row = row or prepared.row_of(outcome)
    except ParcelNotSentYet:
        raise
    except Refused as refused:
        answer = _answer_refused(sent_command, refused, row=row)
        return replace(
            answer, details={**(answer.details or {}), **_read_earlier_change(sent_command, run, row)}
        )
    return CommandAnswer(sent_command.key, CommandOutcome.DONE, result=prepared.result_of(outcome), row=row)


def _read_earlier_change(
    sent_command: SentCommand, run: CommandRun, row: RowReference | None
) -> dict[str, list[str]]:
    """Return under "latest" who changed the row before."""
    if row is None:
        return {}
    texts = read_latest_changes(
        run.membership, command=sent_command.name, payload=sent_command.payload, row=row, now=run.now
    )
    return {"latest": texts} if texts else {}


def _store_answer(
    phone_command: PhoneCommand, answer: CommandAnswer, *, now: datetime.datetime
) -> CommandAnswer:
    """Store the answer unless the row already has one, and return the stored answer."""
    PhoneCommand.objects.filter(pk=phone_command.pk, outcome="").update(
        outcome=answer.outcome,
        code=answer.code,
        message=answer.message,
        details=dict(answer.details or {}),
        result=dict(answer.result or {}),
        row_kind=answer.row.kind if answer.row else "",
        row_id=answer.row.id if answer.row else None,
        answered_at=now,
    )
    phone_command.refresh_from_db()
    return _stored_answer(phone_command)


def _stored_answer(phone_command: PhoneCommand) -> CommandAnswer:
    reference = (
        RowReference(phone_command.row_kind, phone_command.row_id)
        if phone_command.row_id is not None
        else None
    )
    return CommandAnswer(
        key=phone_command.key,
        outcome=phone_command.outcome,
        code=phone_command.code,
        message=phone_command.message,
        details=phone_command.details,
        result=phone_command.result,
        row=reference,
        happened_at=phone_command.happened_at,
    )


def _answer_refused(
    sent_command: SentCommand, refused: Refused, *, row: RowReference | None = None
) -> CommandAnswer:
    details = dict(refused.details)
    if refused.field:
        details["field"] = refused.field
    message = str(refused.message)
    return CommandAnswer(
        key=sent_command.key,
        outcome=CommandOutcome.REFUSED,
        code=refused.code,
        message=message,
        details=_json_ready(details),
        row=row,
    )


def _answer_later(sent_command: SentCommand, refused: Refused) -> CommandAnswer:
    message = str(refused.message)
    return CommandAnswer(
        key=sent_command.key,
        outcome=OUTCOME_LATER,
        code=refused.code,
        message=message,
        details=_json_ready(refused.details),
    )


def _json_ready(value: Any) -> Any:
    """Convert a refusal's details to JSON types. Ids become texts, dictionary keys too."""
    if isinstance(value, Mapping):
        return {str(key): _json_ready(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_json_ready(entry) for entry in value]
    return value if isinstance(value, str | int | bool | None) else str(value)
