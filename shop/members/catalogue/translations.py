"""Translate products and the cooperative's profile, each text beside its original."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from catalog.actions.products.product_translations import translate_product
from catalog.actions.sellers.profile_texts import translate_seller
from catalog.forms import ProductTranslationForm
from cooperatives.access import MemberRight, MembershipContext
from cooperatives.forms import CooperativeTranslationForm, TranslationForm
from shop.core.errors import Missing
from shop.core.texts.translations import other_languages
from shop.core.web.action_results import run_action
from shop.core.web.http_methods import require_safe_or_post
from shop.members.catalogue.listings import change_message, find_listing, listing_url
from shop.members.member_access import for_members, render_page


@require_safe_or_post
@for_members(MemberRight.LIST)
def translate_listing(
    request: HttpRequest, membership: MembershipContext, listing_id: int, language: str
) -> HttpResponse:
    """Translate a product's texts."""
    listing = find_listing(membership, listing_id)
    product = listing.product
    form = ProductTranslationForm(product, _require_translatable(language), _submitted_data(request))
    return_url = listing_url(listing_id)
    if not form.is_valid():
        return _render_form(request, membership, form, language, name=product.name, return_url=return_url)
    action = partial(
        translate_product,
        cooperative=membership.cooperative,
        product_id=product.pk,
        language=language,
        **form.action_arguments(),
        actor=membership.actor,
        now=timezone.now(),
    )
    message = change_message(listing, _("Changes saved."))
    return run_action(request, action, url=return_url, message=message)


@require_safe_or_post
@for_members(MemberRight.MANAGE)
def translate_cooperative(request: HttpRequest, membership: MembershipContext, language: str) -> HttpResponse:
    """Translate the texts of the cooperative and its delivery methods."""
    cooperative = membership.cooperative
    form = CooperativeTranslationForm(cooperative, _require_translatable(language), _submitted_data(request))
    return_url = reverse("members:profile")
    if not form.is_valid():
        return _render_form(request, membership, form, language, name=cooperative.name, return_url=return_url)
    action = partial(
        translate_seller,
        cooperative_id=cooperative.pk,
        language=language,
        **form.action_arguments(),
        actor=membership.actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=return_url, message=_("Changes saved."))


def _render_form(
    request: HttpRequest,
    membership: MembershipContext,
    form: TranslationForm,
    language: str,
    *,
    name: str,
    return_url: str,
) -> HttpResponse:
    context = {"form": form, "name": name, "language_name": other_languages()[language], "back": return_url}
    return render_page(request, membership, "members/translations.html", context)


def _submitted_data(request: HttpRequest) -> QueryDict | None:
    return request.POST if request.method == "POST" else None


def _require_translatable(language: str) -> str:
    if language not in other_languages():
        raise Missing()
    return language
