"""Load the products of a cooperative that messages may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Prefetch

from catalog.models import Price, Synonym, Variant
from catalog.unit_labels import pack_label
from cooperatives.models import Cooperative
from orders.pasted_messages.goods_names import GoodsCatalogue, SoldVariant
from shop.core.models import Channel
from shop.core.texts.formatting import format_money


@dataclass(frozen=True, slots=True)
class OwnVariant:
    """A variant on sale with its label for choices, such as `Miến dong, Gói 500 g`, and its price."""

    label: str
    price: str


@dataclass(frozen=True, slots=True)
class OwnGoods:
    """The variants on sale by id, in alphabetical order, and the same for reading messages."""

    variants: Mapping[int, OwnVariant]
    catalogue: GoodsCatalogue


def load_own_goods(cooperative: Cooperative, channel: Channel) -> OwnGoods:
    """Load what buyers can order of a cooperative, and the market's synonyms. It takes three queries."""
    prices = Price.objects.filter(channel=channel)
    rows = (
        Variant.objects.for_cooperative(cooperative)
        .buyable_in(channel.pk)
        .select_related("product")
        .prefetch_related(Prefetch("prices", prices))
        .order_by("product__sort_key", "product", "sort_order", "pk")
    )
    variants: dict[int, OwnVariant] = {}
    sold: list[SoldVariant] = []
    for row in rows:
        amount = row.prices.all()[0].selling_price
        pack = row.name or pack_label(row)
        label = f"{row.product.name}, {pack}" if pack else row.product.name
        variants[row.pk] = OwnVariant(label, format_money(amount, channel.currency))
        sold.append(
            SoldVariant(
                variant_id=row.pk,
                product_id=row.product_id,
                product=row.product.name,
                name=row.name,
                unit=row.unit,
                grams=row.content_grams,
                millilitres=row.content_ml,
                count=row.content_count,
                count_unit=row.content_unit,
                price=amount,
            )
        )
    return OwnGoods(variants, GoodsCatalogue(sold, _read_synonyms()))


def _read_synonyms() -> list[list[str]]:
    """Return the market's synonym sets, each as its words."""
    sets: dict[int, list[str]] = {}
    for set_id, text in Synonym.objects.order_by("set", "sort_order", "pk").values_list("set", "text"):
        sets.setdefault(set_id, []).append(text)
    return list(sets.values())
