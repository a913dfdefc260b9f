"""Staff accounts and their roles at the desk, without Django's admin."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from cooperatives.actions.staff_roles import (
    find_grantable_permissions,
    invite_staff,
    remove_role,
    save_role,
    set_staff_active,
    set_staff_roles,
)
from shop.accounts.models import Group, User
from shop.accounts.registration.email_links import password_url
from shop.accounts.staff.permissions import Permission
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.models import Change, shop_settings
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.desk.forms import DeskSearch, chosen_ids, submitted_reason
from shop.desk.people.role_permissions import group_permissions
from shop.history.change_displays import build_change_displays
from shop.staff_pages import staff_only

PER_PAGE = 30


class InviteForm(forms.Form):
    """A new staff account: name, email address and roles."""

    name = forms.CharField(
        label=_("Full name"), max_length=250, widget=forms.TextInput(attrs={"class": "input"})
    )
    email = forms.EmailField(label=_("Email"), widget=forms.EmailInput(attrs={"class": "input"}))
    groups = forms.ModelMultipleChoiceField(
        label=pgettext_lazy("staff", "Roles"),
        queryset=Group.objects.order_by("name"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one role.")},
    )

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).strip().lower()


class RoleForm(forms.Form):
    """The name and permissions of a role. Only permissions that the editor holds are offered."""

    name = forms.CharField(
        label=pgettext_lazy("role", "Name"), max_length=150, widget=forms.TextInput(attrs={"class": "input"})
    )
    permissions = forms.MultipleChoiceField(
        label=_("Permissions"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(
        self, data: Mapping[str, object] | None, *, editor: User, group: Group | None = None
    ) -> None:
        initial = {}
        if group is not None:
            codes = group.permissions.values_list("code", flat=True)
            initial = {"name": group.name, "permissions": list(codes)}
        super().__init__(data, initial=initial)
        field = self.fields["permissions"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [
            (permission.value, permission.label) for permission in find_grantable_permissions(editor)
        ]


@require_safe_or_post
@staff_only(Permission.MANAGE_STAFF)
@require_recent_sign_in
def list_staff(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List staff with roles and second factors. A POST invites a person."""
    editor = _signed_in_editor(request)
    form = InviteForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        cleaned = form.cleaned_data
        with refusals_as_form_errors(form):
            invited = invite_staff(
                acting_user=editor,
                email=cleaned["email"],
                name=cleaned["name"],
                group_ids=[group.pk for group in cleaned["groups"]],
                link_to=password_url,
                now=timezone.now(),
            )
            if invited.has_usable_password():
                messages.success(request, _("Roles given. The person signs in with the password they have."))
            else:
                sent = _("A link to set the password was sent to %(email)s.")
                messages.success(request, sent % {"email": invited.email})
            return redirect("desk:staff-account", invited.pk)
    search = DeskSearch(request.GET)
    people = _filter_by_text(User.objects.filter(is_staff=True, erased_at=None), search.chosen("q") or "")
    rows = people.prefetch_related("permission_groups").order_by("-is_active", "first_name", "pk")
    context = {
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "query": search.chosen("q") or "",
        "form": form,
        "now": timezone.now(),
        "grace_days": _grace_days(),
    }
    return render(request, "desk/staff.html", context, status=422 if form.errors else 200)


@require_safe
@staff_only(Permission.MANAGE_STAFF)
@require_recent_sign_in
def show_staff_account(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show a staff account with its roles, second factor and history."""
    person = get_object_or_404(User, pk=pk, is_staff=True, erased_at=None)
    context = {
        "person": person,
        "groups": Group.objects.order_by("name"),
        "chosen": set(person.permission_groups.values_list("pk", flat=True)),
        "history": build_change_displays(
            Change.objects.of_row(person).order_by("-created_at", "-pk")[:PER_PAGE]
        ),
        "now": timezone.now(),
        "grace_days": _grace_days(),
    }
    return render(request, "desk/staff_account.html", context)


def _grace_days() -> int:
    """Return the days that staff have for a second factor from their next visit, or 0 if they need none."""
    settings = shop_settings()
    return settings.second_factor_grace_days if settings.requires_second_factor_of_staff else 0


@require_POST
@staff_only(Permission.MANAGE_STAFF)
@require_recent_sign_in
def edit_staff_roles(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Replace a colleague's roles."""
    group_ids = chosen_ids(request.POST.getlist("groups"))
    action = partial(
        set_staff_roles,
        acting_user=_signed_in_editor(request),
        user_id=pk,
        group_ids=group_ids,
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("desk:staff-account", args=[pk]), message=_("Saved."))


@require_POST
@staff_only(Permission.MANAGE_STAFF)
@require_recent_sign_in
def set_staff_state(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Deactivate a colleague's account or activate it again, with a reason."""
    action = partial(
        set_staff_active,
        acting_user=_signed_in_editor(request),
        user_id=pk,
        is_active=request.POST.get("state") == "active",
        reason=submitted_reason(request.POST),
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("desk:staff-account", args=[pk]), message=_("Saved."))


@require_safe
@staff_only(Permission.MANAGE_STAFF)
@require_recent_sign_in
def list_roles(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List roles with their numbers of people and permissions."""
    rows = Group.objects.annotate(
        people=Count("users", filter=Q(users__is_active=True, users__erased_at=None), distinct=True),
        permission_count=Count("permissions", distinct=True),
        cooperative_count=Count("cooperative_rows", distinct=True),
    ).order_by("name")
    return render(request, "desk/roles.html", {"rows": rows})


@require_safe_or_post
@staff_only(Permission.MANAGE_STAFF)
@require_recent_sign_in
def edit_role(request: HttpRequest, actor: Actor, pk: int | None = None) -> HttpResponse:
    """Show and change a role, or create one."""
    editor = _signed_in_editor(request)
    group = get_object_or_404(Group, pk=pk) if pk is not None else None
    form = RoleForm(request.POST if request.method == "POST" else None, editor=editor, group=group)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            save_role(acting_user=editor, group_id=pk, **form.cleaned_data, now=timezone.now())
            return redirect("desk:roles")
    context: dict[str, object] = {
        "form": form,
        "group": group,
        "permission_groups": group_permissions(form["permissions"]),
    }
    if group is not None:
        context["people"] = group.users.filter(erased_at=None).order_by("first_name", "pk")
        changes = Change.objects.of_row(group).order_by("-created_at", "-pk")
        context["history"] = build_change_displays(changes[:PER_PAGE])
    return render(request, "desk/role.html", context, status=422 if form.errors else 200)


@require_POST
@staff_only(Permission.MANAGE_STAFF)
@require_recent_sign_in
def delete_role(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Delete a role."""
    action = partial(remove_role, acting_user=_signed_in_editor(request), group_id=pk, now=timezone.now())
    return run_action(
        request,
        action,
        url=reverse("desk:roles"),
        message=_("Role deleted."),
        refused_url=reverse("desk:role", args=[pk]),
    )


def _signed_in_editor(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def _filter_by_text(people: QuerySet[User], text: str) -> QuerySet[User]:
    text = text.strip()
    if not text:
        return people
    return people.filter(
        Q(first_name__icontains=text) | Q(last_name__icontains=text) | Q(email__istartswith=text)
    )
