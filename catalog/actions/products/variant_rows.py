"""Lock, insert and price one variant in the caller's transaction, for members, staff and apps."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from catalog.actions.listings.selling_prices import apply_promotions
from catalog.actions.products.product_revisions import read_revised_variant_name
from catalog.actions.products.purchase_limits import require_valid_limits
from catalog.actions.products.save_products import ProductAlreadyChanged
from catalog.actions.products.similar_products import UsualPrices
from catalog.actions.products.wholesale_tiers import (
    require_price_above_wholesale,
    require_valid_tiers,
    write_tiers,
)
from catalog.models import Price, Product, Variant
from catalog.pricing import WholesaleTier
from cooperatives.models import Cooperative
from shop.core.actors import Actor, EntryPoint
from shop.core.database.row_values import save_unique
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.errors import Missing, NeedsConfirmation, Refused
from shop.core.models import Channel, record_change
from shop.core.texts.formatting import format_money, format_number

MAX_PRICE = 99_999_999
UNUSUAL_FACTOR = 5
UNUSUAL_FACTOR_PER_UNIT = 10  # a larger pack costs less per unit
UNUSUAL_FACTOR_ON_MARKET = 10  # the same name may mean different qualities


@dataclass(frozen=True, slots=True)
class ListPrice:
    """A variant's list price in a channel, in minor units.

    `other_amounts` may set the columns "cost" and "prior_amount"; a column that it does not name keeps its
    value. `wholesale_tiers` replace the wholesale prices. If they are None, the wholesale prices stay.
    """

    channel: Channel
    amount: int
    other_amounts: Mapping[str, int | None] = field(default_factory=dict)
    wholesale_tiers: Sequence[WholesaleTier] | None = None


class InvalidPrice(Refused):
    code = "invalid_price"
    default_message = _("Enter a price as a whole number from 1 to 99,999,999.")


class UnusualPrice(NeedsConfirmation):
    """The price is probably a typing error.

    It is at most a fifth of the previous price, or at least five times as much. A variant's first price is
    compared with the prices of the product's other variants. If their contents differ, prices per unit of
    content are compared, and the factor is ten. A new product's price is compared with the market's.
    """

    code = "unusual_price"
    default_message = _("The price changes from %(before)s to %(after)s. Save again if that is right.")
    first_price_message = _(
        "By the prices of the other options it would be about %(before)s; you entered %(after)s. Save again"
        " if that is right."
    )
    wholesale_message = _(
        "The usual price is %(before)s; from %(quantity)s you entered %(after)s. Save again if that is right."
    )
    market_price_message = _(
        "On the market it usually costs about %(before)s; you entered %(after)s. Save again if that is right."
    )
    market_price_per_kilogram_message = _(
        "%(after)s is %(per_kilogram)s per kg. Similar products cost about %(before)s per kg on the market."
        " Save again if that is right."
    )


def append_variant(product: Product, values: Mapping[str, object]) -> Variant:
    """In a transaction: create a variant after the others of its locked product.

    The first becomes the default. Raises AlreadyTaken, InvalidColumnValue, InvalidPurchaseLimits.
    """
    variant = Variant(
        product=product,
        cooperative_id=product.cooperative_id,
        sort_order=product.variants.count(),
        **values,
    )
    require_valid_limits(variant)
    save_unique(variant, field="sku")
    if product.default_variant_id is None:
        product.default_variant = variant
        product.save(update_fields=["default_variant"])
    return variant


def lock_variant(variants: QuerySet[Variant], variant_id: int) -> Variant | None:
    """In a transaction: lock one of these variants after its product, in the lock order of price updates.

    Returns None if there is none.
    """
    product_id = variants.filter(pk=variant_id).values_list("product", flat=True).first()
    if product_id is None:
        return None
    lock_rows(Product.objects.filter(pk=product_id))
    return lock_row(variants.filter(pk=variant_id).select_related("product", "cooperative"))


def find_locked_variant(key: int, *, cooperative: Cooperative | None = None, field: str = "id") -> Variant:
    """In a transaction: lock a variant that exists, of this cooperative if one is given. Raises Missing."""
    variants = (
        Variant.objects.existing() if cooperative is None else Variant.objects.for_cooperative(cooperative)
    )
    variant = lock_variant(variants, key)
    if variant is None:
        raise Missing(field=field)
    return variant


def require_seen_values(
    variant: Variant, values: Mapping[str, object], seen_values: Mapping[str, object], *, needs_approval: bool
) -> None:
    """In a transaction: refuse to overwrite columns that the person has not seen.

    A column that is already as the person wants it is no conflict. Raises ProductAlreadyChanged.
    """
    for column, seen in seen_values.items():
        is_proposed = column == "name" and needs_approval
        value = read_revised_variant_name(variant) if is_proposed else getattr(variant, column)
        if value not in (seen, values[column]):
            raise ProductAlreadyChanged(field=column)


def set_list_price(
    variant: Variant,
    list_price: ListPrice,
    *,
    confirmation_token: str | None = None,
    actor: Actor,
    now: datetime.datetime,
) -> Price:
    """In a transaction: set a variant's list price in a channel and reapply promotions.

    The product is locked. `confirmation_token` is "" at the first try, then the token of the UnusualPrice
    that was raised. None accepts any price: apps pass None, and the desk lists their unusual prices.
    Raises InvalidPrice, UnusualPrice, InvalidWholesalePrices, PriceNotAboveWholesale.
    """
    channel, amount = list_price.channel, list_price.amount
    if not 1 <= amount <= MAX_PRICE:
        raise InvalidPrice(field="price")
    price = Price.objects.filter(variant=variant, channel=channel).with_wholesale_prices().first()
    before = price.amount if price else None
    tiers_before = price.wholesale_tiers if price else []
    tiers = _tiers_after(list_price, tiers_before)
    questions = find_unusual_price_questions(variant, channel, price, amount, tiers)
    is_unusual = find_unusual_price_question(variant, channel, before, amount) is not None
    _require_confirmed(questions, confirmation_token)
    if price is None:
        price = Price(variant=variant, channel=channel, currency=channel.currency)
    price.amount = amount
    if before != amount:
        is_set_by_app = actor.entry_point == EntryPoint.API
        price.unusual_since = now if is_unusual and is_set_by_app else None
    if price.discounted is not None and price.discounted > amount:
        price.discounted = price.promotion_key = None
    price.save()
    write_tiers(price, variant, tiers_before, tiers, actor=actor, now=now)
    apply_promotions([variant.product_id], actor=actor, now=now)
    if before != amount:
        data = {"variant": variant.pk, "from": before, "to": amount, "currency": channel.currency}
        record_change(
            "price.changed",
            price,
            actor=actor,
            now=now,
            root=Product(pk=variant.product_id),
            cooperative_id=variant.cooperative_id,
            data=data | ({"is_unusual": True} if is_unusual else {}),
        )
    return price


def _tiers_after(list_price: ListPrice, tiers_before: Sequence[WholesaleTier]) -> Sequence[WholesaleTier]:
    """Return the wholesale prices that go with a list price: the new ones, or else the present ones.

    Raises InvalidWholesalePrices, PriceNotAboveWholesale.
    """
    amount, currency = list_price.amount, list_price.channel.currency
    if list_price.wholesale_tiers is None:
        require_price_above_wholesale(tiers_before, list_price=amount, currency=currency)
        return tiers_before
    tiers = sorted(list_price.wholesale_tiers, key=lambda tier: tier.minimum_quantity)
    require_valid_tiers(tiers, list_price=amount, currency=currency)
    return tiers


def find_unusual_price_question(
    variant: Variant, channel: Channel, before: int | None, amount: int
) -> UnusualPrice | None:
    """Return what to ask before `amount` replaces the list price `before`, or None if it is not unusual."""
    expected = _find_contrasting_price(variant, channel, before, amount)
    if expected is None:
        return None
    values = {
        "before": format_money(expected, channel.currency),
        "after": format_money(amount, channel.currency),
    }
    question = UnusualPrice.first_price_message if before is None else UnusualPrice.default_message
    return UnusualPrice(str(question) % values, field="price", confirmation_token=f"{expected}-{amount}")


def find_unusual_price_questions(
    variant: Variant,
    channel: Channel,
    price: Price | None,
    amount: int,
    tiers: Sequence[WholesaleTier],
) -> list[UnusualPrice]:
    """Return what to ask before a list price and wholesale prices replace those of `price`."""
    before = price.amount if price else None
    new_tiers = [tier for tier in tiers if price is None or tier not in price.wholesale_tiers]
    questions = [
        find_unusual_price_question(variant, channel, before, amount),
        *(_unusual_wholesale_question(tier, channel, amount) for tier in new_tiers),
    ]
    return [question for question in questions if question is not None]


def _unusual_wholesale_question(
    tier: WholesaleTier, channel: Channel, list_price: int
) -> UnusualPrice | None:
    """Return what to ask before a wholesale price, or None if it is not far below the list price."""
    if not _is_far(list_price, tier.amount, UNUSUAL_FACTOR):
        return None
    values = {
        "before": format_money(list_price, channel.currency),
        "quantity": format_number(tier.minimum_quantity),
        "after": format_money(tier.amount, channel.currency),
    }
    message = str(UnusualPrice.wholesale_message) % values
    token = f"{list_price}-{tier.minimum_quantity}-{tier.amount}"
    return UnusualPrice(message, field="wholesale", confirmation_token=token)


def _require_confirmed(questions: Sequence[UnusualPrice], confirmation_token: str | None) -> None:
    """Raise the first question that the token does not answer. If the token is None, nobody is asked.

    The token of a question includes the tokens of the questions before it, which the person has answered by
    then.
    """
    if confirmation_token is None:
        return
    answered = confirmation_token.split("+")
    tokens = []
    for question in questions:
        tokens.append(question.confirmation_token)
        if tokens[-1] not in answered:
            question.details["confirmation_token"] = "+".join(tokens)
            raise question


def unusual_market_price_question(
    channel: Channel, variant: Variant, usual: UsualPrices, amount: int
) -> UnusualPrice | None:
    """Return what to ask before a new product's price, or None if it is near those of comparable products.

    It is far if it is ten times the median price, or five times the highest, or as far below.
    """
    is_outside = amount * UNUSUAL_FACTOR <= usual.lowest or amount >= usual.highest * UNUSUAL_FACTOR
    if not is_outside and not _is_far(usual.median, amount, UNUSUAL_FACTOR_ON_MARKET):
        return None
    message = UnusualPrice.market_price_message
    before, after = usual.median, amount
    if variant.content_grams:
        message = UnusualPrice.market_price_per_kilogram_message
        before, after = (round(price * 1000 / variant.content_grams) for price in (before, after))
    values = {
        "before": format_money(before, channel.currency),
        "after": format_money(amount, channel.currency),
        "per_kilogram": format_money(after, channel.currency),
    }
    token = f"{usual.median}-{amount}"
    return UnusualPrice(str(message) % values, field="price", confirmation_token=token)


def _find_contrasting_price(
    variant: Variant, channel: Channel, before: int | None, amount: int
) -> int | None:
    """Return the price from which `amount` differs unusually: the previous one, or the closest sibling's.

    Returns None if it does not differ unusually, or if there is no price to compare it with.
    """
    if before is not None:
        return before if _is_far(before, amount, UNUSUAL_FACTOR) else None
    prices = Price.objects.filter(channel=channel, variant__product=variant.product_id, amount__gt=0)
    comparisons = []
    for price in prices.exclude(variant=variant).select_related("variant").order_by("pk"):
        ratio = variant.relative_content(price.variant)
        expected = round((price.amount or 0) * (ratio or 1)) or 1
        factor = UNUSUAL_FACTOR if ratio in (None, 1) else UNUSUAL_FACTOR_PER_UNIT
        comparisons.append((expected, _is_far(expected, amount, factor)))
    if not comparisons or not all(is_far for _expected, is_far in comparisons):
        return None
    return min((expected for expected, _is_far in comparisons), key=lambda expected: abs(expected - amount))


def _is_far(before: int, after: int, factor: int) -> bool:
    return after * factor <= before or after >= before * factor
