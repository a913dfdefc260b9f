"""Correct translations of products and cooperatives, at the desk."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.actions.products.product_translations import translate_product
from catalog.actions.sellers.profile_texts import translate_seller
from catalog.forms import ProductTranslationForm
from catalog.models import Listing
from cooperatives.forms import CooperativeTranslationForm, TranslationForm
from cooperatives.models import Cooperative
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.texts.translations import other_languages
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.staff_pages import staff_only


@require_safe_or_post
@staff_only(Permission.MANAGE_PRODUCTS)
def translate_listing(request: HttpRequest, actor: Actor, pk: int, language: str) -> HttpResponse:
    """Translate a product's texts."""
    product = get_object_or_404(Listing.objects.existing().select_related("product"), pk=pk).product
    form = ProductTranslationForm(product, _require_translatable(language), _submitted_data(request))
    return_url = reverse("desk:listing", args=[pk])
    if not form.is_valid():
        return _render_form(request, form, language, name=product.name, return_url=return_url)
    action = partial(
        translate_product,
        cooperative=None,
        product_id=product.pk,
        language=language,
        **form.action_arguments(),
        needs_approval=False,
        actor=actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=return_url, message=_("Changes saved."))


@require_safe_or_post
@staff_only(Permission.MANAGE_STAFF)
def translate_cooperative(request: HttpRequest, actor: Actor, pk: int, language: str) -> HttpResponse:
    """Translate the texts of a cooperative and its delivery methods."""
    cooperative = get_object_or_404(Cooperative, pk=pk, is_platform_seller=False)
    form = CooperativeTranslationForm(cooperative, _require_translatable(language), _submitted_data(request))
    return_url = reverse("desk:cooperative", args=[pk])
    if not form.is_valid():
        return _render_form(request, form, language, name=cooperative.name, return_url=return_url)
    action = partial(
        translate_seller,
        cooperative_id=cooperative.pk,
        language=language,
        **form.action_arguments(),
        actor=actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=return_url, message=_("Changes saved."))


def _render_form(
    request: HttpRequest, form: TranslationForm, language: str, *, name: str, return_url: str
) -> HttpResponse:
    context = {"form": form, "name": name, "language_name": other_languages()[language], "back": return_url}
    return render(request, "desk/translations.html", context)


def _submitted_data(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _require_translatable(language: str) -> str:
    if language not in other_languages():
        raise Missing()
    return language
