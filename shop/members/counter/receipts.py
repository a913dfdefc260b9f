"""The receipt of a counter sale, for paper of 58 and 80 mm, and the sales of a shift."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.models import CounterSale, Discount
from orders.order_links import order_url
from orders.payments.vietqr import qr_svg
from shop.core.errors import Missing
from shop.members.member_access import for_members, render_page

PAPER_WIDTHS = ("58", "80")


@require_safe
@for_members(MemberRight.SELL)
def show_receipt(request: HttpRequest, membership: MembershipContext, sale_id: int) -> HttpResponse:
    """Show the change of a sale and its receipt. `?giay=` is the width of the paper in millimetres."""
    sale = (
        CounterSale.objects.for_cooperative(membership.cooperative)
        .select_related("till", "shift", "sold_by", "order")
        .filter(pk=sale_id)
        .first()
    )
    if sale is None:
        raise Missing()
    paper = request.GET.get("giay", "")
    context = {
        "sale": sale,
        "order": sale.order,
        "lines": sale.order.lines.in_order(),
        "discounts": Discount.objects.granted_by_staff().filter(order=sale.order).order_by("pk"),
        "qr": qr_svg(order_url(sale.order), title=_("QR code of the receipt's page")),
        "paper": paper if paper in PAPER_WIDTHS else PAPER_WIDTHS[0],
        "papers": PAPER_WIDTHS,
    }
    return render_page(request, membership, "members/receipt.html", context)
