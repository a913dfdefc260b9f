"""Choose which of a product's pictures show an option."""

from __future__ import annotations

import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from catalog.actions.products.product_rows import lock_product
from catalog.models import ProductMedia, Variant, VariantMedia
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused
from shop.core.models import record_change


class PictureOfOtherProduct(Refused):
    code = "picture_of_other_product"
    default_message = _("This picture is of another product.")


class PictureAlreadyShown(Refused):
    code = "picture_already_shown"
    default_message = _("This option already has this picture.")


class PictureNotShown(Refused):
    code = "picture_not_shown"
    default_message = _("This option does not have this picture.")


@transaction.atomic(durable=True)
def add_variant_picture(*, variant_id: int, media_id: int, actor: Actor, now: datetime.datetime) -> Variant:
    """Show an option by one of its product's pictures.

    Raises Missing, PictureOfOtherProduct, PictureAlreadyShown.
    """
    variant, media = _lock_variant_and_find_media(variant_id, media_id)
    if media.product_id != variant.product_id:
        raise PictureOfOtherProduct(field="mediaId")
    _link, is_new = VariantMedia.objects.get_or_create(variant=variant, media=media)
    if not is_new:
        raise PictureAlreadyShown(field="mediaId")
    _record("variant.picture_added", variant, media, actor, now)
    return variant


@transaction.atomic(durable=True)
def remove_variant_picture(
    *, variant_id: int, media_id: int, actor: Actor, now: datetime.datetime
) -> Variant:
    """Stop showing an option by a picture, which stays with the product. Raises Missing, PictureNotShown."""
    variant, media = _lock_variant_and_find_media(variant_id, media_id)
    deleted_count, _by_model = VariantMedia.objects.filter(variant=variant, media=media).delete()
    if not deleted_count:
        raise PictureNotShown(field="mediaId")
    _record("variant.picture_removed", variant, media, actor, now)
    return variant


def _lock_variant_and_find_media(variant_id: int, media_id: int) -> tuple[Variant, ProductMedia]:
    """Lock the option's product. Raises Missing."""
    product_id = Variant.objects.filter(pk=variant_id).values_list("product", flat=True).first()
    if product_id is None:
        raise Missing(field="variantId")
    lock_product(product_id, field="variantId")
    media = ProductMedia.objects.filter(pk=media_id).first()
    if media is None:
        raise Missing(field="mediaId")
    variant = Variant.objects.select_related("product").filter(pk=variant_id).first()
    if variant is None:
        raise Missing(field="variantId")
    return variant, media


def _record(action: str, variant: Variant, media: ProductMedia, actor: Actor, now: datetime.datetime) -> None:
    record_change(
        action,
        variant,
        actor=actor,
        now=now,
        root=variant.product,
        cooperative_id=variant.product.cooperative_id,
        data={"picture": media.picture_id},
    )
