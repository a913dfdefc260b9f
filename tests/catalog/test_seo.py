import json
import re
import xml.etree.ElementTree as ET

import pytest
from django.conf import settings
from django.core.cache import cache

from catalog.models import Listing
from catalog.states import ListingState
from shop.core.web.sitemaps import LanguageSitemap
from tests.factories import make_category, make_product, make_seller
from tests.markup import html_of

pytestmark = pytest.mark.django_db
HERE = settings.PUBLIC_URL
NS = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}


def head_of(client, address):
    """The canonical address of a page, and its addresses by language."""
    page = html_of(client.get(address))
    (canonical,) = re.findall(r'<link rel="canonical" href="([^"]+)">', page)
    return canonical, dict(re.findall(r'hreflang="([\w-]+)" href="(http[^"]+)"', page))


def blocks(page):
    """What is told as JSON-LD, by its type."""
    found = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    return {block.get("@type", "@graph"): block for block in map(json.loads, found)}


def locations(client, section, query=""):
    tree = ET.fromstring(client.get(f"/sitemap-{section}.xml{query}").content)
    return [each.text for each in tree.findall("s:url/s:loc", NS)]


def test_canonical_url_drops_filters_and_sorting_but_keeps_page_number(client):
    make_product(category=make_category("Miến"))

    for asked, canonical in [
        ("/san-pham/", "/san-pham/"),
        ("/san-pham/?xep=gia&mua=on", "/san-pham/"),
        ("/san-pham/?page=2", "/san-pham/?page=2"),
        ("/san-pham/?page=1", "/san-pham/"),
        ("/san-pham/?page=2&xep=gia", "/san-pham/"),
        ("/san-pham/?page=hai", "/san-pham/"),
        ("/danh-muc/mien/?utm_source=zalo", "/danh-muc/mien/"),
        ("/en/san-pham/?page=3", "/en/san-pham/?page=3"),
    ]:
        told, others = head_of(client, asked)
        assert told == f"{HERE}{canonical}", asked
        plain = canonical.removeprefix("/en")
        assert others == {"vi": f"{HERE}{plain}", "en": f"{HERE}/en{plain}", "x-default": f"{HERE}{plain}"}


def test_robots_txt_disallows_private_pages_and_names_sitemap(client):
    lines = client.get("/robots.txt").content.decode().splitlines()

    assert f"Sitemap: {HERE}/sitemap.xml" in lines
    closed = {line.removeprefix("Disallow: ") for line in lines if line.startswith("Disallow")}
    assert {"/gio-hang/", "/en/gio-hang/", "/don-hang/", "/xa-vien/", "/quan-tri/", "/tim/"} < closed
    assert not any("/san-pham/x/".startswith(path) or path == "/" for path in closed)


def test_sitemaps_list_visible_pages_in_both_languages(client):
    shelf = make_category("Miến")
    seller = make_seller("HTX Tài Hoan", slug="htx-tai-hoan")
    shown = make_product(seller, name="Miến dong", category=shelf)
    make_product(seller, name="Bản nháp", state=ListingState.DRAFT)
    hidden = make_product(seller, name="Không bày")
    Listing.objects.filter(product=hidden).update(visible_in_listings=False)

    index = ET.fromstring(client.get("/sitemap.xml").content)

    sections = [each.text for each in index.findall("s:sitemap/s:loc", NS)]
    assert f"{HERE}/sitemap-goods-vi.xml" in sections
    assert f"{HERE}/sitemap-goods-en.xml" in sections
    assert locations(client, "goods-vi") == [f"{HERE}/san-pham/{shown.slug}/"]
    assert locations(client, "goods-en") == [f"{HERE}/en/san-pham/{shown.slug}/"]
    assert locations(client, "shelves-vi") == [f"{HERE}/danh-muc/mien/"]
    assert locations(client, "cooperatives-en") == [f"{HERE}/en/hop-tac-xa/htx-tai-hoan/"]
    assert {f"{HERE}/", f"{HERE}/trang/doi-tra/"} <= set(locations(client, "pages-vi"))
    (row,) = ET.fromstring(client.get("/sitemap-goods-vi.xml").content).findall("s:url", NS)
    others = {each.get("hreflang"): each.get("href") for each in row.findall("x:link", NS)}
    assert others == {
        "vi": f"{HERE}/san-pham/{shown.slug}/",
        "en": f"{HERE}/en/san-pham/{shown.slug}/",
    }
    assert row.find("s:lastmod", NS).text == f"{shown.updated_at:%Y-%m-%d}"


def test_sitemaps_are_paginated_and_cached(client, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(LanguageSitemap, "limit", 2)
    made = [make_product(name=f"Món {n}") for n in range(3)]

    files = [locations(client, "goods-vi", query) for query in ("", "?p=2")]

    addresses = [f"{HERE}/san-pham/{product.slug}/" for product in made]
    assert files == [addresses[:2], addresses[2:]]
    assert client.get("/sitemap-goods-vi.xml?p=3").status_code == 404
    with django_assert_num_queries(0):
        assert locations(client, "goods-vi") == addresses[:2]
    cache.clear()
    Listing.objects.filter(product=made[0]).update(state=ListingState.PAUSED)
    assert locations(client, "goods-vi") == addresses[1:]


def test_json_ld_has_an_offer_per_variant_with_unit_price(client):
    seller = make_seller(
        "HTX Tài Hoan",
        hamlet="Thôn Chè Cọ",
        commune_name="Xã Côn Minh",
        province_name="Thái Nguyên",
        legal_name="Hợp tác xã Tài Hoan",
    )
    product = make_product(
        seller,
        name="Miến dong",
        price=45_000,
        content_grams=500,
        category=make_category("Miến", make_category("Đồ khô")),
        variants=(("Gói 500 g", 0), ("Gói hết", 0)),
    )
    gone = product.variants.get(name="Gói hết")
    gone.stocks.update(on_hand=0)

    told = blocks(html_of(client.get(f"/san-pham/{product.slug}/")))

    first, second = told["Product"]["offers"]
    assert first["priceSpecification"] == {
        "@type": "UnitPriceSpecification",
        "price": "45000",
        "priceCurrency": "VND",
        "referenceQuantity": {"@type": "QuantitativeValue", "value": 500, "unitCode": "GRM"},
    }
    assert [first["availability"], second["availability"]] == [
        "https://schema.org/InStock",
        "https://schema.org/OutOfStock",
    ]
    assert first["seller"]["address"] == {
        "@type": "PostalAddress",
        "streetAddress": "Thôn Chè Cọ",
        "addressLocality": "Xã Côn Minh",
        "addressRegion": "Thái Nguyên",
        "addressCountry": "VN",
    }
    steps = told["BreadcrumbList"]["itemListElement"]
    assert [(step["position"], step["item"]) for step in steps] == [
        (1, f"{HERE}/"),
        (2, f"{HERE}/san-pham/"),
        (3, f"{HERE}/danh-muc/do-kho/"),
        (4, f"{HERE}/danh-muc/mien/"),
        (5, f"{HERE}/san-pham/{product.slug}/"),
    ]
    stall = blocks(html_of(client.get(f"/hop-tac-xa/{seller.slug}/")))
    assert stall["Organization"]["legalName"] == "Hợp tác xã Tài Hoan"
    assert stall["BreadcrumbList"]["itemListElement"][1]["item"] == f"{HERE}/hop-tac-xa/"
    market = blocks(html_of(client.get("/")))["@graph"]["@graph"]
    assert [each["@type"] for each in market] == ["Organization", "WebSite"]
