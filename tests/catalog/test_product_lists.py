from __future__ import annotations

import datetime
import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog.models import Listing, Price, Product, Stock, Variant
from catalog.states import ListingState
from cooperatives.models import Certificate, CertificateKind, Cooperative
from cooperatives.states import CooperativeState
from shop.core.dates.calendar import vietnam_date
from tests.factories import NOW, make_category, make_channel, make_delivery_method, make_product, make_seller
from tests.markup import html_of

pytestmark = pytest.mark.django_db


def names(html: str) -> list[str]:
    """Return names of the products found in their order, with no-break spaces as plain spaces."""
    results = html.split('id="nearest"')[0]
    product_names = re.findall(r'<h3><a href="(?:/en)?/san-pham/[^"]+">([^<]+)</a>', results)
    return [name.replace("\u00a0", " ") for name in product_names]


def page_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return html_of(response)


def this_month() -> int:
    return vietnam_date(timezone.now()).month


def set_season(product: Product, *months: int) -> None:
    product.season = sum(1 << (month - 1) for month in months)
    product.save(update_fields=["season"])


def test_pages_of_empty_shop_answer_200(client: Client) -> None:
    for address in ["/", "/san-pham/", "/hop-tac-xa/", "/tim/?q=quyt"]:
        assert client.get(address).status_code == 200


def test_card_of_a_product_sold_by_weight_gives_the_lowest_price_per_kilogram(client: Client) -> None:
    gourd = make_product(
        name="Bí xanh thơm",
        price=18_000,
        variants=(("Nhỏ", 0), ("To", 18_000)),
        unit="fruit",
        content_grams=1000,
        is_sold_by_weight=True,
        tolerance_percent=20,
    )

    def shown_prices(grams: int) -> tuple[int, bool]:
        Variant.objects.filter(product=gourd, name="To").update(content_grams=grams)
        (card,) = client.get("/san-pham/").context["cards"]
        return card.price, card.has_many_prices

    assert shown_prices(1800) == (18_000, True)
    assert shown_prices(2000) == (18_000, False)
    assert shown_prices(2400) == (15_000, True)
    Variant.objects.filter(product=gourd, name="Nhỏ").update(is_sold_by_weight=False)
    assert shown_prices(2400) == (18_000, True)


def test_card_shows_price_unit_price_per_kilogram_and_seller(client: Client) -> None:
    make_product(
        make_seller("HTX Tài Hoan"), name="Miến dong", price=45_000, unit="packet", content_grams=500
    )

    html = page_of(client, "/san-pham/")

    assert "45.000\u00a0₫" in html
    assert "gói\u00a0500\u00a0g" in html
    assert "90.000\u00a0₫/kg" in html
    assert "HTX Tài Hoan" in html


def test_card_shows_lowest_price_and_its_list_price(client: Client) -> None:
    make_product(name="Gối", price=320_000, variants=(("Gối cổ", 0), ("Gối nằm", 80_000)))
    make_product(name="Khăn", price=90_000, variants=(("Khăn đỏ", 0), ("Khăn chàm", 0)))
    Price.objects.filter(variant__name="Gối cổ").update(discounted=300_000)

    html = page_of(client, "/en/san-pham/")

    prices = [
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", price).replace("\u00a0", " ")).strip()
        for price in re.findall(r'<p class="price">(.*?)</p>', html, re.S)
    ]
    assert sorted(prices) == ["90,000 ₫ / piece", "Before: 320,000 ₫ from 300,000 ₫ / piece"]


def test_cached_card_follows_every_change(client: Client) -> None:
    product = make_product(make_seller("HTX Tài Hoan"), name="Miến dong", price=45_000, unit="packet")
    prices, stock = Price.objects.all(), Stock.objects.all()
    listing, products, seller = Listing.objects.all(), Product.objects.all(), Cooperative.objects.all()
    steps: list[tuple[str, Callable[[], object]]] = [
        ("45.000\u00a0₫", lambda: None),
        ("39.000\u00a0₫", lambda: prices.update(discounted=39_000)),
        ("Miến sợi nhỏ", lambda: products.update(name="Miến sợi nhỏ")),
        ("HTX Tài Hoan mới", lambda: seller.update(name="HTX Tài Hoan mới")),
        ("/ túi", lambda: Variant.objects.update(unit="bag")),
        ("Còn 2 túi", lambda: stock.update(on_hand=2)),
        ("Hết hàng", lambda: listing.update(is_available=False)),
        ("Tạm ngừng bán", lambda: seller.update(paused_from=NOW)),
        ("/san-pham/mien-khac/", lambda: products.update(slug="mien-khac")),
    ]

    for text, change in steps:
        assert text not in page_of(client, "/san-pham/") or text == steps[0][0], text
        change()
        assert text in page_of(client, "/san-pham/"), text
    product.certificates.add(
        Certificate.objects.create(cooperative=product.cooperative, kind=CertificateKind.OCOP, stars=4)
    )
    assert "★★★★<" in page_of(client, "/san-pham/")


def test_english_unit_label_puts_content_first(client: Client) -> None:
    make_product(name="Miến dong", price=45_000, unit="packet", content_grams=500)

    html = page_of(client, "/en/san-pham/")

    assert "500\u00a0g\u00a0packet" in html
    assert "45,000\u00a0₫" in html


def test_only_visible_published_products_are_listed(client: Client) -> None:
    make_product(name="Quýt")
    make_product(name="Bản nháp", state=ListingState.DRAFT)
    make_product(name="Tạm dừng", state=ListingState.PAUSED)
    make_product(make_seller("HTX treo", state=CooperativeState.SUSPENDED), name="Bị treo")
    hidden = make_product(name="Ẩn")
    Listing.objects.filter(product=hidden).update(visible_in_listings=False)

    assert names(page_of(client, "/san-pham/")) == ["Quýt"]


def test_products_in_season_come_first_then_newest(client: Client) -> None:
    out_of_season, old_product, new = (make_product(name=name) for name in ["Mơ", "Gừng", "Quýt"])
    set_season(out_of_season, this_month() % 12 + 1)
    set_season(old_product, this_month())
    Listing.objects.filter(product=old_product).update(
        published_at=timezone.now() - datetime.timedelta(days=9)
    )
    Listing.objects.filter(product__in=[new, out_of_season]).update(published_at=timezone.now())

    set_season(make_product(name="Hồng", on_hand=0), this_month())

    assert names(page_of(client, "/san-pham/")) == ["Quýt", "Gừng", "Mơ", "Hồng"]
    # As in the calendar, products that are sold all year are not a harvest.
    assert names(page_of(client, "/san-pham/?mua=on")) == ["Gừng", "Hồng"]


def test_products_sort_by_price_and_by_vietnamese_alphabet(client: Client) -> None:
    for name, price in [("Đậu", 30_000), ("Chè", 120_000), ("Dứa", 20_000), ("Ấm", 90_000)]:
        make_product(name=name, price=price)

    assert names(page_of(client, "/san-pham/?xep=gia")) == ["Dứa", "Đậu", "Ấm", "Chè"]
    assert names(page_of(client, "/san-pham/?xep=ten")) == ["Ấm", "Chè", "Dứa", "Đậu"]


def test_products_are_filtered_by_cooperative_and_ocop(client: Client) -> None:
    thien_an, yen_duong = make_seller("HTX Thiên An", slug="thien-an"), make_seller("HTX Yến Dương")
    make_product(thien_an, name="Gối")
    gourd = make_product(yen_duong, name="Bí")
    today = vietnam_date(timezone.now())
    valid = Certificate.objects.create(
        cooperative=yen_duong, kind=CertificateKind.OCOP, stars=4, expires_on=today
    )
    gourd.certificates.add(valid)

    assert names(page_of(client, "/san-pham/?htx=thien-an")) == ["Gối"]
    assert names(page_of(client, "/san-pham/?ocop=on")) == ["Bí"]
    assert "★★★★" in page_of(client, "/san-pham/?ocop=on")


def test_expired_ocop_certificate_is_hidden(client: Client) -> None:
    seller = make_seller()
    product = make_product(seller, name="Chuối sấy")
    product.certificates.add(
        Certificate.objects.create(
            cooperative=seller,
            kind=CertificateKind.OCOP,
            stars=3,
            expires_on=vietnam_date(timezone.now()) - datetime.timedelta(days=1),
        )
    )

    assert names(page_of(client, "/san-pham/?ocop=on")) == []
    assert "★★★" not in page_of(client, "/san-pham/")
    assert "★★★" not in page_of(client, f"/san-pham/{product.slug}/")


def test_invalid_filter_values_are_ignored(client: Client) -> None:
    make_product(name="Quýt")

    for query in ["xep=mua'--", "htx=khong-co", "tinh=99", "page=-1", "page=zzz", "page=999", "giao=on"]:
        assert names(page_of(client, f"/san-pham/?{query}")) == ["Quýt"], query


def test_category_page_includes_subcategories(client: Client) -> None:
    dry = make_category("Đồ khô")
    rice = make_category("Gạo", parent=dry)
    make_product(name="Măng khô", category=dry)
    make_product(name="Gạo nếp", category=rice)
    make_product(name="Quýt", category=make_category("Quả"))

    assert set(names(page_of(client, f"/danh-muc/{dry.slug}/"))) == {"Măng khô", "Gạo nếp"}
    assert names(page_of(client, f"/danh-muc/{rice.slug}/")) == ["Gạo nếp"]
    assert client.get("/danh-muc/khong-co/").status_code == 404


def test_pagination_keeps_filters(client: Client) -> None:
    seller = make_seller(slug="thien-an")
    for n in range(25):
        make_product(seller, name=f"Khăn {n}")

    first, second = (
        page_of(client, "/san-pham/?htx=thien-an"),
        page_of(client, "/san-pham/?htx=thien-an&page=2"),
    )

    assert len(names(first)) == 24
    assert len(names(second)) == 1
    assert 'href="?htx=thien-an&amp;page=2"' in first


def test_htmx_request_gets_only_results(client: Client) -> None:
    make_product(name="Quýt")

    html = html_of(client.get("/san-pham/", headers={"HX-Request": "true"}))

    assert names(html) == ["Quýt"]
    assert "<html" not in html
    assert html.lstrip().startswith('<section class="stack" id="results"')


def test_query_count_does_not_grow_with_products(client: Client) -> None:
    addresses = ["/", "/san-pham/", "/en/san-pham/", "/hop-tac-xa/", "/tim/?q=khan"]
    for n in range(2):
        make_product(make_seller(f"HTX {n}"), name=f"Khăn {n}")
    for address in addresses:
        client.get(address)  # builds the facet index and the known words, which are only updated afterwards
    before = [count_queries(client, address) for address in addresses]
    for n in range(2, 9):
        make_product(make_seller(f"HTX {n}"), name=f"Khăn {n}", variants=(("Nhỏ", 0), ("To", 5000)))

    for address in addresses:
        client.get(address)
    after = [count_queries(client, address) for address in addresses]

    assert after == before
    assert max(after) <= 26


def count_queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    return len(queries)


def test_query_count_of_category_and_cooperative_pages_does_not_grow(client: Client) -> None:
    category, seller = make_category("Thổ cẩm"), make_seller("HTX Thiên An", slug="thien-an")
    addresses = [f"/danh-muc/{category.slug}/", "/hop-tac-xa/thien-an/"]
    for n in range(2):
        make_product(seller, name=f"Khăn {n}", category=category)
    client.get("/san-pham/")
    before = [count_queries(client, address) for address in addresses]
    for n in range(2, 9):
        make_product(seller, name=f"Khăn {n}", category=category)
        make_delivery_method(seller, make_channel(), name=f"Xe {n}")
    client.get("/san-pham/")

    assert [count_queries(client, address) for address in addresses] == before


def test_shop_without_active_channel_lists_nothing(client: Client) -> None:
    make_product(name="Quýt")
    channel = make_channel()
    channel.is_active = False
    channel.save(update_fields=["is_active"])

    assert names(page_of(client, "/san-pham/")) == []
