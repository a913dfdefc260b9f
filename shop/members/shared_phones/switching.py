"""Open a shared phone by PIN, lock it, and continue online what a member opened without a network."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from cooperatives.actions.phone_pins import find_shown_pins, find_usable_pins, is_signed_by, use_pin
from cooperatives.models import PhonePin, SharedPhone
from shop.accounts.views.sign_in_steps import own_url
from shop.core.errors import Missing, Refused
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.rate_limits import RateLimit, TooManyTries, client_network, count_tries, uncount_tries
from shop.members.forms.shared_phones import PinForm
from shop.members.shared_phones.phone_sessions import (
    find_shared_phone,
    is_challenge_of,
    is_on_ended_phone,
    lock_phone,
    open_phone,
)

PINS_PER_PHONE = RateLimit("phone-pin", max_tries=40, seconds=15 * 60)
PINS_IN_NETWORK = RateLimit("phone-pin-network", max_tries=120, seconds=15 * 60)
RESUMPTIONS = RateLimit("phone-resumption", max_tries=60, seconds=15 * 60)
_MAX_BYTES = 4096


class UnprovenMember(Refused):
    """The challenge is old, or the signature is not that of a member with a PIN on this phone."""

    code = "unproven_member"
    default_message = _("Open the phone again with your PIN.")


@require_safe_or_post
@never_cache
@sensitive_post_parameters("pin")
def switch_member(request: HttpRequest) -> HttpResponse:
    """Show who may open this phone, ask the chosen one for the PIN, and open the phone with it."""
    phone = find_shared_phone(request)
    next_url = own_url(request, request.POST.get("next", "") or request.GET.get("next", ""))
    if phone is None and is_on_ended_phone(request):
        return render(request, "members/ended_phone.html", {"next": next_url or reverse("members:today")})
    if phone is None:
        return redirect(reverse("accounts:sign-in"))
    pins = find_shown_pins(phone)
    chosen = _find_pin(pins, request.POST.get("member", "") or request.GET.get("ai", ""))
    form = PinForm(request.POST if request.method == "POST" and chosen else None)
    if chosen and form.is_valid():
        pin = _enter_pin(request, phone, chosen, form)
        if pin is not None:
            response = redirect(next_url or "members:today")
            open_phone(request, response, pin)
            return response
    set_pin_url = f"{reverse('members:set-pin')}?{urlencode({'next': next_url or reverse('members:today')})}"
    context = {
        "phone": phone,
        "cooperative": phone.cooperative,
        "pins": pins,
        "chosen": chosen,
        "form": form,
        "next": next_url,
        "sign_in_url": f"{reverse('accounts:sign-in')}?{urlencode({'next': set_pin_url})}",
    }
    return render(request, "members/switch_member.html", context)


@require_POST
def lock_phone_view(request: HttpRequest) -> HttpResponse:
    """Lock the phone. The next member, or the same one, enters their PIN."""
    response = redirect("members:switch-member")
    if find_shared_phone(request) is not None:
        lock_phone(request, response)
    return response


@require_POST
@never_cache
def resume_member(request: HttpRequest) -> HttpResponse:
    """Start the session of the member who opened the phone without a network. The phone signs a challenge."""
    try:
        phone = find_shared_phone(request)
        if phone is None:
            raise Missing()
        RESUMPTIONS.count_try(str(phone.pk))
        pin, is_in_background = _find_proven_pin(phone, request.body)
    except Refused as refused:
        status = 429 if isinstance(refused, TooManyTries) else 403
        return JsonResponse({"code": refused.code, "message": str(refused.message)}, status=status)
    response = JsonResponse({"member": pin.membership.user_id})
    open_phone(request, response, pin, is_in_background=is_in_background)
    return response


def _find_pin(pins: list[PhonePin], sent_id: str) -> PhonePin | None:
    """Return the PIN with this id among those of the phone."""
    return next((pin for pin in pins if str(pin.pk) == sent_id), None)


def _enter_pin(request: HttpRequest, phone: SharedPhone, chosen: PhonePin, form: PinForm) -> PhonePin | None:
    """Return the member's row if the PIN is right. Otherwise add the refusal to the form and return None."""
    entered = form.cleaned_data["pin"]
    # Only wrong entries count: many phones of one mobile network share an address.
    limits = [(PINS_PER_PHONE, str(phone.pk)), (PINS_IN_NETWORK, client_network(request.META))]
    try:
        count_tries(limits)
        pin = use_pin(phone=phone, pin_id=chosen.pk, entered_pin=entered, now=timezone.now())
    except Refused as refused:
        form.add_error(refused.field, str(refused.message))
        return None
    uncount_tries(limits)
    return pin


def _find_proven_pin(phone: SharedPhone, body: bytes) -> tuple[PhonePin, bool]:
    """Return the PIN of the member who signed the challenge, and whether no page is open.

    Raises UnprovenMember.
    """
    try:
        sent = json.loads(body) if len(body) <= _MAX_BYTES else None
    except (ValueError, RecursionError) as error:
        raise UnprovenMember() from error
    if not isinstance(sent, dict):
        raise UnprovenMember()
    challenge, signature = str(sent.get("challenge")), str(sent.get("signature"))
    pins = [pin for pin in find_usable_pins(phone) if pin.membership.user_id == sent.get("member")]
    is_proven = (
        pins and is_challenge_of(phone, challenge) and is_signed_by(pins[0], f"resume:{challenge}", signature)
    )
    if not is_proven:
        raise UnprovenMember()
    return pins[0], sent.get("in_background") is True
