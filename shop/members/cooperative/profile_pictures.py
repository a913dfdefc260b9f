"""Photos on the cooperative's page: upload, alternative text, removal."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from cooperatives.access import MemberRight, MembershipContext
from cooperatives.actions.profile_pictures import (
    ProfilePicture,
    photo_column,
    remove_profile_picture,
    update_profile_picture,
)
from cooperatives.models import Cooperative, Producer
from shop.core.errors import Missing
from shop.core.images.renditions import store_picture
from shop.core.models import Picture
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.uploads import is_signed_in, takes_files
from shop.members.forms.profile import ProfilePictureForm
from shop.members.kept_pictures import find_kept_pictures, keep_pictures
from shop.members.member_access import for_members, render_page


@require_http_methods(["GET", "HEAD", "POST"])
@takes_files(is_signed_in)
@for_members(MemberRight.MANAGE)
def edit_profile_picture(
    request: HttpRequest, membership: MembershipContext, kind: str, household_id: int = 0
) -> HttpResponse:
    """Set the photo of the place, the people or a household. A photo is kept while its text is corrected."""
    picture_kind = _parse_kind(kind)
    pictured = _find_pictured_row(membership, picture_kind, household_id)
    present: Picture | None = getattr(pictured, photo_column(picture_kind))
    kept_pictures = find_kept_pictures(membership.cooperative, request.POST.getlist("kept"))
    form = ProfilePictureForm(
        request.POST if request.method == "POST" else None,
        request.FILES if request.method == "POST" else None,
        has_photo=bool(kept_pictures or present),
        initial={"alt": present.alt if present else ""},
    )
    is_valid = form.is_valid()
    photo = form.cleaned_data.get("photo") if form.is_bound else None
    picture = store_picture(photo) if photo else next(iter(kept_pictures), None)
    if is_valid:
        with refusals_as_form_errors(form):
            update_profile_picture(
                cooperative=membership.cooperative,
                kind=picture_kind,
                household_id=household_id,
                picture=picture,
                alt=form.cleaned_data["alt"],
                actor=membership.actor,
                now=timezone.now(),
            )
    if not form.is_valid():
        context = {
            "form": form,
            "kind": picture_kind,
            "household": pictured if isinstance(pictured, Producer) else None,
            "present": present,
            "kept_pictures": keep_pictures(membership.cooperative, [picture] if picture else []),
        }
        return render_page(request, membership, "members/profile_picture.html", context)
    messages.success(request, _("Your page has been updated."))
    return redirect(_return_url(household_id))


@require_POST
@for_members(MemberRight.MANAGE)
def remove_profile_picture_view(
    request: HttpRequest, membership: MembershipContext, kind: str, household_id: int = 0
) -> HttpResponse:
    """Remove the photo of the place, the people or a household."""
    action = partial(
        remove_profile_picture,
        cooperative=membership.cooperative,
        kind=_parse_kind(kind),
        household_id=household_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=_return_url(household_id), message=_("Photo removed."))


def _parse_kind(text: str) -> ProfilePicture:
    try:
        return ProfilePicture(text)
    except ValueError as error:
        raise Missing() from error


def _find_pictured_row(
    membership: MembershipContext, kind: ProfilePicture, household_id: int
) -> Cooperative | Producer:
    """Return the cooperative or its household, with the photo. Raises Missing."""
    row: Cooperative | Producer | None
    if kind == ProfilePicture.HOUSEHOLD:
        households = Producer.objects.for_cooperative(membership.cooperative).select_related("portrait")
        row = households.filter(pk=household_id).first()
    else:
        row = membership.cooperative
    if row is None:
        raise Missing()
    return row


def _return_url(household_id: int) -> str:
    if not household_id:
        return reverse("members:profile")
    return reverse("members:household", args=[household_id])
