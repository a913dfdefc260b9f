"""What happened to something, told in words: the Change rows under it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy

from shop.core.actors import Door
from shop.core.models import Change

WORDS: dict[str, Promise] = {
    "cooperative.applied": pgettext_lazy("history", "Applied to sell"),
    "cooperative.applied_again": pgettext_lazy("history", "Sent the application again"),
    "cooperative.approved": pgettext_lazy("history", "Approved"),
    "cooperative.needs_more": pgettext_lazy("history", "Asked for more"),
    "cooperative.rejected": pgettext_lazy("history", "Rejected"),
    "cooperative.suspended": pgettext_lazy("history", "Suspended"),
    "cooperative.paused": pgettext_lazy("history", "Rests for a while"),
    "cooperative.resumed": pgettext_lazy("history", "Sells again"),
    "cooperative.account_changed": pgettext_lazy("history", "Bank account changed"),
    "commission.rated": pgettext_lazy("history", "Commission set"),
    "commission.ended": pgettext_lazy("history", "Commission ended"),
    "withholding.rated": pgettext_lazy("history", "Withholding of tax set"),
    "withholding.ended": pgettext_lazy("history", "Withholding of tax ended"),
    "membership.admitted": pgettext_lazy("history", "Member admitted"),
    "membership.role_changed": pgettext_lazy("history", "Member given another role"),
    "membership.ended": pgettext_lazy("history", "Member left"),
    "cooperative.edited": pgettext_lazy("history", "Changed in the back room"),
    "warehouse.opened": pgettext_lazy("history", "Store house opened"),
    "warehouse.changed": pgettext_lazy("history", "Store house changed"),
    "warehouse.closed": pgettext_lazy("history", "Store house closed"),
    "warehouse.deleted": pgettext_lazy("history", "Store house closed"),
    "way.offered": pgettext_lazy("history", "Way of delivery offered"),
    "way.edited": pgettext_lazy("history", "Way of delivery changed"),
    "way.priced": pgettext_lazy("history", "Prices of delivery changed"),
    "way.scheduled": pgettext_lazy("history", "Market days changed"),
    "way.ended": pgettext_lazy("history", "Way of delivery ended"),
    "listing.draft": pgettext_lazy("history", "Back to draft"),
    "listing.in_review": pgettext_lazy("history", "Handed in to be checked"),
    "listing.published": pgettext_lazy("history", "Put on sale"),
    "listing.paused": pgettext_lazy("history", "Taken off sale for a while"),
    "listing.withdrawn": pgettext_lazy("history", "Withdrawn"),
    "product.offered": pgettext_lazy("history", "Goods entered"),
    "product.edited": pgettext_lazy("history", "Goods changed"),
    "product.translated": pgettext_lazy("history", "Said in another language"),
    "cooperative.translated": pgettext_lazy("history", "Said in another language"),
    "product.pictured": pgettext_lazy("history", "Picture added"),
    "product.pictures_ordered": pgettext_lazy("history", "Pictures put in another order"),
    "product.picture_removed": pgettext_lazy("history", "Picture taken out"),
    "product.hidden": pgettext_lazy("history", "Taken away for good"),
    "product.deleted": pgettext_lazy("history", "Taken away for good"),
    "variant.added": pgettext_lazy("history", "Size added"),
    "variant.edited": pgettext_lazy("history", "Size changed"),
    "variant.deleted": pgettext_lazy("history", "Size deleted"),
    "price.changed": pgettext_lazy("history", "Price changed"),
    "price.reduced": pgettext_lazy("history", "Price follows a promotion"),
    "stock.counted": pgettext_lazy("history", "Stock counted"),
    "stock.moved": pgettext_lazy("history", "Stock changed"),
    "order.drafted": pgettext_lazy("history", "Draft begun"),
    "order.draft_edited": pgettext_lazy("history", "Draft changed"),
    "order.draft_deleted": pgettext_lazy("history", "Draft thrown away"),
    "order.placed": pgettext_lazy("history", "Ordered"),
    "order.placed_again": pgettext_lazy("history", "Ordered anew"),
    "order.confirmed": pgettext_lazy("history", "Confirmed"),
    "order.corrected": pgettext_lazy("history", "Receiver or address corrected"),
    "order.noted": pgettext_lazy("history", "Note written"),
    "order.note_changed": pgettext_lazy("history", "Note changed"),
    "order.cancelled": pgettext_lazy("history", "Order cancelled"),
    "order.expired": pgettext_lazy("history", "Order lapsed"),
    "payment.received": pgettext_lazy("history", "Payment has come"),
    "payment.authorised": pgettext_lazy("history", "Money held on the card"),
    "payment.declined": pgettext_lazy("history", "Card declined"),
    "payment.failed": pgettext_lazy("history", "Card payment failed"),
    "payment.released": pgettext_lazy("history", "Money on the card released"),
    "payment.refunded": pgettext_lazy("history", "Money given back"),
    "payment.refunded_elsewhere": pgettext_lazy("history", "Money given back outside the market"),
    "payment.refund_failed": pgettext_lazy("history", "Giving money back failed"),
    "payment.dispute_opened": pgettext_lazy("history", "Buyer disputes the card payment"),
    "payment.dispute_answered": pgettext_lazy("history", "The bank looks at our evidence"),
    "payment.disputed": pgettext_lazy("history", "Bank took the card payment back"),
    "payment.dispute_repaid": pgettext_lazy("history", "Bank gave the disputed money back"),
    "payment.dispute_won": pgettext_lazy("history", "Dispute won"),
    "payment.dispute_lost": pgettext_lazy("history", "Dispute lost"),
    "refund.decided": pgettext_lazy("history", "Refund decided"),
    "refund.account_named": pgettext_lazy("history", "Account for the refund named"),
    "refund.by_bank": pgettext_lazy("history", "Refund to be paid by transfer"),
    "payment.way_changed": pgettext_lazy("history", "Another way to pay was chosen"),
    "transfer.seen": pgettext_lazy("history", "Transfer seen on our account"),
    "transfer.settled": pgettext_lazy("history", "Transfer put to the order"),
    "transfer.shared": pgettext_lazy("history", "Transfer put to the order"),
    "transfer.to_review": pgettext_lazy("history", "Transfer to be looked at"),
    "transfer.review_again": pgettext_lazy("history", "Transfer to be looked at"),
    "transfer.set_aside": pgettext_lazy("history", "Transfer set aside"),
    "transfer.given_back": pgettext_lazy("history", "Transfer to be given back"),
    "transfer.sent_back": pgettext_lazy("history", "Transfer given back"),
    "call.asked_again": pgettext_lazy("history", "Asked of Stripe once more"),
    "call.set_aside": pgettext_lazy("history", "Refused by Stripe, and set aside"),
    "payout.by_bank": pgettext_lazy("history", "To be paid by the bank instead of Stripe"),
    "payout.paid": pgettext_lazy("history", "Money paid out"),
    "payout.readdressed": pgettext_lazy("history", "Payout put to another account"),
    "payout.failed": pgettext_lazy("history", "Payout failed"),
    "payout.pulled_back": pgettext_lazy("history", "Payout taken back"),
    "settlement.closed": pgettext_lazy("history", "Period closed"),
    "settlement.corrected": pgettext_lazy("history", "Period corrected"),
    "part.accepted": pgettext_lazy("history", "Accepted"),
    "part.declined": pgettext_lazy("history", "Declined"),
    "part.cancelled": pgettext_lazy("history", "Cancelled"),
    "part.unanswered": pgettext_lazy("history", "The platform was told that nobody has accepted"),
    "line.weighed": pgettext_lazy("history", "Weighed"),
    "line.weight_asked": pgettext_lazy("history", "Heavier than agreed, the buyer was asked"),
    "line.weight_agreed": pgettext_lazy("history", "The buyer agreed to the weight"),
    "line.weight_refused": pgettext_lazy("history", "The buyer did not want the weight"),
    "parcel.begun": pgettext_lazy("history", "Packing begun"),
    "parcel.packed": pgettext_lazy("history", "Packed"),
    "parcel.handed_over": pgettext_lazy("history", "Handed over"),
    "parcel.tracked": pgettext_lazy("history", "Tracking number written"),
    "parcel.delivered": pgettext_lazy("history", "Delivered"),
    "parcel.cash_collected": pgettext_lazy("history", "Cash collected"),
    "parcel.cash_differs": pgettext_lazy("history", "Another amount of cash than expected"),
    "parcel.cash_remitted": pgettext_lazy("history", "Cash handed in"),
    "parcel.cash_reconciled": pgettext_lazy("history", "Cash seen on our account"),
    "parcel.cash_offset": pgettext_lazy("history", "Cash kept by the cooperative"),
    "market.account_changed": pgettext_lazy("history", "The market's account changed"),
    "market.times_changed": pgettext_lazy("history", "Times to pay or complain changed"),
    "bank_statement.confirmed": pgettext_lazy("history", "Bank statement taken over"),
    "statement.confirmed": pgettext_lazy("history", "Carrier's statement taken over"),
    "statement.row_taken": pgettext_lazy("history", "Row of a statement taken over"),
    "statement.row_dismissed": pgettext_lazy("history", "Row of a statement set aside"),
    "remittance.begun": pgettext_lazy("history", "Cash handed in"),
    "remittance.reconciled": pgettext_lazy("history", "Cash seen on our account"),
    "remittance.made_good": pgettext_lazy("history", "A difference in cash put right"),
    "complaint.made": pgettext_lazy("history", "Complaint"),
    "complaint.withdrawn": pgettext_lazy("history", "Complaint taken back"),
    "complaint.accepted": pgettext_lazy("history", "Complaint accepted"),
    "complaint.rejected": pgettext_lazy("history", "Complaint turned down"),
    "complaint.unanswered": pgettext_lazy(
        "history", "The platform was told of a complaint without an answer"
    ),
    "parcel.failed": pgettext_lazy("history", "Could not be delivered"),
    "parcel.voided": pgettext_lazy("history", "Parcel voided"),
    "parcel.comes_back": pgettext_lazy("history", "Goods are coming back"),
    "parcel.came_back": pgettext_lazy("history", "Goods came back"),
    "parcel.kept": pgettext_lazy("history", "Goods do not come back"),
    "parcel.unsent": pgettext_lazy("history", "Goods are not sent, but refunded"),
    "parcel.cash_lowered": pgettext_lazy("history", "Less cash to collect"),
    "category.added": pgettext_lazy("history", "Shelf added"),
    "category.edited": pgettext_lazy("history", "Shelf changed"),
    "category.moved": pgettext_lazy("history", "Shelf moved"),
    "promotion.made": pgettext_lazy("history", "Promotion begun"),
    "promotion.edited": pgettext_lazy("history", "Promotion changed"),
    "promotion.ended": pgettext_lazy("history", "Promotion ended"),
    "voucher.issued": pgettext_lazy("history", "Voucher given out"),
    "voucher.edited": pgettext_lazy("history", "Voucher changed"),
    "voucher.codes_added": pgettext_lazy("history", "Codes added to a voucher"),
    "voucher.ended": pgettext_lazy("history", "Voucher switched off"),
    "voucher.given_back": pgettext_lazy("history", "Use of a voucher given back"),
    "user.registered": pgettext_lazy("history", "Account opened"),
    "user.details_changed": pgettext_lazy("history", "Details changed"),
    "user.password_set": pgettext_lazy("history", "New password set"),
    "person.erased": pgettext_lazy("history", "Person's data erased"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """A change as people read it. `whose` is the part's number, if any; `who` did it by which `door`."""

    change: Change
    words: Promise | str
    whose: str
    who: str
    door: str


def tell(changes: Iterable[Change]) -> list[Told]:
    """Changes in words; a word that is new here is shown as it is written."""
    return [
        Told(
            change,
            WORDS.get(change.what, change.what),
            str(change.data.get("part", "")),
            change.who,
            str(Door(change.door).label),
        )
        for change in changes
    ]
