"""Pages for orders that buyers send by Zalo, Facebook or phone: paste, check, confirm, send the link."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cooperatives.access import MemberRight, MembershipContext
from orders.actions.basket.basket_lines import LineToAdd
from orders.actions.payments.order_payments import offered_payment_methods
from orders.actions.placement.received_orders import place_received_order
from orders.actions.quotes.build_quote import build_quote
from orders.actions.quotes.preselected_delivery import preselected_delivery
from orders.actions.quotes.quote_types import Buyer, Quote, QuoteRequest, RequestedDelivery, RequestedLine
from orders.forms.basket import parse_chosen_deliveries
from orders.models import RECEIVED_SOURCES, Order, OrderPart, OrderSource, PaymentMethod, SaleorOrigin
from orders.order_links import order_url
from orders.pasted_messages.livestream import read_codes, with_codes
from orders.pasted_messages.read_message import ReadMessage, read_message
from orders.views.quote_display import build_seller_quote_displays
from orders.views.sum_rows import build_totals_of_quote
from shop.core.dates.calendar import vietnam_date
from shop.core.errors import Forbidden, Missing, Refused
from shop.core.geography.division_choices import load_communes_of, load_provinces
from shop.core.identifiers.phones import format_phone, normalise_phone
from shop.core.models import Channel, market_channel
from shop.core.models.geography import Division
from shop.core.web.http_methods import require_safe_or_post
from shop.members.buyer_messages import message_about_received_order
from shop.members.forms.received_orders import PastedMessageForm, ReceivedOrderForm
from shop.members.member_access import for_members, render_page
from shop.members.received_orders.goods_rows import build_added_rows, build_goods_rows, chosen_lines
from shop.members.received_orders.own_goods import OwnGoods, load_own_goods

_METHODS = (PaymentMethod.COD, PaymentMethod.TRANSFER)


@dataclass(frozen=True, slots=True)
class _Pasted:
    """A message as read for the cooperative's channel, and where it came from."""

    source: OrderSource
    text: str
    codes: str
    read: ReadMessage
    own: OwnGoods
    channel: Channel


@require_safe_or_post
@for_members(MemberRight.PACK)
def paste_message(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Ask for a message, and show what was read of it."""
    form = PastedMessageForm(request.POST or None)
    if not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render_page(request, membership, "members/paste_message.html", {"form": form}, status=status)
    pasted = _read_pasted(membership, form.cleaned_data)
    return _render_review(request, membership, pasted, None)


@require_safe_or_post
@for_members(MemberRight.PACK)
def review_received_order(request: HttpRequest, membership: MembershipContext) -> HttpResponse:
    """Show the corrected order with its sum, or place it."""
    message_form = PastedMessageForm(request.POST or None)
    if not message_form.is_valid():
        return redirect("members:paste-message")
    pasted = _read_pasted(membership, message_form.cleaned_data)
    return _render_review(request, membership, pasted, request.POST)


@require_safe
@for_members(MemberRight.PACK)
def show_received_order(
    request: HttpRequest, membership: MembershipContext, order_id: uuid.UUID
) -> HttpResponse:
    """Show an entered order with the message and link for its buyer."""
    part = (
        OrderPart.objects.select_related("order")
        .filter(
            cooperative=membership.cooperative,  # also before its order is paid
            order=order_id,
            order__source__in=RECEIVED_SOURCES,
            order__saleor_origin=SaleorOrigin.CHECKOUT,  # not the drafts of the market's staff
        )
        .first()
    )
    if part is None:
        raise Missing()
    context = {
        "part": part,
        "order": part.order,
        "message": message_about_received_order(part, order_url(part.order)),
        "link": order_url(part.order),
    }
    return render_page(request, membership, "members/received_order.html", context)


def _read_pasted(membership: MembershipContext, cleaned: Mapping[str, str]) -> _Pasted:
    channel = market_channel()
    if channel is None:
        raise Missing()
    own = load_own_goods(membership.cooperative, channel)
    catalogue = with_codes(own.catalogue, read_codes(cleaned["codes"], own.catalogue))
    return _Pasted(
        source=OrderSource(cleaned["source"]),
        text=cleaned["text"],
        codes=cleaned["codes"],
        read=read_message(cleaned["text"], catalogue, day=vietnam_date(timezone.now())),
        own=own,
        channel=channel,
    )


def _render_review(
    request: HttpRequest,
    membership: MembershipContext,
    pasted: _Pasted,
    posted: Mapping[str, str] | None,
) -> HttpResponse:
    """Render the review: the first one without `posted`. A complete form that asks for it is placed."""
    provinces = load_provinces()
    values = _chosen_commune(posted) if posted is not None else _initial_values(pasted.read)
    methods = [row for row in offered_payment_methods(pasted.channel) if row in _METHODS]
    form = ReceivedOrderForm(
        values if posted is not None else None,
        initial=dict(values),
        provinces=provinces,
        communes=load_communes_of(str(values.get("province", ""))),
        methods=methods,
    )
    rows = build_goods_rows(pasted.read.goods, pasted.own, posted)
    added = build_added_rows(pasted.own, posted)
    lines = chosen_lines(rows, added)
    province = next((row for row in provinces if row.code == values.get("province")), None)
    chosen = parse_chosen_deliveries(posted or {}, [membership.cooperative.pk])
    quote = _build_quote(membership, pasted.channel, lines, province, values, chosen)
    is_placing = posted is not None and "place" in posted
    is_complete = not any(row.errors for row in rows) and not any(row.error for row in added)
    problem = ""
    if is_placing and posted is not None:
        if not lines:
            problem = _("Choose at least one product.")
        if form.is_valid() and is_complete and lines:
            try:
                order = _place(membership, pasted, form, lines, quote, posted)
            except (Missing, Forbidden):
                raise
            except Refused as refused:
                problem = str(refused.message)
            else:
                return redirect("members:received-order", order_id=order.pk)
    elif posted is not None:
        form.errors.clear()  # a look at the sum needs no complete form
    context = {
        "form": form,
        "pasted": pasted,
        "rows": rows,
        "added": added,
        "own_variants": pasted.own.variants,
        "communes": pasted.read.address.communes if pasted.read.address and posted is None else (),
        "province": province,
        "problem": problem,
        "idempotency_key": _submitted_key(posted) or uuid.uuid4(),
        "currency": pasted.channel.currency,
        **_quote_context(quote, province),
    }
    status = 422 if is_placing else 200
    return render_page(request, membership, "members/received_order_review.html", context, status=status)


def _initial_values(read: ReadMessage) -> dict[str, str]:
    """Return the form's first values. What does not fit into a field goes into the note."""
    further = [format_phone(number) for number in read.phones[1:]]
    note = [read.note, _("Other phone number: %s") % ", ".join(further) if further else ""]
    entered = [*map(format_phone, read.phones), *read.odd_phones]
    address = read.address
    province = address.province if address else None
    commune = address.commune if address else None
    return {
        "name": read.name,
        "phone": entered[0] if entered else "",
        "province": province.code if province else "",
        "commune": commune.code if commune else "",
        "street": address.street if address else "",
        "note": "; ".join(filter(None, note)),
        "method": PaymentMethod.TRANSFER if read.payment == "bank_transfer" else PaymentMethod.COD,
    }


def _chosen_commune(posted: Mapping[str, str]) -> dict[str, str]:
    """Return the submitted values, with the commune chosen among several that the message may mean."""
    values = {name: str(posted[name]) for name in posted}
    province, _separator, commune = values.get("meant-commune", "").partition("/")
    return values | ({"province": province, "commune": commune} if commune else {})


def _build_quote(
    membership: MembershipContext,
    channel: Channel,
    lines: Sequence[LineToAdd],
    province: Division | None,
    values: Mapping[str, str],
    deliveries: Mapping[int, RequestedDelivery],
) -> Quote | None:
    """Return the quote of the chosen lines, by the chosen delivery or the one that the market preselects."""
    if not lines:
        return None
    quantities: dict[int, int] = {}
    for line in lines:
        quantities[line.variant_id] = quantities.get(line.variant_id, 0) + line.quantity
    request = QuoteRequest(
        channel=channel,
        lines=[RequestedLine(uuid.uuid4(), key, quantity) for key, quantity in quantities.items()],
        deliveries=deliveries,
        province_code=province.code if province else "",
        country=channel.default_country,
        buyer=Buyer(None, normalise_phone(values.get("phone", "")), ""),
    )
    quote = build_quote(request, now=timezone.now())
    if deliveries or province is None or not quote.seller_quotes:
        return quote
    preselected = preselected_delivery(quote.seller_quotes[0], province.code)
    if preselected is None:
        return quote
    return _build_quote(
        membership, channel, lines, province, values, {membership.cooperative.pk: preselected}
    )


def _quote_context(quote: Quote | None, province: Division | None) -> dict[str, object]:
    if quote is None:
        return {"quote": None}
    displays = build_seller_quote_displays(quote, province)
    return {
        "quote": quote,
        "seller_display": displays[0] if displays else None,
        "sums": build_totals_of_quote(quote, quote.purchase_at_maximum),
    }


def _place(
    membership: MembershipContext,
    pasted: _Pasted,
    form: ReceivedOrderForm,
    lines: Sequence[LineToAdd],
    quote: Quote | None,
    posted: Mapping[str, str],
) -> Order:
    deliveries = quote.requested.deliveries if quote else {}
    return place_received_order(
        key=_submitted_key(posted) or uuid.uuid4(),
        cooperative=membership.cooperative,
        channel=pasted.channel,
        lines=lines,
        contact=form.contact,
        delivery=deliveries.get(membership.cooperative.pk),
        source=pasted.source,
        method=PaymentMethod(form.cleaned_data["method"]),
        consents=form.consents,
        agreed_total=_amount(posted.get("agreed_total")),
        agreed_maximum=_amount(posted.get("agreed_maximum")),
        actor=membership.actor,
        now=timezone.now(),
    )


def _amount(text: str | None) -> int:
    """Return an amount that the page showed, or -1, which no quote has."""
    return int(text) if text and text.isascii() and text.isdecimal() and len(text) < 16 else -1


def _submitted_key(posted: Mapping[str, str] | None) -> uuid.UUID | None:
    try:
        return uuid.UUID((posted or {}).get("idempotency_key", ""))
    except ValueError:
        return None
