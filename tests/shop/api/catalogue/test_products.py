"""Products over the API, as Saleor's storefront requests them."""

from __future__ import annotations

import pytest

from catalog.models import Listing, Price, ProductMedia
from catalog.states import ListingState
from shop.api.ids import global_id
from shop.core.models import Picture, PictureState
from tests.factories import (
    make_category,
    make_channel,
    make_product,
    make_seller,
    make_tax_class,
)
from tests.shop.api.client import data_of, execute

pytestmark = pytest.mark.django_db

PRODUCT_CARDS = """
fragment Card on Product {
  id name slug
  thumbnail(size: 1024, format: WEBP) { url alt }
  category { id name slug }
  pricing {
    onSale
    priceRange { start { gross { amount currency } } stop { gross { amount currency } } }
    priceRangeUndiscounted { start { gross { amount } } }
  }
}
"""
PRODUCT_LIST = (
    """
query ($channel: String!, $first: Int!, $after: String) {
  products(channel: $channel, first: $first, after: $after) {
    totalCount
    edges { node { ...Card } cursor }
    pageInfo { hasNextPage endCursor }
  }
}
"""
    + PRODUCT_CARDS
)


def make_picture(**fields):
    renditions = {
        "320": {"webp": "pictures/1-320.webp", "jpeg": "pictures/1-320.jpg", "height": 240},
        "1200": {"webp": "pictures/1-1200.webp", "jpeg": "pictures/1-1200.jpg", "height": 900},
    }
    return Picture.objects.create(state=PictureState.READY, renditions=renditions, **fields)


def test_list_shows_products_on_sale_with_prices_and_pictures() -> None:
    category = make_category("Đồ thủ công")
    pillow = make_product(category=category, variants=(("Nhỏ", 0), ("To", 80_000)))
    ProductMedia.objects.create(product=pillow, picture=make_picture(), alt="Gối trên ghế")
    Price.objects.filter(variant__name="Nhỏ").update(discounted=288_000)
    make_product(name="Áo chàm", state=ListingState.DRAFT)

    data = data_of(PRODUCT_LIST, channel="viet-nam", first=20)

    page = data["products"]
    assert page["totalCount"] == 1
    assert page["pageInfo"]["hasNextPage"] is False
    assert page["edges"][0]["node"] == {
        "id": global_id("Product", pillow.pk),
        "name": "Gối thảo dược",
        "slug": "goi-thao-duoc",
        "thumbnail": {"url": "http://testserver/media/pictures/1-1200.webp", "alt": "Gối trên ghế"},
        "category": {
            "id": global_id("Category", category.pk),
            "name": "Đồ thủ công",
            "slug": "do-thu-cong",
        },
        "pricing": {
            "onSale": True,
            "priceRange": {
                "start": {"gross": {"amount": 288000.0, "currency": "VND"}},
                "stop": {"gross": {"amount": 400000.0, "currency": "VND"}},
            },
            "priceRangeUndiscounted": {"start": {"gross": {"amount": 320000.0}}},
        },
    }


@pytest.mark.parametrize("count", [2, 5])
def test_list_query_count_is_constant(count, django_assert_num_queries) -> None:
    category = make_category()
    seller = make_seller()
    for n in range(count):
        product = make_product(seller, name=f"Gối {n}", category=category)
        ProductMedia.objects.create(product=product, picture=make_picture())
    make_channel()

    # the channels, the products, then categories, pictures and prices of all of them
    with django_assert_num_queries(5):
        data = data_of(PRODUCT_LIST.replace("totalCount", ""), channel="viet-nam", first=20)

    assert len(data["products"]["edges"]) == count


PRICES = """
query ($slug: String!) {
  product(slug: $slug, channel: "viet-nam") {
    isAvailable channel weight { value unit }
    variants {
      name quantityAvailable
      pricing {
        price { gross { amount } net { amount } tax { amount } currency }
        priceUndiscounted { gross { amount } }
        discount { gross { amount } }
      }
    }
  }
}
"""


def test_product_shows_variants_with_tax_and_availability() -> None:
    make_product(tax_class=make_tax_class(8), price=108_000, on_hand=70)

    data = data_of(PRICES, slug="goi-thao-duoc")

    assert data["product"] == {
        "isAvailable": True,
        "channel": "viet-nam",
        "weight": None,
        "variants": [
            {
                "name": "",
                "quantityAvailable": 50,
                "pricing": {
                    "price": {
                        "gross": {"amount": 108000.0},
                        "net": {"amount": 100000.0},
                        "tax": {"amount": 8000.0},
                        "currency": "VND",
                    },
                    "priceUndiscounted": {"gross": {"amount": 108000.0}},
                    "discount": None,
                },
            }
        ],
    }


@pytest.mark.parametrize("state", [state for state in ListingState if state != ListingState.PUBLISHED])
def test_customers_do_not_see_unpublished_products(state) -> None:
    product = make_product(state=state)
    query = 'query ($id: ID!) { product(id: $id, channel: "viet-nam") { name } }'

    data = data_of(query, id=global_id("Product", product.pk))

    assert data == {"product": None}


def test_product_hidden_from_lists_is_found_by_id() -> None:
    product = make_product()
    Listing.objects.update(visible_in_listings=False)

    data = data_of(
        """query ($id: ID!) {
          product(id: $id, channel: "viet-nam") { name }
          products(channel: "viet-nam", first: 5) { edges { node { name } } }
        }""",
        id=global_id("Product", product.pk),
    )

    assert data == {"product": {"name": "Gối thảo dược"}, "products": {"edges": []}}


def test_unknown_channel_has_no_products() -> None:
    make_product()

    data = data_of('{ products(channel: "nowhere", first: 5) { edges { node { id } } } }')

    assert data == {"products": {"edges": []}}


def test_products_require_a_channel_if_there_are_several() -> None:
    make_product()
    make_channel(slug="abroad", currency="USD", default_country="US")

    response = execute("{ products(first: 5) { edges { node { id } } } }")

    assert response["data"] == {"products": None}
    assert response["errors"][0]["message"] == "There are several channels: name one in `channel`."
