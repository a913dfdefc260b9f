"""The page of a person's details: name, phone, address."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from shop.accounts.forms import (
    DetailsForm,
)
from shop.accounts.models import User
from shop.accounts.registration.accounts import (
    change_details,
)
from shop.accounts.views.old_address_fields import (
    apply_picked_commune,
    find_suggestions,
    keep_marked_errors,
    marked_fields,
    needs_reload,
)
from shop.accounts.views.recent_sign_in import has_recent_sign_in
from shop.accounts.views.sign_in_steps import ask_to_sign_in_again
from shop.core.actors import EntryPoint
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Refused
from shop.core.identifiers.phones import format_phone
from shop.core.models.geography import Division
from shop.core.web.http_methods import require_safe_or_post

# The session key of the posted details, which are saved while the user signs in again.
_PENDING_DETAILS = "details_written"


@require_safe_or_post
@login_required
@never_cache
def edit_details(request: HttpRequest) -> HttpResponse:
    """Edit name, phone and address. An old address is converted to today's divisions.

    Changing the phone number, which can sign the user in, requires a recent sign-in. The posted values are
    saved meanwhile.
    """
    user = User.objects.select_related("default_shipping_address").get(pk=request.user.pk or 0)
    entered = request.session.pop(_PENDING_DETAILS, {}) if request.method == "GET" else {}
    posted = apply_picked_commune(request.POST) if request.method == "POST" else entered
    is_sent = request.method == "POST" and not needs_reload(posted)
    form = _build_details_form(user, posted, is_sent=is_sent)
    if not is_sent or not form.is_valid():
        return _details_page(request, form, user)
    if form.cleaned_data["phone"] != (user.phone or "") and not has_recent_sign_in(request):
        request.session[_PENDING_DETAILS] = {
            name: value for name, value in request.POST.items() if name[:4] != "csrf"
        }
        return ask_to_sign_in_again(request, next_url=request.path)
    try:
        change_details(
            user_id=user.pk,
            name=form.cleaned_data["name"],
            phone=form.cleaned_data["phone"],
            address=form.address,
            actor=user.as_actor(EntryPoint.MARKET),
            now=timezone.now(),
        )
    except Refused as refused:
        form.add_error(refused.field, str(refused.message))
        return _details_page(request, form, user)
    messages.success(request, _("Your details have been saved."))
    if form.is_phone_likely_mistyped:
        messages.warning(request, _("Please check the phone number: it looks unusual."))
    return redirect("accounts:home")


def _details_page(request: HttpRequest, form: DetailsForm, user: User) -> HttpResponse:
    entered = form.data if form.is_bound else form.initial
    context = {
        "form": form,
        "may_confirm": settings.PHONE_CODES and bool(user.phone) and user.phone_confirmed_at is None,
        "old_address": str(entered.get("old_address", "")),
        "suggestions": find_suggestions(entered),
    }
    return render(request, "accounts/details.html", context)


def _build_details_form(user: User, posted: Mapping[str, object], *, is_sent: bool) -> DetailsForm:
    """Build the form as posted, reloaded with another province's communes, or as saved."""
    saved_values: dict[str, object] = {"name": user.first_name, "phone": format_phone(user.phone or "")}
    if user.default_shipping_address is not None:
        address = user.default_shipping_address
        saved_values |= {
            "province": address.province_code,
            "commune": address.commune_code,
            "street": address.street_address_1,
            "landmark": address.landmark,
        }
    entered = {**saved_values, **{name: posted[name] for name in posted}}
    current = Division.objects.current(day=vietnam_date(timezone.now()))
    code = str(entered.get("province", ""))[:10]
    form = DetailsForm(
        posted if is_sent or marked_fields(posted) else None,
        initial=entered,
        provinces=list(current.provinces()),
        communes=list(current.communes_of(code)) if code else [],
    )
    if not is_sent:
        keep_marked_errors(form, posted)
    return form
