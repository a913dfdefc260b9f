"""Second factors of staff: their status, their reset, and the rule about who needs one."""

from __future__ import annotations

from functools import partial

from django import forms
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import has_staff_permission
from shop.accounts.models import User
from shop.accounts.second_factor.factors import reset_second_factor
from shop.accounts.second_factor.requirement import change_second_factor_rule
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.identifiers.phones import normalise_phone
from shop.core.models import ShopSettings, shop_settings
from shop.core.web.action_results import run_action
from shop.staff_pages import staff_only

PER_PAGE = 30


class SecondFactorRuleForm(forms.Form):
    is_required_of_staff = forms.BooleanField(
        label=_("Required for everyone who works in Admin"), required=False
    )
    is_required_of_managers = forms.BooleanField(label=_("Required for cooperative managers"), required=False)
    grace_days = forms.IntegerField(
        label=_("Days to set it up"),
        min_value=0,
        max_value=90,
        widget=forms.NumberInput(attrs={"class": "input", "inputmode": "numeric"}),
    )

    @staticmethod
    def initial_of(shop: ShopSettings) -> dict[str, object]:
        return {
            "is_required_of_staff": shop.requires_second_factor_of_staff,
            "is_required_of_managers": shop.requires_second_factor_of_managers,
            "grace_days": shop.second_factor_grace_days,
        }


@require_safe
@staff_only(Permission.MANAGE_STAFF)
@require_recent_sign_in
def find_second_factors(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List staff, or find a user by email address or phone number."""
    return _render_page(request, None)


@require_POST
@staff_only(Permission.MANAGE_STAFF)
@require_recent_sign_in
def reset_second_factor_view(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Remove a user's lost factors, with a recorded reason."""
    action = partial(
        reset_second_factor,
        user_id=pk,
        reason=request.POST.get("reason", ""),
        actor=actor,
        now=timezone.now(),
    )
    message = _(
        "Two-step sign-in reset. They can sign in with their password or phone code and have been notified."
    )
    return run_action(request, action, url=reverse("desk:second-factors"), message=message)


@require_POST
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def edit_second_factor_rule(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Change who needs a second factor, and how long they have to set it up."""
    form = SecondFactorRuleForm(request.POST)
    if not form.is_valid():
        return _render_page(request, form)
    action = partial(change_second_factor_rule, **form.cleaned_data, actor=actor, now=timezone.now())
    return run_action(request, action, url=reverse("desk:second-factors"), message=_("Saved."))


def _render_page(request: HttpRequest, form: SecondFactorRuleForm | None) -> HttpResponse:
    search_text = request.GET.get("q", "").strip()[:254]
    users = User.objects.filter(erased_at=None)
    if search_text:
        users = users.filter(
            Q(email=search_text.lower()) | Q(phone=normalise_phone(search_text) or search_text)
        )
    else:
        users = users.filter(is_staff=True, is_active=True)
    context = {
        "requested": search_text,
        "page": Paginator(users.order_by("first_name", "pk"), PER_PAGE).get_page(request.GET.get("page")),
        "may_set": has_staff_permission(request.user, Permission.MANAGE_SETTINGS),
        "form": form or SecondFactorRuleForm(initial=SecondFactorRuleForm.initial_of(shop_settings())),
        "now": timezone.now(),
    }
    return render(request, "desk/second_factors.html", context, status=422 if form else 200)
