"""Personal data requests at the desk: deadlines, execution, answers."""

from __future__ import annotations

import uuid
from functools import partial

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from cooperatives.access import has_staff_permission
from orders.actions.privacy.data_requests import fulfil_data_request
from orders.models import Order
from shop.accounts.models import DataRequest, RequestKind
from shop.accounts.personal.data_requests import LAWFUL_DAYS, answer_request, change_data_deadlines
from shop.accounts.staff.permissions import Permission
from shop.accounts.states import RequestState
from shop.accounts.views.sign_in_steps import require_recent_sign_in
from shop.core.actors import Actor
from shop.core.models import Change, shop_settings
from shop.core.web.action_results import run_action
from shop.core.web.form_options import FormData
from shop.desk.forms import MAX_REASON_LENGTH
from shop.history.change_displays import build_change_displays
from shop.staff_pages import staff_only

PER_PAGE = 30
_DAYS = {
    "data_access_days": _("Days to prepare a copy"),
    "data_correction_days": _("Days to correct data"),
    "data_withdrawal_days": _("Days for a withdrawal of consent or an objection"),
    "data_deletion_days": _("Days to delete data"),
    "deletion_wait_days": _("Days to withdraw a deletion request"),
}
_FULFIL_LABELS = {
    RequestKind.ACCESS: _("Create the copy and send the link"),
    RequestKind.WITHDRAWAL: _("Withdraw consent now"),
    RequestKind.DELETION: _("Delete data now"),
}


class DaysForm(forms.Form):
    """The deadline in days for each kind of request."""

    def __init__(self, data: FormData = None) -> None:
        settings = shop_settings()
        super().__init__(data, initial={name: getattr(settings, name) for name in _DAYS})
        for name, label in _DAYS.items():
            widget = forms.NumberInput(attrs={"class": "input", "inputmode": "numeric"})
            self.fields[name] = forms.IntegerField(
                label=label, min_value=1, max_value=LAWFUL_DAYS.get(name), widget=widget
            )


@require_safe
@staff_only(Permission.MANAGE_USERS)
def list_data_requests(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List requests by state (`?o=`), by default open ones, most urgent first."""
    return _render_list(request)


@require_POST
@staff_only(Permission.MANAGE_SETTINGS)
@require_recent_sign_in
def edit_data_request_days(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Change the deadlines of future requests."""
    form = DaysForm(request.POST)
    if not form.is_valid():
        return _render_list(request, form)
    action = partial(change_data_deadlines, days=form.cleaned_data, actor=actor, now=timezone.now())
    return run_action(request, action, url=reverse("desk:data-requests"), message=_("Saved."))


@require_safe
@staff_only(Permission.MANAGE_USERS)
def show_data_request(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Show a request, its person and the possible actions."""
    data_request = get_object_or_404(DataRequest.objects.select_related("user"), pk=pk)
    orders = (
        Order.objects.of_buyer(data_request.user_id)
        if data_request.user_id
        else Order.objects.of_guest(data_request.contact)
    )
    context = {
        "row": data_request,
        "now": timezone.now(),
        "order_count": orders.count(),
        "fulfil_label": _FULFIL_LABELS.get(RequestKind(data_request.kind)) if data_request.is_open else None,
        "history": build_change_displays(Change.objects.of_row(data_request).newest_first()),
    }
    return render(request, "desk/data_request.html", context)


@require_POST
@staff_only(Permission.MANAGE_USERS)
def fulfil_data_request_view(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Fulfil a request now."""
    action = partial(fulfil_data_request, request_id=pk, actor=actor, now=timezone.now())
    return run_action(request, action, url=reverse("desk:data-request", args=[pk]), message=_("Done."))


@require_POST
@staff_only(Permission.MANAGE_USERS)
def answer_data_request(request: HttpRequest, actor: Actor, pk: uuid.UUID) -> HttpResponse:
    """Answer or reject a request, with a text for the person."""
    is_done = request.POST.get("outcome") == RequestState.DONE
    action = partial(
        answer_request,
        request_id=pk,
        state=RequestState.DONE if is_done else RequestState.REFUSED,
        answer=request.POST.get("answer", "")[:MAX_REASON_LENGTH],
        actor=actor,
        now=timezone.now(),
    )
    return_url = reverse("desk:data-request", args=[pk])
    return run_action(request, action, url=return_url, message=_("The person has been notified."))


def _render_list(request: HttpRequest, form: DaysForm | None = None) -> HttpResponse:
    requested_state = request.GET.get("o", "")
    state = requested_state if requested_state in set(RequestState) else RequestState.OPEN
    data_requests = DataRequest.objects.at_state(state).select_related("user")
    context = {
        "page": Paginator(data_requests, PER_PAGE).get_page(request.GET.get("page")),
        "state": state,
        "states": RequestState.choices,
        "now": timezone.now(),
        "form": form,
        "days": form or DaysForm()
        if has_staff_permission(request.user, Permission.MANAGE_SETTINGS)
        else None,
    }
    return render(request, "desk/data_requests.html", context, status=422 if form is not None else 200)
