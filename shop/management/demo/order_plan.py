"""Plan the demo's past orders. The same seed, stock and day give the same plan.

Nothing is written here. past_orders.py runs the plan through the shop's actions. bulk_orders.py inserts the
finished part of a long history at once.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from catalog.models import Price, Variant
from catalog.states import ListingState
from cooperatives.models import DeliveryMethod, PickupTime
from orders.models import OrderSource
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel, Division, DivisionLevel

Choice = TypeVar("Choice")

DAYS = 180
MAX_OPEN_DAYS = 4
_MAX_UNPAID_DAYS = 0.4
_MAX_OPEN = 60
_SURNAMES = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Nông",
    "Lý",
    "Triệu",
    "Bàn",
    "Đặng",
    "Hà",
    "Ma",
    "Dương",
    "Vũ",
)
_MIDDLES = ("Thị", "Văn", "Minh", "Thu", "Đức", "Ngọc", "Thanh", "Hồng", "Quang", "Bích")
_GIVEN = (
    "Lan",
    "Hoa",
    "Hùng",
    "Mai",
    "Tuấn",
    "Hương",
    "Sơn",
    "Thảo",
    "Dũng",
    "Yến",
    "Nga",
    "Bình",
    "Linh",
    "Khánh",
)
_STREETS = (
    "Số nhà 8, tổ 2",
    "Ngõ 15, nhà số 4",
    "Thôn Trung Tâm",
    "Xóm 3",
    "Nhà số 27",
    "Tổ dân phố 6",
    "Thôn 5",
)
# Province codes and their share of orders.
_PROVINCES = {
    "19": 34,
    "01": 32,
    "24": 6,
    "25": 5,
    "20": 4,
    "04": 4,
    "08": 3,
    "31": 3,
    "22": 2,
    "79": 5,
    "48": 2,
}
_SOURCES = {OrderSource.WEB: 82, OrderSource.ZALO: 8, OrderSource.PHONE: 7, OrderSource.FACEBOOK: 3}
_REASONS = ("Hết hàng, vụ này mưa nhiều", "Người mua đổi ý", "Đặt nhầm, đặt lại đơn khác")


class PlannedOutcome(StrEnum):
    """How far a part has come by now."""

    NEW = "new"
    ACCEPTED = "accepted"
    PACKED = "packed"
    AWAY = "away"
    DELIVERED = "delivered"
    DECLINED = "declined"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self in (PlannedOutcome.DELIVERED, PlannedOutcome.DECLINED, PlannedOutcome.CANCELLED)

    @property
    def is_declined_or_cancelled(self) -> bool:
        return self in (PlannedOutcome.DECLINED, PlannedOutcome.CANCELLED)


@dataclass(frozen=True, slots=True)
class PlannedPart:
    """One cooperative's part. `lines` are pairs of variant and quantity."""

    cooperative_id: int
    delivery_method: DeliveryMethod
    time: PickupTime | None
    lines: tuple[tuple[Variant, int], ...]
    outcome: PlannedOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Times:
    """The times at which a part was accepted, packed, handed over and delivered, as far as it went."""

    accepted: datetime.datetime
    packed: datetime.datetime
    handed_over: datetime.datetime
    delivered: datetime.datetime


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    placed_at: datetime.datetime
    name: str
    phone: str
    commune: Division
    street: str
    source: OrderSource
    language: str
    is_demo_buyer: bool
    parts: tuple[PlannedPart, ...]

    @property
    def is_over(self) -> bool:
        return all(part.outcome.is_over for part in self.parts)

    @property
    def is_by_transfer(self) -> bool:
        """Whether the order is paid by transfer. The youngest are, so that they are not handled yet."""
        return all(part.outcome == PlannedOutcome.NEW for part in self.parts)

    def times(self, part: PlannedPart, *, now: datetime.datetime) -> Times:
        """Return the times of a part's steps, none later than now."""
        hours = (2, 6, 24, 48)
        steps = [min(now, self.placed_at + datetime.timedelta(hours=hour)) for hour in hours]
        if part.time is not None:
            collected = max(steps[1], min(now, part.time.starts_at + datetime.timedelta(hours=1)))
            steps[2:] = [collected, collected]
        return Times(*steps)


class Planner:
    """Plan orders from one stream of random numbers. The shop is read once, in a fixed order."""

    def __init__(self, channel: Channel, *, seed: int, now: datetime.datetime) -> None:
        self._random = random.Random(seed)
        self._channel = channel
        self._now = now
        self._goods = _load_variants_by_cooperative(channel)
        self._prices = dict(Price.objects.filter(channel=channel).values_list("variant", "amount"))
        self._delivery_methods = _load_delivery_methods()
        self._communes = _load_communes(vietnam_date(now))
        self._taken: dict[tuple[int, str], int] = {}

    def plan(self, orders: int) -> list[PlannedOrder]:
        """Plan that many orders, oldest first.

        Most are in past months, and some of the last days are still open.
        """
        recent = min(_MAX_OPEN, max(3, orders // 5), orders)
        ages = [self._random.uniform(0.02, MAX_OPEN_DAYS) for _ in range(recent)]
        ages[: recent // 3] = [self._random.uniform(0.02, _MAX_UNPAID_DAYS) for _ in range(recent // 3)]
        # Recent days have more orders, because the market grows.
        ages += [
            MAX_OPEN_DAYS + (DAYS - MAX_OPEN_DAYS) * self._random.random() ** 1.6
            for _ in range(orders - recent)
        ]
        return [self._order(age) for age in sorted(ages, reverse=True)]

    def _order(self, age: float) -> PlannedOrder:
        placed_at = (self._now - datetime.timedelta(days=age)).replace(microsecond=0)
        commune = self._random.choice(self._communes[self._province()])
        assert commune.parent is not None
        parts = self._parts(placed_at, commune.parent.code, age)
        if age < _MAX_UNPAID_DAYS:
            parts = tuple(replace(part, outcome=PlannedOutcome.NEW, reason="") for part in parts)
        name = " ".join(self._random.choice(names) for names in (_SURNAMES, _MIDDLES, _GIVEN))
        return PlannedOrder(
            placed_at=placed_at,
            name=name,
            phone=f"+8490{self._random.randrange(10_000_000):07}",
            commune=commune,
            street=self._random.choice(_STREETS),
            source=self._choose_weighted(_SOURCES),
            language="en" if self._random.random() < 0.04 else "vi",
            is_demo_buyer=self._random.random() < 0.06,
            parts=parts,
        )

    def _parts(self, placed_at: datetime.datetime, province: str, age: float) -> tuple[PlannedPart, ...]:
        """Plan one to three cooperatives with products in season and a delivery method to the province."""
        requested = self._random.choices((1, 2, 3), (60, 30, 10))[0]
        month = vietnam_date(placed_at).month
        cooperatives = list(self._goods)
        self._random.shuffle(cooperatives)
        # The first cooperatives of the market are the best known.
        cooperatives.sort(
            key=lambda cooperative: self._random.random() * (1 + 0.25 * list(self._goods).index(cooperative))
        )
        parts: list[PlannedPart] = []
        for cooperative_id in cooperatives:
            if len(parts) < requested:
                part = self._part(cooperative_id, placed_at, province, month, age)
                if part is not None:
                    parts.append(part)
        return tuple(parts)

    def _part(
        self, cooperative_id: int, placed_at: datetime.datetime, province: str, month: int, age: float
    ) -> PlannedPart | None:
        variants = [variant for variant in self._goods[cooperative_id] if month in variant.product.months]
        if not variants:
            return None
        chosen_variants = {
            variant.pk: variant
            for variant in self._random.choices(variants, k=self._random.choice((1, 1, 2, 3)))
        }
        lines = tuple(
            (variant, self._random.choice((1, 1, 1, 2, 2, 3))) for variant in chosen_variants.values()
        )
        delivery = self._delivery(cooperative_id, lines, placed_at, province)
        if delivery is None:
            return None
        outcome = self._outcome(age)
        if delivery[1] is not None:
            outcome = self._pickup_outcome(outcome, delivery[1])
        reason = self._random.choice(_REASONS) if outcome.is_declined_or_cancelled else ""
        return PlannedPart(cooperative_id, *delivery, lines, outcome, reason)

    def _delivery(
        self,
        cooperative_id: int,
        lines: Sequence[tuple[Variant, int]],
        placed_at: datetime.datetime,
        province: str,
    ) -> tuple[DeliveryMethod, PickupTime | None] | None:
        """Choose a delivery method for province and weight. Nearby buyers sometimes pick up."""
        grams = sum(variant.grams_for(variant.product) * quantity for variant, quantity in lines)
        goods_total = sum((self._prices[variant.pk] or 0) * quantity for variant, quantity in lines)
        shipping_methods: list[DeliveryMethod] = []
        collected: list[DeliveryMethod] = []
        for delivery_method in self._delivery_methods.get(cooperative_id, []):
            fee = delivery_method.fee(
                channel_id=self._channel.pk, province_code=province, grams=grams, subtotal=goods_total
            )
            if fee is not None:
                (collected if delivery_method.is_pickup else shipping_methods).append(delivery_method)
        if province == "19" and collected and self._random.random() < 0.4:
            delivery_method = self._random.choice(collected)
            for time in delivery_method.pickup_times(now=placed_at):
                key = (delivery_method.pk, time.key)
                if time.capacity is None or self._taken.get(key, 0) < time.capacity:
                    self._taken[key] = self._taken.get(key, 0) + 1
                    return delivery_method, time
        return (self._random.choice(shipping_methods), None) if shipping_methods else None

    def _outcome(self, age: float) -> PlannedOutcome:
        chance = self._random.random()
        if age >= MAX_OPEN_DAYS:
            if chance < 0.94:
                return PlannedOutcome.DELIVERED
            return PlannedOutcome.DECLINED if chance < 0.97 else PlannedOutcome.CANCELLED
        if age < 0.5:
            return PlannedOutcome.NEW if chance < 0.7 else PlannedOutcome.ACCEPTED
        if age < 1.5:
            return PlannedOutcome.ACCEPTED if chance < 0.5 else PlannedOutcome.PACKED
        return PlannedOutcome.AWAY if chance < 0.7 else PlannedOutcome.DELIVERED

    def _pickup_outcome(self, outcome: PlannedOutcome, time: PickupTime) -> PlannedOutcome:
        """Keep a pickup packed until its day, then deliver it."""
        if outcome in (PlannedOutcome.AWAY, PlannedOutcome.DELIVERED):
            return PlannedOutcome.PACKED if time.starts_at > self._now else PlannedOutcome.DELIVERED
        return outcome

    def _province(self) -> str:
        weights_of_provinces = {code: weight for code, weight in _PROVINCES.items() if code in self._communes}
        return self._choose_weighted(weights_of_provinces)

    def _choose_weighted(self, weights: dict[Choice, int]) -> Choice:
        return self._random.choices(list(weights), list(weights.values()))[0]


def _load_variants_by_cooperative(channel: Channel) -> dict[int, list[Variant]]:
    """Return variants on sale by cooperative, in a fixed order."""
    variants = (
        Variant.objects.buyable_in(channel.pk)
        .filter(product__listings__state=ListingState.PUBLISHED)
        .with_main_picture()
        .select_related(
            "product",
            "product__tax_class",
            "product__product_type__tax_class",
            "product__category",
            "cooperative",
        )
        .order_by("cooperative__sort_order", "cooperative", "product", "sort_order", "pk")
        .distinct()
    )
    variants_by_cooperative: dict[int, list[Variant]] = {}
    for variant in variants:
        variants_by_cooperative.setdefault(variant.cooperative_id, []).append(variant)
    return variants_by_cooperative


def _load_delivery_methods() -> dict[int, list[DeliveryMethod]]:
    delivery_methods: dict[int, list[DeliveryMethod]] = {}
    for delivery_method in DeliveryMethod.objects.all().active_with_terms():
        delivery_methods.setdefault(delivery_method.cooperative_id, []).append(delivery_method)
    return delivery_methods


def _load_communes(today: datetime.date) -> dict[str, list[Division]]:
    """Return the communes of the provinces in the plan, by province code."""
    divisions = (
        Division.objects.current(day=today)
        .filter(level=DivisionLevel.COMMUNE, parent__code__in=_PROVINCES)
        .select_related("parent")
        .order_by("code")
    )
    communes: dict[str, list[Division]] = {}
    for division in divisions:
        assert division.parent is not None
        communes.setdefault(division.parent.code, []).append(division)
    return communes
