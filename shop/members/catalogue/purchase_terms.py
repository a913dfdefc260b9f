"""Wholesale prices and limits of an option."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog.actions.products.purchase_terms import set_purchase_terms
from catalog.models import Price
from cooperatives.access import MemberRight, MembershipContext
from shop.core.errors import Missing
from shop.core.web.action_results import refusals_as_form_errors
from shop.core.web.http_methods import require_safe_or_post
from shop.members.catalogue.listings import find_listing, listing_url
from shop.members.forms.purchase_terms import PurchaseTermsForm
from shop.members.member_access import for_members, render_page


@require_safe_or_post
@for_members(MemberRight.LIST)
def edit_purchase_terms(
    request: HttpRequest, membership: MembershipContext, listing_id: int, variant_id: int
) -> HttpResponse:
    """Edit an option's wholesale prices and its limits per order and per buyer."""
    listing = find_listing(membership, listing_id)
    price = (
        Price.objects.filter(
            variant=variant_id,
            variant__product=listing.product_id,
            channel=listing.channel,
            amount__isnull=False,
        )
        .with_wholesale_prices()
        .select_related("variant")
        .first()
    )
    if price is None:
        raise Missing()
    form = PurchaseTermsForm(
        request.POST or None, initial=PurchaseTermsForm.initial_for_variant(price.variant, price)
    )
    if form.is_valid():
        with refusals_as_form_errors(form):
            set_purchase_terms(
                variant_id=price.variant_id,
                cooperative=membership.cooperative,
                channel=listing.channel,
                tiers=form.tiers,
                limits=form.limits,
                confirmation_token=form.cleaned_data["confirmed"],
                actor=membership.actor,
                now=timezone.now(),
            )
    if not form.is_valid():
        context = {"listing": listing, "variant": price.variant, "price": price, "form": form}
        return render_page(request, membership, "members/purchase_terms.html", context)
    messages.success(request, _("Changes saved."))
    return redirect(listing_url(listing.pk))
