"""A running market as a client of its API sees it. What is bought and read is found by the API itself."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import Any

from shop.management.bench.beside_saleor.graphql_client import GraphqlClient
from shop.management.bench.pages import EXTRA_STOCK, UnexpectedResponse

_SEED = 7  # both markets are asked in the same order in every run
_BOUGHT_VARIANTS = 40
_WORD = re.compile(r"[A-Za-z]{4,}")
_ERRORS = "errors { field code message }"
SIGN_IN = f"""mutation SignIn($email: String!, $password: String!) {{
  tokenCreate(email: $email, password: $password) {{ token {_ERRORS} }}
}}"""
_CHANNEL = """query Channel($slug: String!) { channel(slug: $slug) { id defaultCountry { code } } }"""
_ALLOW_UNPAID = f"""mutation AllowUnpaid($channel: ID!) {{
  channelUpdate(id: $channel, input: {{ orderSettings: {{ allowUnpaidOrders: true }} }}) {{
    channel {{ id }} {_ERRORS}
  }}
}}"""
_PRODUCTS = """query Products($channel: String!) {
  products(channel: $channel, first: 100) {
    edges { node {
      slug name isAvailable category { slug } productType { isShippingRequired }
      variants { id quantityAvailable trackInventory }
    } }
  }
}"""
_STOCKS = "query Stocks($variant: ID!) { productVariant(id: $variant) { stocks { warehouse { id } } } }"
_SET_STOCKS = f"""mutation SetStocks($variant: ID!, $stocks: [StockInput!]!) {{
  productVariantStocksUpdate(variantId: $variant, stocks: $stocks) {{ productVariant {{ id }} {_ERRORS} }}
}}"""
_ADDRESSES = {
    "VN": {
        "firstName": "Người",
        "lastName": "Đo",
        "streetAddress1": "Số 8, ngõ 42 Nghĩa Đô",
        "city": "Phường Nghĩa Đô",
        "countryArea": "Hà Nội",
        "country": "VN",
        "phone": "+84912345678",
    },
    "US": {
        "firstName": "Ada",
        "lastName": "Buyer",
        "streetAddress1": "620 Eighth Avenue",
        "city": "New York",
        "countryArea": "NY",
        "postalCode": "10018",
        "country": "US",
        "phone": "+12125551234",
    },
}


@dataclass
class Market:
    """A market's API, one of its channels and a staff member, and what was found there.

    `variants` are IDs of options that may be bought without running out of stock.
    """

    name: str
    url: str
    channel: str
    email: str
    password: str
    pid: int
    product_slugs: list[str] = field(default_factory=list)
    category_slugs: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    variants: list[str] = field(default_factory=list)
    address: dict[str, str] = field(default_factory=dict)

    def sign_in(self) -> str:
        """Return a new access token, which lives for five minutes in both markets."""
        with GraphqlClient(self.url) as client:
            return str(client.change(SIGN_IN, email=self.email, password=self.password)["token"])

    def explore(self) -> None:
        """Find products, categories and words, fill up the stock, and allow unpaid orders."""
        token = self.sign_in()
        with GraphqlClient(self.url) as buyer, GraphqlClient(self.url, token=token) as staff:
            channel = staff.read(_CHANNEL, slug=self.channel)["channel"]
            self.address = _ADDRESSES[channel["defaultCountry"]["code"]]
            staff.change(_ALLOW_UNPAID, channel=channel["id"])
            edges = buyer.read(_PRODUCTS, channel=self.channel)["products"]["edges"]
            products = sorted((edge["node"] for edge in edges), key=lambda product: str(product["slug"]))
            self.product_slugs = [product["slug"] for product in products]
            self.category_slugs = sorted(
                {product["category"]["slug"] for product in products if product["category"]}
            )
            names = " ".join(product["name"] for product in products)
            self.words = sorted({word.lower() for word in _WORD.findall(names)})
            stocked = _find_stocked_variants(products)
            self.variants = random.Random(_SEED).sample(stocked, min(_BOUGHT_VARIANTS, len(stocked)))
            for variant in self.variants:
                stocks = staff.read(_STOCKS, variant=variant)["productVariant"]["stocks"]
                quantities = [
                    {"warehouse": stock["warehouse"]["id"], "quantity": EXTRA_STOCK} for stock in stocks
                ]
                staff.change(_SET_STOCKS, variant=variant, stocks=quantities)
        if len(self.variants) < 2 or not self.words or not self.category_slugs:
            raise UnexpectedResponse(f"{self.name} has too few products to measure")


def _find_stocked_variants(products: list[dict[str, Any]]) -> list[str]:
    """Return the IDs of options that are on sale, shipped, and in stock at least ten times."""
    return [
        variant["id"]
        for product in products
        if product["isAvailable"] and product["productType"]["isShippingRequired"]
        for variant in product["variants"]
        if variant["trackInventory"] and (variant["quantityAvailable"] or 0) >= 10
    ]
