"""The measured operations: what one client does again and again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from shop.management.bench.beside_saleor.graphql_client import GraphqlClient
from shop.management.bench.beside_saleor.market import Market
from shop.management.bench.documents import (
    BILL,
    CATEGORY,
    COMPLETE,
    CREATE,
    DELIVER,
    EMAIL,
    LIST,
    ORDERS,
    PRODUCT,
    SEARCH,
    SHIP,
)


@dataclass(frozen=True, slots=True)
class Operation:
    """A named operation. `send` does it once, with choices from the random generator."""

    name: str
    send: Callable[[GraphqlClient, Market, random.Random], object]
    is_of_staff: bool = False


def _list(count: int) -> Callable[[GraphqlClient, Market, random.Random], object]:
    return lambda client, market, _random: client.send(LIST, channel=market.channel, count=count)


def _read_product(client: GraphqlClient, market: Market, chance: random.Random) -> object:
    return client.send(PRODUCT, channel=market.channel, slug=chance.choice(market.product_slugs))


def _read_category(client: GraphqlClient, market: Market, chance: random.Random) -> object:
    return client.send(CATEGORY, channel=market.channel, slug=chance.choice(market.category_slugs))


def _search(client: GraphqlClient, market: Market, chance: random.Random) -> object:
    return client.send(SEARCH, channel=market.channel, words=chance.choice(market.words))


def _read_orders(client: GraphqlClient, market: Market, chance: random.Random) -> object:
    return client.send(ORDERS)


def _buy(client: GraphqlClient, market: Market, chance: random.Random) -> object:
    """Buy one of an option and two of another as a new guest, in six requests."""
    first, second = chance.sample(market.variants, 2)
    lines = [{"variantId": first, "quantity": 1}, {"variantId": second, "quantity": 2}]
    checkout = client.change(CREATE, input={"channel": market.channel, "lines": lines})["checkout"]["id"]
    client.change(EMAIL, id=checkout, email=f"nguoi-do-{chance.getrandbits(40):x}@example.com")
    shipped = client.change(SHIP, id=checkout, address=market.address)
    client.change(BILL, id=checkout, address=market.address)
    client.change(DELIVER, id=checkout, method=shipped["checkout"]["shippingMethods"][0]["id"])
    return client.change(COMPLETE, id=checkout)["order"]["number"]


OPERATIONS = (
    Operation("list of 20", _list(20)),
    Operation("list of 100", _list(100)),
    Operation("product", _read_product),
    Operation("category by price", _read_category),
    Operation("search", _search),
    Operation("staff orders", _read_orders, is_of_staff=True),
    Operation("whole checkout", _buy),
)
