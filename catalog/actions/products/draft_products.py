"""Create a product in one step with its listing, variants, prices, stock and pictures, as a draft."""

from __future__ import annotations

import datetime

from django.db import transaction

from catalog.actions.products.product_details import NewProduct, VariantDetails
from catalog.actions.products.product_rows import refresh_listings
from catalog.actions.products.save_products import insert_product
from catalog.actions.products.similar_products import read_prices_of_kind
from catalog.actions.products.variant_rows import ListPrice, unusual_market_price_question
from catalog.actions.products.variants import InitialStock, insert_variant
from catalog.actions.wording.forbidden_phrases import require_allowed_texts
from catalog.models import Listing, Product, ProductMedia, Variant
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.models import Channel, find_key_of_created_row


@transaction.atomic(durable=True)
def create_draft_product(
    *,
    cooperative: Cooperative,
    channel: Channel,
    new_product: NewProduct,
    confirmation_token: str | None = None,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Create a draft product. A repeated `idempotency_key` returns the first one.

    `confirmation_token` is "" at the first try, then the token of the UnusualPrice that was raised. None
    accepts any price. Raises KeyReused, AlreadyTaken, InvalidColumnValue, InvalidPrice, UnusualPrice,
    MissingWarehouse, ForbiddenWords.
    """
    require_allowed_texts(new_product.details.columns())
    for details, _on_hand in new_product.variants:
        require_allowed_texts({"variant": details.name})
    for caption in new_product.captions:
        require_allowed_texts({"captions": caption})
    if idempotency_key is not None:
        lock_row(Cooperative.objects.filter(pk=cooperative.pk))
    existing_key = find_key_of_created_row(idempotency_key, "product.created", cooperative_id=cooperative.pk)
    if existing_key is not None:
        return Product.objects.for_cooperative(cooperative).get(pk=existing_key)
    if confirmation_token is not None:
        _require_usual_prices(channel, new_product, confirmation_token)
    return insert_draft_product(
        cooperative, channel, new_product, idempotency_key=idempotency_key, actor=actor, now=now
    )


def insert_draft_product(
    cooperative: Cooperative,
    channel: Channel,
    new_product: NewProduct,
    *,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """In a transaction: create a product with stock in the seller's first warehouse."""
    product = Product(
        product_type=new_product.product_type,
        cooperative=cooperative,
        category=new_product.category,
        tax_class=new_product.tax_class,
    )
    insert_product(
        product, new_product.details.columns(), idempotency_key=idempotency_key, actor=actor, now=now
    )
    Listing.objects.create(product=product, channel=channel, currency=channel.currency)
    captions = dict(enumerate(new_product.captions))
    for position, picture in enumerate(new_product.pictures):
        ProductMedia.objects.create(
            product=product, picture=picture, alt=captions.get(position, ""), sort_order=position
        )
    for details, on_hand in new_product.variants:
        insert_variant(
            product,
            details.columns(),
            prices=[ListPrice(channel, details.price, wholesale_tiers=details.wholesale_tiers)],
            stocks=[InitialStock(on_hand)],
            actor=actor,
            now=now,
        )
    refresh_listings(product)
    return product


def unsaved_variant(details: VariantDetails) -> Variant:
    """Return a variant to compare its content with that of others. It is never saved."""
    return Variant(**details.columns())


def _require_usual_prices(channel: Channel, new_product: NewProduct, confirmation_token: str) -> None:
    """Raise UnusualPrice for the first price far from the market's, unless the person confirmed it."""
    for details, _on_hand in new_product.variants:
        variant = unsaved_variant(details)
        usual_prices = read_prices_of_kind(
            channel, new_product.details.name, new_product.category, new_product.product_type, variant
        )
        if usual_prices is None:
            continue
        question = unusual_market_price_question(channel, variant, usual_prices, details.price)
        if question is not None and confirmation_token != question.confirmation_token:
            raise question
