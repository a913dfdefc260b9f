"""The photo of a coach's dispatch slip, for one parcel or for all parcels of a delivery run."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.fulfilment.dispatch_slips import attach_slip
from orders.models import DeliveryRun, Parcel
from orders.states import PACKED_OR_DISPATCHED_STATES
from shop.core.errors import Missing
from shop.core.images.renditions import store_picture
from shop.core.web.action_results import refusals_as_form_errors
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.uploads import is_signed_in, takes_files
from shop.members.forms.delivery_runs import SlipForm
from shop.members.fulfilment.delivery_runs import parcels_of_run
from shop.members.fulfilment.parts import part_url
from shop.members.kept_pictures import find_kept_pictures, keep_pictures
from shop.members.member_access import for_members, render_page


@require_safe_or_post
@takes_files(is_signed_in)
@for_members(MemberRight.PACK)
def attach_parcel_slip(request: HttpRequest, membership: MembershipContext, parcel_id: int) -> HttpResponse:
    """Attach a slip to one parcel."""
    parcels = Parcel.objects.for_cooperative(membership.cooperative)
    parcel = parcels.filter(pk=parcel_id, state__in=PACKED_OR_DISPATCHED_STATES).first()
    if parcel is None:
        raise Missing()
    return _attach(request, membership, [parcel], url=part_url(parcel.part_id))


@require_safe_or_post
@takes_files(is_signed_in)
@for_members(MemberRight.PACK)
def attach_run_slip(request: HttpRequest, membership: MembershipContext, run_id: int) -> HttpResponse:
    """Attach one slip to the chosen parcels of a run, of those that are packed or on their way.

    Their buyers see the whole photo, so parcels that are not on the slip are left out.
    """
    run = DeliveryRun.objects.for_cooperative(membership.cooperative).filter(pk=run_id).first()
    if run is None:
        raise Missing()
    parcels = parcels_of_run(run).filter(state__in=PACKED_OR_DISPATCHED_STATES)
    url = reverse("members:delivery-run", args=[run.pk])
    return _attach(request, membership, list(parcels), url=url, can_choose=True)


def _attach(
    request: HttpRequest,
    membership: MembershipContext,
    parcels: Sequence[Parcel],
    *,
    url: str,
    can_choose: bool = False,
) -> HttpResponse:
    """Show or save the form. A photo is kept while other fields are corrected."""
    if not parcels:
        return redirect(url)
    present = parcels[0]
    kept_pictures = find_kept_pictures(membership.cooperative, request.POST.getlist("kept"))
    form = SlipForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        initial={"vehicle": present.vehicle, "driver_phone": present.driver_phone},
        parcels=parcels if can_choose else (),
    )
    is_valid = form.is_valid()
    photo = form.cleaned_data.get("photo") if form.is_bound else None
    picture = store_picture(photo) if photo else next(iter(kept_pictures), None)
    if is_valid:
        with refusals_as_form_errors(form):
            attach_slip(
                cooperative=membership.cooperative,
                parcel_ids=form.cleaned_data.get("parcels") or [present.pk],
                picture=picture,
                vehicle=form.cleaned_data["vehicle"],
                driver_phone=form.cleaned_data["driver_phone"],
                actor=membership.actor,
                now=timezone.now(),
            )
    if form.is_valid():
        messages.success(request, _("Saved. The buyer sees it on the order page."))
        return redirect(url)
    context = {
        "form": form,
        "url": url,
        "present": present.slip,
        "kept_pictures": keep_pictures(membership.cooperative, [picture] if picture else []),
    }
    return render_page(request, membership, "members/slip.html", context)
