"""Texts of the phone's screens about packing: lots, missing items, labels, the pick list and scarce goods."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

PACKING_TEXTS: Mapping[str, str | Promise] = {
    "how_many_can_be_sent": _("How many can you send?"),
    "buyer_pays_less": _("The buyer pays %(amount)s less, or gets it back."),
    "nothing_left_to_send": _("Nothing would be left to send. Cancel the order once you are online."),
    "tell_buyer_less": _("Tell the buyer"),
    "did_report_shortage": _("Items missing"),
    "ordered_by": _("The buyer ordered by: %(source)s"),
    "buyers_note": _("Buyer's note:"),
    "deliver_to": _("Deliver to"),
    "picked_up_by": _("Picked up by"),
    "buyer_after_acceptance": _("The name, phone number and house number appear after you accept."),
    "company_invoice": _("Company invoice"),
    "invoice_asked": _("The buyer needs a company invoice."),
    "buyer_has_paid": _("The buyer has paid. Collect nothing."),
    "pack_once_answered": _("You can pack as soon as the buyer has answered."),
    "weigh_first": _("Weigh the items before you pack the parcel."),
    "order_needs_signal": _(
        "With a signal, the order's page also undoes steps, unpacks parcels, photographs the dispatch slip "
        "and receives returns."
    ),
    "another_lot": _("Take another lot"),
    "another_lot_or_split": _("Take another lot or split the parcel"),
    "lot": _("Lot"),
    "as_suggested": _("As suggested"),
    "lots_as_suggested": _("Take the lots as suggested"),
    "label_has": _("On the printed label: %(cash)s."),
    "collect_cash_of": _("collect %(amount)s"),
    "collect_no_cash": _("collect no cash"),
    "pack_with_new_label": _("Print a new label: %(cash)s"),
    "without_lot": _("Stock without a lot"),
    "lot_reason": _("Why is an expired lot sent?"),
    "split": _("Split into several parcels"),
    "quantity_in_parcel": _("Quantity in this parcel"),
    "message_to_buyer": _("Message to the buyer"),
    "copy_message": _("Copy message"),
    "copied": _("Copied"),
    "text_message": _("Text message"),
    "pick_list": _("Pick list"),
    "by_product": _("By product"),
    "by_order": _("By order"),
    "nothing_to_pick": _("No items to pick"),
    "weigh_about": _("To weigh: about %(weight)s"),
    "back_to_packing": _("Back to the orders"),
    "how_many_missing": _("How many are missing"),
    "offer_instead": _("Offer instead"),
    "how_many_instead": _("How many of it"),
    "ask_buyer": _("Ask the buyer"),
    "ask_anyway": _("Yes, ask the buyer"),
    "buyer_asked_later": _(
        "The buyer gets a link to answer once this is sent. Pack the other items meanwhile."
    ),
    "did_offer_substitute": _("Offer something else"),
    "far_weight": _("This is far from the expected %(weight)s. Check the decimal comma."),
    "heavier_weight": _("More than the agreed %(weight)s: we will ask the buyer first."),
    "label": _("Parcel label"),
    "label_from": pgettext_lazy("label", "From"),
    "label_to": pgettext_lazy("label", "To"),
    "label_pickup": _("Pick up at:"),
    "label_contents": _("Contents"),
    "label_cash": _("Cash to collect"),
    "label_qr": _("QR code of the parcel"),
    "label_paper": _("Paper"),
    "print_label": _("Print label"),
    "label_trace": _("Scan to see where it comes from"),
    "label_lot_qr": _("QR code of the lot"),
    "label_hint": _("No printer here? Write this code on the parcel by hand."),
    "decline_order": _("Decline order"),
    "cancel_order": _("Cancel this order"),
    "cancels_whole_order": _(
        "This cancels the whole order. If only one item is missing, report it beside that item."
    ),
    "cancel_when_sent": _(
        "Once this is sent, the buyer learns it with your reason and gets back what was paid. The items are "
        "available again."
    ),
    "total": _("Total"),
    "decline_and_notify": _("Decline %(amount)s and notify the buyer"),
    "cancel_and_notify": _("Cancel %(amount)s and notify the buyer"),
    "order_declined": _("This order was declined."),
    "order_cancelled": _("This order was cancelled."),
    "cancel_all_the_same": _("Cancel it all the same"),
    "good_to_know": pgettext_lazy("members", "Good to know"),
    "goods_short": _("%(goods)s: %(count)s %(unit)s short."),
    "goods_sold_out": _("%(goods)s is sold out."),
    "goods_left": _("%(goods)s: %(count)s %(unit)s left."),
    "see_product": _("View the product"),
    "lots_near_expiry": _("Lots near their use-by date or past it: %(count)s."),
    "complaint_about": _("Complaint about order %(code)s, answer by %(day)s."),
    "answer_complaint": _("Answer the complaint"),
    "pickups_on": _("%(day)s: buyers pick up orders."),
    "pickups": _("Orders to be picked up: %(count)s."),
    "in_run": _("In the delivery run of %(name)s"),
    "leaves_run": _("The parcel leaves the delivery run of %(name)s."),
    "leave_run": _("Take it out of the run and hand it to the carrier"),
}
