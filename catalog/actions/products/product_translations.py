"""Translate products and variants, field by field."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping

from django.db import transaction

from catalog.actions.products.product_details import to_editorjs
from catalog.models import Product
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.models import record_change
from shop.core.texts.translations import save_children_translations, save_row_translations

PRODUCT_TEXTS = (
    *("name", "description_text", "ingredients", "origin", "packaging", "shelf_life", "storage"),
    *("season_note", "return_terms"),
)
VARIANT_TEXTS = ("name",)


@transaction.atomic(durable=True)
def translate_product(
    *,
    cooperative: Cooperative | None,
    product_id: int,
    language: str,
    texts: Mapping[str, str],
    variants: Mapping[int, Mapping[str, str]],
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Store translations of the product and its variants (by key).

    `cooperative` None means platform staff. An empty text deletes the translation. Raises Missing.
    """
    rows = Product.objects.existing() if cooperative is None else Product.objects.for_cooperative(cooperative)
    product = lock_row(rows.filter(pk=product_id))
    if product is None:
        raise Missing()
    changed = save_row_translations(product, language, texts, translatable_fields=PRODUCT_TEXTS)
    if "description_text" in changed:  # Saleor's clients read the formatted description
        text = texts["description_text"].strip()
        formatted = json.dumps(to_editorjs(text), ensure_ascii=False) if text else ""
        save_row_translations(
            product, language, {"description": formatted}, translatable_fields=("description",)
        )
    changed += save_children_translations(
        product.variants, "variant", language, variants, translatable_fields=VARIANT_TEXTS
    )
    if changed:
        record_change(
            "product.translated",
            product,
            actor=actor,
            now=now,
            cooperative_id=product.cooperative_id,
            data={"language": language, "fields": changed},
        )
    return product
