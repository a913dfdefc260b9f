"""Invite people to work for a cooperative. They join by accepting the invitation's link.

Creating or sending an invitation never reveals whether the address has an account.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.core import signing
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives import notifications
from cooperatives.actions.members import admit_member, lock_cooperative
from cooperatives.models import Cooperative, Invitation, JoinRequest, Membership, Role
from cooperatives.states import CooperativeState
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.models import record_change

INVITATION_LIFETIME = datetime.timedelta(days=7)
_MAX_OPEN = 20
_SIGNER = signing.Signer(sep=".", salt="cooperatives.actions.invitations")

# A rejected cooperative cannot have members.
_INVITING_STATES = frozenset({CooperativeState.APPROVED, CooperativeState.SUSPENDED})


class InvitationClosed(Refused):
    """The link is invalid, or the invitation was accepted, revoked or has expired. All look the same."""

    code = "invitation_closed"
    default_message = _(
        "This invitation is no longer valid. Ask the manager of the cooperative for a new one."
    )


class TooManyInvitations(Refused):
    code = "too_many_invitations"
    default_message = _("There are already 20 open invitations. Cancel one that is not needed first.")


@transaction.atomic(durable=True)
def invite_member(
    *,
    cooperative_id: int,
    role: Role,
    note: str = "",
    recipient: str = "",
    invited_by: User,
    language: str = "vi",
    actor: Actor,
    now: datetime.datetime,
) -> Invitation:
    """Create an invitation and send its link to `recipient` (email address or phone number), if any.

    Raises Missing, TooManyInvitations.
    """
    cooperative = lock_cooperative(cooperative_id)
    if Invitation.objects.for_cooperative(cooperative).open(now).count() >= _MAX_OPEN:
        raise TooManyInvitations()
    invitation = Invitation.objects.create(
        cooperative=cooperative,
        role=role,
        note=" ".join(note.split()),
        invited_by=invited_by,
        created_at=now,
        expires_at=now + INVITATION_LIFETIME,
    )
    _record_invitation("invitation.created", invitation, actor=actor, now=now)
    if recipient:
        notifications.send_invitation(
            invitation, recipient, token=invitation_token(invitation), language=language, now=now
        )
    return invitation


@transaction.atomic(durable=True)
def revoke_invitation(
    *, cooperative_id: int, invitation_id: int, actor: Actor, now: datetime.datetime
) -> None:
    """Revoke an open invitation. Its link stops working. Raises Missing."""
    cooperative = lock_cooperative(cooperative_id)
    invitations = Invitation.objects.for_cooperative(cooperative).open(now)
    invitation = lock_row(invitations.filter(pk=invitation_id))
    if invitation is None:
        raise Missing()
    JoinRequest.objects.filter(invitation=invitation).delete()
    _close_invitation(invitation, "revoked_at", now)
    _record_invitation("invitation.revoked", invitation, actor=actor, now=now)


@transaction.atomic(durable=True)
def accept_invitation(*, token: str, user: User, actor: Actor, now: datetime.datetime) -> Membership:
    """Make the user a member in the invitation's role, and use the invitation up.

    Raises InvitationClosed, AlreadyMember.
    """
    invitation = find_open_invitation(token, now)
    cooperative = lock_cooperative(invitation.cooperative_id)
    locked_invitation = lock_row(Invitation.objects.filter(pk=invitation.pk))
    if (
        locked_invitation is None
        or not locked_invitation.is_open(now)
        or cooperative.state not in _INVITING_STATES
    ):
        raise InvitationClosed()
    membership = admit_member(cooperative, user, Role(locked_invitation.role), actor=actor, now=now)
    close_accepted_invitation(locked_invitation, actor=actor, now=now)
    return membership


def close_accepted_invitation(invitation: Invitation, *, actor: Actor, now: datetime.datetime) -> None:
    """In a transaction: use up an invitation. What somebody else entered behind its link is deleted."""
    JoinRequest.objects.filter(invitation=invitation, confirmed_at=None).delete()
    _close_invitation(invitation, "accepted_at", now)
    _record_invitation("invitation.accepted", invitation, actor=actor, now=now)


def find_open_invitation(token: str, now: datetime.datetime) -> Invitation:
    """Return the open invitation of a link. Raises InvitationClosed."""
    try:
        invitation_id = int(_SIGNER.unsign(token))
    except (signing.BadSignature, ValueError) as error:
        raise InvitationClosed() from error
    invitations = Invitation.objects.open(now).filter(cooperative__state__in=_INVITING_STATES)
    invitation = invitations.select_related("cooperative").filter(pk=invitation_id).first()
    if invitation is None:
        raise InvitationClosed()
    return invitation


def invitation_token(invitation: Invitation) -> str:
    """Return the secret part of the invitation's link."""
    return _SIGNER.sign(str(invitation.pk))


def find_open_invitations(cooperative: Cooperative, now: datetime.datetime) -> Sequence[Invitation]:
    """Return the open invitations of a cooperative's managers, newest first."""
    return list(
        Invitation.objects.for_cooperative(cooperative)
        .open(now)
        .newest_first()
        .select_related("join_request")
    )


def _close_invitation(invitation: Invitation, column: str, now: datetime.datetime) -> None:
    setattr(invitation, column, now)
    invitation.note = ""
    invitation.save(update_fields=[column, "note"])


def _record_invitation(action: str, invitation: Invitation, *, actor: Actor, now: datetime.datetime) -> None:
    """Record the change without the note, which names a person who has not agreed to anything."""
    record_change(
        action,
        invitation,
        actor=actor,
        now=now,
        root=invitation.cooperative,
        cooperative_id=invitation.cooperative_id,
        data={"role": invitation.role},
    )
