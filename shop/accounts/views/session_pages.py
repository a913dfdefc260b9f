"""List the user's sign-ins and end them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from shop.accounts.models import SignIn, TokenFamily, User
from shop.accounts.sign_in.browser_names import browser_name
from shop.accounts.sign_in.sessions import end_other_sign_ins, end_sign_in
from shop.accounts.sign_in.token_families import end_family
from shop.core.actors import EntryPoint
from shop.core.errors import Missing

_MAX_SHOWN = 50


@dataclass(frozen=True, slots=True)
class _SignInRow:
    row: SignIn
    browser: str
    is_this_device: bool


@require_safe
@login_required
@never_cache
def list_sign_ins(request: HttpRequest) -> HttpResponse:
    """List devices and API clients with time and address, this device first."""
    current_key = request.session.session_key
    sign_ins = SignIn.objects.active(request.user.pk or 0, timezone.now())[:_MAX_SHOWN]
    sign_in_rows = [
        _SignInRow(row, browser_name(row.user_agent), row.session_key == current_key) for row in sign_ins
    ]
    sign_in_rows.sort(key=lambda sign_in_row: not sign_in_row.is_this_device)
    families = TokenFamily.objects.of_person(request.user.pk or 0, timezone.now())[:_MAX_SHOWN]
    api_clients = [(row, browser_name(row.user_agent)) for row in families]
    return render(request, "accounts/sessions.html", {"sign_ins": sign_in_rows, "api_clients": api_clients})


@require_POST
@login_required
def end_api_client(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Sign the user out of an API client."""
    user = User.objects.get(pk=request.user.pk or 0)
    try:
        end_family(user_id=user.pk, family_id=pk, actor=user.as_actor(EntryPoint.MARKET), now=timezone.now())
    except Missing as error:
        raise Http404 from error
    messages.success(request, _("Session ended."))
    return redirect("accounts:sign-ins")


@require_POST
@login_required
def end_sign_in_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign the user out of one device."""
    user = User.objects.get(pk=request.user.pk or 0)
    try:
        end_sign_in(
            user_id=user.pk, sign_in_id=pk, actor=user.as_actor(EntryPoint.MARKET), now=timezone.now()
        )
    except Missing as error:
        raise Http404 from error
    messages.success(request, _("Session ended."))
    return redirect("accounts:sign-ins")


@require_POST
@login_required
def end_other_sign_ins_view(request: HttpRequest) -> HttpResponse:
    """Sign the user out everywhere else, including API clients."""
    user = User.objects.get(pk=request.user.pk or 0)
    count = end_other_sign_ins(
        user_id=user.pk,
        except_session_key=request.session.session_key or "",
        actor=user.as_actor(EntryPoint.MARKET),
        now=timezone.now(),
    )
    text = ngettext(
        "Signed out on %(count)d other device and in all apps.",
        "Signed out on %(count)d other devices and in all apps.",
        count,
    )
    messages.success(request, text % {"count": count})
    return redirect("accounts:sign-ins")
