"""The cooperative's page as its members write it: story, households, certificates."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from catalog.actions.sellers.certificates import change_certificate, remove_certificate, submit_certificate
from catalog.models import Product
from cooperatives.access import Right, Standing
from cooperatives.actions.profile import add_household, change_household, remove_household, tell_story
from cooperatives.models import Certificate, Follow, Producer
from cooperatives.views import carry_out, refusals_in
from shop.core.dates.calendar import day_of
from shop.core.errors import Missing
from shop.core.images.renditions import keep_picture
from shop.core.texts.translations import other_languages
from shop.core.web.uploads import is_signed_in, takes_files
from shop.members.forms.fields import MembersForm
from shop.members.forms.stall import CertificateForm, HouseholdForm, StoryForm
from shop.members.member_access import for_members, show

_WITH_FORM = ["GET", "HEAD", "POST"]


@require_http_methods(_WITH_FORM)
@for_members(Right.MANAGE)
def stall(request: HttpRequest, standing: Standing) -> HttpResponse:
    """What the page says, and who and what stands on it."""
    cooperative = standing.cooperative
    said = {"summary": cooperative.summary, "story": cooperative.story}
    form = StoryForm(request.POST if request.method == "POST" else None, initial=said)
    if form.is_valid():
        act = partial(tell_story, cooperative=cooperative, **form.cleaned_data)
        if _is_done(request, standing, form, act, _("Your page says it now.")):
            return redirect("members:stall")
    certificates = Certificate.objects.for_cooperative(cooperative).order_by("kind", "pk")
    context = {
        "form": form,
        "tongues": other_languages(),
        "households": Producer.objects.for_cooperative(cooperative).order_by("pk"),
        "certificates": certificates.prefetch_related("products"),
        "followers": Follow.objects.confirmed().filter(cooperative=cooperative).count(),
        "today": day_of(timezone.now()),
    }
    return show(request, standing, "members/stall.html", context)


@require_http_methods(_WITH_FORM)
@for_members(Right.MANAGE)
def household_new(request: HttpRequest, standing: Standing) -> HttpResponse:
    """One more household."""
    form = HouseholdForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        act = partial(add_household, cooperative=standing.cooperative, details=form.details)
        if _is_done(request, standing, form, act, _("The household is written down.")):
            return redirect("members:stall")
    return show(request, standing, "members/household.html", {"form": form})


@require_http_methods(_WITH_FORM)
@for_members(Right.MANAGE)
def household(request: HttpRequest, standing: Standing, household_id: int) -> HttpResponse:
    """What is known of one household, and whether it is named."""
    shown = Producer.objects.for_cooperative(standing.cooperative).filter(pk=household_id).first()
    if shown is None:
        raise Missing()
    sent = request.POST if request.method == "POST" else None
    form = HouseholdForm(sent, initial=HouseholdForm.said_of(shown))
    if form.is_valid():
        act = partial(
            change_household,
            cooperative=standing.cooperative,
            household_id=shown.pk,
            details=form.details,
        )
        if _is_done(request, standing, form, act, _("Changed.")):
            return redirect("members:stall")
    return show(request, standing, "members/household.html", {"form": form, "household": shown})


@require_POST
@for_members(Right.MANAGE)
def household_removal(request: HttpRequest, standing: Standing, household_id: int) -> HttpResponse:
    """No longer this household."""
    act = partial(
        remove_household,
        cooperative=standing.cooperative,
        household_id=household_id,
        actor=standing.actor,
        now=timezone.now(),
    )
    return carry_out(request, act, to=reverse("members:stall"), said=_("The household is taken off."))


@require_http_methods(_WITH_FORM)
@takes_files(is_signed_in)
@for_members(Right.MANAGE)
def certificate_new(request: HttpRequest, standing: Standing) -> HttpResponse:
    """One more certificate, with a photo of its paper."""
    form = _certificate_form(request, standing)
    if form.is_valid():
        act = partial(submit_certificate, cooperative=standing.cooperative)
        if _is_handed_in(request, standing, form, act):
            return redirect("members:stall")
    return show(request, standing, "members/certificate.html", {"form": form})


@require_http_methods(_WITH_FORM)
@takes_files(is_signed_in)
@for_members(Right.MANAGE)
def certificate(request: HttpRequest, standing: Standing, certificate_id: int) -> HttpResponse:
    """One certificate, to put right or to renew."""
    rows = Certificate.objects.for_cooperative(standing.cooperative).select_related("picture")
    shown = rows.filter(pk=certificate_id).first()
    if shown is None:
        raise Missing()
    form = _certificate_form(request, standing, shown)
    if form.is_valid():
        act = partial(change_certificate, cooperative=standing.cooperative, certificate_id=shown.pk)
        if _is_handed_in(request, standing, form, act):
            return redirect("members:stall")
    return show(request, standing, "members/certificate.html", {"form": form, "certificate": shown})


@require_POST
@for_members(Right.MANAGE)
def certificate_removal(request: HttpRequest, standing: Standing, certificate_id: int) -> HttpResponse:
    """No longer this certificate."""
    act = partial(
        remove_certificate,
        cooperative=standing.cooperative,
        certificate_id=certificate_id,
        actor=standing.actor,
        now=timezone.now(),
    )
    return carry_out(request, act, to=reverse("members:stall"), said=_("The certificate is taken off."))


def _certificate_form(
    request: HttpRequest, standing: Standing, shown: Certificate | None = None
) -> CertificateForm:
    is_sent = request.method == "POST"
    goods = Product.objects.for_cooperative(standing.cooperative)
    return CertificateForm(
        request.POST if is_sent else None,
        request.FILES if is_sent else None,
        initial=CertificateForm.said_of(shown) if shown else None,
        products=list(goods.order_by("sort_key", "pk")),
        today=day_of(timezone.now()),
        has_photo=shown is not None and shown.picture_id is not None,
    )


def _is_handed_in(
    request: HttpRequest, standing: Standing, form: CertificateForm, act: Callable[..., object]
) -> bool:
    """The photo is kept first: files have no place in a transaction."""
    photo = form.cleaned_data["photo"]
    picture = keep_picture(photo) if photo else None
    said = _("Handed in. Buyers see it once the market has looked at it.")
    return _is_done(request, standing, form, partial(act, details=form.details(picture)), said)


def _is_done(
    request: HttpRequest, standing: Standing, form: MembersForm, act: Callable[..., object], said: Promise
) -> bool:
    """Call the one action; where it refuses, the form says so."""
    with refusals_in(form):
        act(actor=standing.actor, now=timezone.now())
        messages.success(request, str(said))
    return form.is_valid()
