"""Lock, insert and update one product in the caller's transaction, for members, staff and apps."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.db.models import QuerySet

from catalog.actions.listings.listing_states import require_legal_fields
from catalog.actions.listings.selling_prices import apply_promotions, update_lowest_prices
from catalog.actions.stock.stock_movements import refresh_availability
from catalog.models import Listing, Product
from catalog.search.indexed_words import IndexedTexts
from catalog.states import ListingState
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.errors import Missing
from shop.core.models import record_change
from shop.core.texts.folding import sort_key

SEARCH_COLUMNS = ("search_name", "search_text", "sort_key")  # set by `set_search_columns`


def lock_product(product_id: int, *, cooperative: Cooperative | None = None, field: str = "id") -> Product:
    """In a transaction: lock a product that was not removed. Raises Missing.

    If `cooperative` is given, products of other cooperatives are Missing.
    """
    products = (
        Product.objects.existing() if cooperative is None else Product.objects.for_cooperative(cooperative)
    )
    product = lock_row(products.filter(pk=product_id).select_related("cooperative", "category"))
    if product is None:
        raise Missing(field=field)
    return product


def load_listings(product: Product) -> QuerySet[Listing]:
    """In a transaction: return the product's listings, loaded for state changes."""
    listings = Listing.objects.filter(product=product).order_by("pk")
    return listings.select_related("channel", "product", "product__cooperative", "product__product_type")


def finish_product_edit(
    product: Product,
    *,
    data: Mapping[str, object],
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: update everything derived from a saved product's columns, and record the edit.

    Published products must stay complete, otherwise ListingIncomplete is raised.
    """
    apply_promotions([product.pk], actor=actor, now=now)
    update_lowest_prices([product.pk])
    for listing in load_listings(product).filter(state=ListingState.PUBLISHED):
        require_legal_fields(listing)
    record_change(
        "product.changed",
        product,
        actor=actor,
        now=now,
        cooperative_id=product.cooperative_id,
        data=dict(data),
        idempotency_key=idempotency_key,
    )


def refresh_listings(product: Product) -> None:
    """Refresh the lowest prices and availability stored on a product's listings."""
    update_lowest_prices([product.pk])
    refresh_availability(variant_ids=product.variants.values_list("pk", flat=True))


def set_search_columns(product: Product) -> None:
    """Set the derived columns for search and sorting, without saving. It reads the variants."""
    cooperative = product.cooperative
    category = product.category.name if product.category is not None else ""
    texts = IndexedTexts(
        name=product.name,
        seller=cooperative.name,
        category=category,
        places=(product.origin, cooperative.location),
        ingredients=product.ingredients or "",
        description=product.description_text,
        options=_option_names(product),
    )
    product.search_name, product.search_text = texts.name_column(), texts.text_column()
    product.sort_key = sort_key(product.name)


def _option_names(product: Product) -> tuple[str, ...]:
    if product.pk is None:
        return ()
    return tuple(sorted({variant.name for variant in product.variants.all() if variant.name}))


def refresh_option_words(product: Product) -> None:
    """In a transaction: let searches find a locked product by the present names of its options."""
    before = product.search_text
    set_search_columns(product)
    if product.search_text != before:
        product.save(update_fields=["search_text"])


def refresh_search_columns(products: QuerySet[Product]) -> None:
    """In a transaction: recompute these products' derived columns after their seller or category changed."""
    rows = lock_rows(
        products.select_related("cooperative", "category").prefetch_related("variants").order_by("pk")
    )
    for row in rows:
        set_search_columns(row)
    Product.objects.bulk_update(rows, SEARCH_COLUMNS, batch_size=500)
