"""Canonical URLs, robots.txt, sitemaps and JSON-LD."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from catalog.models import Listing
from catalog.states import ListingState
from shop.core.web.sitemaps import LanguageSitemap
from tests.factories import make_category, make_product, make_seller
from tests.markup import html_of

pytestmark = pytest.mark.django_db
SITE = settings.PUBLIC_URL
NS = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}


def canonical_and_alternates(client, address):
    """Return the canonical URL of a page and its URLs by language."""
    page = html_of(client.get(address))
    (canonical,) = re.findall(r'<link rel="canonical" href="([^"]+)">', page)
    return canonical, dict(re.findall(r'hreflang="([\w-]+)" href="(http[^"]+)"', page))


def json_ld_blocks(page):
    """Return the JSON-LD blocks of a page by their type."""
    scripts = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    return {block.get("@type", "@graph"): block for block in map(json.loads, scripts)}


def locations(client, section, query=""):
    tree = ET.fromstring(client.get(f"/sitemap-{section}.xml{query}").content)
    return [location.text for location in tree.findall("s:url/s:loc", NS)]


def test_canonical_url_drops_filters_and_sorting_but_keeps_page_number(client) -> None:
    make_product(category=make_category("Miến"))

    for address, canonical in [
        ("/san-pham/", "/san-pham/"),
        ("/san-pham/?xep=gia&mua=on", "/san-pham/"),
        ("/san-pham/?page=2", "/san-pham/?page=2"),
        ("/san-pham/?page=1", "/san-pham/"),
        ("/san-pham/?page=2&xep=gia", "/san-pham/"),
        ("/san-pham/?page=hai", "/san-pham/"),
        ("/danh-muc/mien/?utm_source=zalo", "/danh-muc/mien/"),
        ("/en/san-pham/?page=3", "/en/san-pham/?page=3"),
    ]:
        canonical_url, alternates = canonical_and_alternates(client, address)
        assert canonical_url == f"{SITE}{canonical}", address
        plain = canonical.removeprefix("/en")
        assert alternates == {
            "vi": f"{SITE}{plain}",
            "en": f"{SITE}/en{plain}",
            "x-default": f"{SITE}{plain}",
        }


def test_robots_txt_disallows_private_pages_and_names_sitemap(client) -> None:
    lines = client.get("/robots.txt").content.decode().splitlines()

    assert f"Sitemap: {SITE}/sitemap.xml" in lines
    disallowed = {line.removeprefix("Disallow: ") for line in lines if line.startswith("Disallow")}
    assert {"/gio-hang/", "/en/gio-hang/", "/don-hang/", "/xa-vien/", "/quan-tri/", "/tim/"} < disallowed
    assert not any("/san-pham/x/".startswith(path) or path == "/" for path in disallowed)


def test_sitemaps_list_visible_pages_in_both_languages(client) -> None:
    category = make_category("Miến")
    seller = make_seller("HTX Tài Hoan", slug="htx-tai-hoan")
    product = make_product(seller, name="Miến dong", category=category)
    make_product(seller, name="Bản nháp", state=ListingState.DRAFT)
    hidden = make_product(seller, name="Không bày")
    Listing.objects.filter(product=hidden).update(visible_in_listings=False)

    index = ET.fromstring(client.get("/sitemap.xml").content)

    sections = [location.text for location in index.findall("s:sitemap/s:loc", NS)]
    assert f"{SITE}/sitemap-products-vi.xml" in sections
    assert f"{SITE}/sitemap-products-en.xml" in sections
    assert locations(client, "products-vi") == [f"{SITE}/san-pham/{product.slug}/"]
    assert locations(client, "products-en") == [f"{SITE}/en/san-pham/{product.slug}/"]
    assert locations(client, "categories-vi") == [f"{SITE}/danh-muc/mien/"]
    assert locations(client, "cooperatives-en") == [f"{SITE}/en/hop-tac-xa/htx-tai-hoan/"]
    assert {f"{SITE}/", f"{SITE}/trang/doi-tra/"} <= set(locations(client, "pages-vi"))
    (row,) = ET.fromstring(client.get("/sitemap-products-vi.xml").content).findall("s:url", NS)
    alternates = {link.get("hreflang"): link.get("href") for link in row.findall("x:link", NS)}
    assert alternates == {
        "vi": f"{SITE}/san-pham/{product.slug}/",
        "en": f"{SITE}/en/san-pham/{product.slug}/",
    }
    assert row.find("s:lastmod", NS).text == f"{timezone.localtime(product.updated_at):%Y-%m-%d}"


def test_sitemaps_are_paginated_and_cached(client, monkeypatch, django_assert_num_queries) -> None:
    monkeypatch.setattr(LanguageSitemap, "limit", 2)
    products = [make_product(name=f"Món {n}") for n in range(3)]

    files = [locations(client, "products-vi", query) for query in ("", "?p=2")]

    addresses = [f"{SITE}/san-pham/{product.slug}/" for product in products]
    assert files == [addresses[:2], addresses[2:]]
    assert client.get("/sitemap-products-vi.xml?p=3").status_code == 404
    with django_assert_num_queries(0):
        assert locations(client, "products-vi") == addresses[:2]
    cache.clear()
    Listing.objects.filter(product=products[0]).update(state=ListingState.PAUSED)
    assert locations(client, "products-vi") == addresses[1:]


def test_json_ld_has_an_offer_per_variant_with_unit_price(client) -> None:
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
    sold_out = product.variants.get(name="Gói hết")
    sold_out.stocks.update(on_hand=0)

    blocks = json_ld_blocks(html_of(client.get(f"/san-pham/{product.slug}/")))

    first, second = blocks["Product"]["offers"]
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
    breadcrumbs = blocks["BreadcrumbList"]["itemListElement"]
    assert [(step["position"], step["item"]) for step in breadcrumbs] == [
        (1, f"{SITE}/"),
        (2, f"{SITE}/san-pham/"),
        (3, f"{SITE}/danh-muc/do-kho/"),
        (4, f"{SITE}/danh-muc/mien/"),
        (5, f"{SITE}/san-pham/{product.slug}/"),
    ]
    profile = json_ld_blocks(html_of(client.get(f"/hop-tac-xa/{seller.slug}/")))
    assert profile["Organization"]["legalName"] == "Hợp tác xã Tài Hoan"
    assert profile["BreadcrumbList"]["itemListElement"][1]["item"] == f"{SITE}/hop-tac-xa/"
    graph = json_ld_blocks(html_of(client.get("/")))["@graph"]["@graph"]
    assert [node["@type"] for node in graph] == ["Organization", "WebSite"]
