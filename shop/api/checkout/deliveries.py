"""Delivery of a basket as Saleor's single shipping method, combining the cooperatives' delivery methods."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from orders.actions.basket.combined_delivery import (
    CombinedOption,
    CombinedOptionNotAvailable,
    combined_option_key,
)
from orders.actions.quotes.quote_types import Quote
from shop.api.checkout.inputs import ShippingMethodMetafieldArguments, ShippingMethodMetafieldsArguments
from shop.api.checkout.types import delivery_object, shipping_method_object
from shop.api.errors import InputError
from shop.api.ids import InvalidId, global_id, global_ids, key_from_id
from shop.api.metadata import metadata_items
from shop.api.money import MoneyAmount, to_major_units
from shop.api.object_types import Row


@dataclass(frozen=True, slots=True)
class ShippingMethodData:
    """A `ShippingMethod`. `price` is in the channel's currency."""

    typename: ClassVar[str] = "ShippingMethod"
    service_id: int
    name: str
    price: MoneyAmount
    minimum_days: int | None = None
    maximum_days: int | None = None
    is_weight_based: bool = False
    metadata: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_option(cls, option: CombinedOption, quote: Quote) -> ShippingMethodData:
        """Convert an option of a quote. Its metadata has each cooperative's fee by slug, in major units."""
        currency = quote.requested.channel.currency
        return cls(
            option.service.pk,
            option.name,
            MoneyAmount(option.fee, currency),
            option.minimum_days,
            option.maximum_days,
            option.service.is_weight_based,
            {
                leg.cooperative.slug: str(to_major_units(leg.fee, currency))
                for leg in option.legs
                if leg.fee is not None
            },
        )


@dataclass(frozen=True, slots=True)
class DeliveryData:
    """A `Delivery` of a basket."""

    basket_id: uuid.UUID
    method: ShippingMethodData

    @property
    def id(self) -> str:
        return global_id("CheckoutDelivery", combined_option_key(self.basket_id, self.method.service_id))


def resolve_deliveries(
    basket_id: uuid.UUID, quote: Quote, options_of: Callable[[Quote], Iterable[CombinedOption]]
) -> list[DeliveryData]:
    """Return the delivery options of a quoted basket."""
    return [
        DeliveryData(basket_id, ShippingMethodData.from_option(option, quote)) for option in options_of(quote)
    ]


def delivery_key(text: str) -> int | uuid.UUID:
    """Return the key of a shipping service or of a basket's delivery.

    Raises InputError, CombinedOptionNotAvailable.
    """
    try:
        service = key_from_id(text, "ShippingMethod", "ShippingMethodType")
        key = service if service is not None else key_from_id(text, "CheckoutDelivery")
    except InvalidId as error:
        raise InputError("GRAPHQL_ERROR", str(error), field="deliveryMethodId") from error
    if key is None:
        raise CombinedOptionNotAvailable()
    chosen_key: int | uuid.UUID = key
    return chosen_key


delivery_object.columns(id="id", shippingMethod="method")
shipping_method_object.columns(
    name="name",
    price="price",
    minimumDeliveryDays="minimum_days",
    maximumDeliveryDays="maximum_days",
)
shipping_method_object.unsupported("description", "message")
shipping_method_object.unsupported("active", value=True)
shipping_method_object.unsupported("privateMetadata", value=[])
shipping_method_object.unsupported("privateMetafield", "privateMetafields")


@shipping_method_object.field("id")
def id_of_shipping_methods(methods: list[Row], *_: object) -> list[str]:
    return global_ids("ShippingMethod", [method.service_id for method in methods])


@shipping_method_object.field("type")
def type_of_shipping_methods(methods: list[Row], *_: object) -> list[str]:
    return ["WEIGHT" if method.is_weight_based else "PRICE" for method in methods]


@shipping_method_object.field()
def metadata(methods: list[Row], *_: object) -> list[list[dict[str, str]]]:
    return [metadata_items(method.metadata) for method in methods]


@shipping_method_object.field()
def metafield(
    methods: list[Row], arguments: ShippingMethodMetafieldArguments, *_: object
) -> list[str | None]:
    return [method.metadata.get(arguments["key"]) for method in methods]


@shipping_method_object.field()
def metafields(
    methods: list[Row], arguments: ShippingMethodMetafieldsArguments, *_: object
) -> list[dict[str, str]]:
    keys = arguments.get("keys")
    return [
        method.metadata
        if keys is None
        else {key: method.metadata[key] for key in keys if key in method.metadata}
        for method in methods
    ]


TYPES = (delivery_object, shipping_method_object)
