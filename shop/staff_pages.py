"""Access control of the platform staff's pages."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from cooperatives.access import require_any_staff, require_staff_permission
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.errors import Missing

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
                user = request.user
                actor = require_staff_permission(user, permission) if permission else require_any_staff(user)
                return page(request, actor, *args, **kwargs)
            except Missing as error:
                raise Http404 from error

        return guarded_view

    return decorate
