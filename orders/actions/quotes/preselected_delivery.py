"""The delivery of a cooperative's items that pages preselect."""

from __future__ import annotations

from cooperatives.models import DeliveryKind
from orders.actions.quotes.quote_types import RequestedDelivery, SellerQuote


def preselected_delivery(seller_quote: SellerQuote, province_code: str) -> RequestedDelivery | None:
    """Return the cheapest delivery to the buyer's province, or else its first pickup; None without either.

    Deliveries to the door and coaches with a price for that very province count. The door is first among
    equally cheap ones. Coaches without such a price and pickups in other provinces are never preselected,
    because they may end far from the buyer.
    """
    options = seller_quote.possible_options
    deliveries = [
        option
        for option in options
        if option.delivery_method.kind == DeliveryKind.CARRIER
        or (
            option.delivery_method.kind == DeliveryKind.COACH
            and option.delivery_method.has_rate_for(province_code)
        )
    ]
    deliveries.sort(key=lambda option: (option.fee or 0, option.delivery_method.kind != DeliveryKind.CARRIER))
    nearby = [
        option
        for option in options
        if option.delivery_method.is_pickup and not option.delivery_method.is_pickup_outside(province_code)
    ]
    available_deliveries = (option.first_available_delivery for option in (*deliveries, *nearby))
    return next((delivery for delivery in available_deliveries if delivery), None)
