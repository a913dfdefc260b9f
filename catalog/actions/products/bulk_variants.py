"""Create or change several variants of a product at once, as the desk's table of variants does."""

from __future__ import annotations

import datetime
import enum
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from django.db import transaction

from catalog.actions.products.attribute_values import AttributeInput
from catalog.actions.products.product_rows import lock_product, refresh_listings
from catalog.actions.products.variant_prices import remove_prices, set_prices
from catalog.actions.products.variant_rows import ListPrice, lock_variant
from catalog.actions.products.variants import change_variant_columns, create_variant_of_product, record_counts
from catalog.models import Price, Product, Variant
from shop.core.actors import Actor
from shop.core.errors import Missing, Refused


class ErrorPolicy(enum.Enum):
    """What is saved if something is refused."""

    REJECT_EVERYTHING = enum.auto()  # nothing
    REJECT_FAILED_ROWS = enum.auto()  # the variants without any refusal
    IGNORE_FAILED = enum.auto()  # also the other variants, without the prices and stocks that are refused


@dataclass(frozen=True, slots=True)
class ChangedPrice:
    """Amounts of a price that a variant has, in minor units. Without `amount` the list price stays."""

    price_id: int
    amount: int | None = None
    other_amounts: Mapping[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VariantRow:
    """What one row sets. Without `variant_id` it creates a variant, and `inputs` hold all its attributes.

    `stocks` are quantities on hand by warehouse, and `removed_price_ids` keys of the variant's prices.
    """

    values: Mapping[str, object]
    inputs: Sequence[AttributeInput] = ()
    prices: Sequence[ListPrice] = ()
    changed_prices: Sequence[ChangedPrice] = ()
    removed_price_ids: Collection[int] = ()
    stocks: Sequence[tuple[uuid.UUID, int]] = ()
    variant_id: int | None = None


@dataclass(slots=True)
class SavedRow:
    """The variant of a row, or None if it was not saved, with what was refused."""

    variant: Variant | None = None
    refusals: list[Refused] = field(default_factory=list)


@transaction.atomic(durable=True)
def save_variants(
    *,
    product_id: int,
    rows: Sequence[VariantRow],
    policy: ErrorPolicy = ErrorPolicy.REJECT_EVERYTHING,
    needs_approval: bool = True,
    actor: Actor,
    now: datetime.datetime,
) -> list[SavedRow]:
    """Create and change variants of one product, and return the outcome of each row, in their order.

    If `needs_approval` is true, new names wait for the platform's review once the product is approved. A
    variant of another product is Missing. Raises Missing for the product only; rows hold their refusals.
    """
    product = lock_product(product_id, field="product")
    writer = _RowWriter(product=product, policy=policy, needs_approval=needs_approval, actor=actor, now=now)
    saved_rows = [writer.write(row) for row in rows]
    if policy == ErrorPolicy.REJECT_EVERYTHING and any(saved.refusals for saved in saved_rows):
        transaction.set_rollback(True)
        return [SavedRow(refusals=saved.refusals) for saved in saved_rows]
    refresh_listings(product)
    return saved_rows


@dataclass(frozen=True, slots=True)
class _RowWriter:
    """Writes rows of one locked product."""

    product: Product
    policy: ErrorPolicy
    needs_approval: bool
    actor: Actor
    now: datetime.datetime

    def write(self, row: VariantRow) -> SavedRow:
        """Write one row in a savepoint of its own, so that a refused one leaves nothing behind."""
        refusals: list[Refused] = []
        try:
            with transaction.atomic():
                variant = self._write_columns(row)
                for step in self._further_steps(variant, row):
                    self._attempt(step, refusals)
        except Refused as refused:
            return SavedRow(refusals=[*refusals, refused])
        return SavedRow(variant, refusals)

    def _write_columns(self, row: VariantRow) -> Variant:
        if row.variant_id is None:
            return create_variant_of_product(
                self.product, values=row.values, inputs=row.inputs, actor=self.actor, now=self.now
            )
        variant = lock_variant(Variant.objects.existing().filter(product=self.product), row.variant_id)
        if variant is None:
            raise Missing(field="id")
        change_variant_columns(
            variant,
            values=row.values,
            inputs=row.inputs,
            needs_approval=self.needs_approval,
            actor=self.actor,
            now=self.now,
        )
        return variant

    def _further_steps(self, variant: Variant, row: VariantRow) -> list[Callable[[], None]]:
        """Return the steps that set prices and stocks, each on its own."""
        actor, now = self.actor, self.now
        return [
            partial(remove_prices, variant, row.removed_price_ids, actor=actor, now=now),
            *(partial(set_prices, variant, [price], actor=actor, now=now) for price in row.prices),
            *(partial(self._change_price, variant, changed_price) for changed_price in row.changed_prices),
            *(partial(record_counts, variant, [stock], actor=actor, now=now) for stock in row.stocks),
        ]

    def _change_price(self, variant: Variant, changed_price: ChangedPrice) -> None:
        price = (
            Price.objects.filter(pk=changed_price.price_id, variant=variant).select_related("channel").first()
        )
        if price is None:
            raise Missing(field="channelListings")
        amount = price.amount if changed_price.amount is None else changed_price.amount
        list_price = ListPrice(price.channel, amount or 0, changed_price.other_amounts)
        set_prices(variant, [list_price], actor=self.actor, now=self.now)

    def _attempt(self, step: Callable[[], None], refusals: list[Refused]) -> None:
        """Call `step`. If failures are ignored, keep its refusal and undo what it wrote."""
        if self.policy != ErrorPolicy.IGNORE_FAILED:
            step()
            return
        try:
            with transaction.atomic():
                step()
        except Refused as refused:
            refusals.append(refused)
