"""Decide on proposals that need a second person's approval, at the desk and in the members' app."""

from __future__ import annotations

import uuid
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.actions.approvals.decide_proposals import confirm_proposal, decline_proposal, withdraw_proposal
from shop.core.actors import Actor
from shop.core.web.action_results import run_action


def decide_proposal(request: HttpRequest, pk: uuid.UUID, actor: Actor, *, url: str) -> HttpResponse:
    """Confirm, withdraw or decline a proposal, depending on the pressed button."""
    now = timezone.now()
    if "confirm" in request.POST:
        action, message = partial(confirm_proposal, approval_id=pk, actor=actor, now=now), _("Confirmed.")
    elif "withdraw" in request.POST:
        action, message = (
            partial(withdraw_proposal, approval_id=pk, actor=actor, now=now),
            _("Proposal withdrawn."),
        )
    else:
        reason = request.POST.get("reason", "")
        action, message = (
            partial(decline_proposal, approval_id=pk, reason=reason, actor=actor, now=now),
            _("Declined."),
        )
    return run_action(request, action, url=url, message=message)
