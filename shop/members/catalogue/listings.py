"""A cooperative's listings: list, detail, and state changes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from catalog.actions.listings.listing_states import (
    find_missing_legal_fields,
    pause_listing,
    reopen_listing,
    resume_listing,
    withdraw_listing,
)
from catalog.actions.listings.revision_decisions import withdraw_revision
from catalog.actions.products.product_revisions import is_approved
from catalog.actions.products.revision_differences import find_picture_difference, find_text_differences
from catalog.models import Listing, Price, Product, ProductMedia, ProductRevision, Variant
from catalog.states import ListingState
from catalog.variant_stock import VariantStock, read_variant_stocks
from cooperatives.access import MemberRight, MembershipContext
from cooperatives.models import Cooperative, Warehouse
from shop.core.errors import Missing, StrOrPromise
from shop.core.models import Picture, PictureState
from shop.core.texts.translations import other_languages
from shop.core.web.action_results import run_action
from shop.members.forms.lots import read_lot_choices
from shop.members.forms.photos import MorePhotosForm
from shop.members.member_access import for_members, render_page

PER_PAGE = 20
_SOLD_OUT = Q(state=ListingState.PUBLISHED, is_available=False)

LISTING_TABS: dict[str, tuple[Promise, Q]] = {
    "ban": (_("On sale"), Q(state=ListingState.PUBLISHED, is_available=True)),
    "het": (_("Sold out"), _SOLD_OUT),
    "duyet": (_("In review"), Q(state=ListingState.IN_REVIEW)),
    "nhap": (_("Drafts"), Q(state=ListingState.DRAFT)),
    "nghi": (_("Paused"), Q(state=ListingState.PAUSED)),
    "rut": (_("Removed"), Q(state=ListingState.WITHDRAWN)),
}

# Messages for information required by law, and the page where members enter it.
MISSING_FIELD_MESSAGES: dict[str, tuple[Promise, str]] = {
    "seller": (
        _(
            "Registered name, registration number and phone number of the cooperative. Call the "
            "market to add them."
        ),
        "",
    ),
    "price": (_("Price."), "variants"),
    "origin": (_("Place of origin."), "details"),
    "shelf_life": (_("Shelf life."), "details"),
    "return_terms": (_("Return and exchange terms."), "details"),
    "delivery": (_("Delivery method."), "delivery_methods"),
    "picture": (_("Photo."), "pictures"),
}


@dataclass(frozen=True, slots=True)
class ListingRow:
    """A row of the list, with the stock of each variant whose stock is tracked."""

    listing: Listing
    product: Product
    variant: Variant | None
    picture: Picture | None
    stocks: list[VariantStock]


@dataclass(frozen=True, slots=True)
class VariantRow:
    """A variant on the listing's page, with its price and stock in the listing's channel."""

    variant: Variant
    price: Price | None
    stock: VariantStock


@require_safe
@for_members(MemberRight.LIST)
def list_listings(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """List the cooperative's listings, filtered by `?tin=`."""
    cooperative_listings = Listing.objects.for_cooperative(membership.cooperative)
    counts = cooperative_listings.aggregate(
        **{tab: Count("pk", filter=condition) for tab, (_name, condition) in LISTING_TABS.items()}
    )
    tab = request.GET.get("tin", "")
    condition = LISTING_TABS[tab][1] if tab in LISTING_TABS else ~Q(state=ListingState.WITHDRAWN)
    rows = (
        cooperative_listings.filter(condition)
        .select_related("channel", "product__default_variant")
        .order_by("product__sort_key", "pk")
    )
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": _build_list_rows(list(page.object_list), membership.cooperative),
        "tab": tab,
        "all_count": sum(counts.values()) - counts["rut"],
        "tabs": [(key, name, counts[key]) for key, (name, _rule) in LISTING_TABS.items() if counts[key]],
    }
    return render_page(request, membership, "members/listings.html", context)


@require_safe
@for_members(MemberRight.LIST)
def show_listing(request: HttpRequest, membership: MembershipContext, listing_id: int) -> HttpResponse:
    """Show a listing: its state, missing information, variants with price and stock."""
    return render_listing(request, membership, find_listing(membership, listing_id))


@require_POST
@for_members(MemberRight.LIST)
def pause_listing_view(request: HttpRequest, membership: MembershipContext, listing_id: int) -> HttpResponse:
    """Pause a listing."""
    return run_transition(
        request, membership, listing_id, pause_listing, _("Sales paused. Buyers no longer see it.")
    )


@require_POST
@for_members(MemberRight.LIST)
def resume_listing_view(request: HttpRequest, membership: MembershipContext, listing_id: int) -> HttpResponse:
    """Resume a paused listing."""
    return run_transition(request, membership, listing_id, resume_listing, _("On sale again."))


@require_POST
@for_members(MemberRight.LIST)
def withdraw_listing_view(
    request: HttpRequest, membership: MembershipContext, listing_id: int
) -> HttpResponse:
    """Withdraw a listing."""
    return run_transition(request, membership, listing_id, withdraw_listing, _("Removed from the market."))


@require_POST
@for_members(MemberRight.LIST)
def reopen_listing_view(request: HttpRequest, membership: MembershipContext, listing_id: int) -> HttpResponse:
    """Reopen a withdrawn listing as a draft."""
    return run_transition(
        request, membership, listing_id, reopen_listing, _("Back to draft. Check it, then submit it.")
    )


@require_POST
@for_members(MemberRight.LIST)
def withdraw_proposed_changes(
    request: HttpRequest, membership: MembershipContext, listing_id: int
) -> HttpResponse:
    """Drop the proposed changes."""
    action = partial(
        withdraw_revision,
        cooperative=membership.cooperative,
        product_id=find_listing(membership, listing_id).product_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    message = _("Changes dropped. Buyers see the product as before.")
    return run_action(request, action, url=listing_url(listing_id), message=message)


def change_message(listing: Listing, message: StrOrPromise) -> StrOrPromise:
    """Return the message after a change of texts for buyers, which may wait for review."""
    if is_approved(listing.product):
        return _("Saved. Price, stock and season are live; buyers see the rest once the market approves it.")
    return message


def find_listing(membership: MembershipContext, listing_id: int) -> Listing:
    """Return the cooperative's listing with its product. Raises Missing."""
    listing = (
        Listing.objects.for_cooperative(membership.cooperative)
        .filter(pk=listing_id)
        .select_related("channel", "product__category", "product__product_type", "product__cooperative")
        .first()
    )
    if listing is None:
        raise Missing()
    return listing


def listing_url(listing_id: int) -> str:
    return reverse("members:listing", args=[listing_id])


def render_listing(
    request: HttpRequest,
    membership: MembershipContext,
    listing: Listing,
    *,
    photos_form: MorePhotosForm | None = None,
) -> HttpResponse:
    """Render a listing's page. `photos_form` is a submitted form with errors."""
    is_checked = listing.channel.requires_listing_review and listing.state in (
        ListingState.DRAFT,
        ListingState.PAUSED,
    )
    missing_fields = find_missing_legal_fields(listing.product) if is_checked else []
    revision = ProductRevision.objects.filter(product=listing.product).first()
    if revision is not None:
        revision.product = listing.product
    pictures = find_picture_difference(revision) if revision is not None else None
    rows = ProductMedia.objects.filter(product=listing.product).select_related("picture")
    media = pictures.new if pictures is not None else list(rows.order_by("sort_order", "pk"))
    variants = _build_variant_rows(listing)
    context = {
        "listing": listing,
        "product": listing.product,
        # A photo can be added by the same button.
        "is_incomplete": bool(set(missing_fields) - {"picture"}),
        "advised": _advised_fields(listing) if listing.state == ListingState.DRAFT else [],
        "missing": [(field, *MISSING_FIELD_MESSAGES[field]) for field in missing_fields],
        "media": media,
        "seen": [item for item in media if item.picture.state != PictureState.REFUSED],
        "is_rendering": any(row.picture.state == PictureState.WAITING for row in media),
        "variants": variants,
        "stocks": [row.stock for row in variants if row.variant.track_inventory],
        "photos_form": photos_form or MorePhotosForm(),
        "revision": revision,
        "differences": find_text_differences(revision) if revision is not None else [],
        "pictures": pictures,
        "is_reviewed": is_approved(listing.product),
        "other_languages": other_languages(),
        "idempotency_key": uuid.uuid4(),
        "warehouses": list(Warehouse.objects.for_cooperative(membership.cooperative).open()),
        "may_count": membership.may(MemberRight.COUNT_STOCK),
        **read_lot_choices(membership.cooperative),
        "is_sold_out": listing.state == ListingState.PUBLISHED and not listing.is_available,
    }
    return render_page(request, membership, "members/listing.html", context)


def _advised_fields(listing: Listing) -> list[tuple[str, str]]:
    """Return what a draft lacks that the law does not require, but buyers look for, by field."""
    product = listing.product
    advised = []
    if product.category_id is None:
        advised.append(("category", gettext("A category: without one, buyers find it only by its name")))
    if not product.description_text:
        advised.append(("description", gettext("A description: what it is, how it is made, how to use it")))
    return advised


def run_transition(
    request: HttpRequest,
    membership: MembershipContext,
    listing_id: int,
    action: Callable[..., object],
    message: Promise,
    *,
    refused_url: str = "",
) -> HttpResponse:
    """Change the listing's state and return to its page with the message, or with the refusal."""
    bound_action = partial(
        action,
        cooperative=membership.cooperative,
        listing_id=listing_id,
        actor=membership.actor,
        now=timezone.now(),
    )
    url = listing_url(listing_id)
    return run_action(request, bound_action, url=url, message=message, refused_url=refused_url)


def _build_list_rows(listings: list[Listing], seller: Cooperative) -> list[ListingRow]:
    """Add pictures and stock to the listings. Two queries for all rows, and three for each channel."""
    products = [listing.product_id for listing in listings]
    pictures: dict[int, Picture] = {}
    for media in (
        ProductMedia.objects.displayable()
        .filter(product__in=products)
        .select_related("picture")
        .order_by("product", "sort_order", "pk")
    ):
        pictures.setdefault(media.product_id, media.picture)
    stocks = _read_stocks_by_listing(listings, seller)
    return [
        ListingRow(
            listing=listing,
            product=listing.product,
            variant=listing.product.default_variant,
            picture=pictures.get(listing.product_id),
            stocks=stocks[listing.pk],
        )
        for listing in listings
    ]


def _read_stocks_by_listing(rows: list[Listing], seller: Cooperative) -> dict[int, list[VariantStock]]:
    stocks_by_listing: dict[int, list[VariantStock]] = {}
    for channel in {row.channel_id: row.channel for row in rows}.values():
        in_channel = [row for row in rows if row.channel_id == channel.pk]
        variants_by_product: dict[int, list[Variant]] = {}
        for variant in Variant.objects.filter(product__in=[row.product_id for row in in_channel]).in_order():
            variants_by_product.setdefault(variant.product_id, []).append(variant)
        stocks = read_variant_stocks(
            [variant for group in variants_by_product.values() for variant in group], channel, seller=seller
        )
        for row in in_channel:
            variants = variants_by_product.get(row.product_id, [])
            stocks_by_listing[row.pk] = [
                stocks[variant.pk] for variant in variants if variant.track_inventory
            ]
    return stocks_by_listing


def _build_variant_rows(listing: Listing) -> list[VariantRow]:
    """Return the product's variants with price and stock in the listing's channel."""
    variants = list(listing.product.variants.in_order())
    channel_prices = Price.objects.filter(variant__in=variants, channel=listing.channel_id)
    prices = {price.variant_id: price for price in channel_prices.with_wholesale_prices().order_by("pk")}
    stocks = read_variant_stocks(variants, listing.channel, seller=listing.product.cooperative)
    return [VariantRow(variant, prices.get(variant.pk), stocks[variant.pk]) for variant in variants]
