"""A cooperative asks to sell, and reads the market's answer."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from catalog.views.buyer_place import all_provinces, communes_of
from cooperatives.access import Standing
from cooperatives.actions.cooperative_lifecycle import (
    apply_to_sell,
    register_and_apply,
    send_application_again,
)
from cooperatives.models import Cooperative
from cooperatives.states import CooperativeState
from shop.accounts.models import SignInWay, User
from shop.accounts.views.signing_in import let_in
from shop.core.actors import Actor, Door
from shop.core.dates.calendar import day_of
from shop.core.errors import Refused
from shop.core.web.rate_limits import Limit, network_of
from shop.members.forms.application import ApplicationForm, ApplicationWithAccountForm
from shop.members.member_access import chosen_standing, to_sign_in

APPLICATIONS = Limit("apply", tries=20, seconds=60 * 60)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
def apply(request: HttpRequest) -> HttpResponse:
    """The application; who has no account opens one with it."""
    user = _who(request)
    if isinstance(user, User):
        standing = chosen_standing(request)
        if standing is not None and standing.cooperative.state != CooperativeState.REJECTED:
            return redirect("members:application")
    form = _form(request, ApplicationForm if isinstance(user, User) else ApplicationWithAccountForm)
    if not form.is_valid():
        return render(request, "members/apply.html", {"form": form})
    try:
        APPLICATIONS.check(network_of(request.META))
        applicant = _send(form, user)
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused.words))
        return render(request, "members/apply.html", {"form": form})
    APPLICATIONS.spend(network_of(request.META))
    if not isinstance(user, User):
        let_in(request, applicant, way=SignInWay.REGISTERED)
    return _sent_on(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
def application(request: HttpRequest) -> HttpResponse:
    """What the market answered; where more was asked for, the application to mend and send again."""
    if not request.user.is_authenticated:
        return to_sign_in(request)
    standing = chosen_standing(request)
    if standing is None:
        return redirect("members:apply")
    if standing.cooperative.state == CooperativeState.APPROVED:
        return redirect("members:today")
    form = None
    if standing.cooperative.state == CooperativeState.NEEDS_MORE:
        form = _form(request, ApplicationForm, standing.cooperative)
        if form.is_valid() and _send_again(standing, form):
            return _sent_on(request, form)
    context = {"cooperative": standing.cooperative, "standing": standing, "form": form}
    return render(request, "members/application.html", context)


def _send(form: ApplicationForm, user: User | AnonymousUser) -> User:
    """With the account they have, or opening one with it. Raises EmailTaken, AlreadyApplied."""
    now = timezone.now()
    if isinstance(user, User):
        details = form.details(user.email or "")
        apply_to_sell(user=user, details=details, actor=user.acting(Door.MEMBERS), now=now)
        return user
    said = form.cleaned_data
    return register_and_apply(
        name=said["account_name"],
        email=said["email"],
        password=said["password"],
        language=get_language() or "vi",
        details=form.details(said["email"]),
        actor=Actor.guest(Door.MEMBERS),
        now=now,
    )


def _send_again(standing: Standing, form: ApplicationForm) -> bool:
    cooperative = standing.cooperative
    try:
        send_application_again(
            cooperative_id=cooperative.pk,
            details=form.details(cooperative.email),
            actor=standing.actor,
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error(None, str(refused.words))
        return False
    return True


def _sent_on(request: HttpRequest, form: ApplicationForm) -> HttpResponse:
    if form.has_odd_phone:
        messages.warning(
            request, _("The phone number looks unusual. Is it right? We have kept it as you wrote it.")
        )
    return redirect("members:application")


def _form(
    request: HttpRequest, kind: type[ApplicationForm], cooperative: Cooperative | None = None
) -> ApplicationForm:
    """The form as sent; the button that fetches a province's communes keeps what was written, unchecked."""
    today = day_of(timezone.now())
    is_sent = request.method == "POST" and "reload" not in request.POST
    initial = ApplicationForm.said_of(cooperative) if cooperative else {}
    written = initial | request.POST.dict()
    return kind(
        request.POST if is_sent else None,
        provinces=all_provinces(),
        communes=communes_of(str(written.get("province", ""))),
        today=today,
        initial=written,
    )


def _who(request: HttpRequest) -> User | AnonymousUser:
    user = get_user(request)
    assert isinstance(user, (User, AnonymousUser))
    return user
