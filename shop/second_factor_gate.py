"""Middleware for work pages: require a second factor, and a recent sign-in for Django's admin."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import ResolverMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from cooperatives.models import Membership, Role
from shop.accounts.models import User
from shop.accounts.second_factor.requirement import find_second_factor_deadline
from shop.accounts.views.recent_sign_in import has_recent_sign_in, has_required_factor
from shop.accounts.views.sign_in_steps import ask_to_sign_in_again
from shop.core.models import shop_settings

_DESK, _MEMBERS, _ADMIN = ("desk", "reports", "admin"), "members", "admin"
# Public files of the members' app and the admin.
_OPEN = frozenset({"members:manifest", "members:worker", "admin:jsi18n"})
_JSON = frozenset({"members:synchronise"})  # read by the app, which cannot follow a redirect to a page


class SecondFactorGate:
    """Applies to URL namespaces, so that no page of the desk can be left out."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        match = request.resolver_match
        namespace = match.namespaces[0] if match is not None and match.namespaces else ""
        if match is None or namespace not in (*_DESK, _MEMBERS) or match.view_name in _OPEN:
            return None
        user = request.user
        if not isinstance(user, User) or (namespace != _MEMBERS and not user.is_staff):
            return None  # the page asks them to sign in, or hides itself
        if not has_required_factor(request):
            return _sign_in_again_response() if match.view_name in _JSON else ask_to_sign_in_again(request)
        if not user.has_second_factor:
            response = _require_enrolment(request, user, match)
            if response is not None:
                return response
        return None if namespace != _ADMIN or has_recent_sign_in(request) else ask_to_sign_in_again(request)


def _sign_in_again_response() -> JsonResponse:
    """Return the answer to the app. A message for the next page would be about something else."""
    message = _("Confirm that it is you. What you have done on this phone is kept until then.")
    return JsonResponse({"code": "recent_sign_in_required", "message": message}, status=401)


def _require_enrolment(request: HttpRequest, user: User, match: ResolverMatch) -> HttpResponse | None:
    """Redirect to setting up a second factor after the grace period. Before its end, show a banner."""
    now = timezone.now()
    if user.second_factor_due_at is not None and user.second_factor_due_at > now:
        # A change of the rule clears these dates, so a future one is valid and saves a query.
        request.second_factor_due_at = user.second_factor_due_at  # type: ignore[attr-defined]
        return None
    settings = shop_settings()
    if match.namespaces[0] == _MEMBERS:
        is_required = settings.requires_second_factor_of_managers and _is_manager(user)
    else:
        is_required = settings.requires_second_factor_of_staff
    deadline = find_second_factor_deadline(user, is_required=is_required, now=now)
    if deadline is None:
        return None
    if deadline > now:
        request.second_factor_due_at = deadline  # type: ignore[attr-defined]
        return None
    if match.view_name in _JSON:
        return _sign_in_again_response()
    messages.warning(request, _("Your role requires two-step sign-in. Set it up to continue."))
    url = reverse("accounts:second-factor")
    return HttpResponseClientRedirect(url) if "HX-Request" in request.headers else redirect(url)


def _is_manager(user: User) -> bool:
    return Membership.objects.filter(user=user, is_active=True, role=Role.MANAGER).exists()
