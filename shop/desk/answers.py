"""How the desk answers a change: done or refused, it says so on the page it goes on to."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from shop.core.errors import Missing, Refused, Words


def carry_out(
    request: HttpRequest, action: Callable[[], object], *, to: str, said: Words, refused_to: str = ""
) -> HttpResponse:
    """Call the one action and go on to `to`; if refused, to `refused_to` or the same. Raises Missing."""
    try:
        action()
    except Missing:
        raise
    except Refused as refused:
        messages.error(request, str(refused.words))
        return redirect(refused_to or to)
    messages.success(request, str(said))
    return redirect(to)
