"""Filling an empty shop with the demo; what was interrupted is taken up where it stopped."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from django.db import transaction

from cooperatives.models import Cooperative, Membership
from orders.models import Order
from shop.accounts.models import User
from shop.core.actors import Actor, Door
from shop.core.geography.divisions import load_divisions
from shop.core.models import Change, Channel, Division, record_change
from shop.management.demo.accounts import ACCOUNTS, PUBLISHED, open_accounts
from shop.management.demo.bootstrap import lay_ground
from shop.management.demo.bulk_orders import write_finished
from shop.management.demo.complaints import complain_and_make_good
from shop.management.demo.data_files import cooperatives, market, products
from shop.management.demo.discounts import give_offers
from shop.management.demo.followers import follow_and_wait, tell_week_of
from shop.management.demo.open_orders import hand_in_cash, order_by_weight
from shop.management.demo.order_plan import DAYS, PlannedOrder, Planner
from shop.management.demo.past_orders import find_placed, live_through, receive_goods, silence, write_off
from shop.management.demo.product_pictures import hang_pictures
from shop.management.demo.products import lay_out_goods, show_together
from shop.management.demo.sellers import put_up_stalls
from shop.management.demo.settlements import agree_rates, in_periods, settle
from shop.management.demo.synonyms import agree_on_words
from shop.management.demo.transfers import receive_transfers

# A longer history is written down in bulk, but for its last days.
MOST_LIVED_THROUGH = 300
SEEDER = Actor.system("demo")
# How far the demo came, as changes of its market: stalls stand, the history's goods are there, all is done.
BEGUN, STOCKED, FILLED = "demo.begun", "demo.stocked", "demo.filled"
SET_OUT = "demo.set_out"  # and what is under way today is there too


def fill(
    *, now: datetime.datetime, pictures_now: bool = True, passwords: Mapping[str, str] = PUBLISHED
) -> Mapping[str, User]:
    """Everything of the demo that is missing; answers the accounts by e-mail.

    Divisions and pictures come first: files have no place in a transaction. The rest is one
    transaction, so that stalls never stand by half; who follows them comes after it. A second run adds
    nothing.
    """
    if not Division.objects.exists():
        load_divisions()
    pictures = hang_pictures(_drawings(), made_now=pictures_now)
    with transaction.atomic(durable=True):
        ground = lay_ground(pictures, actor=SEEDER, now=now)
        stalls = put_up_stalls(ground, pictures, actor=SEEDER, now=now)
        lay_out_goods(ground, stalls, pictures, actor=SEEDER, now=now)
        show_together(ground)
        if _reached(BEGUN) is None:
            record_change(BEGUN, ground.channel, actor=SEEDER, now=now)
        accounts = open_accounts(passwords=passwords, actor=SEEDER, now=now)
    agree_on_words(actor=SEEDER, now=now)
    follow_and_wait(ground.channel, accounts[ACCOUNTS[0].email], actor=SEEDER, now=now)
    return accounts


def has_begun() -> bool:
    """The demo's stalls stand here, whether or not the rest is there."""
    return _reached(BEGUN) is not None


def is_interrupted() -> bool:
    """The demo was begun and has not come to its end."""
    return has_begun() and _reached(SET_OUT) is None


def seed_orders(count: int, *, seed: int, now: datetime.datetime) -> int:
    """A history of that many orders over the past months; answers how many it has.

    The same seed gives the same history on the same day. A history that was interrupted goes on as it was
    begun. A shop that has orders otherwise keeps what it has: then nothing is placed and 0 is answered.
    """
    stocked = _reached(STOCKED)
    if _reached(FILLED) or (stocked is None and Order.objects.exists()):
        return 0
    if stocked is not None:
        count, seed, now = stocked.data["orders"], stocked.data["seed"], stocked.at
    channel = Channel.objects.get(slug="viet-nam")
    planned = Planner(channel, seed=seed, now=now).plan(count)
    if stocked is None:
        with transaction.atomic(durable=True):
            receive_goods(planned, actor=SEEDER, now=now - datetime.timedelta(days=DAYS + 1))
            record_change(STOCKED, channel, actor=SEEDER, now=now, data={"orders": count, "seed": seed})
    _write_history(planned, channel, now=now)
    return len(planned)


def set_out() -> None:
    """What is under way today, once and after the history: cash on its way back, goods to be weighed.

    A long history is for measuring: there it is left out.
    """
    stocked = _reached(STOCKED)
    if stocked is None or _reached(FILLED) is None or _reached(SET_OUT):
        return
    channel, now = Channel.objects.get(slug="viet-nam"), stocked.at
    if stocked.data["orders"] <= MOST_LIVED_THROUGH:
        hand_in_cash(actor=SEEDER, now=now)
        buyer = User.objects.get(email=ACCOUNTS[0].email)
        order_by_weight(channel, buyer, members_by_cooperative(), now=now)
        complain_and_make_good(members_by_cooperative(), actor=SEEDER, now=now)
    with transaction.atomic(durable=True):
        record_change(SET_OUT, channel, actor=SEEDER, now=now)


def _write_history(planned: Sequence[PlannedOrder], channel: Channel, *, now: datetime.datetime) -> None:
    members = members_by_cooperative()
    buyer = User.objects.get(email=ACCOUNTS[0].email)
    agree_rates(actor=SEEDER, now=now)
    is_long = len(planned) > MOST_LIVED_THROUGH
    is_begun = Order.objects.exists()
    for period in in_periods(planned, now=now):
        in_bulk = [each for each in period.orders if each.is_over] if is_long else []
        if is_begun:
            in_bulk = [each for each in in_bulk if find_placed(each, buyer) is None]
        write_finished(in_bulk, channel, members, buyer, now=now)
        rest = [each for each in period.orders if not each.is_over] if is_long else period.orders
        live_through(rest, channel, members, buyer, now=now)
        settle(period, actor=SEEDER)
    receive_transfers(now=now)
    give_offers(channel, actor=SEEDER, now=now)
    tell_week_of(channel, now=now)
    with transaction.atomic(durable=True):
        write_off(planned, actor=SEEDER, now=now)
        silence(planned, buyer, now=now)
        record_change(FILLED, channel, actor=SEEDER, now=now)


def _reached(step: str) -> Change | None:
    return Change.objects.filter(what=step, kind=Channel._meta.label_lower).first()


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
