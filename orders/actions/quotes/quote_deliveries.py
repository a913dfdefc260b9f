"""Set each seller's delivery options in a quote, with fees and pickup times, and the chosen option."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from typing import TypeAlias

from django.db.models import QuerySet

from cooperatives.models import DeliveryMethod, PickupSlot, PickupTime
from orders.actions.quotes.preselected_delivery import preselected_delivery
from orders.actions.quotes.quote_types import (
    DeliveryOption,
    QuotedPickupTime,
    QuoteProblem,
    QuoteRequest,
    RequestedDelivery,
    SellerQuote,
)
from orders.actions.quotes.sales_terms import ChannelShippingService
from shop.core.database.compiled_query import compiled_query
from shop.core.dates.calendar import vietnam_date

# Pickup slots by delivery method, day and start.
_SlotsByTime: TypeAlias = Mapping[tuple[int, datetime.date, datetime.time], PickupSlot]


def quote_deliveries(
    quote_request: QuoteRequest,
    seller_quotes: Mapping[int, SellerQuote],
    delivery_methods: Mapping[int, list[DeliveryMethod]],
    fallbacks: Mapping[int, ChannelShippingService],
    now: datetime.datetime,
    should_propose_deliveries: bool,
) -> None:
    """Set each seller's delivery options, the chosen option, and problems with these."""
    slots = _read_slots_by_time(delivery_methods, vietnam_date(now))
    for cooperative_id, seller_quote in seller_quotes.items():
        seller_quote.delivery_options = [
            _delivery_option(quote_request, seller_quote, delivery_method, slots, now)
            for delivery_method in delivery_methods.get(cooperative_id, [])
        ]
        chosen_delivery = quote_request.deliveries.get(cooperative_id)
        if should_propose_deliveries and not _is_possible(chosen_delivery, seller_quote, fallbacks):
            chosen_delivery = preselected_delivery(seller_quote, quote_request.province_code)
        _set_chosen_delivery(seller_quote, chosen_delivery, fallbacks)
        if seller_quote.service is not None:
            seller_quote.service_arrival = seller_quote.service.arrival(now=now)
        if seller_quote.cooperative.is_paused_on(vietnam_date(now)):
            seller_quote.problems.append(QuoteProblem.PAUSED)


def _read_slots_by_time(
    delivery_methods: Mapping[int, list[DeliveryMethod]], day: datetime.date
) -> _SlotsByTime:
    timed_ids = [
        delivery_method.pk
        for methods in delivery_methods.values()
        for delivery_method in methods
        if delivery_method.market_days.all()
    ]
    slots = _select_slots(timed_ids, day)
    return {(slot.delivery_method_id, slot.day, slot.starts): slot for slot in slots}


@compiled_query
def _select_slots(delivery_method_ids: Collection[int], day: datetime.date) -> QuerySet[PickupSlot]:
    return PickupSlot.objects.filter(delivery_method__in=delivery_method_ids, day__gte=day)


def _delivery_option(
    quote_request: QuoteRequest,
    seller_quote: SellerQuote,
    delivery_method: DeliveryMethod,
    slots: _SlotsByTime,
    now: datetime.datetime,
) -> DeliveryOption:
    fee = delivery_method.fee(
        channel_id=quote_request.channel.pk,
        province_code=quote_request.province_code,
        grams=seller_quote.grams,
        subtotal=seller_quote.subtotal,
    )
    times = [
        QuotedPickupTime(time, _places_left(time, slots.get((delivery_method.pk, time.day, time.starts))))
        for time in delivery_method.pickup_times(now=now)
    ]
    return DeliveryOption(delivery_method, fee, times, delivery_method.arrival(now=now))


def _places_left(time: PickupTime, slot: PickupSlot | None) -> int | None:
    capacity = slot.capacity if slot else time.capacity
    return None if capacity is None else capacity - (slot.booked if slot else 0)


def _is_possible(
    chosen_delivery: RequestedDelivery | None,
    seller_quote: SellerQuote,
    fallbacks: Mapping[int, ChannelShippingService],
) -> bool:
    if chosen_delivery is None:
        return False
    if chosen_delivery.delivery_method_id is None and chosen_delivery.service_id in fallbacks:
        return True
    return chosen_delivery.delivery_method_id in {
        option.delivery_method.pk for option in seller_quote.possible_options
    }


def _set_chosen_delivery(
    seller_quote: SellerQuote,
    chosen_delivery: RequestedDelivery | None,
    fallbacks: Mapping[int, ChannelShippingService],
) -> None:
    """Set the chosen option and pickup time, or the service, or else add the problem that prevents both."""
    if chosen_delivery is not None and chosen_delivery.delivery_method_id is None:
        fallback = fallbacks.get(chosen_delivery.service_id or 0)
        if fallback is None:
            seller_quote.problems.append(QuoteProblem.NOT_DELIVERED)
        else:
            seller_quote.service = fallback.service
        return
    if not seller_quote.possible_options:
        seller_quote.problems.append(QuoteProblem.NOT_DELIVERED)
        return
    if chosen_delivery is None:
        seller_quote.problems.append(QuoteProblem.NO_DELIVERY_CHOSEN)
        return
    option = next(
        (
            candidate
            for candidate in seller_quote.possible_options
            if candidate.delivery_method.pk == chosen_delivery.delivery_method_id
        ),
        None,
    )
    if option is None:
        seller_quote.problems.append(QuoteProblem.NOT_DELIVERED)
        return
    seller_quote.chosen = option
    _set_chosen_time(seller_quote, option, chosen_delivery)


def _set_chosen_time(
    seller_quote: SellerQuote, option: DeliveryOption, chosen_delivery: RequestedDelivery
) -> None:
    """Set the pickup time if the chosen option has times. Add a problem if the time is gone or full."""
    if not option.times:
        if option.delivery_method.market_days.all():
            seller_quote.problems.append(QuoteProblem.SLOT_GONE)
        return
    time = next(
        (
            candidate
            for candidate in option.times
            if (candidate.time.day, candidate.time.starts)
            == (chosen_delivery.pickup_day, chosen_delivery.pickup_starts)
        ),
        None,
    )
    if time is None or time.is_full:
        seller_quote.problems.append(QuoteProblem.SLOT_GONE)
        return
    seller_quote.chosen_time = time.time
