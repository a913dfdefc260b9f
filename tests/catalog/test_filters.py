"""Product filters: counts, sorting, empty results, the facet index and its journal."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from catalog.models import Category, Listing, Price, Product, Variant
from catalog.search.facet_index import load_facet_index
from catalog.search.index_journal import ChangeJournal, IndexOutdated
from catalog.states import ListingState
from cooperatives.models import Certificate, CertificateKind, Cooperative, DeliveryRate
from cooperatives.states import CooperativeState
from shop.core.dates.calendar import vietnam_date
from shop.core.models import Translation
from tests.catalog.test_product_lists import count_queries, names, page_of, set_season, this_month
from tests.factories import (
    HANOI,
    THAI_NGUYEN,
    make_category,
    make_channel,
    make_divisions,
    make_product,
    make_seller,
)
from tests.markup import html_of

pytestmark = pytest.mark.django_db

OPTION = re.compile(
    r'<input type="checkbox"[^>]*?name="(\w+)"(?: id="[^"]+")?(?: value="([^"]*)")?'
    r"(?:(?!<input).)*?\(([\d.]+)\)</span>",
    re.S,
)


def counts(html: str) -> dict[str, int]:
    """Return the options of a page as `name=value` with the product count of each."""
    return {f"{name}={value or 'on'}": int(count) for name, value, count in OPTION.findall(html)}


@pytest.fixture
def market() -> dict[str, Product]:
    """Return four products of two cooperatives in two provinces."""
    make_divisions()
    dry = make_category("Đồ khô")
    rice = make_category("Gạo", parent=dry)
    fresh_category = make_category("Rau quả")
    nearby = make_seller("HTX Gần", slug="gan", province_code=THAI_NGUYEN, commune_code="01948")
    distant = make_seller("HTX Xa", slug="xa", province_code=HANOI)
    products = {
        "rice": make_product(nearby, name="Gạo nếp", price=40_000, category=rice, unit="kg"),
        "noodles": make_product(nearby, name="Miến dong", price=90_000, category=dry, unit="packet"),
        "honey": make_product(distant, name="Mật ong", price=250_000, category=dry, unit="bottle", on_hand=0),
        "plums": make_product(distant, name="Mận", price=60_000, category=fresh_category, unit="kg"),
    }
    for name in ("rice", "noodles", "honey"):
        set_season(products[name], this_month())
    set_season(products["plums"], this_month() % 12 + 1)
    for kind, stars, key in [("ocop", 4, "noodles"), ("ocop", 3, "honey"), ("vietgap", None, "plums")]:
        product = products[key]
        product.certificates.add(
            Certificate.objects.create(cooperative=product.cooperative, kind=kind, stars=stars)
        )
    DeliveryRate.objects.filter(delivery_method__cooperative=distant).update(province_code=HANOI)
    return products


def test_every_option_shows_its_product_count(client: Client, market: dict[str, Product]) -> None:
    option_counts = counts(page_of(client, f"/san-pham/?tinh={THAI_NGUYEN}"))

    assert option_counts == {
        "mua=on": 3,
        "con=on": 3,
        "ocop=on": 2,
        "giao=on": 2,
        "nhom=do-kho": 3,
        "nhom=rau-qua": 1,
        "htx=gan": 2,
        "htx=xa": 2,
        f"noi={THAI_NGUYEN}": 2,
        f"noi={HANOI}": 2,
        "muc=0": 1,
        "muc=50000": 2,
        "muc=200000": 1,
        "ban=kg": 2,
        "ban=packet": 1,
        "ban=bottle": 1,
        "sao=4": 1,
        "sao=3": 1,
    }


def test_chosen_filter_narrows_counts_of_other_filters_only(
    client: Client, market: dict[str, Product]
) -> None:
    html = page_of(client, "/san-pham/?htx=xa&con=on")

    assert names(html) == ["Mận"]
    option_counts = counts(html)
    assert (option_counts["htx=gan"], option_counts["htx=xa"]) == (2, 1)
    assert (option_counts["con=on"], option_counts["mua=on"]) == (1, 0)
    assert "nhom=do-kho" not in option_counts
    assert "ban=bottle" not in option_counts


def test_each_filter_keeps_matching_products(client: Client, market: dict[str, Product]) -> None:
    commune = "01948"
    expected = {
        "nhom=do-kho": {"Gạo nếp", "Miến dong", "Mật ong"},
        "nhom=do-kho&nhom=rau-qua": {"Gạo nếp", "Miến dong", "Mật ong", "Mận"},
        "htx=gan": {"Gạo nếp", "Miến dong"},
        f"noi={HANOI}": {"Mật ong", "Mận"},
        f"noi={THAI_NGUYEN}&xa={commune}": {"Gạo nếp", "Miến dong"},
        f"noi={HANOI}&xa={commune}": {"Gạo nếp", "Miến dong", "Mật ong", "Mận"},
        "muc=50000": {"Miến dong", "Mận"},
        "tu=60.000&den=90000": {"Miến dong", "Mận"},
        "den=40.000 ₫": {"Gạo nếp"},
        "tu=90001": {"Mật ong"},
        "den=40k": {"Gạo nếp"},
        "den=40 nghìn đồng": {"Gạo nếp"},
        "ban=kg": {"Gạo nếp", "Mận"},
        "sao=4": {"Miến dong"},
        "sao=4&sao=3": {"Miến dong", "Mật ong"},
        "ocop=on": {"Miến dong", "Mật ong"},
        "cn=vietgap": {"Mận"},
        "mua=on": {"Gạo nếp", "Miến dong", "Mật ong"},
        "con=on": {"Gạo nếp", "Miến dong", "Mận"},
        f"giao=on&tinh={THAI_NGUYEN}": {"Gạo nếp", "Miến dong"},
        f"giao=on&tinh={HANOI}": {"Gạo nếp", "Miến dong", "Mật ong", "Mận"},
    }

    assert {query: set(names(page_of(client, f"/san-pham/?{query}"))) for query in expected} == expected


def test_invalid_price_bound_is_reported_and_ignored(client: Client, market: dict[str, Product]) -> None:
    for invalid in ("-5", "rẻ", "40,5", "1.00", "0,04 triệu"):
        html = page_of(client, f"/san-pham/?{urlencode({'tu': '50k', 'den': invalid})}")
        assert "Giá chưa đúng nên không được áp dụng" in html, invalid
        assert set(names(html)) == {"Miến dong", "Mật ong", "Mận"}, invalid
    assert "Giá chưa đúng nên không được áp dụng" not in page_of(client, "/san-pham/?tu=50k&den=1,5 triệu")


def test_search_and_category_pages_use_the_same_filters(client: Client, market: dict[str, Product]) -> None:
    without_results = page_of(client, "/tim/?q=m&ban=kg")
    assert "mua=on" not in counts(without_results)
    assert set(names(without_results)) == {"Gạo nếp", "Miến dong", "Mật ong"}  # products in season, instead
    assert names(page_of(client, "/tim/?q=kho&ban=kg")) == []
    assert names(page_of(client, "/tim/?q=htx xa&ban=kg")) == ["Mận"]
    assert counts(page_of(client, "/tim/?q=htx xa&ban=kg"))["ban=bottle"] == 1
    assert names(page_of(client, "/danh-muc/do-kho/?nhom=gao")) == ["Gạo nếp"]
    assert counts(page_of(client, "/danh-muc/do-kho/"))["htx=gan"] == 2


def test_chosen_filters_are_removable_one_by_one(client: Client, market: dict[str, Product]) -> None:
    html = page_of(client, "/san-pham/?htx=gan&htx=xa&tu=50000&page=3&xep=ten")

    assert 'href="?htx=xa&amp;tu=50000&amp;xep=ten">HTX Gần' in html
    assert 'href="?htx=gan&amp;htx=xa&amp;xep=ten">Từ 50.000\u00a0₫' in html


def test_empty_result_suggests_filters_to_remove(client: Client, market: dict[str, Product]) -> None:
    html = page_of(client, "/san-pham/?htx=gan&ban=bottle&xep=ten")

    assert names(html) == []
    suggestions = re.findall(r'button-second" href="([^"]+)"> ?([^<]+?) ?<', html)
    assert suggestions == [
        ("?htx=gan&amp;xep=ten", "Bỏ “Đơn vị bán”: có 2 sản phẩm"),
        ("?ban=bottle&amp;xep=ten", "Bỏ “Hợp tác xã”: có 1 sản phẩm"),
    ]


def test_empty_result_offers_to_clear_all_filters(client: Client, market: dict[str, Product]) -> None:
    html = page_of(client, "/san-pham/?tu=1&den=2&sao=5&cn=organic")

    assert re.findall(r'button-second" href="([^"]+)"> ?([^<]+?) ?<', html) == [
        ("?", "Bỏ “tất cả bộ lọc”: có 4 sản phẩm")
    ]


def test_products_sort_by_price_name_and_distance(client: Client, market: dict[str, Product]) -> None:
    def sorted_names(sort: str) -> list[str]:
        return names(page_of(client, f"/san-pham/?xep={sort}"))

    assert sorted_names("gia") == ["Gạo nếp", "Mận", "Miến dong", "Mật ong"]
    assert sorted_names("gia-giam") == ["Mật ong", "Miến dong", "Mận", "Gạo nếp"]
    assert sorted_names("ten") == ["Gạo nếp", "Mận", "Mật ong", "Miến dong"]
    assert sorted_names(f"gan&tinh={THAI_NGUYEN}") == ["Miến dong", "Gạo nếp", "Mận", "Mật ong"]
    assert sorted_names(f"gan&tinh={HANOI}") == ["Mận", "Mật ong", "Miến dong", "Gạo nếp"]


def test_distance_sort_and_delivery_filter_ask_for_province(
    client: Client, market: dict[str, Product]
) -> None:
    for query in ("xep=gan", "giao=on"):
        html = page_of(client, f"/san-pham/?{query}")

        assert "Chọn tỉnh trong" in html, query
        assert len(names(html)) == 4, query


@pytest.mark.parametrize("address", ["/san-pham/", "/danh-muc/do-kho/", "/tim/"])
def test_malformed_query_strings_get_a_page(client: Client, market: dict[str, Product], address: str) -> None:
    for query in [
        "xep=gia'--",
        "page=-1&page=x",
        "page=99999999999999999999",
        "tu=-5&den=zzz",
        "tu=9999999999999999999999&den=1",
        "tu=%D9%A1%D9%A2",
        "sao=9&sao=%00&sao=5%27",
        "htx=%00&htx=../../etc&htx=" + "a" * 3000,
        "noi=%25&noi=99999&xa=%F0%9F%8D%8A",
        "&".join(f"htx=x{n}" for n in range(300)),
        "nhom=khong-co&ban=tan&cn=ocop&muc=17",
        "tinh=%00&giao=on",
        "tinh[]=1&htx[$ne]=1",
    ]:
        response = client.get(f"{address}?q=mien&{query}")

        assert response.status_code == 200, query
        assert "<h1>" in html_of(response), query


def test_htmx_request_gets_results_with_counts(client: Client, market: dict[str, Product]) -> None:
    html = html_of(client.get("/san-pham/?htx=gan", headers={"HX-Request": "true"}))

    assert names(html) == ["Miến dong", "Gạo nếp"]
    assert "<html" not in html
    assert html.count('hx-swap-oob="true"') == 2
    assert counts(html)["ban=kg"] == 1
    assert "hx-swap-oob" not in page_of(client, "/san-pham/?htx=gan")


def test_facet_index_follows_every_write(client: Client, market: dict[str, Product]) -> None:
    """Writes outside of actions count too: lists never show outdated values."""
    rice, noodles = market["rice"], market["noodles"]
    certificate = Certificate.objects.get(kind=CertificateKind.VIETGAP)
    today = vietnam_date(timezone.now())
    page_of(client, "/san-pham/")

    def filtered_names(query: str) -> set[str]:
        return set(names(page_of(client, f"/san-pham/?{query}")))

    Listing.objects.filter(product=rice).update(state=ListingState.PAUSED)
    assert filtered_names("htx=gan") == {"Miến dong"}
    Listing.objects.filter(product=rice).update(state=ListingState.PUBLISHED, lowest_price=700_000)
    assert filtered_names("muc=500000") == {"Gạo nếp"}
    Listing.objects.filter(product=market["honey"]).update(is_available=True)
    assert "Mật ong" in filtered_names("con=on")
    Product.objects.filter(pk=noodles.pk).update(category=Category.objects.get(slug="rau-qua"))
    assert filtered_names("nhom=rau-qua") == {"Miến dong", "Mận"}
    Variant.objects.filter(product=noodles).update(unit="box")
    assert filtered_names("ban=box") == {"Miến dong"}
    Price.objects.filter(variant__product=noodles).update(amount=None)
    assert filtered_names("ban=box") == set()
    Certificate.objects.filter(pk=certificate.pk).update(expires_on=today.replace(year=today.year - 1))
    assert filtered_names("cn=vietgap") == set()
    noodles.certificates.clear()
    assert filtered_names("sao=4") == set()
    Cooperative.objects.filter(slug="xa").update(province_code=THAI_NGUYEN)
    assert filtered_names(f"noi={THAI_NGUYEN}") == {"Gạo nếp", "Miến dong", "Mật ong", "Mận"}
    Cooperative.objects.filter(slug="xa").update(state=CooperativeState.SUSPENDED)
    assert filtered_names("") == {"Gạo nếp", "Miến dong"}
    Listing.objects.filter(product=rice).delete()
    assert filtered_names("") == {"Miến dong"}


def test_facet_index_drops_rolled_back_changes() -> None:
    channel, day = make_channel(), vietnam_date(timezone.now())
    product = make_product(name="Quýt")
    assert list(load_facet_index(channel.pk, day).product_ids) == [product.pk]

    with transaction.atomic():
        Listing.objects.update(state=ListingState.PAUSED)
        assert not load_facet_index(channel.pk, day).product_ids
        transaction.set_rollback(True)

    assert list(load_facet_index(channel.pk, day).product_ids) == [product.pk]


def insert_journal_row(key: int, product_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_product_change (id, product_id) VALUES (%s, %s)", [key, product_id]
        )


def test_journal_reads_ids_committed_out_of_order() -> None:
    insert_journal_row(1_000_000, 1)
    journal = ChangeJournal()
    insert_journal_row(1_000_003, 4)

    assert journal.changes_since_last_read() == ({4}, False)
    insert_journal_row(1_000_002, 3)
    assert journal.changes_since_last_read() == ({3}, False)
    insert_journal_row(1_000_004, 5)
    insert_journal_row(1_000_001, 2)
    assert journal.changes_since_last_read() == ({2, 5}, False)
    assert journal.changes_since_last_read() == (set(), False)


def test_search_cache_lasts_until_searchable_text_changes(client: Client) -> None:
    channel, day = make_channel(), vietnam_date(timezone.now())
    product = make_product(name="Quýt")

    def is_cached_after_search() -> bool:
        page_of(client, "/tim/?q=quyt")
        return "quyt" in repr(load_facet_index(channel.pk, day).cache)

    def is_cached_after_update(rows: QuerySet[Any], **columns: object) -> bool:
        rows.update(**columns)
        return "quyt" in repr(load_facet_index(channel.pk, day).cache)

    products, translations = (
        Product.objects.filter(pk=product.pk),
        Translation.objects.filter(key=str(product.pk)),
    )
    assert is_cached_after_search()
    assert is_cached_after_update(Listing.objects.all(), is_available=False, lowest_price=1)
    assert is_cached_after_update(products, season=1)
    assert is_cached_after_update(Price.objects.all(), amount=7)
    assert not is_cached_after_update(products, search_text="cam", search_name="cam")
    assert is_cached_after_search()
    for kind, is_still_cached in (("catalog.category", True), ("catalog.product", False)):
        Translation.objects.create(
            kind=kind, key=str(product.pk), language="en", field="name", text="Mandarin"
        )
        assert ("quyt" in repr(load_facet_index(channel.pk, day).cache)) is is_still_cached
    assert is_cached_after_search()
    assert not is_cached_after_update(translations.filter(kind="catalog.product"), text="Oranges")
    assert is_cached_after_search()
    make_product(name="Quýt hồng")
    assert names(page_of(client, "/tim/?q=quyt"))[0] == "Quýt hồng"


def test_truncated_or_restored_journal_is_outdated() -> None:
    insert_journal_row(1_000_000, 1)
    journal = ChangeJournal()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM catalog_product_change")

    with pytest.raises(IndexOutdated):
        journal.changes_since_last_read()
    insert_journal_row(1_000_000, 1)  # the same number after a restore
    with pytest.raises(IndexOutdated):
        journal.changes_since_last_read()


def test_journal_records_only_product_name_translations() -> None:
    product = make_product(name="Quýt")
    journal = ChangeJournal()
    journal.changes_since_last_read()
    fields = {"language": "en", "text": "Mandarins"}

    Translation.objects.create(kind="cooperatives.warehouse", key="no-number", field="name", **fields)
    Translation.objects.create(kind="catalog.product", key=product.pk, field="origin", **fields)
    Translation.objects.update(text="Oranges")
    assert journal.changes_since_last_read().product_ids == set()

    row = Translation.objects.create(kind="catalog.product", key=product.pk, field="name", **fields)
    assert journal.changes_since_last_read().product_ids == {product.pk}
    Translation.objects.filter(pk=row.pk).update(text="Tangerines")
    assert journal.changes_since_last_read().product_ids == {product.pk}
    Translation.objects.all().delete()
    assert journal.changes_since_last_read().product_ids == {product.pk}


def test_query_count_does_not_grow_with_products_and_sellers(
    client: Client, market: dict[str, Product]
) -> None:
    addresses = [
        f"/san-pham/?tinh={THAI_NGUYEN}&giao=on&noi={THAI_NGUYEN}&htx=gan&xep=gan",
        "/tim/?q=kho&htx=gan",
        "/tim/goi-y/?q=kho",
    ]

    def add(n: int) -> None:
        seller = make_seller(f"HTX Khô {n}", province_code=THAI_NGUYEN, commune_code="01948")
        make_product(seller, name=f"Cá khô {n}")

    def count() -> list[int]:
        for address in addresses:  # creates the session and the facet index
            page_of(client, address)
        return [count_queries(client, address) for address in addresses]

    add(0)
    before = count()
    for n in range(1, 7):
        add(n)

    assert count() == before
    assert max(before) <= 30


def test_english_pages_mark_vietnamese_filter_names_with_lang(client, market) -> None:
    dry = Category.objects.get(name="Đồ khô")
    Translation.objects.create(kind="catalog.category", key=dry.pk, language="en", field="name", text="Dry")

    english, vietnamese = (
        page_of(client, f"{language}/san-pham/?tinh=01&htx=gan&nhom={dry.slug}") for language in ("/en", "")
    )
    unfiltered = page_of(client, "/en/san-pham/")
    subcategory = page_of(client, f"/en/danh-muc/{Category.objects.get(name='Gạo').slug}/")

    for expected in (
        '<span><span lang="vi">HTX Gần</span> <span class="soft">(',
        '<span>Dry <span class="soft">(',
        '"><span lang="vi">HTX Gần</span> <svg',
        'Delivers to <span lang="vi">Hà Nội</span>',
        '<option value="01" lang="vi" selected>Hà Nội</option>',
    ):
        assert expected in english, expected
    for name in ("Thái Nguyên", "Rau quả"):
        assert f'<span><span lang="vi">{name}</span> <span class="soft">(' in unfiltered
    assert '<span>HTX Gần <span class="soft">(' in vietnamese
    assert 'lang="vi"' not in vietnamese.partition("<main")[2]
    assert (
        f'/en/danh-muc/{dry.slug}/">Dry</a> › <span aria-current="page" lang="vi">Gạo </span>' in subcategory
    )


def test_html_in_filter_name_is_escaped(client, market) -> None:
    Cooperative.objects.filter(slug="gan").update(name="<b>Gần & Co</b>")

    for path in ("/en/san-pham/", "/san-pham/"):
        assert "&lt;b&gt;Gần &amp; Co&lt;/b&gt;" in page_of(client, f"{path}?htx=gan")
        assert "<b>Gần" not in page_of(client, f"{path}?htx=gan")
