from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Aggregate, Q, Subquery, TextField, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import pgettext_lazy

MAX_TIER_QUANTITY = 1_000_000


class WholesalePrice(models.Model):
    """The price of one sales unit, in minor units, on lines of at least `minimum_quantity` of the variant.

    It is below the list price and below the wholesale prices of smaller quantities, as
    `catalog.actions.products.wholesale_tiers` checks.
    """

    price = models.ForeignKey("Price", models.CASCADE, related_name="wholesale_prices")
    minimum_quantity = models.PositiveIntegerField()
    amount = models.BigIntegerField()

    class Meta:
        verbose_name = pgettext_lazy("model", "wholesale price")
        verbose_name_plural = pgettext_lazy("models", "wholesale prices")
        constraints = [
            models.UniqueConstraint(fields=["price", "minimum_quantity"], name="wholesale_price_once"),
            models.CheckConstraint(
                condition=Q(minimum_quantity__range=(2, MAX_TIER_QUANTITY)), name="wholesale_price_in_range"
            ),
            models.CheckConstraint(condition=Q(amount__gte=1), name="wholesale_price_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.price_id} {self.minimum_quantity}:{self.amount}"


class _JoinedTexts(Aggregate):
    """The texts of a group, joined by commas in no particular order."""

    function = "group_concat"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """Return the SQL for PostgreSQL, whose function takes the comma as an argument."""
        template = "%(function)s(%(expressions)s, ',')"
        return self.as_sql(compiler, connection, function="string_agg", template=template)


def select_wholesale_text(**price: object) -> Subquery:
    """Select a price's wholesale prices as a text such as "10:13000,50:12000", or null without any.

    `price` are the conditions on a wholesale price that identify its price.
    """
    pair = Concat(
        Cast("minimum_quantity", TextField()),
        Value(":"),
        Cast("amount", TextField()),
        output_field=TextField(),
    )
    wholesale_prices = WholesalePrice.objects.filter(**price).order_by()
    return Subquery(wholesale_prices.values("price").annotate(text=_JoinedTexts(pair)).values("text"))
