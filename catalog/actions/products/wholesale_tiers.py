"""Check and write the wholesale prices of a variant's price."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from catalog.models import Price, Product, Variant, WholesalePrice
from catalog.models.wholesale_price import MAX_TIER_QUANTITY
from catalog.pricing import WholesaleTier, within_order_limit
from catalog.unit_labels import variant_count_label
from shop.core.actors import Actor
from shop.core.errors import Refused
from shop.core.models import record_change
from shop.core.texts.formatting import format_money, format_number

MAX_TIERS = 5


class InvalidWholesalePrices(Refused):
    """The wholesale prices contradict each other or the list price. The message says which and why."""

    code = "invalid_wholesale_prices"
    default_message = _("Enter each wholesale quantity once, as a whole number from 2 to 1,000,000.")
    too_many = _("A product can have at most 5 wholesale prices.")
    above_order_limit = _(
        "One order can hold at most %(count)s. A wholesale price must start from that quantity or a"
        " smaller one."
    )
    not_below = _(
        "From %(quantity)s the price must be below %(before)s. The more a buyer takes, the less one costs."
    )


class PriceNotAboveWholesale(Refused):
    """The new list price is not above the wholesale prices, which keep their amounts."""

    code = "price_not_above_wholesale"
    default_message = _(
        "The wholesale price is %(amount)s. The usual price must be higher, so change the wholesale price"
        " first."
    )


def require_reachable_tiers(tiers: Sequence[WholesaleTier], variant: Variant, shop_limit: int | None) -> None:
    """Refuse tiers that start above what one order may hold. Raises InvalidWholesalePrices."""
    order_limit = variant.order_limit(shop_limit)
    if order_limit is not None and len(within_order_limit(tiers, order_limit)) < len(tiers):
        values = {"count": variant_count_label(variant, order_limit)}
        raise InvalidWholesalePrices(InvalidWholesalePrices.above_order_limit % values, field="wholesale")


def require_valid_tiers(tiers: Sequence[WholesaleTier], *, list_price: int, currency: str) -> None:
    """Check tiers in the order of their quantities. Raises InvalidWholesalePrices."""
    quantities = [tier.minimum_quantity for tier in tiers]
    if len(set(quantities)) < len(quantities) or any(
        not 2 <= quantity <= MAX_TIER_QUANTITY for quantity in quantities
    ):
        raise InvalidWholesalePrices(field="wholesale")
    if len(tiers) > MAX_TIERS:
        raise InvalidWholesalePrices(InvalidWholesalePrices.too_many, field="wholesale")
    before = list_price
    for tier in tiers:
        if not 1 <= tier.amount < before:
            values = {
                "quantity": format_number(tier.minimum_quantity),
                "before": format_money(before, currency),
            }
            raise InvalidWholesalePrices(InvalidWholesalePrices.not_below % values, field="wholesale")
        before = tier.amount


def require_price_above_wholesale(tiers: Sequence[WholesaleTier], *, list_price: int, currency: str) -> None:
    """Check a new list price against the tiers that stay. Raises PriceNotAboveWholesale."""
    highest = max((tier.amount for tier in tiers), default=0)
    if tiers and list_price <= highest:
        message = PriceNotAboveWholesale.default_message % {"amount": format_money(highest, currency)}
        raise PriceNotAboveWholesale(message, field="price", amount=highest)


def write_tiers(
    price: Price,
    variant: Variant,
    before: Sequence[WholesaleTier],
    tiers: Sequence[WholesaleTier],
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    """In a transaction: replace the wholesale prices `before` of a price of a locked product by `tiers`."""
    if list(before) == list(tiers):
        return
    WholesalePrice.objects.filter(price=price).delete()
    WholesalePrice.objects.bulk_create(
        WholesalePrice(price=price, minimum_quantity=tier.minimum_quantity, amount=tier.amount)
        for tier in tiers
    )
    record_change(
        "price.wholesale_changed",
        price,
        actor=actor,
        now=now,
        root=Product(pk=variant.product_id),
        cooperative_id=variant.cooperative_id,
        data={
            "variant": variant.pk,
            "from": [_recorded(tier) for tier in before],
            "to": [_recorded(tier) for tier in tiers],
            "currency": price.currency,
        },
    )


def _recorded(tier: WholesaleTier) -> dict[str, int]:
    return {"quantity": tier.minimum_quantity, "price": tier.amount}
