"""The page for orders of a livestream: comments are gathered by buyer, and each becomes an order to check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse

from cooperatives.access import MemberRight, MembershipContext
from orders.pasted_messages.goods import ReadGoods, read_goods
from orders.pasted_messages.livestream import BuyerComments, gather_comments, read_codes, with_codes
from orders.pasted_messages.message_tokens import MAX_MESSAGE_LENGTH, Message, split_message
from orders.pasted_messages.phones import read_phones
from shop.core.errors import Missing
from shop.core.models import market_channel
from shop.core.web.http_methods import require_safe_or_post
from shop.members.forms.received_orders import LivestreamForm
from shop.members.member_access import for_members, render_page
from shop.members.received_orders.own_goods import OwnGoods, load_own_goods

_CODES_KEY = "livestream_codes"  # the codes stay for the whole livestream


@dataclass(frozen=True, slots=True)
class BuyerRow:
    """A buyer's comments with the products that they ask for, and their message for the next page."""

    buyer: BuyerComments
    wanted: Sequence[str]
    is_clear: bool
    message: str


@require_safe_or_post
@for_members(MemberRight.PACK)
def gather_livestream_orders(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Show the buyers of a livestream's comments. The codes are kept in the session."""
    channel = market_channel()
    if channel is None:
        raise Missing()
    initial = {"codes": request.session.get(_CODES_KEY, "")}
    form = LivestreamForm(request.POST or None, initial=initial)
    context: dict[str, object] = {"form": form}
    if form.is_valid():
        codes_text = form.cleaned_data["codes"]
        request.session[_CODES_KEY] = codes_text
        own = load_own_goods(membership.cooperative, channel)
        codes = read_codes(codes_text, own.catalogue)
        catalogue = with_codes(own.catalogue, codes)
        buyers = gather_comments(form.cleaned_data["comments"])
        context |= {
            "codes": codes,
            "codes_text": codes_text,
            "named": [(code, own.variants[key].label) for code, key in codes.variants.items()],
            "rows": [
                _build_row(buyer, read_goods(_message_without_phones(buyer), catalogue), own)
                for buyer in buyers
            ],
        }
    status = 422 if request.method == "POST" and not form.is_valid() else 200
    return render_page(request, membership, "members/livestream.html", context, status=status)


def _message_without_phones(buyer: BuyerComments) -> Message:
    """Return the comments with their phone numbers marked, so that these are no quantities."""
    message = split_message("\n".join(buyer.comments))
    read_phones(message)
    return message


def _build_row(buyer: BuyerComments, goods: Sequence[ReadGoods], own: OwnGoods) -> BuyerRow:
    clear = [row for row in goods if row.is_certain]
    wanted = [f"{row.options[0].quantity} × {own.variants[row.options[0].variant_id].label}" for row in clear]
    unclear = [f"“{row.text}”" for row in goods if not row.is_certain]
    return BuyerRow(
        buyer=buyer,
        wanted=[*wanted, *unclear],
        is_clear=bool(clear) and not unclear,
        message=buyer.message[:MAX_MESSAGE_LENGTH],
    )
