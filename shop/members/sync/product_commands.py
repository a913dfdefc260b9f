"""Commands of phones that change a product's photos and its season."""

from __future__ import annotations

from functools import partial
from typing import Any

from catalog.actions.products.product_pictures import (
    add_picture,
    describe_picture,
    move_picture,
    remove_picture,
)
from catalog.actions.products.revision_pictures import PictureRemoved, StoredPicture
from catalog.actions.products.save_products import update_product
from catalog.models import ALL_MONTHS, Product, RevisionPicture
from shop.core.errors import Missing
from shop.members.sync.command_types import CommandRun, PreparedCommand
from shop.members.sync.payloads import MAX_CAPTION_LENGTH, MAX_LINES
from shop.members.sync.photos import find_photo_of_command, find_pictures
from shop.members.sync.rows import PRODUCT, RowReference


def add_product_photo(run: CommandRun) -> PreparedCommand:
    """Prepare one more photo. On an approved product it waits for the market's review.

    Raises InvalidCommand.
    """
    product = _find_product(run)
    action = partial(
        add_picture,
        cooperative=run.membership.cooperative,
        product_id=product.pk,
        picture=find_photo_of_command(run),
        **run.action_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, product.pk), action, _photo_result)


def move_product_photo(run: CommandRun) -> PreparedCommand:
    """Prepare another place for a photo, counted from 0. The first photo is shown in lists."""
    product = _find_product(run)
    action = partial(
        move_picture,
        cooperative=run.membership.cooperative,
        product_id=product.pk,
        media_id=StoredPicture(run.payload.whole_number("photo")),
        position=run.payload.whole_number("position", minimum=0, maximum=MAX_LINES),
        **run.action_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, product.pk), action, _review_result)


def remove_product_photo(run: CommandRun) -> PreparedCommand:
    """Prepare the removal of a photo. It is done already if somebody else removed the photo."""
    product = _find_product(run)
    action = partial(
        _remove_unless_removed,
        cooperative=run.membership.cooperative,
        product_id=product.pk,
        media_id=StoredPicture(run.payload.whole_number("photo")),
        **run.action_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, product.pk), action, _review_result)


def describe_product_photo(run: CommandRun) -> PreparedCommand:
    """Prepare what a photo shows, for people who cannot see it. A new photo is named by its `photo_key`.

    Raises PhotoNotSent.
    """
    product, payload = _find_product(run), run.payload
    if payload.has("photo_key"):
        (picture,) = find_pictures(run, [payload.key("photo_key")])
        picture_id = picture.pk
    else:
        picture_id = payload.whole_number("photo")
    action = partial(
        describe_picture,
        cooperative=run.membership.cooperative,
        product_id=product.pk,
        media_id=StoredPicture(picture_id),
        alt=payload.text("caption", max_length=MAX_CAPTION_LENGTH).strip(),
        **run.action_arguments,
    )
    return PreparedCommand(RowReference(PRODUCT, product.pk), action, _review_result)


def change_season(run: CommandRun) -> PreparedCommand:
    """Prepare another season. It is refused if the present one differs from `seen`, the phone's season."""
    product, payload = _find_product(run), run.payload
    action = partial(
        update_product,
        product_id=product.pk,
        cooperative=run.membership.cooperative,
        values={"season": payload.whole_number("season", maximum=ALL_MONTHS)},
        seen_values={"season": payload.whole_number("seen", minimum=0, maximum=ALL_MONTHS)},
        **run.action_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, product.pk), action)


def _photo_result(added: Any) -> dict[str, object]:
    return {"is_in_review": isinstance(added, RevisionPicture)}


def _review_result(is_in_review: Any) -> dict[str, object]:
    return {"is_in_review": is_in_review}


def _remove_unless_removed(**arguments: Any) -> bool:
    try:
        return remove_picture(**arguments)
    except PictureRemoved:
        return False


def _find_product(run: CommandRun) -> Product:
    """Return the cooperative's product. Raises Missing, also for a removed one."""
    products = Product.objects.for_cooperative(run.membership.cooperative)
    product = products.filter(pk=run.payload.whole_number("product")).first()
    if product is None:
        raise Missing()
    return product
