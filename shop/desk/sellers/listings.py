"""Review listings at the desk."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial

from django.core.paginator import Paginator
from django.db.models import Count, Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from catalog.actions.listings.listing_states import (
    find_missing_legal_fields,
    publish_listing,
    return_listing,
    withdraw_listing,
)
from catalog.models import Listing, Product, ProductMedia
from catalog.search import split_query
from catalog.states import LISTING_TRANSITIONS, ListingState
from cooperatives.models import Certificate
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Change
from shop.core.texts.formatting import format_money
from shop.core.texts.translations import other_languages
from shop.core.web.action_results import run_action
from shop.core.web.form_review import is_reviewed
from shop.core.web.http_methods import require_safe_or_post
from shop.desk.forms import ListingSearch, ReasonForm, submitted_reason
from shop.desk.review_page import render_review
from shop.desk.sellers.listing_checks import VariantDisplay, build_variant_displays, find_doubts
from shop.desk.sellers.reviews import RETURNED_MESSAGE, format_submission_time, run_decision
from shop.history.change_displays import build_change_displays
from shop.staff_pages import staff_only

PER_PAGE = 30
MAX_CHANGES = 100

# Messages for the fields returned by `find_missing_legal_fields`.
REQUIRED_BY_LAW: dict[str, Promise] = {
    "seller": _("Cooperative: full name, registration, phone"),
    "price": _("Selling price"),
    "origin": _("Place of origin"),
    "shelf_life": _("Best before"),
    "return_terms": _("Return terms"),
    "delivery": _("Delivery method"),
    "picture": pgettext_lazy("wanted by law", "Picture"),
}


@require_safe
@staff_only(Permission.MANAGE_PRODUCTS)
def list_listings(request: HttpRequest, actor: Actor) -> HttpResponse:
    """List listings by state, by default those in review, or by search."""
    form = ListingSearch(request.GET)
    query, state = form.chosen("q") or "", form.chosen("state")
    matching_listings = Listing.objects.existing()
    for term in split_query(query):
        matching_listings = matching_listings.filter(product__search_text__contains=term)
    if state or not query:
        state = state or ListingState.IN_REVIEW
        matching_listings = matching_listings.filter(state=state)
    counts = dict(Listing.objects.existing().order_by().values_list("state").annotate(Count("pk")))
    pictures = ProductMedia.objects.select_related("picture").order_by("sort_order", "pk")
    rows = (
        matching_listings.select_related("product", "product__cooperative", "channel")
        .prefetch_related(Prefetch("product__media", pictures))
        .order_by("submitted_at", "pk")
    )
    context = {
        "form": form,
        "query": query,
        "state": state,
        "states": [(state, state.label, counts.get(state, 0)) for state in ListingState],
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "desk/listings.html", context)


@require_safe
@staff_only(Permission.MANAGE_PRODUCTS)
def show_listing(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Show a listing as buyers will see it, and missing information required by law."""
    listing = get_object_or_404(
        Listing.objects.existing().select_related(
            "channel", "product", "product__cooperative", "product__product_type", "product__category"
        ),
        pk=pk,
    )
    product = listing.product
    now = timezone.now()
    variant_displays = build_variant_displays(listing)
    missing_fields = find_missing_legal_fields(product)
    allowed = LISTING_TRANSITIONS[listing.state]
    context = {
        "listing": listing,
        "product": product,
        "cooperative": product.cooperative,
        "form": ReasonForm(),
        "other_languages": other_languages(),
        "variants": variant_displays,
        "doubts": find_doubts(listing, variant_displays),
        "media": product.media.select_related("picture").order_by("sort_order", "pk"),
        "certificates": Certificate.objects.valid_on(vietnam_date(now))
        .filter(products=product)
        .order_by("pk"),
        "delivery_methods": product.cooperative.delivery_methods.filter(is_active=True).order_by(
            "sort_order", "pk"
        ),
        "this_month": vietnam_date(now).month,
        "is_perishable": product.product_type.is_perishable,
        "law": _legal_checks(product, missing_fields),
        "is_complete": not missing_fields,
        "seen_submitted_at": format_submission_time(listing.submitted_at),
        "may_publish": ListingState.PUBLISHED in allowed,
        "may_return": listing.state == ListingState.IN_REVIEW,
        "may_withdraw": ListingState.WITHDRAWN in allowed,
        "history": build_change_displays(
            Change.objects.of_row_and_parts(product).order_by("-created_at", "-pk")[:MAX_CHANGES]
        ),
    }
    return render(request, "desk/listing.html", context)


@require_safe_or_post
@staff_only(Permission.MANAGE_PRODUCTS)
def publish_listing_view(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Approve and publish a listing. If something about it is doubtful, the page asks first."""
    if request.method != "POST":
        return redirect("desk:listing", pk)
    listing = get_object_or_404(
        Listing.objects.existing().select_related("channel", "product__cooperative", "product__category"),
        pk=pk,
    )
    product = listing.product
    if not is_reviewed(request) and not find_missing_legal_fields(product):
        variant_displays = build_variant_displays(listing)
        doubts = find_doubts(listing, variant_displays)
        if doubts:
            return _review_publication(request, listing, variant_displays, doubts)
    names = {"name": product.name, "cooperative": product.cooperative.name}
    return run_decision(
        request,
        publish_listing,
        listing_id=pk,
        actor=actor,
        url=reverse("desk:listings"),
        refused_url=reverse("desk:listing", args=[pk]),
        message=gettext("%(name)s is on sale now. %(cooperative)s has been notified.") % names,
    )


def _review_publication(
    request: HttpRequest, listing: Listing, variant_displays: Sequence[VariantDisplay], doubts: Sequence[str]
) -> HttpResponse:
    """Show the prices, and what is doubtful about the listing."""
    product = listing.product
    facts = [
        (gettext("Cooperative"), product.cooperative.name),
        (gettext("Category"), product.category.name if product.category else gettext("No category")),
        *(
            (row.variant.name or gettext("Price"), format_money(row.amount, listing.currency))
            for row in variant_displays
        ),
    ]
    return render_review(
        request,
        title=gettext("Publish %(name)s?") % {"name": product.name},
        facts=facts,
        effects=doubts,
        label=gettext("Publish anyway"),
        back_url=reverse("desk:listing", args=[listing.pk]),
        back_label=product.name,
        is_unusual=True,
    )


@require_POST
@staff_only(Permission.MANAGE_PRODUCTS)
def return_listing_view(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Return a listing for correction."""
    return run_decision(
        request,
        return_listing,
        listing_id=pk,
        reason=submitted_reason(request.POST),
        actor=actor,
        url=reverse("desk:listings"),
        refused_url=reverse("desk:listing", args=[pk]),
        message=RETURNED_MESSAGE,
    )


@require_POST
@staff_only(Permission.MANAGE_PRODUCTS)
def withdraw_listing_view(request: HttpRequest, actor: Actor, pk: int) -> HttpResponse:
    """Withdraw a listing, with a reason."""
    listing = get_object_or_404(Listing.objects.existing().select_related("product"), pk=pk)
    message = gettext("%(name)s is removed from the market.") % {"name": listing.product.name}
    action = partial(
        withdraw_listing,
        listing_id=pk,
        cooperative=None,
        reason=submitted_reason(request.POST),
        actor=actor,
        now=timezone.now(),
    )
    return run_action(request, action, url=reverse("desk:listing", args=[pk]), message=message)


def _legal_checks(product: Product, missing_fields: Collection[str]) -> list[tuple[Promise, str]]:
    """Return what the law requires, each with its tone: good, bad, or empty if it does not apply."""

    def tone_of(field: str) -> str:
        if field == "shelf_life" and not product.shelf_life and not product.product_type.is_perishable:
            return ""
        return "bad" if field in missing_fields else "good"

    return [(label, tone_of(field)) for field, label in REQUIRED_BY_LAW.items()]
