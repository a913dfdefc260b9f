"""Base classes of expected failures, with messages that pages, phones and the API share."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

StrOrPromise = str | Promise


class Refused(Exception):
    """An expected failure. The action changed nothing.

    Subclasses are defined beside the action that raises them. Callers compare `code`, which never changes.
    `message` is the text for people. `field` names the invalid input. `details` hold the ids of the lines or
    rows concerned.
    """

    code: ClassVar[str] = "refused"
    default_message: ClassVar[StrOrPromise] = _("This cannot be done.")

    def __init__(
        self, message: StrOrPromise | None = None, *, field: str | None = None, **details: Any
    ) -> None:
        self.message: StrOrPromise = message if message is not None else self.default_message
        self.field = field
        self.details = details
        super().__init__(self.code)


class Missing(Refused):
    """The row does not exist, or the person may not see it. Both cases look the same from outside."""

    code = "missing"
    default_message = _("We could not find this.")


class Forbidden(Refused):
    """The person may see the row, but their role does not allow the action."""

    code = "forbidden"
    default_message = _("Your role does not allow this action.")


class NeedsConfirmation(Refused):
    """Unusual values that a person confirms once, by sending `details["confirmation_token"]` back."""

    code = "needs_confirmation"

    @property
    def confirmation_token(self) -> str:
        return str(self.details["confirmation_token"])


class ReasonRequired(Refused):
    """Rejecting, suspending or cancelling something requires a reason for the person affected."""

    code = "reason_required"
    default_message = _("Enter a reason, so that they know what to do.")


class ChangedSinceOpened(Refused):
    """The row changed after the reviewer opened its page, so the reviewer has not seen the new content."""

    code = "changed_since_opened"
    default_message = _("The cooperative has changed this since you opened it. Check it again.")
