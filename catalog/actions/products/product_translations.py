"""Translate products and variants, field by field."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping

from django.conf import settings
from django.db import transaction

from catalog.actions.products.product_details import to_editorjs
from catalog.actions.products.product_revisions import is_approved, propose_translations, restart_review
from catalog.actions.wording.forbidden_phrases import require_allowed_texts
from catalog.models import Product
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing
from shop.core.models import record_change
from shop.core.texts.translations import save_children_translations, save_row_translations

PRODUCT_TEXTS = (
    "name",
    "description_text",
    "ingredients",
    "origin",
    "packaging",
    "shelf_life",
    "storage",
    "season_note",
    "return_terms",
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
    needs_approval: bool = True,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """Store translations of the product and its variants (by key).

    If `cooperative` is None, platform staff store them. An empty text deletes the translation. If
    `needs_approval` is true, texts of an approved product wait for the platform's review. Raises Missing,
    ForbiddenWords.
    """
    products = (
        Product.objects.existing() if cooperative is None else Product.objects.for_cooperative(cooperative)
    )
    product = lock_row(products.filter(pk=product_id))
    if product is None:
        raise Missing()
    if needs_approval:
        for fields in (texts, *variants.values()):
            require_allowed_texts(fields)
    if needs_approval and is_approved(product):
        if not set(texts) <= set(PRODUCT_TEXTS) or language == settings.LANGUAGE_CODE:
            raise Missing()
        propose_translations(product, language, texts, variants, actor=actor, now=now)
        return product
    restart_review(product, now)
    return save_product_translations(product, language, texts, variants, actor=actor, now=now)


def save_product_translations(
    product: Product,
    language: str,
    texts: Mapping[str, str],
    variants: Mapping[int, Mapping[str, str]],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> Product:
    """In a transaction: store translations of a locked product and its variants. Raises Missing."""
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
