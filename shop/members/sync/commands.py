"""The commands that phones may send. Each command runs an action that pages also run.

A command's function reads the payload, finds the cooperative's rows, and returns the action to run. The
action decides. The function does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NoReturn

from django.utils.translation import gettext_lazy as _

from catalog.actions.listings.listing_states import pause_listing, resume_listing
from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import update_variant
from catalog.actions.stock.receipts_and_losses import receive_stock, write_off_stock
from catalog.actions.stock.stock_movements import MAX_COUNTED_QUANTITY, count_stock
from catalog.actions.stock.transfer_stock import transfer_stock
from catalog.models import Listing, Stock, Variant
from cooperatives.access import MemberRight
from orders.actions.cash_on_delivery.cash_collection import EXPECTED_CASH, CollectedCash
from orders.actions.fulfilment.cancel_parts import SeenPart, decline_or_cancel_part
from orders.actions.fulfilment.deliver_parcels import (
    DispatchDetails,
    deliver_parcel,
    fail_delivery,
    hand_over_parcel,
    report_collected_cash,
)
from orders.actions.fulfilment.lot_picks import LotChoices
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.weigh_lines import MAX_WEIGHT_GRAMS, weigh_line
from orders.actions.refunds.offer_substitute import SubstituteOffer, offer_substitute
from orders.actions.refunds.report_shortage import OpenQuantityChanged, report_shortage
from orders.models import OrderPart, Parcel
from shop.core.errors import Missing
from shop.members.sync import product_commands
from shop.members.sync.command_types import CommandKind, CommandRun, PreparedCommand
from shop.members.sync.handover_commands import offer_parcel, read_label_code, receive_parcel
from shop.members.sync.listing_commands import create_listing, submit_created_listing
from shop.members.sync.lot_commands import (
    add_lot_photo,
    add_stage_from_phone,
    count_lot_from_phone,
    receive_lot_from_phone,
)
from shop.members.sync.models import PhoneCommand
from shop.members.sync.payloads import MAX_AMOUNT, MAX_LINES, InvalidCommand, Payload
from shop.members.sync.rows import PART, PRODUCT, RowReference

PACK_COMMAND, SHORTAGE_COMMAND = "pack_parcel", "report_shortage"
QUANTITY_COMMANDS = (PACK_COMMAND, SHORTAGE_COMMAND)  # those that change how many are still to be packed


def _accept_part(run: CommandRun) -> PreparedCommand:
    part = _find_part(run)
    return PreparedCommand(
        _part_reference(part.pk), partial(accept_part, part_id=part.pk, **run.action_arguments_with_key)
    )


def _weigh_line(run: CommandRun) -> PreparedCommand:
    part, payload = _find_part(run), run.payload
    action = partial(
        weigh_line,
        part_id=part.pk,
        line_id=payload.key("line"),
        grams=payload.whole_number("grams", maximum=MAX_WEIGHT_GRAMS),
        repeated_grams=payload.optional_number("repeated_grams", maximum=MAX_WEIGHT_GRAMS),
        is_charged_at_bound=payload.is_set("is_charged_at_bound"),
        **run.action_arguments_with_key,
    )
    return PreparedCommand(_part_reference(part.pk), action)


def _pack_parcel(run: CommandRun) -> PreparedCommand:
    part, payload = _find_part(run), run.payload
    quantities, picks = payload.quantities("quantities"), payload.lot_picks("picks")
    for line_id, taken in picks.items():
        if sum(quantity for _lot_id, quantity in taken) > quantities.get(line_id, 0):
            raise InvalidCommand(field="picks")
    reason = payload.text("lot_reason", max_length=250).strip()
    action = partial(
        pack_parcel,
        part_id=part.pk,
        quantities=quantities,
        lots=LotChoices(payload.chosen_lots("lots"), reason, picks),
        label_code=read_label_code(payload),
        seen_cash=payload.optional_number("seen_cash", minimum=0, maximum=MAX_AMOUNT),
        happened_at=run.happened_at,
        **run.read_form_arguments("pack", part.pk),
    )
    return PreparedCommand(_part_reference(part.pk), action, lambda parcel: {"parcel": parcel.pk})


def _close_parcel(run: CommandRun) -> PreparedCommand:
    parcel = _find_parcel(run)
    action = partial(close_parcel, parcel_id=parcel.pk, **run.action_arguments_with_key)
    return PreparedCommand(_part_reference(parcel.part_id), action)


def _hand_over_parcel(run: CommandRun) -> PreparedCommand:
    parcel, payload = _find_parcel(run), run.payload
    dispatch = DispatchDetails(
        carrier=payload.text_or_none("carrier", max_length=120),
        tracking_number=payload.text_or_none("tracking_number", max_length=120),
        vehicle=payload.text_or_none("vehicle", max_length=60),
        driver_phone=payload.text_or_none("driver_phone", max_length=40),
        note=payload.text_or_none("note", max_length=500),
        is_cash_with_cooperative=payload.is_set("is_cash_with_cooperative"),
        should_leave_run=payload.is_set("should_leave_run"),
    )
    action = partial(
        hand_over_parcel,
        parcel_id=parcel.pk,
        dispatch=dispatch,
        **run.dated_arguments_with_key,
    )
    return PreparedCommand(_part_reference(parcel.part_id), action)


def _deliver_parcel(run: CommandRun) -> PreparedCommand:
    parcel, payload = _find_parcel(run), run.payload
    action = partial(
        deliver_parcel,
        parcel_id=parcel.pk,
        is_cash_collected=payload.is_set("is_cash_collected"),
        cash=read_collected_cash(payload),
        code=payload.text("code", max_length=20),
        **run.dated_arguments_with_key,
    )
    return PreparedCommand(_part_reference(parcel.part_id), action)


def _report_collected_cash(run: CommandRun) -> PreparedCommand:
    parcel = _find_parcel(run)
    cash = read_collected_cash(run.payload)
    action = partial(report_collected_cash, parcel_id=parcel.pk, cash=cash, **run.action_arguments_with_key)
    return PreparedCommand(_part_reference(parcel.part_id), action)


def _fail_delivery(run: CommandRun) -> PreparedCommand:
    parcel = _find_parcel(run)
    reason = run.payload.text("reason", max_length=500)
    action = partial(
        fail_delivery,
        parcel_id=parcel.pk,
        reason=reason,
        **run.dated_arguments_with_key,
    )
    return PreparedCommand(_part_reference(parcel.part_id), action)


def _report_shortage(run: CommandRun) -> PreparedCommand:
    """Prepare a report of how many of some lines can be sent. The buyer pays less or gets money back."""
    part, payload = _find_part(run), run.payload
    available = payload.quantities("available", minimum=0)
    seen_open = payload.quantities("seen", minimum=0) if payload.has("seen") else None
    action: Callable[[], Any] = partial(
        report_shortage,
        part_id=part.pk,
        available=available,
        seen_open=seen_open,
        **run.action_arguments_with_key,
    )
    if seen_open is None and PhoneCommand.objects.has_refused(
        run.author_ids, names=QUANTITY_COMMANDS, row_kind=PART, row_id=part.pk
    ):
        action = _refuse_old_shortage
    return PreparedCommand(_part_reference(part.pk), action, lambda refund: {"amount": refund.amount})


def _refuse_old_shortage() -> NoReturn:
    """Refuse what an older build reports, which counted a refused command as done and does not say so.

    Raises OpenQuantityChanged.
    """
    raise OpenQuantityChanged(_("Update the app, then report what is missing from this order again."))


def _cancel_part(run: CommandRun) -> PreparedCommand:
    """Prepare the end of a part: declined if it is new, otherwise cancelled, as on the order's page."""
    part, payload = _find_part(run), run.payload
    seen = SeenPart(
        payload.text("seen_state", max_length=20),
        payload.whole_number("seen_parcels", minimum=0, maximum=MAX_LINES),
    )
    action = partial(
        decline_or_cancel_part,
        part_id=part.pk,
        reason=payload.text("reason", max_length=1000),
        seen=seen,
        **run.action_arguments_with_key,
    )
    return PreparedCommand(_part_reference(part.pk), action)


def _offer_substitute(run: CommandRun) -> PreparedCommand:
    """Prepare an offer of another product for missing items. The buyer is asked once it has arrived."""
    part, payload = _find_part(run), run.payload
    offer = SubstituteOffer(
        payload.key("line"),
        payload.whole_number("quantity", maximum=MAX_COUNTED_QUANTITY),
        payload.whole_number("variant"),
        payload.whole_number("substitute_quantity", maximum=MAX_COUNTED_QUANTITY),
    )
    action = partial(
        offer_substitute,
        part_id=part.pk,
        offer=offer,
        confirmation_token=payload.text("confirmed", max_length=200),
        **run.action_arguments_with_key,
    )
    return PreparedCommand(_part_reference(part.pk), action)


def _receive_stock(run: CommandRun) -> PreparedCommand:
    return _change_stock(run, receive_stock)


def _write_off_stock(run: CommandRun) -> PreparedCommand:
    return _change_stock(run, write_off_stock)


def _change_stock(run: CommandRun, action: Callable[..., Stock]) -> PreparedCommand:
    variant, payload = _find_variant(run), run.payload
    bound_action = partial(
        action,
        cooperative=run.membership.cooperative,
        variant_id=variant.pk,
        warehouse_id=payload.key("warehouse"),
        quantity=payload.whole_number("quantity", maximum=MAX_COUNTED_QUANTITY),
        note=payload.text("note", max_length=250),
        lot_id=payload.optional_number("lot"),
        **run.dated_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, variant.product_id), bound_action)


def _transfer_stock(run: CommandRun) -> PreparedCommand:
    variant, payload = _find_variant(run), run.payload
    action = partial(
        transfer_stock,
        cooperative=run.membership.cooperative,
        variant_id=variant.pk,
        from_warehouse_id=payload.key("warehouse"),
        to_warehouse_id=payload.key("to"),
        quantity=payload.whole_number("quantity", maximum=MAX_COUNTED_QUANTITY),
        note=payload.text("note", max_length=250),
        lot_id=payload.optional_number("lot"),
        **run.dated_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, variant.product_id), action)


def _count_stock(run: CommandRun) -> PreparedCommand:
    variant, payload = _find_variant(run), run.payload
    action = partial(
        count_stock,
        cooperative=run.membership.cooperative,
        variant_id=variant.pk,
        warehouse_id=payload.key("warehouse"),
        counted_quantity=payload.whole_number("counted", minimum=0, maximum=MAX_COUNTED_QUANTITY),
        counted_at=run.happened_at,
        note=payload.text("note", max_length=250),
        **run.action_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, variant.product_id), action)


def _change_price(run: CommandRun) -> PreparedCommand:
    """Prepare a new list price. It is refused if the current price differs from `seen`, the phone's price.

    Raises Missing.
    """
    listing, variant, payload = _find_listing(run), _find_variant(run), run.payload
    if variant.product_id != listing.product_id:
        raise Missing()
    amount = payload.whole_number("amount", minimum=0, maximum=MAX_AMOUNT)
    action = partial(
        update_variant,
        variant_id=variant.pk,
        cooperative=run.membership.cooperative,
        values={},
        prices=[ListPrice(listing.channel, amount)],
        seen_prices={listing.channel_id: payload.optional_number("seen", maximum=MAX_AMOUNT)},
        confirmation_token=payload.text("confirmed", max_length=60),
        **run.action_arguments,
    )
    return PreparedCommand(RowReference(PRODUCT, variant.product_id), action)


def _pause_listing(run: CommandRun) -> PreparedCommand:
    return _move_listing(run, pause_listing)


def _resume_listing(run: CommandRun) -> PreparedCommand:
    return _move_listing(run, resume_listing)


def _move_listing(run: CommandRun, action: Callable[..., Listing]) -> PreparedCommand:
    listing = _find_listing(run)
    bound_action = partial(
        action,
        cooperative=run.membership.cooperative,
        listing_id=listing.pk,
        **run.action_arguments_with_key,
    )
    return PreparedCommand(RowReference(PRODUCT, listing.product_id), bound_action)


COMMANDS: Mapping[str, CommandKind] = {
    "accept_part": CommandKind(MemberRight.PACK, _accept_part),
    "weigh_line": CommandKind(MemberRight.PACK, _weigh_line),
    PACK_COMMAND: CommandKind(MemberRight.PACK, _pack_parcel),
    "close_parcel": CommandKind(MemberRight.PACK, _close_parcel),
    "hand_over_parcel": CommandKind(MemberRight.PACK, _hand_over_parcel),
    "deliver_parcel": CommandKind(MemberRight.PACK, _deliver_parcel),
    "report_collected_cash": CommandKind(MemberRight.PACK, _report_collected_cash),
    "fail_delivery": CommandKind(MemberRight.PACK, _fail_delivery),
    SHORTAGE_COMMAND: CommandKind(MemberRight.PACK, _report_shortage),
    "cancel_part": CommandKind(MemberRight.PACK, _cancel_part),
    "offer_substitute": CommandKind(MemberRight.PACK, _offer_substitute),
    "offer_handover": CommandKind(MemberRight.PACK, offer_parcel),
    "receive_parcel": CommandKind(MemberRight.PACK, receive_parcel),
    "receive_stock": CommandKind(MemberRight.COUNT_STOCK, _receive_stock),
    "write_off_stock": CommandKind(MemberRight.COUNT_STOCK, _write_off_stock),
    "transfer_stock": CommandKind(MemberRight.COUNT_STOCK, _transfer_stock),
    "count_stock": CommandKind(MemberRight.COUNT_STOCK, _count_stock),
    "receive_lot": CommandKind(MemberRight.COUNT_STOCK, receive_lot_from_phone),
    "count_lot": CommandKind(MemberRight.COUNT_STOCK, count_lot_from_phone),
    "add_lot_photo": CommandKind(MemberRight.COUNT_STOCK, add_lot_photo),
    "add_lot_stage": CommandKind(MemberRight.COUNT_STOCK, add_stage_from_phone),
    "change_price": CommandKind(MemberRight.LIST, _change_price),
    "add_product_photo": CommandKind(MemberRight.LIST, product_commands.add_product_photo),
    "move_product_photo": CommandKind(MemberRight.LIST, product_commands.move_product_photo),
    "remove_product_photo": CommandKind(MemberRight.LIST, product_commands.remove_product_photo),
    "describe_product_photo": CommandKind(MemberRight.LIST, product_commands.describe_product_photo),
    "change_season": CommandKind(MemberRight.LIST, product_commands.change_season),
    "create_listing": CommandKind(MemberRight.LIST, create_listing),
    "submit_listing": CommandKind(MemberRight.LIST, submit_created_listing),
    "pause_listing": CommandKind(MemberRight.LIST, _pause_listing),
    "resume_listing": CommandKind(MemberRight.LIST, _resume_listing),
}


def _part_reference(part_id: int) -> RowReference:
    return RowReference(PART, part_id)


def _find_part(run: CommandRun) -> OrderPart:
    """Return the cooperative's part. Raises Missing."""
    parts = OrderPart.objects.for_cooperative(run.membership.cooperative)
    part = parts.filter(pk=run.payload.whole_number("part")).first()
    if part is None:
        raise Missing()
    return part


def _find_parcel(run: CommandRun) -> Parcel:
    """Return the cooperative's parcel, named by its id or by the command that packed it. Raises Missing."""
    if run.payload.has("packed_by"):
        parcel_id = int(run.find_named_command(PACK_COMMAND, "packed_by").result["parcel"])
    else:
        parcel_id = run.payload.whole_number("parcel")
    parcel = Parcel.objects.for_cooperative(run.membership.cooperative).filter(pk=parcel_id).first()
    if parcel is None:
        raise Missing()
    return parcel


def _find_variant(run: CommandRun) -> Variant:
    """Return the cooperative's variant. Raises Missing."""
    variants = Variant.objects.for_cooperative(run.membership.cooperative)
    variant = variants.filter(pk=run.payload.whole_number("variant")).first()
    if variant is None:
        raise Missing()
    return variant


def _find_listing(run: CommandRun) -> Listing:
    """Return the cooperative's listing with its channel. Raises Missing."""
    listings = Listing.objects.for_cooperative(run.membership.cooperative).select_related("channel")
    listing = listings.filter(pk=run.payload.whole_number("listing")).first()
    if listing is None:
        raise Missing()
    return listing


def read_collected_cash(payload: Payload) -> CollectedCash:
    """Return the amount and reason sent, or the expected amount if none was sent."""
    amount = payload.optional_number("cash", maximum=MAX_AMOUNT)
    reason = payload.text("cash_reason", max_length=500)
    return EXPECTED_CASH if amount is None and not reason else CollectedCash(amount, reason)
