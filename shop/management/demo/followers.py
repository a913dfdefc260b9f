"""Create the demo's followers, a back-in-stock request, and this week's bulletin."""

from __future__ import annotations

import datetime

from catalog.actions.marketing.back_in_stock import request_back_in_stock
from catalog.actions.marketing.weekly_bulletin import create_weekly_bulletins
from catalog.market_week import monday_of
from catalog.models import BackInStockRequest, Listing
from cooperatives.actions.followers import request_follow
from cooperatives.models import Follow
from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Channel
from shop.notifications.models import ContactMethod

_FOLLOWED = (None, "htx-thien-an")  # the market, and one cooperative


def create_followers(channel: Channel, buyer: User, *, actor: Actor, now: datetime.datetime) -> None:
    """Let the buyer follow sellers and request a product out of season, if not done yet."""
    if buyer.email is None or Follow.objects.of_person(buyer.pk).exists():
        return
    for slug in _FOLLOWED:
        request_follow(
            cooperative_slug=slug, email=buyer.email, user=buyer, language="vi", actor=actor, now=now
        )
    out_of_season = (
        Listing.objects.on_sale(channel.pk).out_of_season(vietnam_date(now).month).by_name().first()
    )
    if out_of_season is not None and not BackInStockRequest.objects.of_person(buyer.pk).exists():
        request_back_in_stock(
            product_slug=out_of_season.product.slug,
            variant_id=None,
            contact_method=ContactMethod.EMAIL,
            contact=buyer.email,
            user=buyer,
            language="vi",
            channel=channel,
            actor=actor,
            now=now,
        )


def create_bulletins(channel: Channel, *, now: datetime.datetime) -> None:
    """Create the week's bulletins, after the promotions, because a bulletin keeps its prices."""
    create_weekly_bulletins(week=monday_of(vietnam_date(now)), channel=channel, now=now)
