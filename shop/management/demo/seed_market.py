"""Seed an empty shop with the demo, and continue where an interrupted run stopped."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from django.db import transaction

from catalog.actions.search_terms.known_words import recount_known_words
from cooperatives.models import Cooperative, Membership
from orders.models import Order
from shop.accounts.models import User
from shop.core.actors import Actor, EntryPoint
from shop.core.geography.divisions import load_divisions
from shop.core.models import Channel, Division, record_change
from shop.management.demo.accounts import create_demo_accounts
from shop.management.demo.bulk_orders import insert_finished_orders
from shop.management.demo.complaints import create_complaints
from shop.management.demo.data_files import cooperatives, demo_market, product_pictures, products
from shop.management.demo.desk_tasks import create_desk_tasks
from shop.management.demo.discounts import create_discounts
from shop.management.demo.followers import create_bulletins, create_followers
from shop.management.demo.open_orders import create_weighed_orders, remit_old_cash
from shop.management.demo.order_plan import DAYS, PlannedOrder, Planner
from shop.management.demo.past_orders import (
    find_placed,
    mark_messages_sent,
    receive_planned_stock,
    run_planned_orders,
    write_off_cancelled_stock,
)
from shop.management.demo.product_pictures import store_pictures
from shop.management.demo.products import create_collections, create_products
from shop.management.demo.sellers import create_sellers
from shop.management.demo.settlements import close_period, create_rates, split_into_periods
from shop.management.demo.transfers import receive_transfers
from shop.management.demo.walkthrough_orders import create_walkthrough_orders
from shop.management.demo_state.accounts import ACCOUNTS, PUBLISHED_PASSWORDS
from shop.management.demo_state.progress import (
    OPEN_ORDERS_SEEDED,
    PAST_ORDERS_SEEDED,
    SELLERS_CREATED,
    STOCK_RECEIVED,
    find_marker,
)
from shop.management.market_setup.create_market import create_market
from shop.management.market_setup.market_data import market
from shop.management.market_setup.synonyms import create_synonyms

# Longer histories are inserted in bulk, except their last days.
MAX_ORDERS_RUN_THROUGH_ACTIONS = 300
SEEDER = Actor.system("demo")
_PAYOUT_WEEKDAY = 4  # Friday


def seed_market(
    *,
    now: datetime.datetime,
    has_renditions: bool = True,
    passwords: Mapping[str, str] = PUBLISHED_PASSWORDS,
) -> Mapping[str, User]:
    """Create what the demo still lacks, and return the accounts by email.

    Divisions and pictures come first, because files must not be written in a transaction. The rest is one
    transaction, except synonyms and followers. A second run adds nothing.
    """
    if not Division.objects.exists():
        load_divisions()
    pictures = store_pictures(_drawings(), has_renditions=has_renditions)
    with transaction.atomic(durable=True):
        market_rows = create_market(pictures, settings=_settings(), actor=SEEDER, now=now)
        sellers = create_sellers(market_rows, pictures, actor=SEEDER, now=now)
        create_products(market_rows, sellers, pictures, actor=SEEDER, now=now)
        create_collections(market_rows)
        if find_marker(SELLERS_CREATED) is None:
            record_change(SELLERS_CREATED, market_rows.channel, actor=SEEDER, now=now)
        accounts = create_demo_accounts(passwords=passwords, actor=SEEDER, now=now)
    create_synonyms(actor=SEEDER, now=now)
    recount_known_words()
    create_followers(market_rows.channel, accounts[ACCOUNTS[0].email], actor=SEEDER, now=now)
    return accounts


def seed_orders(count: int, *, seed: int, now: datetime.datetime) -> int:
    """Create `count` past orders, and return their number.

    The same seed gives the same orders on the same day. An interrupted run continues with its own count, seed
    and time. A shop with other orders is left alone and 0 is returned.
    """
    stocked = find_marker(STOCK_RECEIVED)
    if find_marker(PAST_ORDERS_SEEDED) or (stocked is None and Order.objects.exists()):
        return 0
    if stocked is not None:
        count, seed, now = stocked.data["orders"], stocked.data["seed"], stocked.created_at
    channel = Channel.objects.get(slug="viet-nam")
    planned = Planner(channel, seed=seed, now=now).plan(count)
    if stocked is None:
        with transaction.atomic(durable=True):
            receive_planned_stock(planned, actor=SEEDER, now=now - datetime.timedelta(days=DAYS + 1))
            record_change(
                STOCK_RECEIVED, channel, actor=SEEDER, now=now, data={"orders": count, "seed": seed}
            )
    _write_history(planned, channel, now=now)
    return len(planned)


def seed_open_orders() -> None:
    """Create today's open orders and the desk's open tasks once, after the past orders.

    Long histories get none, because they are used only to measure the shop.
    """
    stocked = find_marker(STOCK_RECEIVED)
    if stocked is None or find_marker(PAST_ORDERS_SEEDED) is None or find_marker(OPEN_ORDERS_SEEDED):
        return
    channel, now = Channel.objects.get(slug="viet-nam"), stocked.created_at
    if stocked.data["orders"] <= MAX_ORDERS_RUN_THROUGH_ACTIONS:
        remit_old_cash(actor=SEEDER, now=now)
        buyer = User.objects.get(email=ACCOUNTS[0].email)
        create_weighed_orders(channel, buyer, read_actors_by_cooperative(), now=now)
        create_walkthrough_orders(channel, buyer, read_actors_by_cooperative(), now=now)
        create_complaints(read_actors_by_cooperative(), actor=SEEDER, now=now)
        create_desk_tasks(channel, read_actors_by_cooperative(), now=now)
    with transaction.atomic(durable=True):
        record_change(OPEN_ORDERS_SEEDED, channel, actor=SEEDER, now=now)


def _write_history(planned: Sequence[PlannedOrder], channel: Channel, *, now: datetime.datetime) -> None:
    actors_by_cooperative = read_actors_by_cooperative()
    buyer = User.objects.get(email=ACCOUNTS[0].email)
    create_rates(actor=SEEDER, now=now)
    is_long = len(planned) > MAX_ORDERS_RUN_THROUGH_ACTIONS
    is_begun = Order.objects.exists()
    for period in split_into_periods(planned, now=now):
        in_bulk = [order for order in period.orders if order.is_over] if is_long else []
        if is_begun:
            in_bulk = [order for order in in_bulk if find_placed(order, buyer) is None]
        insert_finished_orders(in_bulk, channel, actors_by_cooperative, buyer, now=now)
        remaining_orders = (
            [order for order in period.orders if not order.is_over] if is_long else period.orders
        )
        run_planned_orders(remaining_orders, channel, actors_by_cooperative, buyer, now=now)
        close_period(period, actor=SEEDER)
    receive_transfers(now=now)
    create_discounts(channel, actor=SEEDER, now=now)
    create_bulletins(channel, now=now)
    with transaction.atomic(durable=True):
        write_off_cancelled_stock(planned, actor=SEEDER, now=now)
        mark_messages_sent(planned, buyer, now=now)
        record_change(PAST_ORDERS_SEEDED, channel, actor=SEEDER, now=now)


def read_actors_by_cooperative() -> dict[int, Actor]:
    """Return each cooperative's actor, which is its member or else the demo."""
    actors = dict.fromkeys(Cooperative.objects.values_list("pk", flat=True), SEEDER)
    for membership in Membership.objects.select_related("user").order_by("pk"):
        actors[membership.cooperative_id] = membership.user.as_actor(EntryPoint.MEMBERS)
    return actors


def _settings() -> dict[str, object]:
    """Return the settings of the demo's platform and bank account. A real shop sets its own at the desk."""
    values = demo_market()
    columns: dict[str, object] = {
        f"{kind}_{field}": value for kind in ("operator", "bank") for field, value in values[kind].items()
    }
    return columns | {"payout_weekday": _PAYOUT_WEEKDAY}


def _drawings() -> list[str]:
    categories = market()["category"]
    return [
        *(name for row in products() for name in product_pictures(row)),
        *(row[kind] for row in cooperatives() for kind in ("cover", "portrait")),
        *(certificate["picture"] for row in cooperatives() for certificate in row.get("certificates", [])),
        *(category["picture"] for category in categories),
        *(row["picture"] for category in categories for row in category["inside"]),
    ]
