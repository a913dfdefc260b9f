"""The voucher code that was refused last. It stays in its field while the buyer changes the basket."""

from __future__ import annotations

import datetime
from dataclasses import replace

from django.http import HttpRequest

from orders.actions.quotes.quote_types import Quote
from orders.actions.quotes.voucher_rules import quote_voucher

_SESSION_KEY = "refused_code"


def remember_refused_code(request: HttpRequest, code: str) -> None:
    request.session[_SESSION_KEY] = code


def forget_refused_code(request: HttpRequest) -> None:
    request.session.pop(_SESSION_KEY, None)


def recheck_refused_code(request: HttpRequest, quote: Quote, *, now: datetime.datetime) -> tuple[str, str]:
    """Return the refused code and why it is still refused, both empty without one.

    The reason is empty once the code would apply. Reads nothing if the basket has a code or none was refused.
    """
    code = str(request.session.get(_SESSION_KEY, "")) if quote.voucher is None else ""
    if not code:
        return "", ""
    voucher = quote_voucher(replace(quote.requested, voucher_code=code), quote.seller_quotes, now=now)
    return code, str(voucher.refusal.message) if voucher and voucher.refusal else ""
