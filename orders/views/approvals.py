"""Decide on proposals that need a second person's approval, at the desk and in the members' app."""

from __future__ import annotations

import uuid
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperatives.views import carry_out
from orders.actions.approvals.decide_proposals import confirm, decline, withdraw
from shop.core.actors import Actor


def decide_proposal(request: HttpRequest, pk: uuid.UUID, actor: Actor, *, back: str) -> HttpResponse:
    """Confirm, withdraw or decline a proposal, as the pressed button says."""
    now = timezone.now()
    if "confirm" in request.POST:
        action, message = partial(confirm, approval_id=pk, actor=actor, now=now), _("Confirmed.")
    elif "withdraw" in request.POST:
        action, message = partial(withdraw, approval_id=pk, actor=actor, now=now), _("Withdrawn.")
    else:
        why = request.POST.get("why", "")
        action, message = partial(decline, approval_id=pk, why=why, actor=actor, now=now), _("Declined.")
    return carry_out(request, action, to=back, said=message)
