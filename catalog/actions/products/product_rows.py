"""Steps for one product, the same whoever writes it: members, staff or an app."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.db.models import QuerySet

from catalog.actions.listings.listing_states import require_legal_fields
from catalog.actions.listings.selling_prices import apply_promotions, update_lowest_prices
from catalog.actions.stock.stock_movements import refresh_availability
from catalog.models import EXACT_WORD_PREFIX, Listing, Product
from catalog.states import ListingState
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.models import record_change
from shop.core.texts.folding import folded_words, search_words, sort_key, words_with_diacritics


def lock_own_product(cooperative: Cooperative, product_id: int) -> Product:
    """Step: lock a product of the cooperative. Raises Missing."""
    product = lock_row(Product.objects.for_cooperative(cooperative).filter(pk=product_id))
    if product is None:
        raise Missing()
    return product


def lock_product(key: int, *, field: str = "id") -> Product:
    """Step: lock a product that was not removed. Raises Missing."""
    product = lock_row(Product.objects.filter(pk=key).select_related("cooperative", "category"))
    if product is None or product.is_removed:
        raise Missing(field=field)
    return product


def product_listings(product: Product) -> QuerySet[Listing]:
    """Step: the product's listings, loaded for state changes."""
    rows = Listing.objects.filter(product=product).order_by("pk")
    return rows.select_related("channel", "product", "product__cooperative", "product__product_type")


def finish_product_edit(
    product: Product, *, data: Mapping[str, object], actor: Actor, now: datetime.datetime
) -> None:
    """Step: update what follows from a saved product's columns, and record the edit.

    Published products must stay complete: raises ListingIncomplete.
    """
    apply_promotions([product.pk], actor=actor, now=now)
    update_lowest_prices([product.pk])
    for listing in product_listings(product).filter(state=ListingState.PUBLISHED):
        require_legal_fields(listing)
    record_change(
        "product.edited",
        product,
        actor=actor,
        now=now,
        cooperative_id=product.cooperative_id,
        data=dict(data),
    )


def refresh_listings(product: Product) -> None:
    """Refresh the lowest prices and availability stored on a product's listings."""
    update_lowest_prices([product.pk])
    refresh_availability(variant_ids=product.variants.values_list("pk", flat=True))


def set_search_columns(product: Product) -> None:
    """Set the derived columns for search and sorting, of name, origin, seller and category; the caller saves.

    Names also index adjacent words joined together; descriptions do not.
    """
    cooperative = product.cooperative
    category = product.category.name if product.category is not None else ""
    named = (product.name, product.origin, cooperative.name, cooperative.place, category)
    words = [*search_words(*named).split(), *folded_words(product.description_text)]
    as_typed = dict.fromkeys(EXACT_WORD_PREFIX + word for word in words_with_diacritics(product.name))
    product.search_text = " ".join(dict.fromkeys(words))
    product.search_name = " ".join([search_words(product.name), *as_typed])
    product.sort_key = sort_key(product.name)


def to_editorjs(text: str) -> dict[str, object]:
    """Convert plain text to EditorJS JSON, the stored format of descriptions."""
    paragraphs = (paragraph.strip() for paragraph in text.split("\n\n"))
    return {
        "blocks": [{"type": "paragraph", "data": {"text": each}} for each in paragraphs if each],
    }
