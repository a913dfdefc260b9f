"""Add photos to a lot's page, and remove them."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from catalog.actions.stock.lot_pictures import add_lot_pictures, remove_lot_picture
from cooperatives.access import MemberRight, MembershipContext
from shop.core.images.renditions import store_picture
from shop.core.web.action_results import run_action
from shop.core.web.uploads import is_signed_in, takes_files
from shop.members.catalogue.lots import find_lot_with_details, lot_url, render_lot
from shop.members.forms.photos import RequiredPhotosForm
from shop.members.member_access import for_members, submitted_key


@require_POST
@takes_files(is_signed_in)
@for_members(MemberRight.COUNT_STOCK)
def add_lot_photos(request: HttpRequest, membership: MembershipContext, lot_id: int) -> HttpResponse:
    """Add photos from the camera or the gallery."""
    lot = find_lot_with_details(membership, lot_id)
    form = RequiredPhotosForm(request.POST, request.FILES)
    if not form.is_valid():
        return render_lot(request, membership, lot, photos_form=form)
    action = partial(
        add_lot_pictures,
        cooperative=membership.cooperative,
        lot_id=lot.pk,
        pictures=[store_picture(upload) for upload in form.uploads],
        idempotency_key=submitted_key(request, "lot-photos", lot.pk),
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=f"{lot_url(lot.pk)}#photos", message=_("Photos added."))


@require_POST
@for_members(MemberRight.COUNT_STOCK)
def remove_lot_photo(
    request: HttpRequest, membership: MembershipContext, lot_id: int, lot_picture_id: int
) -> HttpResponse:
    """Remove one photo."""
    action = partial(
        remove_lot_picture,
        cooperative=membership.cooperative,
        lot_id=lot_id,
        lot_picture_id=lot_picture_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=f"{lot_url(lot_id)}#photos", message=_("Photo removed."))
