"""What may go wrong in the trade, said in words that a page, a phone and the API all show alike."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


class Refused(Exception):
    """An expected failure: the action changed nothing.

    Subclasses stand beside the action that raises them. `code` is for programs and never changes;
    `words` are for people; `field` names the input at fault; `details` hold what a door needs to
    point at the lines or rows concerned.
    """

    code: ClassVar[str] = "refused"
    default_words: ClassVar[Words] = _("That cannot be done.")

    def __init__(self, words: Words | None = None, *, field: str | None = None, **details: Any) -> None:
        self.words: Words = words if words is not None else self.default_words
        self.field = field
        self.details = details
        super().__init__(self.code)


class Missing(Refused):
    """No such row, or not one this person may see: both are told alike."""

    code = "missing"
    default_words = _("We could not find that.")


class Forbidden(Refused):
    """The person may see the row but their role does not allow this step."""

    code = "forbidden"
    default_words = _("Your role does not allow this step.")


class ReasonNeeded(Refused):
    """Whoever is turned down, kept waiting or called off is told why."""

    code = "reason_needed"
    default_words = _("Say why, so that they know what to do.")
