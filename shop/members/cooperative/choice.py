"""Choose the cooperative to work for, for people who work for several."""

from __future__ import annotations

from django.contrib.auth import get_user
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from cooperatives.access import find_memberships, load_membership
from shop.accounts.views.sign_in_steps import own_url
from shop.core.errors import Missing
from shop.core.models import show_in_language
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.fields import parse_key
from shop.members.member_access import CHOSEN_KEY, find_admitted_ids, redirect_to_sign_in


@require_safe_or_post
def choose_cooperative(request: HttpRequest) -> HttpResponse:
    """List the user's cooperatives and remember the chosen one until they sign out."""
    if not request.user.is_authenticated:
        return redirect_to_sign_in(request)
    if request.method != "POST":
        return _render_choice(request)
    try:
        membership = load_membership(get_user(request), parse_key(request.POST.get("cooperative")))
    except Missing as error:
        raise Http404 from error
    request.session[CHOSEN_KEY] = membership.cooperative.pk
    return redirect(own_url(request, request.POST.get("next", "")) or "members:today")


def _render_choice(request: HttpRequest) -> HttpResponse:
    admitted = set(find_admitted_ids(request))
    if not admitted:
        return redirect("members:today")
    rows = [row for row in find_memberships(request.user) if row.cooperative_id in admitted]
    show_in_language([row.cooperative for row in rows], "name")
    context = {"choices": rows, "next": own_url(request, request.GET.get("next", ""))}
    return render(request, "members/cooperative_choice.html", context)
