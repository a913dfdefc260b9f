"""Steps for several orders at once: accept all new ones."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.models import OrderPart
from shop.core.errors import Refused
from shop.members.forms.fields import parse_key
from shop.members.fulfilment.worklist import Stage
from shop.members.member_access import for_members, submitted_key


@require_POST
@for_members(MemberRight.PACK)
def acceptances(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Accept the parts that the form names; one that is refused does not hold up the others."""
    accepted_count = 0
    for part in _submitted_parts(request, membership):
        key = submitted_key(request, "accept", part.pk)
        try:
            accept_part(part_id=part.pk, key=key, actor=membership.actor, now=timezone.now())
            accepted_count += 1
        except Refused as refused:
            messages.error(request, f"{part.order.code}: {refused.message}")
    if accepted_count:
        text = ngettext("%(count)d order accepted.", "%(count)d orders accepted.", accepted_count)
        messages.success(request, text % {"count": accepted_count})
    return redirect(f"{reverse('members:parts')}?viec={Stage.PACK}")


def _submitted_parts(request: HttpRequest, membership: MembershipContext) -> list[OrderPart]:
    """Return the cooperative's parts named by the form, in its order; foreign ones are left out."""
    ids = list(dict.fromkeys(parse_key(sent) for sent in request.POST.getlist("part")))
    rows = OrderPart.objects.for_cooperative(membership.cooperative).select_related("order").in_bulk(ids)
    return [rows[part_id] for part_id in ids if part_id in rows]
