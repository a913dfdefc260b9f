"""Categories at the desk: the tree with product counts, names in each language, moves and merges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from django import forms
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_POST

from catalog.actions.taxonomy.categories import create_category, update_category
from catalog.actions.taxonomy.category_tree import (
    hide_category,
    merge_category,
    move_category,
    translate_category,
)
from catalog.models import Category, Product
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.models import Change, Translation
from shop.core.texts.translations import other_languages
from shop.core.web.action_results import refusals_as_form_errors, run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.desk.forms import chosen_ids
from shop.history.change_displays import build_change_displays
from shop.staff_pages import staff_only


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """A category of the tree, with the number of products in its branch and its name indented by level."""

    category: Category
    product_count: int

    @property
    def indent(self) -> str:
        return "\u2003" * self.category.level

    @property
    def label(self) -> str:
        return self.indent + self.category.name


_MAX_CHANGES = 30


def _name_field(label: object) -> forms.CharField:
    return forms.CharField(label=str(label), max_length=250, widget=forms.TextInput(attrs={"class": "input"}))


class CategoryForm(forms.Form):
    """A category's name and description, its name in the other languages, and whether buyers see it."""

    name = _name_field("")
    description_text = forms.CharField(
        label=pgettext_lazy("column", "Description"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 3}),
    )

    def __init__(self, data: Mapping[str, object] | None = None, *, category: Category | None = None) -> None:
        initial = {}
        if category is not None:
            initial = {"name": category.name, "description_text": category.description_text}
            for language in other_languages():
                texts = Translation.objects.texts("catalog.category", [str(category.pk)], language)
                initial[f"name_{language}"] = texts.get((str(category.pk), "name"), "")
        super().__init__(data, initial=initial)
        self.fields["name"].label = pgettext_lazy("column", "Name")
        for language, language_name in other_languages().items() if category is not None else ():
            self.fields[f"name_{language}"] = field = _name_field(
                _("Name in %(language)s") % {"language": language_name}
            )
            field.required = False
        if category is not None:
            self.fields["is_hidden"] = forms.BooleanField(
                label=_("Hide from buyers"),
                help_text=_(
                    "Its subcategories are hidden too. Products stay on sale, under the category above it."
                ),
                required=False,
                initial=category.is_hidden,
            )


@require_safe_or_post
@staff_only(Permission.MANAGE_PRODUCTS)
def list_categories(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Show the tree with product counts. A POST creates a category."""
    form = CategoryForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        parent_ids = chosen_ids([request.POST.get("parent", "")])
        with refusals_as_form_errors(form):
            created = create_category(
                parent_id=parent_ids[0] if parent_ids else None,
                name=form.cleaned_data["name"],
                slug=None,
                values={"description_text": form.cleaned_data["description_text"]},
                actor=actor,
                now=timezone.now(),
            )
            return redirect("desk:category", created.pk)
    context = {"rows": _load_tree(), "form": form}
    return render(request, "desk/categories.html", context, status=422 if form.errors else 200)


@require_safe_or_post
@staff_only(Permission.MANAGE_PRODUCTS)
def edit_category(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show a category. A POST saves its texts and whether it is hidden."""
    category = get_object_or_404(Category, pk=pk)
    form = CategoryForm(request.POST if request.method == "POST" else None, category=category)
    if request.method == "POST" and form.is_valid():
        with refusals_as_form_errors(form):
            _save_category(category, form.cleaned_data, actor)
            return redirect("desk:category", category.pk)
    tree = _load_tree()
    branch = category.branch_path
    context = {
        "category": category,
        "form": form,
        "other_categories": [
            tree_row for tree_row in tree if not (tree_row.category.path or "").startswith(branch)
        ],
        "product_count": next(
            (tree_row.product_count for tree_row in tree if tree_row.category == category), 0
        ),
        "history": build_change_displays(
            Change.objects.of_row(category).order_by("-created_at", "-pk")[:_MAX_CHANGES]
        ),
    }
    return render(request, "desk/category.html", context, status=422 if form.errors else 200)


@require_POST
@staff_only(Permission.MANAGE_PRODUCTS)
def move_category_view(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Put a category under another parent and at a position."""
    parent_ids = chosen_ids([request.POST.get("parent", "")])
    positions = chosen_ids([request.POST.get("position", "")])
    action = partial(
        move_category,
        category_id=pk,
        parent_id=parent_ids[0] if parent_ids else None,
        position=max(0, positions[0] - 1) if positions else 0,
        actor=actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("desk:category", args=[pk]), message=_("Saved."))


@require_POST
@staff_only(Permission.MANAGE_PRODUCTS)
def merge_category_view(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Move a category's products and subcategories into another one, and delete it."""
    target_ids = chosen_ids([request.POST.get("into", "")])
    action = partial(
        merge_category,
        category_id=pk,
        into_id=target_ids[0] if target_ids else 0,
        actor=actor,
        now=timezone.now(),
    )
    return run_action(
        request,
        action,
        url=reverse("desk:categories"),
        message=_("Categories merged."),
        refused_url=reverse("desk:category", args=[pk]),
    )


def _save_category(category: Category, values: Mapping[str, Any], actor: Actor) -> None:
    now = timezone.now()
    texts = {name: values[name] for name in ("name", "description_text")}
    update_category(category_id=category.pk, values=texts, actor=actor, now=now)
    hide_category(category_id=category.pk, is_hidden=values["is_hidden"], actor=actor, now=now)
    for language in other_languages():
        name = {"name": values[f"name_{language}"]}
        translate_category(category_id=category.pk, language=language, texts=name, actor=actor, now=now)


def _load_tree() -> list[CategoryRow]:
    """Return all categories, each after its parent, siblings in their order."""
    existing = Product.objects.existing().filter(~Q(category=None)).order_by("category")
    counts = dict(existing.values_list("category").annotate(Count("pk")))
    children: dict[int | None, list[Category]] = {}
    for category in Category.objects.in_order():
        children.setdefault(category.parent_id, []).append(category)
    tree: list[CategoryRow] = []

    def add_branch(category: Category) -> int:
        position = len(tree)
        tree.append(CategoryRow(category, 0))
        total: int = counts.get(category.pk, 0)
        total += sum(add_branch(child) for child in children.get(category.pk, []))
        tree[position] = CategoryRow(category, total)
        return total

    for root in children.get(None, []):
        add_branch(root)
    return tree
