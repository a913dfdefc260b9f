"""The season calendar, province pages and the OCOP page."""

from __future__ import annotations

import datetime
import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Product
from cooperatives.models import Certificate, CertificateKind, Producer
from shop.core.dates.calendar import vietnam_date
from shop.core.models.geography import Division
from tests.factories import HANOI, THAI_NGUYEN, make_channel, make_market_pickup, make_product, make_seller
from tests.markup import html_of

pytestmark = pytest.mark.django_db
APRIL, NOVEMBER = 1 << 3, 1 << 10


@pytest.fixture(autouse=True)
def _provinces() -> None:
    for code, name in [(HANOI, "Hà Nội"), (THAI_NGUYEN, "Thái Nguyên")]:
        Division.objects.create(
            code=code,
            level="province",
            type_word="Tỉnh",
            name=name,
            full_name=f"Tỉnh {name}",
            folded=name,
            sort_key=name,
            valid_from=datetime.date(2025, 7, 1),
        )


def make_seasonal(seller, name: str, season: int) -> Product:
    product = make_product(seller, name=name)
    Product.objects.filter(pk=product.pk).update(season=season)
    return product


def seller_in(code: str, province: str, name: str = "HTX Thiên An", **fields):
    return make_seller(name, province_code=code, province_name=province, **fields)


def product_names(client: Client, address: str) -> list[str]:
    response = client.get(address)
    assert response.status_code == 200
    text = unescape(html_of(response))
    return re.findall(r'<h[23]><a href="[^"]*/san-pham/[^"]*">([^<]*)</a>', text)


def test_season_calendar_lists_products_by_month_and_province_by_name(client: Client) -> None:
    local, other = seller_in(THAI_NGUYEN, "Thái Nguyên"), seller_in(HANOI, "Hà Nội", "HTX Hà Nội")
    make_seasonal(local, "Quýt", NOVEMBER)
    make_seasonal(local, "Mơ", APRIL)
    make_seasonal(other, "Đào", APRIL | NOVEMBER)
    make_product(local, name="Gối")  # available all year: not in the calendar
    this_month = f"thang={vietnam_date(timezone.now()).month}"

    assert product_names(client, "/mua-vu/?thang=11") == ["Đào", "Quýt"]
    assert product_names(client, "/mua-vu/?thang=4") == ["Đào", "Mơ"]
    assert product_names(client, "/mua-vu/?thang=4&noi=thai-nguyen") == ["Mơ"]
    assert product_names(client, "/mua-vu/?thang=0") == ["Đào", "Mơ", "Quýt"]
    assert product_names(client, "/mua-vu/?thang=7") == []
    for query in ("", "?thang=13", "?thang=x", "?thang=-1", "?thang=٣", "?noi=khong-co", "?page=99"):
        assert product_names(client, f"/mua-vu/{query}") == product_names(client, f"/mua-vu/?{this_month}"), (
            query
        )


def test_calendar_names_the_lowest_of_several_prices(client: Client) -> None:
    seller = seller_in(THAI_NGUYEN, "Thái Nguyên")
    options = (("Hộp", 0), ("Túi", 5_000))
    for name, variants in (("Đào", options), ("Mơ", options[:1])):
        product = make_product(seller, name=name, price=40_000, variants=variants)
        Product.objects.filter(pk=product.pk).update(season=APRIL)

    text = unescape(html_of(client.get("/mua-vu/?thang=4")))

    peach, apricot = text[text.index(">Đào<") : text.index(">Mơ<")], text[text.index(">Mơ<") :]
    assert re.search(r">từ</span>\s*<b class=\"money\">40.000", peach)
    assert ">từ</span>" not in apricot


def test_province_page_shows_its_sellers_and_products(client: Client) -> None:
    local, other = seller_in(THAI_NGUYEN, "Thái Nguyên"), seller_in(HANOI, "Hà Nội", "HTX Hà Nội")
    make_seasonal(local, "Quýt", NOVEMBER)
    make_product(local, name="Gối")
    make_product(other, name="Cốm")

    page = html_of(client.get("/vung/thai-nguyen/"))

    assert set(product_names(client, "/vung/thai-nguyen/")) == {"Quýt", "Gối"}
    assert "HTX Thiên An" in page
    assert "HTX Hà Nội" not in page
    assert '<svg class="map"' in page
    index = html_of(client.get("/vung/"))
    assert "/vung/thai-nguyen/" in index
    assert "/vung/ha-noi/" in index
    assert client.get("/vung/khong-co/").status_code == 404
    assert "/vung/thai-nguyen/" in html_of(client.get(f"/hop-tac-xa/{local.slug}/"))


def test_ocop_page_lists_products_with_valid_stars(client: Client) -> None:
    seller, today = make_seller(), vietnam_date(timezone.now())
    for name, stars, days in (("Trà", 4, 0), ("Chuối", 3, 9), ("Miến", 5, -1)):
        row = Certificate.objects.create(
            cooperative=seller,
            kind=CertificateKind.OCOP,
            stars=stars,
            expires_on=today + datetime.timedelta(days=days),
        )
        make_product(seller, name=name).certificates.add(row)
    waiting_certificate = Certificate.objects.create(
        cooperative=seller, kind=CertificateKind.OCOP, stars=4, state="in_review"
    )
    make_product(seller, name="Nghệ").certificates.add(waiting_certificate)

    assert set(product_names(client, "/ocop/")) == {"Trà", "Chuối"}
    assert product_names(client, "/ocop/?sao=4") == ["Trà"]
    assert product_names(client, "/ocop/?sao=5") == []
    assert set(product_names(client, "/ocop/?sao=9")) == {"Trà", "Chuối"}


def test_query_count_does_not_grow_with_products_and_sellers(client: Client) -> None:
    addresses = ["/mua-vu/?thang=0", "/en/mua-vu/?thang=0", "/vung/thai-nguyen/", "/vung/", "/ocop/"]
    addresses += ["/hop-tac-xa/thien-an/", "/en/hop-tac-xa/thien-an/"]
    first = seller_in(THAI_NGUYEN, "Thái Nguyên", slug="thien-an")
    for number in range(2):
        _add_products(first, number)
    client.get(addresses[0])  # builds the facet index
    before = [_count_queries(client, address) for address in addresses]
    for number in range(2, 7):
        _add_products(first, number)
        _add_products(seller_in(THAI_NGUYEN, "Thái Nguyên", f"HTX {number}"), number)
        make_market_pickup(first, make_channel(), weekday=number % 7)

    client.get(addresses[0])
    assert [_count_queries(client, address) for address in addresses] == before
    assert max(before) <= 30


def _add_products(seller, number: int) -> None:
    product = make_seasonal(seller, f"Quýt {number}", NOVEMBER)
    row = Certificate.objects.create(cooperative=seller, kind=CertificateKind.OCOP, stars=4)
    product.certificates.add(row)
    Producer.objects.create(cooperative=seller, name=f"Hộ {number}", agreed_on=vietnam_date(timezone.now()))
    make_market_pickup(seller, make_channel(), weekday=number % 7)


def _count_queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)
