"""Create products on one page, and edit products and variants."""

from __future__ import annotations

import uuid
from functools import partial

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from catalog.actions.listings.listing_states import required_texts
from catalog.actions.products.copy_products import copy_product
from catalog.actions.products.draft_products import create_draft_product
from catalog.actions.products.product_details import NewProduct, variant_content
from catalog.actions.products.product_revisions import build_revised_product, read_revised_variant_name
from catalog.actions.products.save_products import update_product
from catalog.actions.products.similar_products import (
    find_similar_product,
    find_similar_products,
    read_usual_prices,
)
from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import InitialStock, create_variant, update_variant
from catalog.models import (
    Category,
    Listing,
    Price,
    Product,
    ProductMedia,
    ProductType,
    Variant,
)
from catalog.states import ListingState
from cooperatives.access import MemberRight, MembershipContext
from shop.core.errors import Forbidden, Missing, Refused
from shop.core.images.renditions import store_picture
from shop.core.models import Channel, Picture, market_channel, show_in_language
from shop.core.web.action_results import refusals_as_form_errors
from shop.core.web.http_methods import require_safe_or_post
from shop.core.web.uploads import is_signed_in, takes_files
from shop.members.catalogue.listings import change_message, find_listing, listing_url
from shop.members.forms.fields import MembersForm, parse_key
from shop.members.forms.products import EditedProductForm, NewListingForm, ProductForm
from shop.members.forms.seen_values import CurrentValues, conflicts_in_form, submitted_data
from shop.members.forms.variants import EditedVariantForm, NewVariantForm, VariantForm
from shop.members.kept_pictures import find_kept_pictures, keep_pictures
from shop.members.member_access import for_members, render_page, submitted_key
from shop.members.photo_hints import photo_hint


@require_safe_or_post
@takes_files(is_signed_in)
@for_members(MemberRight.LIST)
def create_listing(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Create a product with its listing. Uploaded photos are kept while other errors are corrected."""
    channel = market_channel()
    if channel is None:
        messages.error(request, _("The market is not open yet."))
        return redirect("members:listings")
    form = _build_new_form(request, membership, channel)
    similar = find_similar_product(membership.cooperative, channel, parse_key(request.POST.get("similar")))
    if "suggestion" in request.POST:
        return _take_over_details(request, membership, channel, form)
    if not form.is_valid():
        pictures = _find_submitted_pictures(request, membership, form)
        return _render_new(request, membership, form, pictures, similar=similar)
    pictures = _find_submitted_pictures(request, membership, form)
    with refusals_as_form_errors(form):
        product = create_draft_product(
            cooperative=membership.cooperative,
            channel=channel,
            new_product=NewProduct(
                product_type=form.chosen_product_type,
                category=form.chosen_category,
                details=form.product_details(),
                variants=[(form.variant_details(), form.cleaned_data["on_hand"])],
                pictures=pictures,
                captions=form.cleaned_data["captions"],
                # Without a class of its own the product has that of its type.
                tax_class=similar.tax_class
                if similar is not None and similar.product_type == form.chosen_product_type
                else None,
            ),
            confirmation_token=form.cleaned_data["confirmed"],
            idempotency_key=submitted_key(request, "offer", membership.cooperative.pk),
            actor=membership.actor,
            now=timezone.now(),
        )
    if not form.is_valid():
        return _render_new(request, membership, form, pictures, similar=similar)
    messages.success(request, _("Saved as draft. Check it once more, then submit it."))
    return redirect(listing_url(product.listings.get(channel=channel).pk))


@require_safe
@for_members(MemberRight.LIST)
def show_listing_hints(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Show similar products for the name of a new one, and the market's usual prices of its unit."""
    channel = market_channel()
    if channel is None:
        raise Missing()
    form = VariantForm(request.GET)
    name = request.GET.get("name", "")[:250]
    usual = None
    if form.is_valid() or not {"unit", "content", "measure"} & form.errors.keys():
        cleaned = form.cleaned_data
        content = variant_content(cleaned["unit"], cleaned["content"], cleaned["measure"])
        usual = read_usual_prices(channel, name, Variant(unit=cleaned["unit"], **content))
    context = {
        "similar_products": find_similar_products(membership.cooperative, channel, name),
        "usual": usual,
        "currency": channel.currency,
    }
    return render(request, "members/listing_hints.html", context)


@require_POST
@for_members(MemberRight.LIST)
def copy_listing(request: HttpRequest, membership: MembershipContext, listing_id: int) -> HttpResponse:
    """Copy a product as a draft, and open the copy's details."""
    listing = find_listing(membership, listing_id)
    try:
        product = copy_product(
            cooperative=membership.cooperative,
            product_id=listing.product_id,
            channel=listing.channel,
            idempotency_key=submitted_key(request, "copy", listing.pk),
            actor=membership.actor,
            now=timezone.now(),
        )
    except (Missing, Forbidden):
        raise
    except Refused as refused:
        messages.error(request, str(refused.message))
        return redirect(listing_url(listing.pk))
    messages.success(request, _("Copied as draft, without stock. Change what is different."))
    return redirect("members:listing-details", product.listings.get(channel=listing.channel).pk)


@require_safe_or_post
@for_members(MemberRight.LIST)
def edit_listing_details(
    request: HttpRequest, membership: MembershipContext, listing_id: int
) -> HttpResponse:
    """Edit a product's details."""
    listing = find_listing(membership, listing_id)
    current = _build_current_details(listing)
    form = EditedProductForm(
        submitted_data(request, current),
        categories=_find_categories(),
        required_texts=required_texts(listing.channel, membership.cooperative, listing.product.product_type),
        requires_complete_texts=listing.state not in (ListingState.DRAFT, ListingState.WITHDRAWN),
        initial=current.initial,
    )
    if form.is_valid():
        values = form.product_details(listing.product.season_note).columns() | {
            "category_id": form.chosen_category.pk if form.chosen_category else None
        }
        changed = form.changed_values(values)
        with (
            refusals_as_form_errors(form),
            conflicts_in_form(
                form, values, lambda: _build_current_details(find_listing(membership, listing_id))
            ),
        ):
            if changed:
                update_product(
                    product_id=listing.product_id,
                    cooperative=membership.cooperative,
                    values=changed,
                    seen_values=form.seen_of(changed),
                    actor=membership.actor,
                    now=timezone.now(),
                )
    if not form.is_valid():
        context = {"listing": listing, "form": form}
        return render_page(request, membership, "members/listing_details.html", context)
    messages.success(request, str(change_message(listing, _("Changes saved."))))
    return redirect(listing_url(listing.pk))


@require_safe_or_post
@for_members(MemberRight.LIST)
def add_variant(request: HttpRequest, membership: MembershipContext, listing_id: int) -> HttpResponse:
    """Add a variant."""
    listing = find_listing(membership, listing_id)
    form = NewVariantForm(
        request.POST or None,
        initial={"unit": listing.product.variants.in_order().values_list("unit", flat=True).first()},
    )
    if not form.is_valid():
        return _render_variant(request, membership, listing, form)
    details = form.variant_details()
    with refusals_as_form_errors(form):
        create_variant(
            product_id=listing.product_id,
            cooperative=membership.cooperative,
            values=details.columns(),
            prices=[ListPrice(listing.channel, details.price)],
            stocks=[InitialStock(form.cleaned_data["on_hand"])],
            confirmation_token=form.cleaned_data["confirmed"],
            idempotency_key=submitted_key(request, "variant", listing.pk),
            actor=membership.actor,
            now=timezone.now(),
        )
    if not form.is_valid():
        return _render_variant(request, membership, listing, form)
    messages.success(request, _("Added."))
    return redirect(listing_url(listing.pk))


@require_safe_or_post
@for_members(MemberRight.LIST)
def edit_variant(
    request: HttpRequest, membership: MembershipContext, listing_id: int, variant_id: int
) -> HttpResponse:
    """Edit a variant's price, unit or content."""
    listing = find_listing(membership, listing_id)
    existing, current = _load_current_variant(membership, listing, variant_id)
    form = EditedVariantForm(submitted_data(request, current), initial=current.initial)
    if not form.is_valid():
        return _render_variant(request, membership, listing, form, existing)
    details = form.variant_details(existing)
    values = details.columns() | {"price": details.price}
    changed = form.changed_values(values)
    seen = form.seen_of(changed)
    is_priced = changed.pop("price", None) is not None
    seen_price = seen.pop("price", None)
    with (
        refusals_as_form_errors(form),
        conflicts_in_form(form, values, lambda: _load_current_variant(membership, listing, variant_id)[1]),
    ):
        update_variant(
            variant_id=existing.pk,
            cooperative=membership.cooperative,
            values=changed,
            prices=[ListPrice(listing.channel, details.price)] if is_priced else [],
            seen_values=seen,
            seen_prices={listing.channel_id: seen_price if isinstance(seen_price, int) else None}
            if form.seen_values
            else None,
            confirmation_token=form.cleaned_data["confirmed"],
            actor=membership.actor,
            now=timezone.now(),
        )
    if not form.is_valid():
        return _render_variant(request, membership, listing, form, existing)
    is_renamed = details.name != existing.name
    message = change_message(listing, _("Changes saved.")) if is_renamed else _("Changes saved.")
    messages.success(request, str(message))
    return redirect(listing_url(listing.pk))


def _build_current_details(listing: Listing) -> CurrentValues:
    return EditedProductForm.current_values(build_revised_product(listing.product))


def _load_current_variant(
    membership: MembershipContext, listing: Listing, variant_id: int
) -> tuple[Variant, CurrentValues]:
    """Return a variant of the listing's product and what its page shows. Raises Missing."""
    variants = Variant.objects.for_cooperative(membership.cooperative)
    variant = variants.filter(product=listing.product_id, pk=variant_id).first()
    if variant is None:
        raise Missing()
    price = Price.objects.filter(variant=variant, channel=listing.channel).first()
    name = read_revised_variant_name(variant)
    return variant, EditedVariantForm.current_values(variant, price.amount if price else None, name=name)


def _build_new_form(
    request: HttpRequest,
    membership: MembershipContext,
    channel: Channel,
    *,
    initial: dict[str, object] | None = None,
) -> NewListingForm:
    """Return the submitted form, or one with `initial` values that is not submitted yet."""
    types = list(ProductType.objects.for_members())
    show_in_language(types, "name")
    is_submitted = request.method == "POST" and initial is None
    submitted = (request.POST, request.FILES) if is_submitted else (None, None)
    return NewListingForm(
        *submitted,
        categories=_find_categories(),
        types=types,
        required_texts=partial(required_texts, channel, membership.cooperative),
        initial={"origin": membership.cooperative.location} | (initial or {}),
    )


def _take_over_details(
    request: HttpRequest, membership: MembershipContext, channel: Channel, form: NewListingForm
) -> HttpResponse:
    """Show the form again with the details of a similar product. Entered values and photos are kept."""
    similar = find_similar_product(membership.cooperative, channel, parse_key(request.POST.get("suggestion")))
    if similar is None:
        raise Missing()
    form.is_valid()
    pictures = _find_submitted_pictures(request, membership, form) if "photo" not in form.errors else []
    entered = {
        name: request.POST.getlist(name) if name == "months" else request.POST.get(name, "")
        for name in NewListingForm.base_fields
    }
    details = ProductForm.initial_for_product(similar)
    if similar.cooperative_id != membership.cooperative.pk:
        details = {name: details[name] for name in ("name", "category", "shelf_life", "storage", "months")}
    if similar.default_variant is not None:
        details |= VariantForm.initial_for_variant(similar.default_variant, None) | {"label": ""}
    details["product_type"] = similar.product_type_id
    kept = {name: value for name, value in entered.items() if value and name not in ("product_type", "name")}
    new_form = _build_new_form(request, membership, channel, initial=entered | details | kept)
    return _render_new(request, membership, new_form, pictures, similar=similar)


def _find_submitted_pictures(
    request: HttpRequest, membership: MembershipContext, form: NewListingForm
) -> list[Picture]:
    """Return the photos just uploaded, or else those kept from an earlier submission."""
    if not form.is_bound:
        return []
    if form.uploads:
        return [store_picture(upload) for upload in form.uploads]
    return find_kept_pictures(membership.cooperative, request.POST.getlist("kept"))


def _render_new(
    request: HttpRequest,
    membership: MembershipContext,
    form: NewListingForm,
    pictures: list[Picture],
    *,
    similar: Product | None = None,
) -> HttpResponse:
    context = {
        "similar": similar,
        "example": ProductMedia.objects.ready().filter(product=similar).order_by("sort_order", "pk").first()
        if similar is not None
        else None,
        "photo_hint": photo_hint(similar.product_type) if similar is not None else "",
        "form": form,
        "kept_pictures": keep_pictures(membership.cooperative, pictures),
        "idempotency_key": uuid.uuid4(),
    }
    return render_page(request, membership, "members/listing_new.html", context)


def _render_variant(
    request: HttpRequest,
    membership: MembershipContext,
    listing: Listing,
    form: MembersForm,
    variant: Variant | None = None,
) -> HttpResponse:
    context = {
        "listing": listing,
        "form": form,
        "variant": variant,
        "usual": read_usual_prices(listing.channel, listing.product.name, variant)
        if variant is not None
        else None,
        "currency": listing.channel.currency,
        "idempotency_key": uuid.uuid4(),
    }
    return render_page(request, membership, "members/variant.html", context)


def _find_categories() -> list[Category]:
    categories = list(Category.objects.in_order())
    show_in_language(categories, "name")
    return categories
