"""Commands of phones that add a photo to a product and change its season."""

from __future__ import annotations

from functools import partial
from typing import Any

from catalog.actions.products.product_pictures import add_picture
from catalog.actions.products.save_products import update_product
from catalog.models import ALL_MONTHS, Product, RevisionPicture
from shop.core.errors import Missing
from shop.members.sync.command_types import CommandCall, PreparedCommand
from shop.members.sync.payloads import InvalidCommand
from shop.members.sync.photos import find_pictures
from shop.members.sync.rows import PRODUCT, RowReference


def add_product_photo(call: CommandCall) -> PreparedCommand:
    """Prepare one more photo. On an approved product it waits for the market's review."""
    product = _find_product(call)
    keys = call.payload.keys("photos", max_count=1)
    if not keys:
        raise InvalidCommand(field="photos")
    (picture,) = find_pictures(call, keys)
    action = partial(
        add_picture,
        cooperative=call.membership.cooperative,
        product_id=product.pk,
        picture=picture,
        **call.action_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, product.pk), action, _review_of)


def change_season(call: CommandCall) -> PreparedCommand:
    """Prepare another season. It is refused if the present one differs from `seen`, the phone's season."""
    product, payload = _find_product(call), call.payload
    action = partial(
        update_product,
        product_id=product.pk,
        cooperative=call.membership.cooperative,
        values={"season": payload.whole_number("season", maximum=ALL_MONTHS)},
        seen_values={"season": payload.whole_number("seen", minimum=0, maximum=ALL_MONTHS)},
        **call.action_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, product.pk), action)


def _review_of(added: Any) -> dict[str, object]:
    return {"is_in_review": isinstance(added, RevisionPicture)}


def _find_product(call: CommandCall) -> Product:
    """Return the cooperative's product. Raises Missing, also for a removed one."""
    products = Product.objects.for_cooperative(call.membership.cooperative)
    product = products.filter(pk=call.payload.whole_number("product")).first()
    if product is None:
        raise Missing()
    return product
