"""The Google product feed."""

import gzip
import xml.etree.ElementTree as ET

import pytest
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from catalog.actions.marketing.product_feed import write_feeds, write_feeds_task
from catalog.models import Listing, Price, ProductMedia
from shop.core.models import Picture, PictureState, Translation
from tests.catalog.test_product_lists import names
from tests.catalog.test_seo import json_ld_blocks
from tests.factories import NOW, make_category, make_product, make_seller
from tests.markup import html_of

pytestmark = pytest.mark.django_db
G = "{http://base.google.com/ns/1.0}"
SITE = settings.PUBLIC_URL


def make_photo(product):
    renditions = {"320": {"webp": "a.webp", "jpeg": "a.jpg", "height": 240}}
    picture = Picture.objects.create(original="a", state=PictureState.READY, renditions=renditions)
    ProductMedia.objects.create(product=product, picture=picture)


def items(client, language):
    response = client.get(f"/feeds/google-{language}.xml")
    assert response["Content-Type"] == "application/xml"
    tree = ET.fromstring(b"".join(response.streaming_content))
    return [{element.tag.removeprefix(G): element.text for element in item} for item in tree.iter("item")]


def test_feed_lists_every_visible_variant_with_price_measure_and_stock(client) -> None:
    seller = make_seller("HTX Tài Hoan")
    category = make_category("Miến", make_category("Đồ khô"))
    product = make_product(
        seller,
        name="Miến dong & bún",
        price=45_000,
        category=category,
        content_grams=500,
        variants=(("Nhỏ", 0), ("To", 9)),
    )
    small, large = product.variants.in_order()
    large.stocks.update(on_hand=0)
    Price.objects.filter(variant=small).update(discounted=40_000)
    make_photo(product)
    make_product(seller, name="Chưa có ảnh")
    unlisted = make_product(seller, name="Không bày")
    make_photo(unlisted)
    Listing.objects.filter(product=unlisted).update(visible_in_listings=False)
    Translation.objects.create(
        kind="catalog.product", key=str(product.pk), language="en", field="name", text="Noodles"
    )
    assert client.get("/feeds/google-vi.xml").status_code == 503

    write_feeds_task()

    first, second = items(client, "vi")
    assert first == {
        "id": f"v{small.pk}",
        "item_group_id": str(product.pk),
        "title": "Miến dong & bún, Nhỏ",
        "description": "Miến dong & bún",
        "link": f"{SITE}/san-pham/{product.slug}/?variant={small.pk}",
        "image_link": f"{SITE}/media/a.jpg",
        "availability": "in_stock",
        "price": "45000 VND",
        "sale_price": "40000 VND",
        "condition": "new",
        "brand": "HTX Tài Hoan",
        "identifier_exists": "no",
        "product_type": "Đồ khô > Miến",
        "shipping_weight": "500 g",
        "unit_pricing_measure": "500 g",
        "unit_pricing_base_measure": "1 kg",
    }
    assert (second["availability"], second["price"]) == ("out_of_stock", "45009 VND")
    assert "sale_price" not in second
    english = items(client, "en")[0]
    assert english["title"] == "Noodles, Nhỏ"
    assert english["link"].startswith(f"{SITE}/en/san-pham/")
    compressed = client.get("/feeds/google-vi.xml", headers={"Accept-Encoding": "gzip, br"})
    assert compressed["Content-Encoding"] == "gzip"
    assert gzip.decompress(b"".join(compressed.streaming_content)).startswith(b"<?xml")
    assert client.get("/feeds/google-fr.xml").status_code == 404


def test_feed_respects_accept_encoding_with_file_wrapper() -> None:
    make_photo(make_product(name="Miến dong"))
    write_feeds()
    environ = RequestFactory()._base_environ(PATH_INFO="/feeds/google-vi.xml")

    def response_body(**headers):
        """Return the body sent through a file wrapper that reads the descriptor, as gunicorn's does."""
        response = WSGIHandler()(
            environ | {"wsgi.file_wrapper": read_descriptor} | headers, lambda *_arguments: None
        )
        return b"".join(response)

    def read_descriptor(file, _size):
        with open(file.fileno(), "rb", closefd=False) as duplicate:
            duplicate.seek(0)
            return [duplicate.read()]

    plain, compressed = response_body(), response_body(HTTP_ACCEPT_ENCODING="gzip")

    assert plain.startswith(b"<?xml")
    assert gzip.decompress(compressed) == plain


def test_recent_feed_is_not_rewritten() -> None:
    make_photo(make_product())
    write_feeds_task()

    with CaptureQueriesContext(connection) as queries:
        write_feeds_task()

    assert len(queries) == 0


def test_query_count_does_not_grow_with_products_and_variants() -> None:
    seller = make_seller()
    counts = []
    for variants in ((("", 0),), tuple((f"Cỡ {n}", n) for n in range(6))):
        for _ in range(3):
            make_photo(make_product(seller, variants=variants))
        with CaptureQueriesContext(connection) as queries:
            write_feeds()
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_products_of_paused_seller_are_out_of_stock_everywhere(client) -> None:
    product = make_product(make_seller("HTX Nghỉ", paused_from=NOW), name="Quýt")
    make_photo(product)
    make_product(name="Mận")

    write_feeds()
    (item,) = items(client, "vi")
    offer = json_ld_blocks(client.get(f"/san-pham/{product.slug}/").content.decode())["Product"]["offers"]
    lists = {query: names(html_of(client.get(f"/san-pham/?{query}"))) for query in ("con=on", "")}

    assert (item["availability"], offer["availability"]) == ("out_of_stock", "https://schema.org/OutOfStock")
    assert {query: set(products) for query, products in lists.items()} == {
        "con=on": {"Mận"},
        "": {"Mận", "Quýt"},
    }
