"""Filling an empty shop with the demo, all of it or nothing."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.db import transaction

from cooperatives.models import Cooperative, Membership
from orders.models import Order
from shop.accounts.models import User
from shop.core.actors import Actor, Door
from shop.core.divisions import load_divisions
from shop.core.models import Channel, Division
from shop.management.demo.accounts import ACCOUNTS, open_accounts
from shop.management.demo.bulk_orders import write_finished
from shop.management.demo.goods import lay_out_goods
from shop.management.demo.ground import lay_ground
from shop.management.demo.history import DAYS, Planner
from shop.management.demo.masters import hang_pictures
from shop.management.demo.past_orders import live_through, receive_goods, write_off
from shop.management.demo.reading import cooperatives, market, products
from shop.management.demo.stalls import put_up_stalls

# A longer history is written down in bulk, but for its last days.
MOST_LIVED_THROUGH = 300
SEEDER = Actor.system("demo")


def fill(*, now: datetime.datetime, pictures_now: bool = True) -> Mapping[str, User]:
    """Everything of the demo that is missing; answers the accounts by e-mail.

    Divisions and pictures come first: files have no place in a transaction. The rest is one
    transaction, so that a shop is never filled by half. A second run adds nothing.
    """
    if not Division.objects.exists():
        load_divisions()
    pictures = hang_pictures(_drawings(), made_now=pictures_now)
    with transaction.atomic(durable=True):
        ground = lay_ground(pictures, actor=SEEDER, now=now)
        stalls = put_up_stalls(ground, pictures, actor=SEEDER, now=now)
        lay_out_goods(ground, stalls, pictures, actor=SEEDER, now=now)
        return open_accounts(actor=SEEDER, now=now)


def seed_orders(count: int, *, seed: int, now: datetime.datetime) -> int:
    """A history of that many orders over the past months; answers how many were placed.

    The same seed gives the same history on the same day. A shop that has orders keeps what it has:
    then nothing is placed.
    """
    if Order.objects.exists():
        return 0
    channel = Channel.objects.get(slug="viet-nam")
    planned = Planner(channel, seed=seed, now=now).plan(count)
    members = members_by_cooperative()
    buyer = User.objects.get(email=ACCOUNTS[0].email)
    first_day = now - datetime.timedelta(days=DAYS + 1)
    receive_goods(planned, actor=SEEDER, now=first_day)
    in_bulk = [each for each in planned if each.is_over] if count > MOST_LIVED_THROUGH else []
    write_finished(in_bulk, channel, members, buyer, now=now)
    rest = [each for each in planned if not each.is_over] if in_bulk else planned
    live_through(rest, channel, members, buyer, now=now)
    write_off(planned, actor=SEEDER, now=now)
    return len(planned)


def members_by_cooperative() -> dict[int, Actor]:
    """Who acts for each cooperative: its member where it has one, else the demo."""
    actors = dict.fromkeys(Cooperative.objects.values_list("pk", flat=True), SEEDER)
    for membership in Membership.objects.select_related("user").order_by("pk"):
        actors[membership.cooperative_id] = membership.user.acting(Door.MEMBERS)
    return actors


def _drawings() -> list[str]:
    shelves = market()["category"]
    return [
        *(row["picture"] for row in products()),
        *(row["cover"] for row in cooperatives()),
        *(shelf["picture"] for shelf in shelves),
        *(row["picture"] for shelf in shelves for row in shelf["inside"]),
    ]
