"""Manage sets of search synonyms."""

from __future__ import annotations

import re
from functools import partial

from django import forms
from django.contrib import messages
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from catalog.actions.search_terms.synonyms import delete_synonym_set, save_synonyms
from catalog.models import Synonym, SynonymSet
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.staff_pages import staff_only

_SEPARATOR = re.compile(r"[,;\n]")


class SynonymsForm(forms.Form):
    """A set of synonyms, separated by commas."""

    words = forms.CharField(
        label=gettext_lazy("Synonyms"),
        max_length=800,
        help_text=gettext_lazy("Separate with commas: maize, corn. Accents make no difference."),
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Enter at least two words.")},
    )

    @property
    def entered_words(self) -> list[str]:
        return [word for word in _SEPARATOR.split(self.cleaned_data["words"]) if word.strip()]


@require_safe_or_post
@staff_only(Permission.MANAGE_PRODUCTS)
def list_synonyms(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List all sets. A POST adds one."""
    if request.method == "POST":
        return _save_synonyms(request, actor, None)
    return _render_page(request)


@require_safe_or_post
@staff_only(Permission.MANAGE_PRODUCTS)
def edit_synonym_set(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Edit a set."""
    if request.method == "POST":
        return _save_synonyms(request, actor, pk)
    return _render_page(request, changed=_find_set(pk))


@require_POST
@staff_only(Permission.MANAGE_PRODUCTS)
def remove_synonym_set(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    action = partial(delete_synonym_set, set_id=pk, actor=actor, now=timezone.now())
    return run_action(request, action, url=reverse("desk:synonyms"), message=_("Synonyms removed."))


def _save_synonyms(request: HttpRequest, actor: Actor, pk: int | None) -> HttpResponse:
    form = SynonymsForm(request.POST)
    if form.is_valid():
        with refusals_as_form_errors(form):
            save_synonyms(set_id=pk, words=form.entered_words, actor=actor, now=timezone.now())
            messages.success(request, _("Saved. A search for one of these words now finds the others too."))
            return redirect("desk:synonyms")
    return _render_page(request, form=form, changed=_find_set(pk) if pk is not None else None)


def _render_page(
    request: HttpRequest, *, form: SynonymsForm | None = None, changed: SynonymSet | None = None
) -> HttpResponse:
    initial = {"words": ", ".join(word.text for word in changed.words.all())} if changed else None
    context: dict[str, object] = {
        "sets": list(_sets()),
        "changed": changed,
        "form": form,
        "shown_form": form or SynonymsForm(initial=initial),
    }
    return render(request, "desk/synonyms.html", context, status=422 if form else 200)


def _find_set(pk: int) -> SynonymSet:
    """Return a set. Raises Missing."""
    synonym_set = _sets().filter(pk=pk).first()
    if synonym_set is None:
        raise Missing()
    return synonym_set


def _sets() -> QuerySet[SynonymSet]:
    """Return the sets with their words in order, newest first."""
    words = Prefetch("words", Synonym.objects.order_by("sort_order", "pk"))
    return SynonymSet.objects.prefetch_related(words).order_by("-pk")
