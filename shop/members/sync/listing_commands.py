"""Commands that create a listing from what a phone entered, and submit it for review."""

from __future__ import annotations

from functools import partial
from typing import Any

from catalog.actions.listings.listing_states import submit_listing
from catalog.actions.products.draft_products import create_draft_product
from catalog.actions.products.product_details import NewProduct, ProductDetails, VariantDetails
from catalog.actions.stock.stock_movements import MAX_COUNTED_QUANTITY
from catalog.models import ALL_MONTHS, Category, Listing, Product, ProductType, Unit
from shop.core.errors import Missing
from shop.core.models import Channel, market_channel
from shop.members.sync.command_types import CommandRun, PreparedCommand
from shop.members.sync.payloads import MAX_AMOUNT, MAX_CAPTION_LENGTH, InvalidCommand, Payload
from shop.members.sync.photos import find_pictures
from shop.members.sync.rows import PRODUCT, RowReference

MAX_PHOTOS = 8
MAX_CONTENT = 10_000_000  # grams, millilitres or pieces
CREATE_COMMAND = "create_listing"


def create_listing(run: CommandRun) -> PreparedCommand:
    """Prepare a draft product with its listing, one variant, its first stock and its photos.

    Raises Missing.
    """
    payload, channel = run.payload, market_channel()
    if channel is None:
        raise Missing()
    new_product = NewProduct(
        product_type=_find_product_type(payload),
        category=_find_category(payload),
        details=_read_details(payload),
        variants=[
            (_read_variant(payload), payload.whole_number("on_hand", minimum=0, maximum=MAX_COUNTED_QUANTITY))
        ],
        pictures=find_pictures(run, payload.keys("photos", max_count=MAX_PHOTOS)),
        captions=payload.texts("captions", max_count=MAX_PHOTOS, max_length=MAX_CAPTION_LENGTH),
    )
    action = partial(
        create_draft_product,
        cooperative=run.membership.cooperative,
        channel=channel,
        new_product=new_product,
        confirmation_token=payload.text("confirmed", max_length=60),
        **run.action_arguments_with_key,
    )
    return PreparedCommand(
        None,
        action,
        result_of=partial(_created_ids, channel=channel),
        row_of=lambda product: RowReference(PRODUCT, product.pk),
    )


def submit_created_listing(run: CommandRun) -> PreparedCommand:
    """Prepare the submission of a listing, named by its id or by the command that created it.

    Raises Missing.
    """
    payload = run.payload
    if payload.has("created_by"):
        listing_id = int(run.find_named_command(CREATE_COMMAND, "created_by").result["listing"])
    else:
        listing_id = payload.whole_number("listing")
    listing = Listing.objects.for_cooperative(run.membership.cooperative).filter(pk=listing_id).first()
    if listing is None:
        raise Missing()
    action = partial(
        submit_listing,
        cooperative=run.membership.cooperative,
        listing_id=listing.pk,
        **run.action_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, listing.product_id), action)


def _created_ids(product: Product, *, channel: Channel) -> dict[str, Any]:
    return {"product": product.pk, "listing": product.listings.get(channel=channel).pk}


def _read_details(payload: Payload) -> ProductDetails:
    name = payload.text("name", max_length=250).strip()
    if not name:
        raise InvalidCommand(field="name")
    return ProductDetails(
        name=name,
        description=payload.text("description", max_length=5000).strip(),
        origin=payload.text("origin", max_length=250).strip(),
        shelf_life=payload.text("shelf_life", max_length=250).strip(),
        return_terms=payload.text("return_terms", max_length=2000).strip(),
        season=payload.optional_number("season", maximum=ALL_MONTHS) or ALL_MONTHS,
    )


def _read_variant(payload: Payload) -> VariantDetails:
    return VariantDetails(
        price=payload.whole_number("price", minimum=0, maximum=MAX_AMOUNT),
        unit=_read_unit(payload, "unit") or Unit.PIECE,
        content_grams=payload.optional_number("content_grams", maximum=MAX_CONTENT),
        content_ml=payload.optional_number("content_ml", maximum=MAX_CONTENT),
        content_count=payload.optional_number("content_count", maximum=MAX_CONTENT),
        content_unit=_read_unit(payload, "content_unit"),
    )


def _read_unit(payload: Payload, name: str) -> str:
    unit = payload.text(name, max_length=10)
    if unit and unit not in Unit.values:
        raise InvalidCommand(field=name)
    return unit


def _find_product_type(payload: Payload) -> ProductType:
    product_type = ProductType.objects.for_members().filter(pk=payload.whole_number("product_type")).first()
    if product_type is None:
        raise Missing()
    return product_type


def _find_category(payload: Payload) -> Category | None:
    category_id = payload.optional_number("category")
    if category_id is None:
        return None
    category = Category.objects.filter(pk=category_id).first()
    if category is None:
        raise Missing()
    return category
