"""Texts of the screens for work without a network, which the phone's scripts fill in."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.actions.products.variant_rows import InvalidPrice, UnusualPrice
from catalog.actions.stock.stock_movements import InvalidStockCount
from catalog.models import Unit
from shop.members.forms.variants import COMMON_UNITS
from shop.members.forms.work import FAILURE_REASONS

_LISTING_TABS = {
    "on_sale": _("On sale"),
    "sold_out": _("Sold out"),
    "in_review": _("In review"),
    "draft": _("Drafts"),
    "paused": _("Paused"),
    "withdrawn": _("Removed"),
}

_TEXTS: Mapping[str, str | Promise] = {
    "to_check": _("%(count)s refused by the market"),
    "all_sent": _("Everything is sent"),
    "waiting": _("%(count)s waiting on this phone"),
    "offline": _("No signal. You can keep working."),
    "offline_waiting": _("No signal, %(count)s waiting on this phone"),
    "sending": _("Sending"),
    "signed_out": _("Sign in to send"),
    "failing": _("The market cannot be reached now"),
    "renewal": _("There is a new version of the app. Your work stays on this phone and is sent first."),
    "renew": _("Update the app"),
    "see_unsent": _("Show what is not sent (%(count)s)"),
    "nothing_to_do": _("There are no orders to work on."),
    "order": _("Order %(code)s"),
    "stage_accept": _("To accept"),
    "stage_pack": _("To pack"),
    "stage_hand_over": _("To hand over"),
    "stage_on_the_way": _("On the way"),
    "stage_collect_cash": _("Delivered, cash not collected yet"),
    "tag_accept": _("Waiting for your answer"),
    "tag_pack": _("Accepted, to be packed"),
    "tag_hand_over": _("Packed, waiting for handover"),
    "tag_on_the_way": _("On the way"),
    "tag_collect_cash": _("Delivered, cash not collected yet"),
    "tag_done": _("Delivered"),
    "gone": _("This order is no longer open on this phone."),
    "accept": _("Accept this order"),
    "picked": _("Picked"),
    "pack": _("Pack the ticked items"),
    "weight": _("Weight of %(name)s"),
    "expected_weight": _("About %(weight)s ordered, at most %(limit)s without asking the buyer."),
    "save_weight": _("Save the weight"),
    "substitute_asked": _("Waiting for the buyer's answer about a substitute"),
    "weight_asked": _("Waiting for the buyer's answer"),
    "parcel": _("Parcel %(number)s"),
    "parcel_packing": pgettext_lazy("parcel", "Picked"),
    "parcel_packed": pgettext_lazy("parcel", "Packed"),
    "parcel_handed_over": pgettext_lazy("parcel", "On the way"),
    "parcel_failed_delivery": pgettext_lazy("parcel", "Delivery failed"),
    "parcel_delivered": pgettext_lazy("parcel", "Delivered"),
    "parcel_voided": pgettext_lazy("parcel", "Undone"),
    "parcel_at_pickup": _("Waiting for pickup"),
    "cash_expected": _("Cash to collect: %(sum)s"),
    "cash_unknown": _("Cash to collect: the market computes it when this is sent. Enter what you received."),
    "carrier_collects": _("%(carrier)s collects it and pays the market."),
    "close": _("Label attached"),
    "hand_over": _("Hand over the parcel"),
    "deliver_again": _("Deliver again"),
    "ready_for_pickup": _("Ready for pickup"),
    "carrier": _("Carrier"),
    "carrier_hint": _(
        "The carrier named here collects the cash. Leave empty if the cooperative collects it."
    ),
    "tracking_number": _("Tracking number"),
    "driver_phone": _("Driver's phone number"),
    "vehicle": _("Coach license plate"),
    "code": _("Buyer's code"),
    "delivered": _("Delivered"),
    "delivered_with_cash": _("Delivered, %(sum)s collected"),
    "delivered_without_cash": _("Delivered, cash not collected yet"),
    "picked_up": _("The buyer has picked it up"),
    "cash_collected": _("%(sum)s collected"),
    "cash_recorded": _("Cash collected"),
    "paid_less": _("The buyer paid less"),
    "amount": _("Amount received"),
    "cash_reason": _("Reason for the shortfall"),
    "delivery_failed": _("Delivery failed"),
    "reason": _("Reason"),
    "other_reason": _("Other reason"),
    "explain": _("Explain the reason"),
    "did_accept_part": _("Accept"),
    "did_weigh_line": _("Weigh"),
    "did_pack_parcel": _("Pack"),
    "did_close_parcel": _("Attach the label"),
    "did_hand_over_parcel": _("Hand over"),
    "did_deliver_parcel": _("Deliver"),
    "did_report_collected_cash": _("Collect cash"),
    "did_fail_delivery": _("Delivery failed"),
    "at": _("At %(hour)s"),
    "did_change_price": _("New price"),
    "did_pause_listing": _("Pause sales"),
    "did_resume_listing": _("Resume selling"),
    "did_receive_stock": _("Receive"),
    "did_lose_stock": _("Loss"),
    "did_count_stock": pgettext_lazy("command", "Count"),
    "did_transfer_stock": pgettext_lazy("command", "Move to another warehouse"),
    "did_create_listing": _("New product"),
    "did_submit_listing": _("Submit for review"),
    "photos_sent": _("%(sent)s of %(size)s KB of the photos"),
    "finish_draft": _("Finish: %(name)s"),
    "new_product": _("New product"),
    "photograph_new": _("Photograph a new product"),
    "waits_for_network": _("Waiting for a signal to be sent"),
    "no_choices": _("Open this page once with a signal. After that it works without one."),
    "check_this": _("Please check the following"),
    "wrong_photo": _("Photo."),
    "wrong_origin": _("Place of origin."),
    "wrong_shelf_life": _("Shelf life."),
    "wrong_return_terms": _("Return and exchange terms."),
    "wrong_name": _("Enter the product name."),
    "wrong_type": _("Choose a product type."),
    "wrong_unit": _("Choose a sales unit."),
    "wrong_content": _("Enter a number, such as 300 or 1.8."),
    "wrong_price": InvalidPrice.default_message,
    "wrong_on_hand": _("Enter the quantity in stock."),
    "take_photo": _("Take a photo"),
    "choose_photos": _("Choose photos"),
    "cover_photo": _("Cover photo"),
    "photo_number": _("Photo %(number)s"),
    "remove_photo": _("Remove photo"),
    "product_name": _("Product name"),
    "product_type": _("Product type"),
    "choose_type": _("Choose a type"),
    "sales_unit": _("Sales unit"),
    "other_unit": _("Other unit"),
    "net_quantity": _("Net quantity per unit"),
    "measure": _("Unit of measure"),
    "quantity_in_stock": _("Quantity in stock"),
    "shelf_life": _("Shelf life"),
    "shelf_life_hint": _("For example: 3 days in a cool place."),
    "more_fields": _("Origin, season and more"),
    "origin": _("Place of origin"),
    "category": _("Product category"),
    "choose_category": _("Choose a category"),
    "months": _("Months available"),
    "month": _("Month"),
    "months_hint": _("Leave all unticked if available all year."),
    "description": _("Product description"),
    "return_terms": _("Returns and exchanges"),
    "submit": _("Submit for review"),
    "save_draft": _("Save as draft"),
    "state_waiting": _("On this phone"),
    "state_sending": _("Sending"),
    "state_done": pgettext_lazy("command", "Sent"),
    "state_refused": _("Check again"),
    "market_has": _("On the market now: %(state)s."),
    "weight_is_right": _("%(weight)s is right"),
    "try_again": _("Try again"),
    "drop": _("Leave it as it is on the market"),
    "unsent": _("Not sent yet"),
    "sign_in": _("Sign in"),
    "send_now": _("Send now (%(count)s)"),
    "in_line": _("Waiting"),
    "keep_working": _(
        "Keep working. When there is a signal, the phone sends by itself, oldest first. Do not remove the "
        "app while something is waiting."
    ),
    "not_stored": _(
        "The phone could not store this. Its memory may be full: delete pictures or apps, then press again."
    ),
    "just_sent": _("Just sent"),
    "back": _("Back to today"),
    "back_to_products": _("Back to my products"),
    "products": _("My products"),
    "filter": _("Filter"),
    "all_products": pgettext_lazy("goods", "All"),
    **{f"tab_{name}": text for name, text in _LISTING_TABS.items()},
    "no_products": _("No products here yet"),
    "product_gone": _("This product is no longer on this phone."),
    "more": _("Show more"),
    "edit": _("Edit"),
    "no_price": _("No price yet"),
    "under_review": _("Under review"),
    "paused": _("Paused"),
    "withdrawn": _("Removed"),
    "draft": _("Draft"),
    "needs_changes": _("Needs changes"),
    "on_sale": _("On sale"),
    "sold_out": _("Sold out"),
    "sold_out_hidden": _("Sold out, hidden from buyers"),
    "left": _("%(free)s %(unit)s left"),
    "almost_sold_out": _("%(free)s %(unit)s left, almost sold out"),
    "market_message": _("Message from the market:"),
    "price_and_stock": _("Price and stock"),
    "in_warehouse": _("%(there)s %(unit)s in the warehouse, %(free)s available"),
    "elsewhere": _("%(count)s %(unit)s more in warehouses that do not sell here"),
    "edit_price": _("Edit price"),
    "price": _("Price per unit"),
    "is_this_right": _("Is this right?"),
    "unusual_price": UnusualPrice.default_message,
    "save_as_entered": _("Yes, save it as entered"),
    "save_changes": _("Save changes"),
    "pause": _("Pause sales"),
    "resume": _("Resume selling"),
    "quantity_received": _("Quantity received"),
    "receiving_warehouse": _("Receiving warehouse"),
    "receive": _("Record incoming stock"),
    "record_loss": _("Record a loss"),
    "quantity_lost": _("Quantity spoilt or lost"),
    "transfer": _("Move to another warehouse"),
    "quantity_moved": _("Quantity to move"),
    "from_warehouse": _("From warehouse"),
    "to_warehouse": _("To warehouse"),
    "count_stock": _("Count stock"),
    "enter_counts": _("%(warehouse)s: enter what you counted. Leave the rest empty."),
    "warehouse": _("Warehouse"),
    "find_product": _("Find a product"),
    "no_such_product": _("No product with this name"),
    "in_the_books": _("%(there)s %(unit)s in the books"),
    "nothing_to_count": _("Nothing to count yet"),
    "counted": _("Counted quantity"),
    "invalid_count": InvalidStockCount.default_message,
    "save_counts": _("Save counts"),
    "promised": _("%(promised)s reserved"),
    "short": _("%(short)s short"),
    "other_movements": _("Receipt, loss or transfer"),
    "done_here": _("Done on this phone at %(hour)s."),
    "take_phone_price": _("Sell at %(sum)s, this phone's price"),
    "keep_market_price": _("Keep %(sum)s, the market's price"),
    "member_removed": _(
        "You are no longer a member of %(cooperative)s, so this cannot be sent. Show it to a manager of the "
        "cooperative, then delete it here."
    ),
    "delete_unsent": _("Delete from this phone"),
    "unpack": _("Take the items out of the parcel again."),
    "also_dropped": _("These steps end with it: %(steps)s."),
}


def phone_texts() -> dict[str, str]:
    """Return all texts in the page's language; the phone replaces `%(name)s`."""
    return {name: str(text) for name, text in _TEXTS.items()}


def failure_reasons() -> list[tuple[str, str]]:
    """Return the reasons of a failed delivery as they are stored, in English, and in the page's language."""
    with translation.override("en"):
        stored_reasons = [str(reason) for reason in FAILURE_REASONS]
    return list(zip(stored_reasons, map(str, FAILURE_REASONS), strict=True))


def sale_units() -> dict[str, list[tuple[str, str]]]:
    """Return the sale units as the page of a new product groups them, and the measures of a content."""
    names = {str(unit): str(Unit(unit).label) for unit in Unit.values}
    others = [unit for unit in Unit.values if unit not in COMMON_UNITS]
    return {
        "common": [(str(unit), names[unit]) for unit in COMMON_UNITS],
        "others": [(unit, names[unit]) for unit in others],
        "measures": [
            *((measure, measure) for measure in ("g", "kg", "ml", "l")),
            *((unit, names[unit]) for unit in Unit.values[:6]),
        ],
    }
