"""Maintain the phrases that no product's texts may contain."""

from __future__ import annotations

from functools import partial

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from catalog.actions.wording.forbidden_phrases import allow_phrase, forbid_phrase
from catalog.models import ForbiddenPhrase
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.staff_pages import staff_only

_INPUT = {"class": "input", "autocomplete": "off"}


class ForbiddenPhraseForm(forms.Form):
    """A phrase and the reason that sellers read."""

    phrase = forms.CharField(
        label=gettext_lazy("Forbidden words"), max_length=80, widget=forms.TextInput(attrs=_INPUT)
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason shown to the cooperative"),
        max_length=250,
        widget=forms.TextInput(attrs=_INPUT),
    )


@require_safe_or_post
@staff_only(Permission.MANAGE_PRODUCTS)
def list_forbidden_phrases(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List all phrases. A POST adds one."""
    form = ForbiddenPhraseForm(request.POST if request.method == "POST" else None, label_suffix="")
    if form.is_valid():
        with refusals_as_form_errors(form):
            forbid_phrase(**form.cleaned_data, actor=actor, now=timezone.now())
            messages.success(request, _("Saved. Products with these words are refused from now on."))
            return redirect("desk:forbidden-phrases")
    phrases = ForbiddenPhrase.objects.order_by("phrase", "pk")
    return render(request, "desk/forbidden_phrases.html", {"form": form, "phrases": phrases})


@require_POST
@staff_only(Permission.MANAGE_PRODUCTS)
def remove_forbidden_phrase(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    action = partial(allow_phrase, phrase_id=pk, actor=actor, now=timezone.now())
    message = _("Removed from the list.")
    return run_action(request, action, url=reverse("desk:forbidden-phrases"), message=message)
