"""Commands of phones about lots."""

from __future__ import annotations

from functools import partial

from catalog.actions.stock.lot_pictures import add_lot_pictures
from catalog.actions.stock.lots import MAX_STAGE_LENGTH, LotDetails, add_lot_stage, count_lot, receive_lot
from catalog.actions.stock.stock_movements import MAX_COUNTED_QUANTITY
from catalog.models import Lot, Variant
from shop.core.errors import Missing
from shop.members.sync.command_types import CommandRun, PreparedCommand
from shop.members.sync.photos import find_photo_of_command
from shop.members.sync.rows import PRODUCT, RowReference


def receive_lot_from_phone(run: CommandRun) -> PreparedCommand:
    """Prepare a receipt that is a lot of its own. Its answer names the lot's code. Raises Missing."""
    payload, cooperative = run.payload, run.membership.cooperative
    variants = Variant.objects.for_cooperative(cooperative)
    variant = variants.filter(pk=payload.whole_number("variant")).first()
    if variant is None:
        raise Missing()
    action = partial(
        receive_lot,
        cooperative=cooperative,
        variant_id=variant.pk,
        warehouse_id=payload.key("warehouse"),
        quantity=payload.whole_number("quantity", maximum=MAX_COUNTED_QUANTITY),
        details=LotDetails(
            harvested_on=payload.optional_day("harvested_on"),
            expires_on=payload.optional_day("expires_on"),
            producer_id=payload.optional_number("household"),
            certificate_id=payload.optional_number("certificate"),
        ),
        note=payload.text("note", max_length=250),
        happened_at=run.happened_at,
        **run.action_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, variant.product_id), action, lambda lot: {"code": lot.code})


def count_lot_from_phone(run: CommandRun) -> PreparedCommand:
    """Prepare a count of a lot in one warehouse, which holds for the moment of counting."""
    lot = _find_lot(run)
    action = partial(
        count_lot,
        cooperative=run.membership.cooperative,
        lot_id=lot.pk,
        warehouse_id=run.payload.key("warehouse"),
        counted_quantity=run.payload.whole_number("counted", minimum=0, maximum=MAX_COUNTED_QUANTITY),
        counted_at=run.happened_at,
        note=run.payload.text("note", max_length=250),
        **run.action_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, lot.variant.product_id), action)


def add_stage_from_phone(run: CommandRun) -> PreparedCommand:
    """Prepare a note of what was just done to a lot."""
    lot = _find_lot(run)
    action = partial(
        add_lot_stage,
        cooperative=run.membership.cooperative,
        lot_id=lot.pk,
        title=run.payload.text("title", max_length=MAX_STAGE_LENGTH),
        happened_at=run.happened_at,
        **run.action_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, lot.variant.product_id), action)


def add_lot_photo(run: CommandRun) -> PreparedCommand:
    """Prepare one more photo of a lot, which buyers see."""
    lot = _find_lot(run)
    action = partial(
        add_lot_pictures,
        cooperative=run.membership.cooperative,
        lot_id=lot.pk,
        pictures=[find_photo_of_command(run)],
        **run.action_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, lot.variant.product_id), action)


def _find_lot(run: CommandRun) -> Lot:
    """Return the cooperative's lot with its variant. Raises Missing."""
    lots = Lot.objects.for_cooperative(run.membership.cooperative).select_related("variant")
    variant_id, lot_id = run.payload.whole_number("variant"), run.payload.whole_number("lot")
    lot = lots.filter(pk=lot_id, variant=variant_id).first()
    if lot is None:
        raise Missing()
    return lot
