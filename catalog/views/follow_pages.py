"""Pages for following a cooperative or the market by email."""

from __future__ import annotations

from contextlib import suppress

from django.contrib import messages
from django.contrib.auth import get_user
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from catalog.forms import FollowForm
from catalog.models import BackInStockRequest
from cooperatives.actions.followers import confirm_follow, request_follow, unfollow
from cooperatives.models import Cooperative, Follow
from shop.accounts.models import User
from shop.core.actors import Actor, EntryPoint
from shop.core.errors import Missing, Refused
from shop.core.models import show_in_language
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import RateLimit, client_network, count_tries

MAX_REQUESTS = 100
FOLLOWS_PER_NETWORK = RateLimit("follow", max_tries=20, seconds=60 * 60)
FOLLOWS_PER_ADDRESS = RateLimit("follow-address", max_tries=10, seconds=24 * 60 * 60)


@require_safe_or_post
def follow(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """Request the bulletin of a cooperative or of the whole market."""
    cooperative = get_object_or_404(Cooperative.objects.public(), slug=slug) if slug else None
    form = build_follow_form(request)
    if form.is_valid() and _create_follow_request(request, form, slug):
        return redirect("catalog:cooperative", slug) if slug else redirect("catalog:bulletins")
    if cooperative is not None:
        show_in_language([cooperative], "name")
    return render(request, "catalog/follow.html", {"cooperative": cooperative, "follow_form": form})


@require_safe
@login_required
@never_cache
def list_own_follows(request: HttpRequest) -> HttpResponse:
    """Show the signed-in user's follows and back-in-stock requests, each with a button to end it."""
    key = request.user.pk or 0
    follows = list(Follow.objects.of_person(key).select_related("cooperative").order_by("created_at", "pk"))
    waiting_requests = (
        BackInStockRequest.objects.of_person(key).waiting().select_related("product", "variant")
    )
    requests = list(waiting_requests.order_by("created_at", "pk")[:MAX_REQUESTS])
    show_in_language([row.cooperative for row in follows if row.cooperative], "name")
    show_in_language([row.product for row in requests], "name")
    show_in_language([row.variant for row in requests if row.variant], "name")
    return render(request, "catalog/follows.html", {"follows": follows, "requests": requests})


# The URL is the secret. Mail programs post to it (one-click unsubscribe) without a form of the market.
@csrf_exempt
@never_cache
@require_safe_or_post
def edit_follow(request: HttpRequest, token: str) -> HttpResponse:
    """Show a follow with buttons to confirm or delete it. Opening the link alone changes nothing."""
    if request.method == "POST":
        with suppress(Missing):  # a repeated request has deleted it before
            unfollow(token=token, actor=_actor(request), now=timezone.now())
        return render(request, "catalog/unsubscribed.html")
    follow = Follow.objects.filter(token=token).select_related("cooperative").first()
    if follow is None:
        return render(request, "catalog/unsubscribed.html")
    if follow.cooperative is not None:
        show_in_language([follow.cooperative], "name")
    return render(request, "catalog/follow_settings.html", {"row": follow, "cooperative": follow.cooperative})


@never_cache
@require_POST
def confirm_follow_view(request: HttpRequest, token: str) -> HttpResponse:
    """Confirm a follow with the token from the email."""
    try:
        confirm_follow(token=token, actor=_actor(request), now=timezone.now())
    except Missing as error:
        raise Http404 from error
    messages.success(request, _("You will now get the bulletin once a week."))
    return redirect("catalog:edit-follow", token)


def build_follow_form(request: HttpRequest) -> FollowForm:
    """Return the posted form, or one prefilled with the account's address."""
    user = get_user(request)
    account_email = (user.email or "") if isinstance(user, User) else ""
    submitted = request.POST if request.method == "POST" else None
    return FollowForm(submitted, initial={"email": account_email}, label_suffix="")


def find_visitors_follow(request: HttpRequest, cooperative: Cooperative | None) -> Follow | None:
    """Return the signed-in user's confirmed follow of this cooperative or the market, if any."""
    user = get_user(request)
    if not isinstance(user, User):
        return None
    return Follow.objects.confirmed().of_person(user.pk).filter(cooperative=cooperative).first()


def _create_follow_request(request: HttpRequest, form: FollowForm, slug: str | None) -> bool:
    """Create the follow request within rate limits. A refusal becomes an error of the form."""
    email, network, user = form.cleaned_data["email"], client_network(request.META), get_user(request)
    try:
        count_tries([(FOLLOWS_PER_NETWORK, network), (FOLLOWS_PER_ADDRESS, email)])
        row = request_follow(
            cooperative_slug=slug,
            email=email,
            user=user if isinstance(user, User) else None,
            language=get_language() or "vi",
            actor=_actor(request),
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error(None, str(refused.message))
        return False
    if isinstance(user, User) and row.confirmed_at is not None and row.user_id == user.pk:
        message = _("You will now get the bulletin once a week.")
    else:
        message = _("We have sent an email to %(email)s. Confirm there to get the bulletin once a week.")
    messages.success(request, message % {"email": email})
    return True


def _actor(request: HttpRequest) -> Actor:
    user = get_user(request)
    return user.as_actor(EntryPoint.MARKET) if isinstance(user, User) else Actor.guest()
