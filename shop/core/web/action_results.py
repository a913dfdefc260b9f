"""Turn the outcome of an action into a redirect with a message, or into form errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from shop.core.errors import Forbidden, Missing, NeedsConfirmation, Refused, StrOrPromise
from shop.core.web.confirmations import ConfirmableForm

Result = TypeVar("Result")


def run_action(
    request: HttpRequest,
    action: Callable[[], Result],
    *,
    url: str,
    message: StrOrPromise | Callable[[Result], StrOrPromise] = "",
    refused_url: str = "",
) -> HttpResponse:
    """Run an action and redirect to `url` with a success message, which may be built from the result.

    If refused, show the reason and redirect to `refused_url`, or `url` if empty. Raises Missing and
    Forbidden, which the view's decorator handles.
    """
    try:
        result = action()
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect(refused_url or url)
    if message:
        messages.success(request, str(message(result) if callable(message) else message))
    return redirect(url)


@contextmanager
def refusals_as_form_errors(form: Form) -> Iterator[None]:
    """Turn a refusal of the enclosed action into an error of the form, on the field at fault.

    A question about an unusual value belongs to the whole form, because no field is wrong. Missing and
    Forbidden propagate to the view's decorator.
    """
    try:
        yield
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        field = refused.field if refused.field in form.fields else None
        if isinstance(refused, NeedsConfirmation) and isinstance(form, ConfirmableForm):
            form.confirmation = refused.confirmation_token
            field = None
        form.add_error(field, str(refused.message))
