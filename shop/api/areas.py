"""The areas of the schema, in the order of their dependencies."""

from __future__ import annotations

from shop.api import (
    account,
    apps,
    base,
    catalogue,
    checkout,
    content,
    cooperatives,
    gift_cards,
    orders,
    payment,
    shipping,
    staff,
    translation,
)

AREAS = (
    base.AREA,
    account.AREA,
    apps.AREA,
    catalogue.AREA,
    content.AREA,
    orders.AREA,
    gift_cards.AREA,
    checkout.AREA,
    payment.AREA,
    shipping.AREA,
    staff.AREA,
    cooperatives.AREA,
    translation.AREA,
)
