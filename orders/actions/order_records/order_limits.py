"""Limits on orders that buyers place, per phone, per network and per day. Pages and API share them.

The first orders of a day are placed at once. Beyond a limit the buyer must confirm the phone by a code. A
confirmed phone has its own, higher limit. Staff, apps and counter sales are not limited.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from orders.actions.quotes.purchase_limits import BuyerLimitReached
from orders.actions.quotes.voucher_rules import VoucherAlreadyUsed
from orders.models import Order
from shop.core.errors import Refused
from shop.core.web.rate_limits import RateLimit, TooManyTries, count_tries, uncount_tries

_DAY = 24 * 60 * 60
_WHOLE_SHOP = "shop"
_LimitedKey = tuple[RateLimit, str]


class PhoneCodeRequired(Refused):
    """The order was not placed, because the phone must first be confirmed by a code."""

    code = "phone_code_required"
    default_message = _(
        "We are receiving many orders right now. Confirm your phone number with a code to place your order."
    )


class TooManyOrders(Refused):
    """The daily limit of a confirmed phone is reached."""

    code = "too_many_orders"
    default_message = _(
        "This phone number has placed many orders today. Please call us to place the next one."
    )


@contextmanager
def count_against_order_limits(
    *, phone: str, network: str, is_confirmed: bool, per_network: int | None = None
) -> Iterator[None]:
    """Count an order that is placed within the context, unless placing it fails.

    A BuyerLimitReached, or a voucher that was used already, is counted like an order, though not for the
    whole shop, because it tells that somebody with this phone or email has ordered. `phone` is a normalised
    number, or another text that identifies the buyer. `is_confirmed` means that the buyer entered a code sent
    to the phone. `per_network` is the interface's own limit. Call it outside transactions. Raises
    PhoneCodeRequired, TooManyOrders.
    """
    if is_confirmed:
        limits: Sequence[_LimitedKey] = [
            (_build_limit("orders-confirmed", settings.CONFIRMED_ORDERS_PER_PHONE), phone)
        ]
        refusal: Refused = TooManyOrders()
    else:
        network_limit = settings.ORDERS_PER_NETWORK if per_network is None else per_network
        limits = [
            (_build_limit("orders-phone", settings.ORDERS_PER_PHONE), phone),
            (_build_limit("orders-network", network_limit), network),
            (_build_limit("orders-day", settings.ORDERS_PER_DAY), _WHOLE_SHOP),
        ]
        refusal = PhoneCodeRequired()
    active_limits = [(limit, counted_key) for limit, counted_key in limits if limit.max_tries and counted_key]
    try:
        count_tries(active_limits)
    except TooManyTries as none_left:
        raise refusal from none_left
    try:
        yield
    except BaseException as failure:
        has_told = isinstance(failure, BuyerLimitReached) or (
            isinstance(failure, Refused) and isinstance(failure.details.get("voucher"), VoucherAlreadyUsed)
        )
        is_uncounted = [counted for counted in active_limits if not has_told or counted[1] == _WHOLE_SHOP]
        uncount_tries(is_uncounted)
        raise


def read_minutes_to_pay(*, is_guest: bool, usual_minutes: int, now: datetime.datetime) -> int:
    """Return how long a new order may wait for its payment, in minutes.

    An unpaid order blocks its stock for other buyers. So while many guests' orders are unpaid, a new guest
    order gets less time. Its page shows how much.
    """
    maximum_unpaid = settings.UNPAID_GUEST_ORDERS
    if not is_guest or not maximum_unpaid or usual_minutes <= settings.UNPAID_GUEST_MINUTES:
        return usual_minutes
    waiting_orders = Order.objects.unpaid().filter(
        user=None, placed_at__gte=now - datetime.timedelta(minutes=usual_minutes)
    )
    return (
        settings.UNPAID_GUEST_MINUTES
        if waiting_orders[: maximum_unpaid + 1].count() > maximum_unpaid
        else usual_minutes
    )


def _build_limit(name: str, max_tries: int) -> RateLimit:
    return RateLimit(name, max_tries=max_tries, seconds=_DAY)
