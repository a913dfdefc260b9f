"""What a command of a phone consists of: the run, the right that it requires, and the prepared action."""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cooperatives.access import MemberRight, MembershipContext
from shop.core.errors import Missing
from shop.members.member_access import bind_form_key
from shop.members.sync.models import PhoneCommand
from shop.members.sync.payloads import Payload
from shop.members.sync.rows import RowReference


@dataclass(frozen=True, slots=True)
class CommandRun:
    """One run of a member's command, with the idempotency key of its action.

    It may build on commands of `author_ids`, the users of one phone, who open it with a PIN if
    `is_phone_shared`. `happened_at` is when the member gave the command, by our clock. `repeated_as` is the
    key under which the command that the payload names was repeated after a refusal.
    """

    membership: MembershipContext
    author_ids: frozenset[int]
    is_phone_shared: bool
    payload: Payload
    idempotency_key: str
    happened_at: datetime.datetime
    now: datetime.datetime
    repeated_as: uuid.UUID | None = None

    def find_named_command(self, name: str, field: str) -> PhoneCommand:
        """Return the done command that a field of the payload names by its key. Raises Missing."""
        key = self.payload.key(field)
        command = PhoneCommand.objects.find_done(
            self.author_ids, name=name, key=key, repeated_as=self.repeated_as
        )
        if command is None:
            raise Missing()
        return command

    @property
    def action_arguments(self) -> dict[str, Any]:
        """The arguments that every action takes."""
        return {"actor": self.membership.actor, "now": self.now}

    @property
    def action_arguments_with_key(self) -> dict[str, Any]:
        return {"idempotency_key": self.idempotency_key, **self.action_arguments}

    @property
    def dated_arguments_with_key(self) -> dict[str, Any]:
        return {"happened_at": self.happened_at, **self.action_arguments_with_key}

    def read_form_arguments(self, action: str, row_id: int) -> dict[str, Any]:
        """Return the arguments under the key of the form of a page, if the phone sends that of one."""
        if not self.payload.has("form_key"):
            return self.action_arguments_with_key
        key = bind_form_key(str(self.payload.key("form_key")), action, row_id)
        return self.action_arguments_with_key | {"idempotency_key": key}


def no_result(_outcome: Any) -> dict[str, object]:
    return {}


def no_row(_outcome: Any) -> RowReference | None:
    return None


@dataclass(frozen=True, slots=True)
class PreparedCommand:
    """An action with its arguments, the row that it changes, and the result that the phone receives.

    If the action creates its row, `row` is None and `row_of` names it afterwards.
    """

    row: RowReference | None
    action: Callable[[], object]
    result_of: Callable[[Any], dict[str, object]] = no_result
    row_of: Callable[[Any], RowReference | None] = no_row


@dataclass(frozen=True, slots=True)
class CommandKind:
    """What commands of one name share: the right that they require, and the function that prepares them."""

    right: MemberRight
    prepare: Callable[[CommandRun], PreparedCommand]
