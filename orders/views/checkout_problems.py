"""Messages about problems that keep a checkout from being placed."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext as _

from orders.actions.placement.place_order import BasketChanged
from orders.actions.quotes.quote_types import Quote
from orders.views.quote_display import SellerQuoteDisplay
from shop.core.errors import Refused
from shop.core.texts.formatting import format_money
from shop.core.texts.marked_texts import sentence, translated


def checkout_problems(
    seller_displays: list[SellerQuoteDisplay],
    refused: Refused | None,
    quote: Quote,
    submitted: Mapping[str, object],
) -> list[str]:
    """Return the messages above the checkout form.

    They are the quote's problems or, if there are none, those of the refused placement. A refused voucher
    comes first.
    """
    problems = _quote_messages(seller_displays)
    if refused is None:
        return problems
    problems = problems or _refusal_messages(refused, quote, submitted)
    if quote.voucher and quote.voucher.refusal and str(quote.voucher.refusal.message) not in problems:
        return [str(quote.voucher.refusal.message), *problems]
    return problems


def _quote_messages(seller_displays: list[SellerQuoteDisplay]) -> list[str]:
    """Return all problems and changes as messages that name the products."""
    all_messages: list[str] = []
    for seller_display in seller_displays:
        all_messages += [
            sentence(
                "%(name)s: %(words)s", name=translated(line.quoted.variant.product, "name"), words=message
            )
            for line in seller_display.lines
            for message in line.messages
        ]
        all_messages += seller_display.messages
    return all_messages


def _refusal_messages(refused: Refused, quote: Quote, submitted: Mapping[str, object]) -> list[str]:
    """Return messages for a refusal that no line explains: a changed total, or the action's own message."""
    if not isinstance(refused, BasketChanged):
        return [str(refused.message)]
    currency = quote.requested.channel.currency
    total_changed = (
        "shown_total",
        quote.total,
        _("The total is now %(new)s instead of %(old)s. Please check and place the order again."),
    )
    maximum_changed = (
        "shown_maximum",
        quote.maximum_total,
        _(
            "After weighing, the total can now be up to %(new)s instead of %(old)s. Please check "
            "and place the order again."
        ),
    )
    # The buyer agrees to the amount on the button, which is the maximum if items are sold by weight.
    has_lines_sold_by_weight = quote.has_lines_sold_by_weight
    for field_name, current, text in (
        (maximum_changed, total_changed) if has_lines_sold_by_weight else (total_changed, maximum_changed)
    ):
        agreed = str(submitted.get(field_name, ""))
        if agreed.isdecimal() and int(agreed) != current:
            return [
                text % {"new": format_money(current, currency), "old": format_money(int(agreed), currency)}
            ]
    return [str(refused.message)]
