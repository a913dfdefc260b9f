"""Edit the cooperative's profile: story, producer households, certificates."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from catalog.actions.sellers.certificates import change_certificate, remove_certificate, submit_certificate
from catalog.actions.sellers.profile_texts import (
    add_seller_household,
    update_seller_household,
    update_seller_profile,
)
from catalog.models import Product
from cooperatives.access import MemberRight, MembershipContext
from cooperatives.actions.profile import remove_household
from cooperatives.models import Certificate, Follow, Producer
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing
from shop.core.images.renditions import store_picture
from shop.core.models import Picture
from shop.core.texts.translations import other_languages
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.uploads import is_signed_in, takes_files
from shop.members.forms.fields import MembersForm
from shop.members.forms.profile import CertificateForm, HouseholdForm, StoryForm
from shop.members.kept_pictures import find_kept_pictures, keep_pictures
from shop.members.member_access import for_members, render_page


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def edit_profile(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Edit the profile's texts, and list households and certificates."""
    cooperative = membership.cooperative
    initial = {"summary": cooperative.summary, "story": cooperative.story}
    form = StoryForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        action = partial(update_seller_profile, cooperative=cooperative, **form.cleaned_data)
        if _run_action(request, membership, form, action, _("Your page has been updated.")):
            return redirect("members:profile")
    certificates = Certificate.objects.for_cooperative(cooperative).without_proposals().order_by("kind", "pk")
    context = {
        "form": form,
        "other_languages": other_languages(),
        "households": Producer.objects.for_cooperative(cooperative).order_by("pk"),
        "certificates": certificates.select_related("proposal").prefetch_related(
            Prefetch("products", Product.objects.existing())
        ),
        "followers": Follow.objects.confirmed().filter(cooperative=cooperative).count(),
        "today": vietnam_date(timezone.now()),
    }
    return render_page(request, membership, "members/profile.html", context)


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def add_household(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Add a household."""
    form = HouseholdForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        action = partial(add_seller_household, cooperative=membership.cooperative, details=form.details)
        if _run_action(request, membership, form, action, _("Household saved.")):
            return redirect("members:profile")
    return render_page(request, membership, "members/household.html", {"form": form})


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def edit_household(request: HttpRequest, membership: MembershipContext, household_id: int) -> HttpResponse:
    """Edit a household and whether it is named publicly."""
    producer = Producer.objects.for_cooperative(membership.cooperative).filter(pk=household_id).first()
    if producer is None:
        raise Missing()
    submitted = request.POST if request.method == "POST" else None
    form = HouseholdForm(submitted, initial=HouseholdForm.initial_for(producer))
    if form.is_valid():
        action = partial(
            update_seller_household,
            cooperative=membership.cooperative,
            household_id=producer.pk,
            details=form.details,
        )
        if _run_action(request, membership, form, action, _("Changes saved.")):
            return redirect("members:profile")
    return render_page(request, membership, "members/household.html", {"form": form, "household": producer})


@require_POST
@for_members(MemberRight.MANAGE)
def remove_household_view(
    request: HttpRequest, membership: MembershipContext, household_id: int
) -> HttpResponse:
    """Remove a household."""
    action = partial(
        remove_household,
        cooperative=membership.cooperative,
        household_id=household_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("members:profile"), message=_("Household removed."))


@require_safe_or_post
@takes_files(is_signed_in)
@for_members(MemberRight.MANAGE)
def add_certificate(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Submit a certificate with a photo of it."""
    form = _build_certificate_form(request, membership)
    if form.is_valid():
        action = partial(submit_certificate, cooperative=membership.cooperative)
        if _submit_certificate(request, membership, form, action):
            return redirect("members:profile")
    return _render_certificate(request, membership, form)


@require_safe_or_post
@takes_files(is_signed_in)
@for_members(MemberRight.MANAGE)
def edit_certificate(
    request: HttpRequest, membership: MembershipContext, certificate_id: int
) -> HttpResponse:
    """Correct or renew a certificate. If it has a pending or returned proposal, edit that instead."""
    certificates = Certificate.objects.for_cooperative(membership.cooperative).without_proposals()
    existing = certificates.select_related("picture", "proposal__picture").filter(pk=certificate_id).first()
    if existing is None:
        raise Missing()
    edited = getattr(existing, "proposal", existing)
    form = _build_certificate_form(request, membership, edited)
    if form.is_valid():
        action = partial(change_certificate, cooperative=membership.cooperative, certificate_id=existing.pk)
        if _submit_certificate(request, membership, form, action):
            return redirect("members:profile")
    return _render_certificate(request, membership, form, edited, shown=existing)


@require_POST
@for_members(MemberRight.MANAGE)
def remove_certificate_view(
    request: HttpRequest, membership: MembershipContext, certificate_id: int
) -> HttpResponse:
    """Remove a certificate."""
    action = partial(
        remove_certificate,
        cooperative=membership.cooperative,
        certificate_id=certificate_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("members:profile"), message=_("Certificate removed."))


def _build_certificate_form(
    request: HttpRequest, membership: MembershipContext, certificate: Certificate | None = None
) -> CertificateForm:
    is_sent = request.method == "POST"
    kept_picture = _find_kept_picture(request, membership)
    products = Product.objects.for_cooperative(membership.cooperative)
    return CertificateForm(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        initial=CertificateForm.initial_for(certificate) if certificate else None,
        products=list(products.order_by("sort_key", "pk")),
        today=vietnam_date(timezone.now()),
        has_photo=kept_picture is not None
        or (certificate is not None and certificate.picture_id is not None),
    )


def _find_kept_picture(request: HttpRequest, membership: MembershipContext) -> Picture | None:
    kept_pictures = find_kept_pictures(membership.cooperative, request.POST.getlist("kept"))
    return kept_pictures[0] if kept_pictures else None


def _find_submitted_picture(
    request: HttpRequest, membership: MembershipContext, form: CertificateForm
) -> Picture | None:
    """Return the photo just uploaded, or else the one kept from an earlier submission."""
    photo = form.cleaned_data.get("photo") if form.is_bound else None
    return store_picture(photo) if photo else _find_kept_picture(request, membership)


def _render_certificate(
    request: HttpRequest,
    membership: MembershipContext,
    form: CertificateForm,
    certificate: Certificate | None = None,
    *,
    shown: Certificate | None = None,
) -> HttpResponse:
    """Render the form. A photo that was uploaded with an invalid field is kept."""
    picture = form.picture or _find_submitted_picture(request, membership, form)
    context = {
        "form": form,
        "certificate": certificate,
        "shown": shown,
        "is_proposal": certificate != shown,
        "kept_pictures": keep_pictures(membership.cooperative, [picture] if picture else []),
    }
    return render_page(request, membership, "members/certificate.html", context)


def _submit_certificate(
    request: HttpRequest, membership: MembershipContext, form: CertificateForm, action: Callable[..., object]
) -> bool:
    """Submit the certificate. The photo is stored first, outside the transaction."""
    form.picture = _find_submitted_picture(request, membership, form)
    message = _("Submitted. Buyers will see it once the market has approved it.")
    return _run_action(
        request, membership, form, partial(action, details=form.details(form.picture)), message
    )


def _run_action(
    request: HttpRequest,
    membership: MembershipContext,
    form: MembersForm,
    action: Callable[..., object],
    message: Promise,
) -> bool:
    """Run the action. If it refuses, add the error to the form and return False."""
    with refusals_as_form_errors(form):
        action(actor=membership.actor, now=timezone.now())
        messages.success(request, str(message))
    return form.is_valid()
