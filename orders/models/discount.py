"""Discounts granted on orders, and their shares."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.models.line import OrderLine
from orders.models.order import Order
from orders.models.part import OrderPart
from orders.pricing import AgreedDiscountShare, AgreedLine, WeighedPrice, price_weighed


class DiscountKind(models.TextChoices):
    PROMOTION = "promotion", _("promotion")
    ORDER_PROMOTION = "order_promotion", _("order promotion")
    VOUCHER = "voucher", _("voucher")
    MANUAL = "manual", _("by hand")


class ValueType(models.TextChoices):
    FIXED = "fixed", _("amount")
    PERCENTAGE = "percentage", _("percent")


class CostBearer(models.TextChoices):
    PLATFORM = "platform", _("the market")
    COOPERATIVE = "cooperative", _("the cooperative")


_GRANTED = "granted"
_GRANTED_ON_LINE = f"{_GRANTED}:"


class DiscountQuerySet(models.QuerySet["Discount"]):
    def granted_by_staff(self) -> DiscountQuerySet:
        """Return the discounts that staff granted on drafts. Prices set by hand are not among them."""
        return self.filter(kind=DiscountKind.MANUAL, source_key__startswith=_GRANTED)

    def on_whole_order(self) -> DiscountQuerySet:
        """Return the discounts that were not granted on single products: no promotions, no line discounts."""
        on_lines = Q(kind=DiscountKind.MANUAL, source_key__startswith=_GRANTED_ON_LINE)
        return self.exclude(kind=DiscountKind.PROMOTION).exclude(on_lines)

    def on_part(self, part: OrderPart) -> DiscountQuerySet:
        """Return the discounts on a part. Annotates `amount_on_part` (minor units)."""
        touched = self.filter(Q(shares__line__part=part) | Q(shares__part=part))
        return touched.annotate(amount_on_part=models.Sum("shares__amount")).order_by("kind", "pk")


class Discount(models.Model):
    """One discount of an order, with its kind, value, source, reason and bearer.

    `amount` is the sum of its shares, in minor units, net or gross as the channel enters prices.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="discounts")
    kind = models.CharField(max_length=20, choices=DiscountKind)
    value_type = models.CharField(max_length=12, choices=ValueType)
    value = models.DecimalField(max_digits=20, decimal_places=3)
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    name = models.CharField(max_length=255, blank=True, default="")
    source_key = models.CharField(max_length=80, blank=True, default="")
    reason = models.TextField(blank=True, default="")
    bearer = models.CharField(max_length=12, choices=CostBearer)

    objects = DiscountQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "discount")
        verbose_name_plural = pgettext_lazy("models", "discounts")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="discount_not_negative"),
        ]
        indexes = [models.Index(fields=["order"], name="discount_by_order")]

    def __str__(self) -> str:
        return f"{self.name} {self.amount}"

    @staticmethod
    def granted_source_key(line_key: uuid.UUID | None) -> str:
        """Return the source key of a discount that staff grant on a draft, or on one of its lines."""
        return _GRANTED if line_key is None else f"{_GRANTED_ON_LINE}{line_key}"

    @property
    def is_granted(self) -> bool:
        """Whether staff granted the discount on a draft."""
        return self.kind == DiscountKind.MANUAL and self.source_key.startswith(_GRANTED)

    @property
    def granted_line_key(self) -> uuid.UUID | None:
        """The line that staff granted the discount on, or None if it is on the whole order."""
        _source, separator, key = self.source_key.partition(_GRANTED_ON_LINE)
        return uuid.UUID(key) if separator else None


class DiscountShare(models.Model):
    """The amount that a discount takes off one line or off one part's delivery.

    `is_price_reduction` marks the difference from the list price that existed before any discount was
    granted. On a line sold by weight, `amount_before_weighing` keeps the share at the estimate after the
    weighed amount changed it.
    """

    discount = models.ForeignKey(Discount, models.CASCADE, related_name="shares")
    line = models.ForeignKey(OrderLine, models.CASCADE, related_name="discount_shares", null=True, blank=True)
    part = models.ForeignKey(OrderPart, models.CASCADE, related_name="discount_shares", null=True, blank=True)
    amount = models.BigIntegerField()
    amount_before_weighing = models.BigIntegerField(null=True, blank=True)
    is_price_reduction = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(line__isnull=False, part=None) | Q(line=None, part__isnull=False),
                name="discount_share_has_line_or_part",
            ),
        ]

    def __str__(self) -> str:
        return str(self.amount)

    @property
    def agreed_amount(self) -> int:
        """The share at the estimated weight, in minor units."""
        return self.amount if self.amount_before_weighing is None else self.amount_before_weighing

    def amount_at(self, weighed: WeighedPrice, *, is_tax_included: bool) -> int:
        """Return the share of a line sold by weight if the line weighed as in `weighed`."""
        if not self.is_price_reduction:
            return weighed.shares[self.pk]
        listed, priced = (
            price.gross if is_tax_included else price.net for price in (weighed.list_total, weighed.priced)
        )
        return max(0, listed - priced)


def price_at_weight(
    line: OrderLine, discount_shares: Sequence[DiscountShare], grams: int, *, is_tax_included: bool
) -> WeighedPrice:
    """Return the price of a line at this weight, from the terms agreed and never from the previous weight.

    `discount_shares` are the line's, each loaded with its discount.
    """
    agreed = AgreedLine(
        grams=line.estimate_grams or 1,
        list_total=line.unit_list_price * line.quantity,
        priced=line.unit_price * line.quantity,
        tax_rate=line.tax_rate,
        shares=[
            AgreedDiscountShare(
                discount_share.pk,
                discount_share.agreed_amount,
                discount_share.discount.value_type == ValueType.PERCENTAGE,
            )
            for discount_share in discount_shares
            if not discount_share.is_price_reduction
        ],
    )
    return price_weighed(agreed, grams, is_tax_included=is_tax_included)


def shares_at_maximum(
    discount_shares: Sequence[DiscountShare], lines: Iterable[OrderLine], *, is_tax_included: bool
) -> dict[int, int]:
    """Return the amount of each share, by id. Lines that are not weighed yet count at their bound."""
    amounts = {share.pk: share.amount for share in discount_shares}
    for line in lines:
        shares = [share for share in discount_shares if share.line_id == line.pk]
        if not shares or not line.is_to_weigh or line.bound_grams is None:
            continue
        weighed = price_at_weight(line, shares, line.bound_grams, is_tax_included=is_tax_included)
        amounts |= {share.pk: share.amount_at(weighed, is_tax_included=is_tax_included) for share in shares}
    return amounts
