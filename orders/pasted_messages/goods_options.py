"""Find the variants and quantities that the words and amounts of a message may mean."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from catalog.models import Unit
from orders.pasted_messages.goods_names import NameMatch, SoldVariant
from orders.pasted_messages.quantities import Amount
from orders.pasted_messages.vocabulary import read_vocabulary

_MEASURE_UNITS = frozenset({Unit.KG.value, Unit.LITRE.value, Unit.HUNDRED_GRAMS.value, Unit.TEN_KG.value})


class Doubt(enum.StrEnum):
    """Why a person has to look at recognised goods."""

    UNKNOWN_GOODS = "unknown_goods"  # nothing that the seller sells
    SEVERAL = "several"  # variants fit
    NO_QUANTITY = "no_quantity"  # was written
    NOT_WHOLE = "not_whole"  # no whole number of packs is this much
    SEVERAL_AMOUNTS = "several_amounts"  # more than belong to one product
    OTHER_NAME = "other_name"  # another product fits the words better, but not the amount
    EXTRA_WORDS = "extra_words"  # beside the name, which nothing explains


@dataclass(frozen=True, slots=True)
class GoodsOption:
    """A variant that goods of a message may be, and how many of it."""

    variant_id: int
    quantity: int


def has_fit(matches: Sequence[NameMatch], amounts: Sequence[Amount]) -> bool:
    """Return whether the amounts fit a variant of these products, or there are none."""
    return not amounts or any(
        _fit(variant, amounts) for match in matches for variant in match.product.variants
    )


def goods_options(
    matches: Sequence[NameMatch], amounts: Sequence[Amount], price: int | None
) -> tuple[list[GoodsOption], set[Doubt]]:
    """Return what goods may be, likeliest first, and the doubts about them."""
    variants = [(variant, match) for match in matches for variant in match.product.variants]
    fits = [(fit, variant, match) for variant, match in variants if (fit := _fit(variant, amounts))]
    doubts: set[Doubt] = set()
    if not amounts:
        doubts.add(Doubt.NO_QUANTITY)
        chosen = [(variant, Fraction(1), match) for variant, match in variants]
    elif fits:
        best_tier = min(fit[0] for fit, _variant, _match in fits)
        chosen = [(variant, fit[1], match) for fit, variant, match in fits if fit[0] == best_tier]
    else:
        doubts.add(Doubt.NOT_WHOLE)
        chosen = [
            (variant, Fraction(_nearest_quantity(variant, amounts)), match) for variant, match in variants
        ]
    best_words = max(match.variant_scores[variant.variant_id] for variant, _quantity, match in chosen)
    chosen = [row for row in chosen if row[2].variant_scores[row[0].variant_id] == best_words]
    if price:
        priced = [row for row in chosen if row[0].price and price in (row[0].price, row[0].price * row[1])]
        chosen = priced or chosen
    measured = bool(amounts) and all(amount.is_measure for amount in amounts)
    if measured and len({row[0].product_id for row in chosen}) == 1:
        loose = [row for row in chosen if row[0].unit in _MEASURE_UNITS]
        single = [row for row in chosen if row[1] == 1]
        chosen = loose or single or chosen
    if len(chosen) > 1:
        doubts.add(Doubt.SEVERAL)
    counts = [amount for amount in amounts if not amount.is_measure]
    if len(amounts) > 2 or len(amounts) - len(counts) > 1:
        doubts.add(Doubt.SEVERAL_AMOUNTS)
    return [GoodsOption(variant.variant_id, int(quantity)) for variant, quantity, _match in chosen], doubts


def _fit(variant: SoldVariant, amounts: Sequence[Amount]) -> tuple[int, Fraction] | None:
    """Return how well amounts fit a variant, 0 being best, and the quantity, or None if they do not."""
    measure = next((amount for amount in amounts if amount.is_measure), None)
    multiplier = next((amount for amount in amounts if amount.is_multiplier and not amount.is_measure), None)
    counts = [row for row in amounts if row.count and row is not multiplier]
    if measure is not None:
        content = _content(variant, measure)
        asked = _asked(variant, measure)
        count = multiplier or (counts[0] if counts else None)
        if measure.is_multiplier and count is None:
            return None
        if not content:
            return None
        if count is not None:
            tier = _unit_tier(variant, count)
            if content == asked and tier is not None and _is_whole(count.count):
                return tier, count.count
            return None
        quantity = asked / content
        return (0, quantity) if _is_whole(quantity) else None
    if multiplier is not None and counts:
        inner = counts[0]
        has_inner = variant.count == inner.count and _is_inner_unit(variant, inner)
        tier = 0 if has_inner else _unit_tier(variant, inner)
        return None if tier is None else (tier + (not has_inner), multiplier.count)
    if multiplier is not None:
        return (0, multiplier.count) if _is_whole(multiplier.count) else None
    if len(counts) > 1:
        for outer, inner in ((counts[0], counts[1]), (counts[1], counts[0])):
            is_pack = outer.units or not inner.units or _is_inner_unit(variant, inner)
            if variant.count == inner.count and is_pack and _unit_tier(variant, outer) is not None:
                return 0, outer.count
        return None
    if not counts:
        return None
    count = counts[0]
    tier = _unit_tier(variant, count)
    if variant.count and _is_inner_unit(variant, count):
        quantity = count.count / variant.count
        return (0, quantity) if _is_whole(quantity) else None
    return (tier, count.count) if tier is not None and _is_whole(count.count) else None


def _content(variant: SoldVariant, measure: Amount) -> int:
    if measure.grams and (variant.grams or not measure.millilitres):
        return variant.grams or 0
    return variant.millilitres or 0


def _asked(variant: SoldVariant, measure: Amount) -> Fraction:
    """Return the amount asked for in grams, or in millilitres for what is sold by volume."""
    return measure.grams if measure.grams and variant.grams else measure.millilitres or measure.grams


def _is_inner_unit(variant: SoldVariant, amount: Amount) -> bool:
    return bool(variant.count) and variant.count_unit in amount.units and variant.unit not in amount.units


def _unit_tier(variant: SoldVariant, amount: Amount) -> int | None:
    """Return 0 if the unit is the variant's own or was not written, 1 for a similar one, None for another."""
    if not amount.units or variant.unit in amount.units:
        return 0
    similar = read_vocabulary().similar_units
    if any(variant.unit in similar.get(unit, ()) for unit in amount.units):
        return 1
    return None


def _is_whole(number: Fraction) -> bool:
    return number.denominator == 1 and number >= 1


def _nearest_quantity(variant: SoldVariant, amounts: Sequence[Amount]) -> int:
    """Return how many hold at least what was asked for, or the count written."""
    count = next((amount.count for amount in amounts if amount.count), Fraction(0))
    measure = next((amount for amount in amounts if amount.is_measure), None)
    content = _content(variant, measure) if measure is not None else 0
    if measure is not None and content and not count:
        return max(1, math.ceil(_asked(variant, measure) / content))
    units = next((amount for amount in amounts if amount.count), None)
    if units is not None and variant.count and _is_inner_unit(variant, units):
        count /= variant.count
    return max(1, math.ceil(count))
