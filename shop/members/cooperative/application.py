"""A cooperative's application to sell, and the platform's decision."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from catalog.actions.sellers.resubmit_application import resubmit_application
from cooperatives.access import MembershipContext
from cooperatives.actions.application_documents import required_kinds, submit_document
from cooperatives.actions.cooperative_lifecycle import apply_to_sell
from cooperatives.models import Cooperative, DocumentKind
from cooperatives.states import CooperativeState
from shop.accounts.forms import CodeForm
from shop.accounts.models import SignInMethod, User
from shop.accounts.views.registration_pages import (
    begin_registration,
    create_account_by_code,
    pending_registration,
    resend_code,
)
from shop.accounts.views.sign_in_steps import log_in
from shop.core.actors import EntryPoint
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Missing, Refused
from shop.core.geography.division_choices import load_communes_of, load_provinces
from shop.core.web.action_results import refusals_as_form_errors
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import RateLimit, client_network
from shop.core.web.uploads import is_signed_in, takes_files
from shop.members.cooperative.documents import build_document_rows, require_managing_membership
from shop.members.forms.application import ApplicationForm, ApplicationWithAccountForm
from shop.members.forms.documents import DocumentForm
from shop.members.member_access import find_chosen_membership, redirect_to_sign_in

APPLICATIONS = RateLimit("apply", max_tries=20, seconds=60 * 60)
_SESSION_KEY = "application"  # the form's data until the code is entered


@require_safe_or_post
@never_cache
@sensitive_post_parameters("password")
def apply(request: HttpRequest) -> HttpResponse:
    """Apply to sell. Visitors without an account first confirm an emailed code, which registers them."""
    user = _current_user(request)
    if isinstance(user, User):
        membership = find_chosen_membership(request)
        if membership is not None and membership.cooperative.state != CooperativeState.REJECTED:
            return redirect("members:application")
    form = _build_form_from_request(
        request, ApplicationForm if isinstance(user, User) else ApplicationWithAccountForm
    )
    if not form.is_valid():
        return render(request, "members/apply.html", {"form": form})
    try:
        APPLICATIONS.count_try(client_network(request.META))
        if not isinstance(user, User):
            return _send_registration_code(request, form)
        _submit_application(form, user)
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused.message))
        return render(request, "members/apply.html", {"form": form})
    return _redirect_to_application(request, form)


@require_safe_or_post
@never_cache
@sensitive_post_parameters("code")
def confirm_application_code(request: HttpRequest) -> HttpResponse:
    """Verify the code, register and sign in the user, and submit the saved application."""
    pending, saved_application = pending_registration(request), request.session.get(_SESSION_KEY)
    if pending is None or saved_application is None:
        return redirect("members:apply")
    if "resend" in request.POST:
        return resend_code(request, pending)
    code_form = CodeForm(request.POST or None)
    user = create_account_by_code(request, code_form, pending)
    if user is None:
        context = {"form": code_form, "to": pending["email"], "change_url": reverse("members:apply")}
        return render(request, "accounts/register_code.html", context)
    log_in(request, user, method=SignInMethod.REGISTERED)
    form = _build_form_with_choices(ApplicationForm, saved_application, is_sent=True)
    if not form.is_valid():  # a commune or a bank may have gone meanwhile
        return redirect("members:apply")
    _submit_application(form, user)
    del request.session[_SESSION_KEY]
    return _redirect_to_application(request, form)


@require_safe_or_post
def edit_application(request: HttpRequest) -> HttpResponse:
    """Show the decision. If more information is needed, edit and resubmit the application."""
    if not request.user.is_authenticated:
        return redirect_to_sign_in(request)
    membership = find_chosen_membership(request)
    if membership is None:
        return redirect("members:apply")
    if membership.cooperative.state == CooperativeState.APPROVED:
        return redirect("members:today")
    form = None
    if membership.cooperative.state == CooperativeState.NEEDS_MORE:
        form = _build_form_from_request(request, ApplicationForm, membership.cooperative)
        if form.is_valid() and _resubmit_application(membership, form):
            return _redirect_to_application(request, form)
    return _render_application(request, membership, form)


@require_POST
@takes_files(is_signed_in)
def send_application_document(request: HttpRequest, kind: str) -> HttpResponse:
    """Send the files of a document."""
    if not request.user.is_authenticated:
        return redirect_to_sign_in(request)
    try:
        membership = require_managing_membership(request)
    except Missing as error:
        raise Http404 from error
    cooperative = membership.cooperative
    if kind not in required_kinds(cooperative):
        raise Http404
    form = DocumentForm(DocumentKind(kind), request.POST, request.FILES)
    if form.is_valid():
        with refusals_as_form_errors(form):
            submit_document(
                cooperative=cooperative,
                kind=DocumentKind(kind),
                files=form.cleaned_data["pages"],
                user=membership.user,
                actor=membership.actor,
                now=timezone.now(),
            )
            messages.success(request, _("Document sent. The market will check it."))
            return redirect("members:application")
    return _render_application(request, membership, document_form=form)


def _render_application(
    request: HttpRequest,
    membership: MembershipContext,
    form: ApplicationForm | None = None,
    document_form: DocumentForm | None = None,
) -> HttpResponse:
    cooperative = membership.cooperative
    if form is None and cooperative.state == CooperativeState.NEEDS_MORE:
        initial = ApplicationForm.initial_for(cooperative)
        form = _build_form_with_choices(ApplicationForm, {}, initial=initial, is_sent=False)
    documents = build_document_rows(membership, document_form)
    context = {
        "cooperative": cooperative,
        "membership": membership,
        "form": form,
        "documents": documents,
        "has_all_documents": all(row.document is not None for row in documents),
    }
    return render(request, "members/application.html", context)


def _send_registration_code(request: HttpRequest, form: ApplicationForm) -> HttpResponse:
    """Send a code. The response does not tell whether the address has an account. Raises TooManyTries."""
    submitted = form.cleaned_data
    begin_registration(request, submitted | {"name": submitted["account_name"]})
    secret = ("password", "csrfmiddlewaretoken")
    request.session[_SESSION_KEY] = {name: text for name, text in request.POST.items() if name not in secret}
    return redirect("members:confirm-application-code")


def _submit_application(form: ApplicationForm, user: User) -> None:
    """Submit the application. Raises AlreadyApplied."""
    details = form.details(user.email or "")
    apply_to_sell(user=user, details=details, actor=user.as_actor(EntryPoint.MEMBERS), now=timezone.now())


def _resubmit_application(membership: MembershipContext, form: ApplicationForm) -> bool:
    cooperative = membership.cooperative
    try:
        resubmit_application(
            cooperative_id=cooperative.pk,
            details=form.details(cooperative.email),
            actor=membership.actor,
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error(None, str(refused.message))
        return False
    return True


def _redirect_to_application(request: HttpRequest, form: ApplicationForm) -> HttpResponse:
    if form.is_phone_likely_mistyped:
        messages.warning(request, _("Check the phone number: it looks unusual. It was saved as entered."))
    return redirect("members:application")


def _build_form_from_request(
    request: HttpRequest, form_class: type[ApplicationForm], cooperative: Cooperative | None = None
) -> ApplicationForm:
    """Build the form. The button that loads a province's communes refills it without validation."""
    is_sent = request.method == "POST" and "reload" not in request.POST
    initial = (
        ApplicationForm.initial_for(cooperative) if cooperative else request.session.get(_SESSION_KEY, {})
    )
    return _build_form_with_choices(form_class, request.POST.dict(), initial=initial, is_sent=is_sent)


def _build_form_with_choices(
    form_class: type[ApplicationForm],
    submitted: Mapping[str, object],
    *,
    initial: Mapping[str, object] | None = None,
    is_sent: bool,
) -> ApplicationForm:
    values = {**(initial or {}), **submitted}
    return form_class(
        submitted if is_sent else None,
        provinces=load_provinces(),
        communes=load_communes_of(str(values.get("province", ""))),
        today=vietnam_date(timezone.now()),
        initial=values,
    )


def _current_user(request: HttpRequest) -> User | AnonymousUser:
    user = get_user(request)
    assert isinstance(user, (User, AnonymousUser))
    return user
