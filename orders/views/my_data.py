"""Personal data requests: export, deletion and other requests, also for people without an account."""

from __future__ import annotations

import gzip
import uuid
from functools import partial

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from orders.actions.privacy.anonymise import require_erasable
from orders.actions.privacy.data_requests import (
    record_consent,
    request_data_copy,
    request_deletion,
    submit_guest_request,
    withdraw_consent,
)
from orders.forms.own_data import GuestRequestForm, RequestForm
from orders.views.current_basket import request_actor, signed_in_user
from shop.accounts.forms import CodeForm
from shop.accounts.models import CodePurpose, ConsentPurpose, DataExport, DataRequest, RequestKind, User
from shop.accounts.personal.consents import WITHDRAWABLE_PURPOSES
from shop.accounts.personal.data_requests import Requester, file_request, withdraw_request
from shop.accounts.sign_in.login_limits import DATA_COPIES
from shop.accounts.views.code_pages import enter_code, send_code_to_visitor, sent_code
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.errors import Missing, Refused
from shop.core.models import shop_settings
from shop.core.web.action_results import run_action
from shop.core.web.form_options import FormData
from shop.core.web.http_methods import require_safe_or_post

PER_PAGE = 10
_FILES = {
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@require_safe
@login_required
@never_cache
def show_my_data(request: HttpRequest) -> HttpResponse:
    """Show available exports, requests with their deadlines, and the possible requests."""
    user = _find_current_user(request)
    data_requests = DataRequest.objects.of_person(user.pk)
    context = {
        "copies": DataExport.objects.filter(user=user, expires_at__gt=timezone.now()).order_by("-created_at"),
        "page": Paginator(data_requests, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "orders/my_data.html", context)


@require_POST
@require_recent_sign_in
def request_export(request: HttpRequest) -> HttpResponse:
    """Request a data export."""
    user = _find_current_user(request)

    def request_copy() -> None:
        DATA_COPIES.count_try(str(user.pk))
        request_data_copy(
            requester=Requester.from_user(user), actor=request_actor(request), now=timezone.now()
        )

    message = _("We are preparing your copy. It will be on this page in a few minutes.")
    return run_action(request, request_copy, url=reverse("orders:my-data"), message=message)


@require_safe
@never_cache
def show_export(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show a guest's export. Its unguessable URL, which was sent to them, is valid for three days."""
    return render(request, "orders/data_copy.html", {"copy": _find_export_or_404(request, pk)})


@require_safe
@never_cache
def download_export(request: HttpRequest, pk: uuid.UUID, extension: str) -> HttpResponse:
    """Download an export as JSON or as an Excel workbook."""
    export = _find_export_or_404(request, pk)
    if extension not in _FILES:
        raise Http404
    content = gzip.decompress(bytes(export.as_json)) if extension == "json" else bytes(export.as_workbook)
    name = f"du-lieu-{export.created_at:%Y%m%d}.{extension}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=_FILES[extension], headers=headers)


@require_safe_or_post
@require_recent_sign_in
@never_cache
def request_deletion_view(request: HttpRequest) -> HttpResponse:
    """Request deletion of the account and personal data, or show why it is not possible yet."""
    user = _find_current_user(request)
    if request.method == "POST" and request.POST.get("sure"):
        action = partial(request_deletion, user_id=user.pk, actor=request_actor(request), now=timezone.now())
        message = _(
            "We have received your deletion request. You can withdraw it here until the deletion date."
        )
        page = reverse("orders:my-data")
        return run_action(
            request, action, url=page, message=message, refused_url=reverse("orders:request-deletion")
        )
    obstacle: Refused | None = None
    try:
        require_erasable(user)
    except Refused as refused:
        obstacle = refused
    context = {
        "obstacle": obstacle,
        "codes": obstacle.details.get("codes", []) if obstacle else [],
        "wait_days": shop_settings().deletion_wait_days,
        "is_unsure": request.method == "POST",
    }
    return render(
        request, "orders/data_deletion.html", context, status=422 if request.method == "POST" else 200
    )


@require_safe_or_post
@never_cache
def file_request_view(request: HttpRequest) -> HttpResponse:
    """File a data request. Guests first confirm their contact with a code."""
    user = signed_in_user(request)
    form = _build_form(user, request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "orders/data_request.html", {"form": form})
    cleaned = form.cleaned_data
    if user is not None:
        file_request(
            kind=RequestKind(cleaned["kind"]),
            requester=Requester.from_user(user),
            message=cleaned["message"],
            actor=request_actor(request),
            now=timezone.now(),
        )
        messages.success(request, _("We have received your request."))
        return redirect("orders:my-data")
    assert isinstance(form, GuestRequestForm)
    try:
        send_code_to_visitor(
            request,
            purpose=CodePurpose.DATA_REQUEST,
            contact_method=form.contact_method,
            recipient=cleaned["contact"],
            submitted={},
        )
    except Refused as refused:
        form.add_error(None, str(refused.message))
        return render(request, "orders/data_request.html", {"form": form}, status=429)
    request.session["data_request"] = {name: cleaned[name] for name in ("kind", "name", "message")}
    return redirect("orders:confirm-guest-request")


@require_safe_or_post
@never_cache
def confirm_guest_request(request: HttpRequest) -> HttpResponse:
    """File a guest's request after the code confirms their phone number or email address."""
    pending_code, data_request = (
        sent_code(request, CodePurpose.DATA_REQUEST),
        request.session.get("data_request"),
    )
    if pending_code is None or data_request is None:
        return redirect("orders:file-data-request")
    form = CodeForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _render_code_form(request, form, pending_code)
    try:
        used_code = enter_code(request, CodePurpose.DATA_REQUEST, form.cleaned_data["code"])
        submit_guest_request(
            kind=RequestKind(data_request["kind"]),
            requester=Requester(
                used_code.contact_method, used_code.recipient, data_request["name"], request.LANGUAGE_CODE
            ),
            text=data_request["message"],
            actor=request_actor(request),
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error("code", str(refused.message))
        return _render_code_form(request, form, pending_code)
    del request.session["data_request"]
    return render(request, "orders/data_request_filed.html", {"to": used_code.recipient})


@require_POST
@login_required
def withdraw_data_request(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Withdraw a data request."""
    user = _find_current_user(request)
    action = partial(
        withdraw_request, request_id=pk, user_id=user.pk, actor=request_actor(request), now=timezone.now()
    )
    try:
        return run_action(request, action, url=reverse("orders:my-data"), message=_("Request withdrawn."))
    except Missing as error:
        raise Http404 from error


@require_POST
@login_required
def set_consent(request: HttpRequest, purpose: str) -> HttpResponse:
    """Give consent to a purpose (with `agree`), or withdraw it."""
    if purpose not in WITHDRAWABLE_PURPOSES:
        raise Http404
    decide = record_consent if request.POST.get("agree") else withdraw_consent
    decide(
        user_id=_find_current_user(request).pk,
        purpose=ConsentPurpose(purpose),
        actor=request_actor(request),
        now=timezone.now(),
    )
    messages.success(request, _("Saved."))
    return redirect("accounts:consents")


def _find_current_user(request: HttpRequest) -> User:
    return User.objects.get(pk=request.user.pk or 0)


def _find_export_or_404(request: HttpRequest, pk: uuid.UUID) -> DataExport:
    user = signed_in_user(request)
    exports = DataExport.objects.visible_to(user.pk if user else None, timezone.now())
    return get_object_or_404(exports.select_related("request"), pk=pk)


def _build_form(user: User | None, data: FormData) -> RequestForm:
    return (
        RequestForm(data) if user is not None else GuestRequestForm(data, may_use_phone=settings.PHONE_CODES)
    )


def _render_code_form(request: HttpRequest, form: CodeForm, pending_code: dict[str, object]) -> HttpResponse:
    context = {
        "form": form,
        "sent": pending_code,
        "resend_url": "",
        "change_url": reverse("orders:file-data-request"),
        "heading": _("Verify your identity"),
        "button": _("Send request"),
    }
    return render(request, "accounts/code.html", context)
