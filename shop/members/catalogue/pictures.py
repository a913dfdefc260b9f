"""Add, describe, reorder and remove a product's photos."""

from __future__ import annotations

import uuid
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from catalog.actions.products.product_pictures import (
    add_picture,
    describe_picture,
    move_picture,
    remove_picture,
)
from catalog.actions.products.revision_pictures import PictureKey
from catalog.models import Listing
from cooperatives.access import MemberRight, MembershipContext
from shop.core.errors import Forbidden, Missing, Refused
from shop.core.images.renditions import store_picture
from shop.core.web.action_results import run_action
from shop.core.web.uploads import is_signed_in, takes_files
from shop.members.catalogue.listings import change_message, find_listing, listing_url, render_listing
from shop.members.forms.fields import parse_key
from shop.members.forms.photos import CaptionForm, MorePhotosForm, RequiredPhotosForm
from shop.members.member_access import for_members


@require_POST
@takes_files(is_signed_in)
@for_members(MemberRight.LIST)
def add_pictures(request: HttpRequest, membership: MembershipContext, listing_id: int) -> HttpResponse:
    """Add photos, in their order. Scripts send them one by one and read the answer as JSON."""
    listing = find_listing(membership, listing_id)
    form = RequiredPhotosForm(request.POST, request.FILES)
    is_script = request.headers.get("Accept") == "application/json"
    if not form.is_valid():
        if is_script:
            return JsonResponse({"message": _first_error(form)}, status=400)
        return render_listing(request, membership, listing, photos_form=form)
    try:
        add_photos(membership, listing, form)
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        if is_script:
            return JsonResponse({"message": str(refused.message)}, status=400)
        messages.error(request, str(refused.message))
        return redirect(listing_url(listing.pk))
    if is_script:
        return JsonResponse({"message": gettext("Added.")})
    report_added_photos(request, listing, form)
    return redirect(listing_url(listing.pk))


@require_POST
@for_members(MemberRight.LIST)
def move_picture_view(
    request: HttpRequest, membership: MembershipContext, listing_id: int, media_id: str
) -> HttpResponse:
    """Move a photo. The first one is shown in lists."""
    listing = find_listing(membership, listing_id)
    action = partial(
        move_picture,
        cooperative=membership.cooperative,
        product_id=listing.product_id,
        media_id=parse_picture_key(media_id),
        position=parse_key(request.POST.get("place")),
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=f"{listing_url(listing.pk)}#pictures-order")


@require_POST
@for_members(MemberRight.LIST)
def describe_picture_view(
    request: HttpRequest, membership: MembershipContext, listing_id: int, media_id: str
) -> HttpResponse:
    """Save what a photo shows, for people who cannot see it."""
    listing = find_listing(membership, listing_id)
    form = CaptionForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["caption"][0]))
        return redirect(f"{listing_url(listing.pk)}#pictures-order")
    action = partial(
        describe_picture,
        cooperative=membership.cooperative,
        product_id=listing.product_id,
        media_id=parse_picture_key(media_id),
        alt=form.cleaned_data["caption"],
        actor=membership.actor,
        now=timezone.now(),
    )
    message = change_message(listing, _("Description saved."))
    return run_action(request, action, url=f"{listing_url(listing.pk)}#pictures-order", message=message)


@require_POST
@for_members(MemberRight.LIST)
def remove_picture_view(
    request: HttpRequest, membership: MembershipContext, listing_id: int, media_id: str
) -> HttpResponse:
    """Remove a photo."""
    listing = find_listing(membership, listing_id)
    action = partial(
        remove_picture,
        cooperative=membership.cooperative,
        product_id=listing.product_id,
        media_id=parse_picture_key(media_id),
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(
        request, action, url=listing_url(listing.pk), message=change_message(listing, _("Photo removed."))
    )


def add_photos(membership: MembershipContext, listing: Listing, form: MorePhotosForm) -> None:
    """Add the form's photos to the product, in their order. Raises as `add_picture` does."""
    for upload in form.uploads:
        add_picture(
            cooperative=membership.cooperative,
            product_id=listing.product_id,
            picture=store_picture(upload),
            actor=membership.actor,
            now=timezone.now(),
        )


def report_added_photos(request: HttpRequest, listing: Listing, form: MorePhotosForm) -> None:
    """Tell the member how many photos were added, if there are any."""
    if form.photo_count:
        added = ngettext("%(count)d photo added.", "%(count)d photos added.", form.photo_count)
        messages.success(request, str(change_message(listing, added % {"count": form.photo_count})))


def _first_error(form: RequiredPhotosForm) -> str:
    return next(str(errors[0]) for errors in form.errors.values())


def parse_picture_key(text: str) -> PictureKey:
    """Return the key of a product's picture (a number) or of a proposed one (a UUID). Raises Missing."""
    if text.isdecimal():
        return parse_key(text) or 0
    try:
        return uuid.UUID(text)
    except ValueError as error:
        raise Missing() from error
