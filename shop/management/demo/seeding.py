"""Filling an empty shop with the demo, all of it or nothing."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from django.db import transaction

from shop.accounts.models import User
from shop.core.actors import Actor
from shop.core.divisions import load_divisions
from shop.core.models import Division
from shop.management.demo.accounts import open_accounts
from shop.management.demo.goods import lay_out_goods
from shop.management.demo.ground import lay_ground
from shop.management.demo.masters import hang_pictures
from shop.management.demo.reading import cooperatives, market, products
from shop.management.demo.stalls import put_up_stalls

SEEDER = Actor.system("demo")


def seed(*, now: datetime.datetime, pictures_now: bool = True) -> Mapping[str, User]:
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


def _drawings() -> list[str]:
    shelves = market()["category"]
    return [
        *(row["picture"] for row in products()),
        *(row["cover"] for row in cooperatives()),
        *(shelf["picture"] for shelf in shelves),
        *(row["picture"] for shelf in shelves for row in shelf["inside"]),
    ]
