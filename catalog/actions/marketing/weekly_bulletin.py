"""Create the weekly bulletins of the market and each cooperative, and mail them to followers."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from celery import shared_task
from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.template.loader import render_to_string
from django.utils import timezone, translation

from catalog import notifications
from catalog.market_week import CoachDeparture, coach_departures_in_week, monday_of
from catalog.models import ALL_MONTHS, Bulletin, BulletinMention, Listing, Price, Product
from catalog.models.listing import ListingQuerySet
from cooperatives.models import Cooperative, DeliveryKind, DeliveryMethod, Follow, PickupTime
from shop.core.actors import Actor
from shop.core.database.transactions import lock_row
from shop.core.dates.calendar import VIETNAM, start_of_day, vietnam_date
from shop.core.jobs.sweeps import SweepRun, run_each
from shop.core.models import (
    Channel,
    SweepFailure,
    market_channel,
    record_change,
    shop_settings,
    show_in_language,
)
from shop.core.texts.number_words import spell_out

BATCH = 200
MAX_IN_SEASON, MAX_OTHERS = 10, 6
PUBLISH_TIME = datetime.time(6)  # on Monday, before the loudspeaker's morning programme
LOUDSPEAKER_LANGUAGE = "vi"


@dataclass(frozen=True, slots=True)
class BulletinProduct:
    """A product in the bulletin, with the row of its cheapest price."""

    listing: Listing
    price: Price | None
    has_many_prices: bool


@dataclass(frozen=True, slots=True)
class BulletinPickup:
    """A time and place of pickup this week."""

    delivery_method: DeliveryMethod
    time: PickupTime


@dataclass(frozen=True, slots=True)
class BulletinContent:
    """A bulletin's content: pickups, coaches, and products in season, new, ending and coming."""

    first: datetime.date
    last: datetime.date
    pickups: list[BulletinPickup]
    coaches: list[CoachDeparture]
    in_season: list[BulletinProduct]
    new: list[BulletinProduct]
    ending: list[BulletinProduct]
    coming: list[BulletinProduct]

    def product_ids(self) -> list[int]:
        """Return the products of all sections, each once, in the order of the text."""
        mentioned = (*self.in_season, *self.new, *self.ending, *self.coming)
        return list(dict.fromkeys(product.listing.product_id for product in mentioned))


def create_weekly_bulletins(*, week: datetime.date, channel: Channel, now: datetime.datetime) -> int:
    """Create the missing bulletins of the week that starts on this Monday, and return how many were created.

    The market gets one, and so does each cooperative with listed products that is not paused.
    """
    existing = Bulletin.objects.filter(week=week)
    on_sale = Listing.objects.on_sale(channel.pk).filter(product__cooperative=OuterRef("pk"))
    authors_without_bulletin: list[Cooperative | None] = list(
        Cooperative.objects.public()
        .selling_on(week)
        .filter(Exists(on_sale), ~Exists(existing.filter(cooperative=OuterRef("pk"))))
        .order_by("sort_order", "pk")
    )
    if not existing.of_market().exists():
        authors_without_bulletin.insert(0, None)
    created: list[int] = []
    by_key = {cooperative.pk if cooperative else 0: cooperative for cooperative in authors_without_bulletin}
    run_each(
        by_key,
        lambda key: created.append(_create_bulletin(by_key[key], week, channel, now=now)),
        sweep="catalog.weekly_bulletin",
    )
    return sum(created)


@transaction.atomic(durable=True)
def send_bulletin(*, bulletin_id: int, now: datetime.datetime, batch: int = BATCH) -> bool:
    """Mail the next batch of followers, and return whether there are more.

    The bulletin is locked and stores its progress. Each follower's mail has an idempotency key.
    """
    bulletin = lock_row(Bulletin.objects.filter(pk=bulletin_id, sent_at=None).select_related("cooperative"))
    if bulletin is None:
        return False
    followers = Follow.objects.confirmed().filter(
        cooperative=bulletin.cooperative, language=bulletin.language, pk__gt=bulletin.last_mailed_follower_id
    )
    next_followers = list(followers.order_by("pk")[:batch])
    products = notifications.load_bulletin_products(bulletin) if next_followers else []
    run = SweepRun("catalog.weekly_bulletin:mail")
    for follow in next_followers:
        run.attempt((bulletin.pk, follow.pk), partial(_write_mail, bulletin, follow, products, now))
    bulletin.last_mailed_follower_id = (
        next_followers[-1].pk if next_followers else bulletin.last_mailed_follower_id
    )
    has_more = len(next_followers) == batch
    bulletin.sent_at = None if has_more else now
    bulletin.save(update_fields=["last_mailed_follower_id", "sent_at"])
    return has_more


@transaction.atomic
def _write_mail(
    bulletin: Bulletin,
    follow: Follow,
    products: Sequence[Product],
    now: datetime.datetime,
    _key: object = None,
) -> None:
    """Write one mail in a savepoint, so that a failure is recorded and retried alone."""
    notifications.mail_bulletin(bulletin, follow, products=products, now=now)


def retry_mails(*, now: datetime.datetime) -> int:
    """Write the mails of this week's bulletins that failed, and return how many succeeded.

    Failed mails of past weeks and of former followers are dropped.
    """
    failed_keys = (
        SweepFailure.objects.filter(sweep="catalog.weekly_bulletin:mail")
        .order_by("pk")
        .values_list("row_key", flat=True)
    )
    keys = [
        (int(bulletin), int(follow))
        for bulletin, _slash, follow in (key.partition("/") for key in failed_keys)
    ]

    def retry_mail(key: tuple[int, ...]) -> None:
        bulletin = Bulletin.objects.filter(pk=key[0], week=monday_of(vietnam_date(now))).first()
        follow = Follow.objects.confirmed().filter(pk=key[1]).first()
        if bulletin is not None and follow is not None:
            _write_mail(bulletin, follow, notifications.load_bulletin_products(bulletin), now)

    return run_each(keys, retry_mail, sweep="catalog.weekly_bulletin:mail")


def create_due_bulletins(*, channel: Channel, now: datetime.datetime) -> list[int]:
    """Create this week's bulletins from Monday morning on, and return ids of those still to be mailed."""
    week = monday_of(vietnam_date(now))
    if now < datetime.datetime.combine(week, PUBLISH_TIME, VIETNAM):
        return []
    create_weekly_bulletins(week=week, channel=channel, now=now)
    return list(Bulletin.objects.unsent(week).values_list("pk", flat=True))


@shared_task(name="catalog.weekly_bulletin")
def weekly_bulletin_task() -> None:
    """Sweep: create due bulletins, send their mails and retry failed ones."""
    retry_mails(now=timezone.now())
    channel = market_channel()
    for bulletin_id in create_due_bulletins(channel=channel, now=timezone.now()) if channel else []:
        send_bulletin_task.delay(bulletin_id=bulletin_id)


@shared_task(name="catalog.send_bulletin")
def send_bulletin_task(*, bulletin_id: int) -> None:
    """Mail one batch and enqueue the next as its own task, so that other tasks are not starved."""
    if send_bulletin(bulletin_id=bulletin_id, now=timezone.now()):
        send_bulletin_task.delay(bulletin_id=bulletin_id)


def _create_bulletin(
    cooperative: Cooperative | None, week: datetime.date, channel: Channel, *, now: datetime.datetime
) -> int:
    """Build the bulletin in each language. The content is read before the transaction, to keep that short."""
    bulletins = []
    product_ids_by_language: dict[str, list[int]] = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            content = _collect_content(cooperative, week, channel, now=now)
            product_ids_by_language[language] = content.product_ids()
            context = {
                "news": content,
                "cooperative": cooperative,
                "shop": shop_settings(),
                "site": settings.PUBLIC_URL,
            }
            text = render_to_string("catalog/bulletin.txt", context).strip() + "\n"
            spoken_text = (
                render_to_string("catalog/bulletin.spoken.txt", context)
                if language == LOUDSPEAKER_LANGUAGE
                else ""
            )
            bulletins.append(
                Bulletin(
                    week=week,
                    cooperative=cooperative,
                    language=language,
                    text=text,
                    spoken_text=spell_out(spoken_text).strip() + "\n" if spoken_text else "",
                    created_at=now,
                )
            )
    return _insert_bulletins(bulletins, product_ids_by_language)


@transaction.atomic(durable=True)
def _insert_bulletins(
    bulletins: Sequence[Bulletin], product_ids_by_language: Mapping[str, Sequence[int]]
) -> int:
    """Insert all languages or none, with the ids of the products that each mentions.

    Of two concurrent runs one wins. Returns the number of rows.
    """
    week, cooperative, now = bulletins[0].week, bulletins[0].cooperative, bulletins[0].created_at
    if Bulletin.objects.filter(week=week, cooperative=cooperative).exists():
        return 0
    Bulletin.objects.bulk_create(bulletins, ignore_conflicts=True)
    created = list(Bulletin.objects.filter(week=week, cooperative=cooperative, created_at=now).order_by("pk"))
    BulletinMention.objects.bulk_create(
        BulletinMention(bulletin=bulletin, product_id=product_id, sort_order=position)
        for bulletin in created
        for position, product_id in enumerate(product_ids_by_language[bulletin.language])
    )
    for bulletin in created:
        owner = cooperative.pk if cooperative else None
        record_change(
            "bulletin.created", bulletin, actor=Actor.system("bulletin"), now=now, cooperative_id=owner
        )
    return len(created)


def _collect_content(
    cooperative: Cooperative | None, week: datetime.date, channel: Channel, *, now: datetime.datetime
) -> BulletinContent:
    """Collect the content from now on, with texts in the active language."""
    selling = Cooperative.objects.selling_on(week)
    on_sale = Listing.objects.on_sale(channel.pk)
    methods = DeliveryMethod.objects.active_with_terms().filter(cooperative__in=selling)
    if cooperative is not None:
        on_sale = on_sale.for_cooperative(cooperative)
        methods = methods.filter(cooperative=cooperative)
    else:
        methods = methods.filter(kind__in=[DeliveryKind.MARKET_DAY, DeliveryKind.COACH])
    offered_methods = list(methods.select_related("cooperative"))
    show_in_language(offered_methods, "name", "note")
    show_in_language([method.cooperative for method in offered_methods], "name")
    listings = on_sale.filter(product__cooperative__in=selling)
    month, next_month = week.month, week.month % 12 + 1
    next_month_start = datetime.date(week.year + week.month // 12, next_month, 1)
    on_sale_next_month = on_sale.filter(
        product__cooperative__in=Cooperative.objects.selling_on(next_month_start)
    )
    available = listings.filter(is_available=True)
    seasonal = available.in_season(month).exclude(product__season=ALL_MONTHS)
    recent = available.filter(published_at__gte=start_of_day(week - datetime.timedelta(days=7)))
    return BulletinContent(
        first=week,
        last=week + datetime.timedelta(days=6),
        pickups=[pickup for pickup in _pickups(offered_methods, week) if pickup.time.starts_at > now],
        coaches=[
            departure
            for departure in coach_departures_in_week(offered_methods, week)
            if departure.leaves_at > now
        ],
        in_season=_load_with_prices(seasonal.newest_first(), MAX_IN_SEASON),
        new=_load_with_prices(recent.newest_first(), MAX_OTHERS),
        ending=_load_with_prices(available.in_season(month).out_of_season(next_month).by_name(), MAX_OTHERS),
        coming=_load_with_prices(
            on_sale_next_month.in_season(next_month).out_of_season(month).by_name(), MAX_OTHERS
        ),
    )


def _pickups(methods: Sequence[DeliveryMethod], week: datetime.date) -> list[BulletinPickup]:
    """Return the week's pickup times, in chronological order."""
    days = [week + datetime.timedelta(days=ahead) for ahead in range(7)]
    pickups = [
        BulletinPickup(method, PickupTime(day, hours.starts, hours.ends, hours.capacity))
        for method in methods
        if method.is_pickup
        for day in days
        for hours in method.market_days.all()
        if hours.falls_on(day)
    ]
    return sorted(
        pickups, key=lambda pickup: (pickup.time.day, pickup.time.starts, pickup.delivery_method.pk)
    )


def _load_with_prices(listings: ListingQuerySet, limit: int) -> list[BulletinProduct]:
    """Return listings with their cheapest price, by three queries."""
    shown_listings = list(listings[:limit])
    products = [row.product for row in shown_listings]
    show_in_language(products, "name")
    show_in_language([product.cooperative for product in products], "name")
    prices = (
        Price.objects.filter(
            variant__product__in=products,
            channel__in=[row.channel_id for row in shown_listings],
            amount__isnull=False,
        )
        .select_related("variant")
        .order_by("variant__sort_order", "variant")
    )
    by_product: dict[int, list[Price]] = {}
    for price in prices:
        by_product.setdefault(price.variant.product_id, []).append(price)
    return [_with_cheapest_price(row, by_product.get(row.product_id, [])) for row in shown_listings]


def _with_cheapest_price(listing: Listing, prices: Sequence[Price]) -> BulletinProduct:
    cheapest = min(prices, key=lambda price: price.selling_price or 0, default=None)
    return BulletinProduct(listing, cheapest, len({price.selling_price for price in prices}) > 1)
