"""Access decorator for staff pages, and helpers that turn refused actions into messages and form errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from cooperatives.access import require_any_staff, require_staff_permission
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.errors import Forbidden, Missing, Refused, Words

Params = ParamSpec("Params")
StaffPage = Callable[Concatenate[HttpRequest, Actor, Params], HttpResponse]


def staff_only(
    permission: Permission | None = None,
) -> Callable[[StaffPage[Params]], Callable[Concatenate[HttpRequest, Params], HttpResponse]]:
    """Restrict a view to platform staff, with a permission if given, and pass it the actor.

    Anonymous users are redirected to the sign-in page. Users without access get a 404, as do requests for a
    missing row (Missing).
    """

    def decorate(page: StaffPage[Params]) -> Callable[Concatenate[HttpRequest, Params], HttpResponse]:
        @wraps(page)
        def guarded_view(
            request: HttpRequest, /, *args: Params.args, **kwargs: Params.kwargs
        ) -> HttpResponse:
            if not request.user.is_authenticated:
                is_page = request.method in ("GET", "HEAD")
                return redirect_to_login(request.get_full_path() if is_page else reverse("desk:home"))
            try:
                who = request.user
                actor = require_staff_permission(who, permission) if permission else require_any_staff(who)
                return page(request, actor, *args, **kwargs)
            except Missing as error:
                raise Http404 from error

        return guarded_view

    return decorate


def run_action(
    request: HttpRequest, action: Callable[[], object], *, to: str, said: Words = "", refused_to: str = ""
) -> HttpResponse:
    """Run an action and redirect to `to` with a success message.

    If refused, show the reason and redirect to `refused_to`, or `to` if empty. Raises Missing and Forbidden,
    which the view's decorator handles.
    """
    try:
        action()
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        messages.error(request, str(refused.words))
        return redirect(refused_to or to)
    if said:
        messages.success(request, str(said))
    return redirect(to)


@contextmanager
def refusals_as_form_errors(form: Form) -> Iterator[None]:
    """Turn a refusal of the enclosed action into an error of the form, on the field at fault.

    Missing and Forbidden propagate to the view's decorator.
    """
    try:
        yield
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused.words))
