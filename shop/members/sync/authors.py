"""Determine who gave a command on a shared phone, by the signature made with the member's PIN."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from cooperatives.access import MembershipContext
from cooperatives.actions.phone_pins import is_of_account, was_signed_by
from cooperatives.models import PhonePin, SharedPhone
from shop.core.errors import Refused


class UnprovenAuthor(Refused):
    """The named member has no PIN on this phone, or did not sign the command."""

    code = "unproven_author"
    default_message = _(
        "The market cannot tell who did this. The member opens the phone with their PIN and does it again."
    )


class AuthorRemoved(Refused):
    """The member who gave the command is no longer one of the cooperative."""

    code = "author_removed"
    default_message = _("This member no longer works for the cooperative, so the market did not do it.")


@dataclass(frozen=True, slots=True)
class Signature:
    """Who gave a command on a shared phone, the text that they signed, and the signature."""

    user_id: int
    text: str
    value: str


@dataclass(frozen=True, slots=True)
class CommandAuthors:
    """The members whose commands a push may hold: the one at the phone, and others with a PIN on it."""

    membership: MembershipContext
    pins: Mapping[int, PhonePin] = field(default_factory=dict)  # by user, also ended ones

    @property
    def user_ids(self) -> frozenset[int]:
        return frozenset({self.membership.user.pk, *self.pins})

    def find_author(self, signature: Signature | None, *, now: datetime.datetime) -> MembershipContext:
        """Return the membership under which a command is done. Without a signature it is the sender's.

        Raises UnprovenAuthor, AuthorRemoved.
        """
        if signature is None:
            return self.membership
        pin = self.pins.get(signature.user_id)
        is_proven = (
            pin is not None
            and is_of_account(pin)
            and was_signed_by(pin, signature.text, signature.value, now=now)
        )
        if pin is None or not is_proven:
            raise UnprovenAuthor()
        author = pin.membership
        if not author.is_active or not author.user.is_active:
            raise AuthorRemoved()
        return MembershipContext(author.user, self.membership.cooperative, author.role)


def find_authors_on_phone(membership: MembershipContext, phone: SharedPhone | None) -> CommandAuthors:
    """Return the members whose commands the phone may send.

    On a phone that is not shared it is the sender.
    """
    if phone is None:
        return CommandAuthors(membership)
    pins = PhonePin.objects.filter(phone=phone).select_related("phone", "membership__user")
    return CommandAuthors(membership, {pin.membership.user_id: pin for pin in pins})
