"""Proposals awaiting a second person's approval, and the rules that require it."""

from __future__ import annotations

import uuid
from functools import partial

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import has_staff_permission, require_staff_permission
from orders.actions.approvals.decide_proposals import (
    APPROVAL_PERMISSIONS,
    change_second_person_rules,
    permissions_without_second_person,
    propose_payout,
)
from orders.models import Approval, ApprovalKind
from orders.payments.banks import find_bank
from orders.views.approvals import decide_proposal
from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import ShopSettings, shop_settings
from shop.core.web.action_results import run_action
from shop.staff_pages import staff_only


class SecondPersonForm(forms.Form):
    is_needed_for_payouts = forms.BooleanField(
        label=gettext_lazy("A second person confirms each payment before it is sent"), required=False
    )
    is_needed_for_account_changes = forms.BooleanField(
        label=gettext_lazy("A second person confirms each bank account change"), required=False
    )

    @classmethod
    def of_shop(cls, shop: ShopSettings) -> SecondPersonForm:
        return cls(
            initial={
                "is_needed_for_payouts": shop.needs_second_person_for_payouts,
                "is_needed_for_account_changes": shop.needs_second_person_for_account_changes,
            }
        )


def find_decidable_kinds(request: HttpRequest) -> list[str]:
    """Return the kinds of proposals that this user may decide."""
    return [
        str(kind)
        for kind, permission in APPROVAL_PERMISSIONS.items()
        if has_staff_permission(request.user, permission)
    ]


def permissions_without_approver(shop: ShopSettings) -> list[Permission]:
    """Return the rights that fewer than two people hold although a second person is required."""
    if not (shop.needs_second_person_for_payouts or shop.needs_second_person_for_account_changes):
        return []
    return permissions_without_second_person()


@require_safe
@staff_only()
@require_recent_sign_in
def list_approvals(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List pending proposals, oldest first, with their changes."""
    kinds = find_decidable_kinds(request)
    if not kinds:
        raise Missing()
    shop = shop_settings()
    approvals = Approval.objects.waiting(timezone.now()).filter(kind__in=kinds)
    approvals = approvals.select_related("proposed_by", "cooperative", "payout__settlement__cooperative")
    approvals = approvals.select_related("payout__refund__order", "payout__transfer__order")
    context = {
        "rows": [
            (
                approval,
                find_bank(approval.proposed_values.get("bank_bin", "")),
                find_bank(approval.basis.get("bank_bin", "")),
            )
            for approval in approvals
        ],
        "may_set": has_staff_permission(request.user, Permission.MANAGE_SETTINGS),
        "rules_form": SecondPersonForm.of_shop(shop),
        "permissions_without_approver": [
            str(permission.label).rstrip(".") for permission in permissions_without_approver(shop)
        ],
        "may_grant": isinstance(request.user, User) and request.user.is_superuser,
        "user_id": actor.user_id,
        "shop": shop,
    }
    return render(request, "desk/approvals.html", context)


@require_POST
@staff_only()
@require_recent_sign_in
def decide_approval(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Confirm, decline or withdraw a proposal."""
    row = Approval.objects.filter(pk=pk).first()
    if row is None:
        raise Missing()
    actor = require_staff_permission(request.user, APPROVAL_PERMISSIONS[ApprovalKind(row.kind)])
    return decide_proposal(request, pk, actor, url=reverse("desk:approvals"))


@require_POST
@staff_only(Permission.HANDLE_PAYMENTS)
@require_recent_sign_in
def propose_payout_view(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Propose a payout for a second person's confirmation."""
    action = partial(propose_payout, payout_id=pk, actor=actor, now=timezone.now())
    return run_action(
        request,
        action,
        url=reverse("desk:payout", args=[pk]),
        message=_("Waiting for a second person to confirm."),
    )


@require_POST
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def edit_second_person_rules(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Edit which actions require a second person. Switching a rule off requires one, too."""
    form = SecondPersonForm(request.POST)
    if form.is_valid():
        try:
            proposal = change_second_person_rules(**form.cleaned_data, actor=actor, now=timezone.now())
        except Refused as refused:
            messages.error(request, str(refused.message))
        else:
            messages.success(
                request, _("Saved.") if proposal is None else _("Waiting for a second person to confirm.")
            )
    return redirect("desk:approvals")
