"""Create the demo's discounts: a platform voucher, a cooperative's voucher, and a promotion."""

from __future__ import annotations

import datetime
from decimal import Decimal

from catalog.actions.listings.promotion_prices import refresh_promotion
from catalog.actions.listings.promotions import PromotionTerms, create_promotion
from catalog.models import Promotion
from cooperatives.models import Cooperative
from orders.actions.vouchers.issue_vouchers import VoucherTerms, issue_voucher
from orders.models import ValueType, VoucherCode
from shop.core.actors import Actor
from shop.core.dates.calendar import start_of_day, vietnam_date
from shop.core.models import Channel

MARKET_CODE, COOPERATIVE_CODE = "PHIENMOI", "THIENAN20"
_VALID_DAYS = 90


def create_discounts(channel: Channel, *, actor: Actor, now: datetime.datetime) -> None:
    """Create missing discounts.

    Run it after the past orders are created, because their prices contain none.
    """
    today = start_of_day(vietnam_date(now))
    end = today + datetime.timedelta(days=_VALID_DAYS)
    if not VoucherCode.objects.filter(code=MARKET_CODE).exists():
        terms = VoucherTerms(
            name="Phiên đầu giảm 10 %",
            value=10,
            starts_at=today,
            ends_at=end,
            minimum_spent=200_000,
            apply_once_per_customer=True,
        )
        issue_voucher(channel=channel, code=MARKET_CODE, terms=terms, actor=actor, now=now)
    cooperative = Cooperative.objects.filter(slug="htx-thien-an").first()
    if cooperative is not None and not VoucherCode.objects.filter(code=COOPERATIVE_CODE).exists():
        terms = VoucherTerms(
            name="Thiên An bớt 20.000 ₫",
            value=20_000,
            value_type=ValueType.FIXED,
            starts_at=today,
            ends_at=end,
            minimum_spent=150_000,
            usage_limit=100,
        )
        issue_voucher(
            channel=channel, code=COOPERATIVE_CODE, terms=terms, issuer=cooperative, actor=actor, now=now
        )
    _create_promotion(channel, today, end, actor=actor, now=now)


def _create_promotion(
    channel: Channel,
    today: datetime.datetime,
    end: datetime.datetime,
    *,
    actor: Actor,
    now: datetime.datetime,
) -> None:
    seller = Cooperative.objects.filter(slug="htx-yen-duong").first()
    if seller is None or Promotion.objects.for_cooperative(seller).exists():
        return
    terms = PromotionTerms(name="Giảm giá cuối vụ", starts_at=today, ends_at=end, percent=Decimal(10))
    promotion = create_promotion(
        channel=channel, terms=terms, acting_cooperative=seller, actor=actor, now=now
    )
    refresh_promotion(promotion_id=promotion.pk, actor=actor, now=now)
