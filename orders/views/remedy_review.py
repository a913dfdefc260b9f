"""What an answer to a complaint would do, to show it before the answer is sent."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from orders.actions.refunds.refund_preview import RefundRoute, find_refund_route
from orders.forms.complaints import AcceptComplaintForm
from orders.models import Complaint, CostBearer


@dataclass(frozen=True, slots=True)
class RemedyReview:
    """The refund in all and by line, how the buyer gets it, who bears it, and what is sent again or back."""

    amount: int
    refunded: list[tuple[str, int]]
    route: RefundRoute
    is_at_market_cost: bool
    replaced: list[str]
    returned: list[str]
    message: str


def build_remedy_review(complaint: Complaint, form: AcceptComplaintForm) -> RemedyReview:
    """Build the review of a valid form. The complaint must be loaded with its displayed rows."""
    remedy = form.remedy
    lines = {line.order_line_id: line.order_line for line in complaint.lines.all()}
    refund = remedy.refund
    line_refunds = refund.lines if refund else {}
    amount = refund.amount if refund else 0
    refunded = [(lines[key].product_name, line_refund.amount) for key, line_refund in line_refunds.items()]
    if refund and refund.delivery:
        refunded.append((_("Delivery"), refund.delivery))
    returned = dict(remedy.returned)
    returned |= {
        key: line_refund.returned for key, line_refund in line_refunds.items() if line_refund.returned
    }
    return RemedyReview(
        amount=amount,
        refunded=refunded,
        route=find_refund_route(complaint.part.order, complaint.part, amount),
        is_at_market_cost=bool(refund and refund.bearer == CostBearer.PLATFORM),
        replaced=[lines[key].contents_label(count) for key, count in remedy.replaced.items()],
        returned=[lines[key].contents_label(count) for key, count in returned.items()],
        message=form.cleaned_data["answer"],
    )
