"""Page of a user's consents: date, version, and withdrawal."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from shop.accounts.models import Consent
from shop.accounts.personal.consents import WITHDRAWABLE_PURPOSES

PER_PAGE = 20


@require_safe
@login_required
@never_cache
def list_consents(request: HttpRequest) -> HttpResponse:
    """List each purpose with its status, and all consents, newest first."""
    user_consents = Consent.objects.filter(user=request.user.pk)
    active = set(user_consents.filter(withdrawn_at=None).values_list("purpose", flat=True).distinct())
    rows = user_consents.order_by("-given_at", "-pk")
    context = {
        "purposes": [(purpose, purpose.label, purpose in active) for purpose in WITHDRAWABLE_PURPOSES],
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "accounts/consents.html", context)
