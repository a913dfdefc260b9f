"""Join a cooperative by an invitation without an email address or a code by text message.

The person enters name, number and password behind the link. A manager confirms who it is with the digits that
only the person's phone shows. Before that the person sees nothing and has no account, and the pages are the
same whether the number belongs to an account or not.
"""

from __future__ import annotations

import datetime
import secrets

from celery import shared_task
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from cooperatives.actions.invitations import close_accepted_invitation, find_open_invitation
from cooperatives.actions.members import admit_member, lock_cooperative
from cooperatives.models import Invitation, JoinRequest, Membership, Role
from shop.accounts.sign_in.phone_accounts import create_vouched_account
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, Refused
from shop.core.identifiers.phones import require_phone


class InvitationInUse(Refused):
    code = "invitation_in_use"
    default_message = _(
        "Somebody has entered their name behind this link. Ask the manager for a new invitation."
    )


class WrongJoinDigits(Refused):
    code = "wrong_join_digits"
    default_message = _("These are not the digits on their phone. Read them once more.")


@transaction.atomic(durable=True)
def ask_to_join(
    *, token: str, name: str, phone: str, password_hash: str, language: str, now: datetime.datetime
) -> JoinRequest:
    """Store who asks to join by the link, until a manager confirms it.

    Raises InvitationClosed, InvitationInUse, InvalidPhone.
    """
    require_phone(phone)
    invitation = find_open_invitation(token, now)
    request = JoinRequest(
        invitation=invitation,
        name=" ".join(name.split()),
        phone=phone,
        password_hash=password_hash,
        language=language,
        digits=f"{secrets.randbelow(10**6):06}",
        created_at=now,
    )
    try:
        with transaction.atomic():
            request.save(force_insert=True)
    except IntegrityError as taken:
        raise InvitationInUse() from taken
    return request


@transaction.atomic(durable=True)
def confirm_join_request(
    *, cooperative_id: int, invitation_id: int, digits: str, actor: Actor, now: datetime.datetime
) -> Membership:
    """Create the account of the person who shows these digits, and make them a member.

    Raises Missing, PhoneShared, WrongJoinDigits.
    """
    cooperative = lock_cooperative(cooperative_id)
    waiting = JoinRequest.objects.waiting(cooperative, now).filter(invitation=invitation_id)
    request = lock_row(waiting)
    if request is None:
        raise Missing()
    if not constant_time_compare(request.digits, digits):
        raise WrongJoinDigits(field="digits")
    invitation = Invitation.objects.select_related("cooperative").get(pk=invitation_id)
    user = create_vouched_account(
        phone=request.phone,
        name=request.name,
        password_hash=request.password_hash,
        language=request.language,
        actor=actor,
        now=now,
    )
    membership = admit_member(cooperative, user, Role(invitation.role), actor=actor, now=now)
    request.user, request.confirmed_at = user, now
    request.name = request.phone = request.password_hash = ""
    request.save()
    close_accepted_invitation(invitation, actor=actor, now=now)
    return membership


def delete_expired_join_requests(*, now: datetime.datetime) -> int:
    """Delete what people entered behind invitations that ended unconfirmed, and return how many requests."""
    ended = JoinRequest.objects.filter(confirmed_at=None).exclude(invitation__in=Invitation.objects.open(now))
    deleted, _by_model = ended.delete()
    return deleted


@shared_task(name="cooperatives.delete_expired_join_requests")
def delete_expired_join_requests_task() -> None:
    """Sweep: delete join requests that nobody confirmed."""
    delete_expired_join_requests(now=timezone.now())
