"""Messages that a member sends to a buyer from their own phone, ready to copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _

from catalog.models import Recall
from orders.models import OrderPart, Parcel, Refund
from orders.states import DISPATCHED_STATES, OUTGOING_KINDS, ParcelState
from shop.core.texts.formatting import format_money, format_phone_number


def message_about_part(
    part: OrderPart,
    parcels: Iterable[Parcel],
    *,
    is_weight_asked: bool = False,
    is_substitute_asked: bool = False,
    refunds: Iterable[Refund] = (),
) -> str:
    """Return what to tell the buyer about a part now, in the order's language.

    A question that waits for the buyer comes first, then what the `refunds` say is missing, while nothing has
    left. It has no link, because the page of an order also shows the parts of other cooperatives.
    """
    outgoing = [parcel for parcel in parcels if parcel.kind in OUTGOING_KINDS]
    has_left = any(parcel.state in DISPATCHED_STATES for parcel in outgoing)
    with translation.override(part.order.language):
        texts = _news_in(part.order.language)
        missing = [label for refund in refunds for label in refund.missing_labels]
        if is_weight_asked:
            news = texts["weight_asked"]
        elif is_substitute_asked:
            news = texts["substitute_asked"]
        elif missing and not has_left:
            news = texts["missing"] % {"missing": ", ".join(missing)}
        else:
            news = _news(part, outgoing)
        return f"{_greeting(part)} {news}"


def message_about_received_order(part: OrderPart, link: str) -> str:
    """Return what to answer a buyer whose order was entered, with its page's link, in its language.

    The order has this part only.
    """
    order = part.order
    with translation.override(order.language):
        values = {
            "goods": ", ".join(line.contents for line in order.lines.in_order()),
            "total": format_money(order.total_gross, order.currency),
            "link": link,
        }
        if order.confirmed_at is None:
            text = _("%(goods)s. Total %(total)s. Please check it and pay here: %(link)s")
        else:
            text = _("%(goods)s. Total %(total)s, to pay on delivery. Please check it here: %(link)s")
        return f"{_greeting(part)} {text % values}"


def message_about_shortage(part: OrderPart) -> str:
    """Return what to ask the buyer before a shortage is reported, in the order's language."""
    with translation.override(part.order.language):
        question = _("We do not have everything you ordered. May we send less, or something similar instead?")
        return f"{_greeting(part)} {question}"


def message_about_recall(part: OrderPart, recall: Recall, *, is_told: bool) -> str:
    """Return what to tell a buyer who has goods of a recalled lot, in the order's language.

    `is_told` says that the market has sent the notice, which the buyer has not confirmed.
    """
    with translation.override(part.order.language):
        texts = [
            _greeting(part),
            _("Lot %(lot)s is recalled: %(advice)s") % {"lot": recall.lot.code, "advice": recall.advice},
        ]
        if is_told:
            texts.append(_("Please confirm that you have read this, by the link in the market's message."))
        return " ".join(texts)


def message_about_run(parcel: Parcel) -> str:
    """Return what to tell a buyer whose parcel is in a delivery run, in the order's language."""
    part = parcel.part
    if parcel.state not in (ParcelState.PACKING, ParcelState.PACKED):
        return message_about_part(part, [parcel])
    with translation.override(part.order.language):
        return f"{_greeting(part)} {_('Your goods leave with the next delivery. Will you be at home?')}"


def message_of_driver(parcel: Parcel) -> str:
    """Return what a run's driver may write to a buyer. It says no more than the driver's page shows."""
    order = parcel.part.order
    with translation.override(order.language):
        if parcel.state == ParcelState.FAILED_DELIVERY:
            text = _(
                "Hello %(buyer)s, I could not deliver your order %(code)s from %(cooperative)s. When are you"
                " at home?"
            )
        else:
            text = _(
                "Hello %(buyer)s, I am bringing your order %(code)s from %(cooperative)s. Are you at home?"
            )
        return text % {
            "buyer": order.buyer_name,
            "code": order.code,
            "cooperative": parcel.part.cooperative.name,
        }


def message_about_complaint(part: OrderPart) -> str:
    """Return how to begin a conversation about a complaint, in the order's language."""
    with translation.override(part.order.language):
        question = _("We have read your complaint and would like to settle it. When may we call you?")
        return f"{_greeting(part)} {question}"


def greeting_of_part(part: OrderPart) -> str:
    """Return how a message about a part begins, in the order's language."""
    with translation.override(part.order.language):
        return _greeting(part)


def news_by_language() -> dict[str, dict[str, str]]:
    """Return the news about a part or a parcel, in every language, for phones without a network.

    Parcels have news by their state; "ready" is one handed over for pickup.
    """
    return {code: _news_in(code) for code, _name in settings.LANGUAGES}


def _news_in(language: str) -> dict[str, str]:
    with translation.override(language):
        return {
            ParcelState.FAILED_DELIVERY: _("The parcel could not be delivered. When are you at home?"),
            "ready": _("Your goods are ready. You can pick them up now."),
            ParcelState.HANDED_OVER: _("Your goods are on the way."),
            "carried_by": _("Carried by: %(carriage)s."),
            ParcelState.DELIVERED: _("Your goods have been delivered. Is everything all right?"),
            "preparing": _("We are preparing your goods."),
            "weight_asked": _("It weighs more than agreed. Please answer our question on the order's page."),
            "substitute_asked": _(
                "Something ran out. Please say on the order's page whether you take another product instead."
            ),
            "missing": _("We cannot send %(missing)s. You pay only for what we send."),
        }


def _greeting(part: OrderPart) -> str:
    values = {
        "buyer": part.order.buyer_name,
        "cooperative": part.cooperative.name,
        "code": part.order.code,
    }
    return _("Hello %(buyer)s, this is %(cooperative)s about your order %(code)s.") % values


def _news(part: OrderPart, parcels: Sequence[Parcel]) -> str:
    """Return one sentence about the part, by its parcel that needs the buyer most."""
    by_state = {parcel.state: parcel for parcel in parcels}
    news = _news_in(part.order.language)
    if ParcelState.FAILED_DELIVERY in by_state:
        return news[ParcelState.FAILED_DELIVERY]
    if ParcelState.HANDED_OVER in by_state:
        parcel = by_state[ParcelState.HANDED_OVER]
        if part.is_pickup:
            return news["ready"]
        driver = format_phone_number(parcel.driver_phone)
        carriage = ", ".join(filter(None, (parcel.carrier, parcel.vehicle, driver)))
        sent = news[ParcelState.HANDED_OVER]
        return f"{sent} {news['carried_by'] % {'carriage': carriage}}" if carriage else sent
    return news[ParcelState.DELIVERED if ParcelState.DELIVERED in by_state else "preparing"]
