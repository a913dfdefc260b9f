"""Translate products and the cooperative's profile, each text beside its original."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from catalog.actions.products.product_translations import translate_product
from catalog.forms import ProductTexts
from cooperatives.access import Right, Standing
from cooperatives.actions.cooperative_translations import translate_cooperative
from cooperatives.forms import CooperativeTexts, TranslationForm
from cooperatives.views import carry_out
from shop.core.errors import Missing
from shop.core.texts.translations import other_languages
from shop.members.member_access import for_members, show
from shop.members.selling.listings import found_listing, listing_address

_WITH_FORM = ["GET", "HEAD", "POST"]


@require_http_methods(_WITH_FORM)
@for_members(Right.LIST)
def listing_texts(request: HttpRequest, membership: Standing, listing_id: int, language: str) -> HttpResponse:
    """Translate a product's texts."""
    product = found_listing(membership, listing_id).product
    form = ProductTexts(product, _require_translatable(language), _submitted(request))
    back = listing_address(listing_id)
    if not form.is_valid():
        return _render_form(request, membership, form, language, name=product.name, back=back)
    act = partial(
        translate_product,
        cooperative=membership.cooperative,
        product_id=product.pk,
        language=language,
        **form.said(),
        actor=membership.actor,
        now=timezone.now(),
    )
    return carry_out(request, act, to=back, said=_("Changed."))


@require_http_methods(_WITH_FORM)
@for_members(Right.MANAGE)
def cooperative_texts(request: HttpRequest, membership: Standing, language: str) -> HttpResponse:
    """Translate the texts of the cooperative and its delivery methods."""
    cooperative = membership.cooperative
    form = CooperativeTexts(cooperative, _require_translatable(language), _submitted(request))
    back = reverse("members:stall")
    if not form.is_valid():
        return _render_form(request, membership, form, language, name=cooperative.name, back=back)
    act = partial(
        translate_cooperative,
        cooperative_id=cooperative.pk,
        language=language,
        **form.said(),
        actor=membership.actor,
        now=timezone.now(),
    )
    return carry_out(request, act, to=back, said=_("Changed."))


def _render_form(
    request: HttpRequest, membership: Standing, form: TranslationForm, language: str, *, name: str, back: str
) -> HttpResponse:
    context = {"form": form, "name": name, "tongue": other_languages()[language], "back": back}
    return show(request, membership, "members/translations.html", context)


def _submitted(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _require_translatable(language: str) -> str:
    if language not in other_languages():
        raise Missing()
    return language
