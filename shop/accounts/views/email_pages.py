"""Change an account's email address. The change takes effect once the emailed link was followed."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache

from shop.accounts.forms import EmailForm
from shop.accounts.models import User
from shop.accounts.registration.email_links import (
    CHANGE_EMAIL,
    email_change_token,
    read_email_change_token,
    send_link_email,
)
from shop.accounts.registration.email_registration import InvalidLink, change_email
from shop.accounts.sign_in.login_limits import CONFIRMATIONS
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import EntryPoint
from shop.core.errors import Refused
from shop.core.web.http_methods import require_safe_or_post


@require_safe_or_post
@require_recent_sign_in
@never_cache
def change_email_view(request: HttpRequest) -> HttpResponse:
    """Enter the new address. The response is the same whether another account has it or not."""
    user = User.objects.get(pk=request.user.pk or 0)
    form = EmailForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/email.html", {"form": form})
    new_email = form.cleaned_data["email"]
    try:
        CONFIRMATIONS.count_try(f"email:{user.pk}")
    except Refused as refused:
        form.add_error(None, str(refused.message))
        return render(request, "accounts/email.html", {"form": form}, status=429)
    if not User.objects.filter(email=new_email).exists():
        send_link_email(
            link_email=CHANGE_EMAIL,
            user=user,
            recipient=new_email,
            url=_url(user, new_email),
            now=timezone.now(),
        )
    messages.success(
        request, _("If nobody else uses %(email)s, we have sent an email there.") % {"email": new_email}
    )
    return redirect("accounts:details")


@require_safe_or_post
@login_required
@never_cache
def confirm_email(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm the new address by a button on the linked page, because mail scanners open links."""
    user = User.objects.get(pk=request.user.pk or 0)
    new_email = read_email_change_token(token, user)
    if new_email is None:
        return render(request, "accounts/email_old.html", status=404)
    if request.method != "POST":
        return render(request, "accounts/email_confirmation.html", {"new": new_email})
    try:
        change_email(user_id=user.pk, token=token, actor=user.as_actor(EntryPoint.MARKET), now=timezone.now())
    except InvalidLink:
        return render(request, "accounts/email_old.html", status=404)
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect("accounts:details")
    messages.success(request, _("Your email address has been changed."))
    return redirect("accounts:home")


def _url(user: User, new_email: str) -> str:
    with override(user.language):
        path = resolve_url("accounts:confirm-email", token=email_change_token(user, new_email))
    return f"{settings.PUBLIC_URL}{path}"
