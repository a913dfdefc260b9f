"""Deliver a whole basket by one option, for clients that know a single delivery per checkout.

There is one option for each service that a cooperative offers or that has a price in the channel. In that
option, each cooperative uses its own method of the service, else the channel's service, else its first
possible delivery.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from cooperatives.models import Cooperative, ShippingService
from orders.actions.basket.basket_lines import (
    lock_existing_basket,
    mark_basket_changed,
    store_checked_choices,
)
from orders.actions.quotes.build_quote import build_basket_request, build_quote, read_quote_inputs
from orders.actions.quotes.quote_types import Quote, RequestedDelivery, SellerQuote
from orders.actions.quotes.sales_terms import ChannelShippingService
from orders.models import Basket, BasketAccess, DeliveryChoice
from shop.core.errors import Refused


class CombinedOptionNotAvailable(Refused):
    """The basket cannot be delivered by this option."""

    code = "combined_option_not_available"
    default_message = _("These items cannot be delivered this way. Choose another delivery method.")


@dataclass(frozen=True, slots=True)
class DeliveryLeg:
    """One cooperative's delivery within an option.

    `fee` is in minor units, and None for a split channel service.
    """

    cooperative: Cooperative
    service: ShippingService
    choice: RequestedDelivery
    fee: int | None
    minimum_days: int | None
    maximum_days: int | None


@dataclass(frozen=True, slots=True)
class CombinedOption:
    """One delivery for the whole basket, named after its leading service. `fee` is the sum of its legs."""

    service: ShippingService
    fee: int
    legs: list[DeliveryLeg] = field(default_factory=list)

    @property
    def name(self) -> str:
        return " + ".join(dict.fromkeys(leg.service.name for leg in self.legs))

    @property
    def choices(self) -> dict[int, RequestedDelivery]:
        return {leg.cooperative.pk: leg.choice for leg in self.legs}

    def key(self, basket_id: uuid.UUID) -> uuid.UUID:
        """Return the option's key for clients, constant while the basket exists."""
        return combined_option_key(basket_id, self.service.pk)

    @property
    def minimum_days(self) -> int | None:
        """Days until the first part arrives, at the earliest."""
        return min((leg.minimum_days for leg in self.legs if leg.minimum_days is not None), default=None)

    @property
    def maximum_days(self) -> int | None:
        """Days until the last part arrives, at the latest."""
        return max((leg.maximum_days for leg in self.legs if leg.maximum_days is not None), default=None)


def combined_option_key(basket_id: uuid.UUID, service_id: int) -> uuid.UUID:
    """Return the key of a basket's option that a service leads."""
    return uuid.uuid5(basket_id, f"service:{service_id}")


def combined_options(quote: Quote) -> list[CombinedOption]:
    """Return the delivery options of a quoted basket, each combination once."""
    fallbacks = {
        key: service
        for key, service in quote.services.items()
        if service.serves(
            subtotal=sum(seller_quote.subtotal for seller_quote in quote.seller_quotes),
            grams=sum(seller_quote.grams for seller_quote in quote.seller_quotes),
        )
    }
    leading_services: dict[int, ShippingService] = {}
    for seller_quote in quote.seller_quotes:
        for delivery_option in seller_quote.possible_options:
            leading_services.setdefault(
                delivery_option.delivery_method.service_id, delivery_option.delivery_method.service
            )
    for key, fallback in fallbacks.items():
        leading_services.setdefault(key, fallback.service)
    options: dict[frozenset[tuple[int, RequestedDelivery]], CombinedOption] = {}
    for service in leading_services.values():
        option = _build_option(service, quote.seller_quotes, fallbacks)
        if option is not None:
            options.setdefault(frozenset(option.choices.items()), option)
    return list(options.values())


def chosen_combined_option(quote: Quote) -> CombinedOption | None:
    """Return the chosen delivery of a quoted basket, or None while a seller has none."""
    legs = []
    for seller_quote in quote.seller_quotes:
        if seller_quote.fee is None or seller_quote.chosen_service is None:
            return None
        legs.append(_build_chosen_leg(seller_quote, seller_quote.chosen_service))
    if not legs:
        return None
    return CombinedOption(legs[0].service, sum(leg.fee or 0 for leg in legs), legs)


@transaction.atomic(durable=True)
def choose_combined_option(
    *,
    basket_id: uuid.UUID,
    access: BasketAccess | None = None,
    chosen_key: int | uuid.UUID | None,
    now: datetime.datetime,
) -> tuple[Basket, Quote]:
    """Choose an option for the whole basket, by its key or leading service. None clears the choice.

    Returns the basket and its new quote. Raises CombinedOptionNotAvailable, and Missing (also for a basket
    that `access` does not include).
    """
    basket = lock_existing_basket(basket_id, access)
    quote_request = build_basket_request(basket)
    inputs = read_quote_inputs(quote_request)
    if chosen_key is None:
        DeliveryChoice.objects.filter(basket=basket).delete()
        quote_request = replace(quote_request, deliveries={})
    else:
        options = combined_options(build_quote(quote_request, now=now, inputs=inputs))
        matching = (option for option in options if chosen_key in (option.service.pk, option.key(basket_id)))
        option = next(matching, None)
        if option is None:
            raise CombinedOptionNotAvailable(field="delivery")
        store_checked_choices(basket, option.choices)
        quote_request = replace(quote_request, deliveries={**quote_request.deliveries, **option.choices})
    mark_basket_changed(basket, now)
    return basket, build_quote(quote_request, now=now, inputs=inputs)


def _build_option(
    service: ShippingService,
    seller_quotes: Iterable[SellerQuote],
    fallbacks: Mapping[int, ChannelShippingService],
) -> CombinedOption | None:
    legs = []
    for seller_quote in seller_quotes:
        leg = _build_leg(seller_quote, service, fallbacks.get(service.pk))
        if leg is None:
            return None
        legs.append(leg)
    service_price = fallbacks[service.pk].price if any(leg.fee is None for leg in legs) else 0
    return CombinedOption(service, service_price + sum(leg.fee or 0 for leg in legs), legs) if legs else None


def _build_leg(
    seller_quote: SellerQuote, service: ShippingService, fallback: ChannelShippingService | None
) -> DeliveryLeg | None:
    own_options = [
        option for option in seller_quote.possible_options if option.delivery_method.service_id == service.pk
    ]
    for option in own_options or ([] if fallback else seller_quote.possible_options):
        if option.first_available_delivery is not None:
            delivery_method = option.delivery_method
            return DeliveryLeg(
                cooperative=seller_quote.cooperative,
                service=delivery_method.service,
                choice=option.first_available_delivery,
                fee=option.fee or 0,
                minimum_days=delivery_method.minimum_days,
                maximum_days=delivery_method.maximum_days,
            )
    if fallback is None:
        return None
    days = service.minimum_days, service.maximum_days
    return DeliveryLeg(
        seller_quote.cooperative, service, RequestedDelivery(service_id=service.pk), None, *days
    )


def _build_chosen_leg(seller_quote: SellerQuote, service: ShippingService) -> DeliveryLeg:
    if seller_quote.chosen is None:
        choice = RequestedDelivery(service_id=service.pk)
        return DeliveryLeg(
            cooperative=seller_quote.cooperative,
            service=service,
            choice=choice,
            fee=seller_quote.fee,
            minimum_days=service.minimum_days,
            maximum_days=service.maximum_days,
        )
    delivery_method, time = seller_quote.chosen.delivery_method, seller_quote.chosen_time
    choice = (
        RequestedDelivery(delivery_method.pk, time.day, time.starts)
        if time
        else RequestedDelivery(delivery_method.pk)
    )
    return DeliveryLeg(
        cooperative=seller_quote.cooperative,
        service=service,
        choice=choice,
        fee=seller_quote.fee,
        minimum_days=delivery_method.minimum_days,
        maximum_days=delivery_method.maximum_days,
    )
