"""Submit a listing for review, with the photos chosen on its page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from catalog.actions.listings.listing_states import submit_listing
from cooperatives.access import MemberRight, MembershipContext
from shop.core.web.action_results import refusals_as_form_errors
from shop.core.web.uploads import is_signed_in, takes_files
from shop.members.catalogue.listings import find_listing, listing_url, render_listing, run_transition
from shop.members.catalogue.pictures import add_photos, report_added_photos
from shop.members.forms.photos import MorePhotosForm
from shop.members.member_access import for_members


@require_POST
@takes_files(is_signed_in)
@for_members(MemberRight.LIST)
def submit_listing_view(request: HttpRequest, membership: MembershipContext, listing_id: int) -> HttpResponse:
    """Add the chosen photos, if any, and submit the listing."""
    listing = find_listing(membership, listing_id)
    form = MorePhotosForm(request.POST, request.FILES)
    if form.is_valid():
        with refusals_as_form_errors(form):
            add_photos(membership, listing, form)
    if not form.is_valid():
        return render_listing(request, membership, listing, photos_form=form)
    report_added_photos(request, listing, form)
    message = _("Submitted. The market will review it and write to you.")
    missing_url = f"{listing_url(listing_id)}#missing"
    return run_transition(request, membership, listing_id, submit_listing, message, refused_url=missing_url)
