"""How the cooperative delivers: its ways, one more, one less."""

from __future__ import annotations

import uuid
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from cooperatives.access import Right, Standing
from cooperatives.actions.delivery import end_way, offer_way
from cooperatives.models import DeliveryWay
from shop.core.errors import Missing
from shop.core.models import market_channel
from shop.members.entrance import carry_out, for_members, sent_key, show
from shop.members.forms.work import WayForm


@require_http_methods(["GET", "HEAD", "POST"])
@for_members(Right.MANAGE)
def ways(request: HttpRequest, standing: Standing) -> HttpResponse:
    """The ways that buyers may choose, and the form of one more."""
    channel = market_channel()
    if channel is None:
        raise Missing()
    form = WayForm(request.POST or None)
    if not form.is_valid():
        mine = DeliveryWay.objects.filter(cooperative=standing.cooperative).offered()
        return show(request, standing, "members/ways.html", {"ways": mine, "form": form, "key": uuid.uuid4()})
    act = partial(
        offer_way,
        cooperative=standing.cooperative,
        channel=channel,
        details=form.details,
        key=sent_key(request, "way", standing.cooperative.pk),
        actor=standing.actor,
        now=timezone.now(),
    )
    return carry_out(request, act, to=reverse("members:ways"), said=_("Buyers can choose this way now."))


@require_POST
@for_members(Right.MANAGE)
def way_end(request: HttpRequest, standing: Standing, way_id: int) -> HttpResponse:
    """No longer this way."""
    act = partial(
        end_way, cooperative=standing.cooperative, way_id=way_id, actor=standing.actor, now=timezone.now()
    )
    return carry_out(request, act, to=reverse("members:ways"), said=_("Buyers no longer see this way."))
