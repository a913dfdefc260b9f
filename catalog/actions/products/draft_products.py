"""Create a product in one step with its listing, variants, prices, stock and pictures, as a draft."""

from __future__ import annotations

import datetime

from django.db import transaction

from catalog.actions.products.product_details import NewProduct, VariantDetails
from catalog.actions.products.product_rows import refresh_listings
from catalog.actions.products.save_products import insert_product
from catalog.actions.products.similar_products import read_usual_prices
from catalog.actions.products.variant_rows import ListPrice, unusual_market_price_question
from catalog.actions.products.variants import InitialStock, insert_variant
from catalog.actions.wording.forbidden_phrases import require_allowed_texts
from catalog.models import Listing, Product, ProductMedia, Variant
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.models import Channel, key_of_created_row


@transaction.atomic(durable=True)
def create_draft_product(
    *,
    cooperative: Cooperative,
    channel: Channel,
    new: NewProduct,
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
    require_allowed_texts(new.details.columns())
    for details, _on_hand in new.variants:
        require_allowed_texts({"variant": details.name})
    for caption in new.captions:
        require_allowed_texts({"captions": caption})
    if idempotency_key is not None:
        lock_row(Cooperative.objects.filter(pk=cooperative.pk))
    existing_product = key_of_created_row(idempotency_key, "product.created", cooperative_id=cooperative.pk)
    if existing_product is not None:
        return Product.objects.for_cooperative(cooperative).get(pk=existing_product)
    if confirmation_token is not None:
        _require_usual_prices(channel, new, confirmation_token)
    return insert_draft_product(
        cooperative, channel, new, idempotency_key=idempotency_key, actor=actor, now=now
    )


def insert_draft_product(
    cooperative: Cooperative,
    channel: Channel,
    product_values: NewProduct,
    *,
    idempotency_key: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """In a transaction: create a product with stock in the seller's first warehouse."""
    product = Product(
        product_type=product_values.product_type,
        cooperative=cooperative,
        category=product_values.category,
        tax_class=product_values.tax_class,
    )
    insert_product(
        product, product_values.details.columns(), idempotency_key=idempotency_key, actor=actor, now=now
    )
    Listing.objects.create(product=product, channel=channel, currency=channel.currency)
    captions = dict(enumerate(product_values.captions))
    for position, picture in enumerate(product_values.pictures):
        ProductMedia.objects.create(
            product=product, picture=picture, alt=captions.get(position, ""), sort_order=position
        )
    for details, on_hand in product_values.variants:
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


def _require_usual_prices(channel: Channel, new: NewProduct, confirmation_token: str) -> None:
    """Raise UnusualPrice for the first price far from the market's, unless the person confirmed it."""
    for details, _on_hand in new.variants:
        usual = read_usual_prices(channel, new.details.name, unsaved_variant(details))
        question = unusual_market_price_question(channel, usual.middle, details.price) if usual else None
        if question is not None and confirmation_token != question.confirmation_token:
            raise question
