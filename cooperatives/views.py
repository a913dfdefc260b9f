"""The doors of pages that are not for everybody, and how such pages answer a change."""

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

from cooperatives.access import require_any_staff, require_staff
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.errors import Forbidden, Missing, Refused, Words

Given = ParamSpec("Given")
StaffPage = Callable[Concatenate[HttpRequest, Actor, Given], HttpResponse]


def staff_only(
    permission: Permission | None = None,
) -> Callable[[StaffPage[Given]], Callable[Concatenate[HttpRequest, Given], HttpResponse]]:
    """A page of the platform's staff, of all of them where no permission is named; it is given the actor.

    Whoever is signed out is shown the sign-in page; whoever may not come in finds nothing (404), as
    does whoever asks for a row that is not there (Missing).
    """

    def guarded(page: StaffPage[Given]) -> Callable[Concatenate[HttpRequest, Given], HttpResponse]:
        @wraps(page)
        def door(request: HttpRequest, /, *args: Given.args, **kwargs: Given.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                is_page = request.method in ("GET", "HEAD")
                return redirect_to_login(request.get_full_path() if is_page else reverse("desk:home"))
            try:
                who = request.user
                actor = require_staff(who, permission) if permission else require_any_staff(who)
                return page(request, actor, *args, **kwargs)
            except Missing as error:
                raise Http404 from error

        return door

    return guarded


def carry_out(
    request: HttpRequest, action: Callable[[], object], *, to: str, said: Words = "", refused_to: str = ""
) -> HttpResponse:
    """Call the one action and go on to `to`, saying what was done; if refused, to `refused_to` or the same.

    Raises Missing and Forbidden, which the door answers.
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
def refusals_in(form: Form) -> Iterator[None]:
    """Around a form's one action: where it refuses, the form says so, at the field at fault.

    Missing and Forbidden go on to the door.
    """
    try:
        yield
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        form.add_error(refused.field if refused.field in form.fields else None, str(refused.words))
