"""Spelling corrections, joined syllables, synonyms, matched sellers and places, suggestions."""

from __future__ import annotations

import io
import re

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from catalog.actions.search_terms.known_words import count_words_task, recount_known_words
from catalog.actions.search_terms.synonyms import (
    MAX_WORDS_IN_SET,
    InvalidSynonym,
    InvalidSynonymCount,
    delete_synonym_set,
    save_synonyms,
)
from catalog.actions.taxonomy.categories import update_category_row
from catalog.models import KnownWord, Misspelling, Product, Synonym, SynonymSet
from catalog.search import search_product_ids, search_products
from catalog.states import ListingState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change, Translation
from shop.core.texts.folding import sort_key
from tests.catalog.test_product_lists import names, page_of
from tests.factories import (
    NOW,
    THAI_NGUYEN,
    make_category,
    make_cooperative,
    make_divisions,
    make_product,
    make_seller,
)
from tests.markup import html_of

pytestmark = pytest.mark.django_db


def search_results(client: Client, query: str) -> list[str]:
    return names(html_of(client.get("/tim/", {"q": query})))


def save_set(*words: str, set_id: int | None = None) -> SynonymSet:
    return save_synonyms(set_id=set_id, words=words, actor=Actor.system(), now=NOW)


@pytest.fixture
def products() -> None:
    for name in ["Gốm Bát Tràng", "Cà phê Sơn La", "Miến dong", "Mật ong bạc hà", "Bánh tráng"]:
        make_product(name=name)
    recount_known_words()


def test_misspellings_and_joined_syllables_are_corrected(client: Client, products: None) -> None:
    expected = {
        "gom bat trnag": ["Gốm Bát Tràng"],  # swapped
        "gốm bát tràn": ["Gốm Bát Tràng"],  # a prefix is not a misspelling
        "gmo bat trang": ["Gốm Bát Tràng"],
        "miem dong": ["Miến dong"],  # a wrong letter
        "mienn dong": ["Miến dong"],  # an extra letter
        "mat og": [],  # too short to correct
        "mat ogn": ["Mật ong bạc hà"],
        "caphe": ["Cà phê Sơn La"],
        "caphesonla": ["Cà phê Sơn La"],
        "cafe": [],
        "capheson": ["Cà phê Sơn La"],
        "battrnag": ["Gốm Bát Tràng"],
        "xyzxyz": [],
    }

    assert {query: search_results(client, query) for query in expected} == expected


def test_page_names_corrected_query(client: Client, products: None) -> None:
    html = page_of(client, "/tim/?q=gom bat trnag")

    assert "Đang hiện kết quả cho “gốm bát tràng”." in html
    assert '<a href="?q=gom+bat+trnag&amp;dungchu=1"> Tìm đúng “gom bat trnag”</a>' in html
    assert "Đang hiện kết quả cho" not in page_of(client, "/tim/?q=gom bat trang")
    literal = page_of(client, "/tim/?q=gom bat trnag&dungchu=1")
    assert names(literal) == []
    assert "Đang hiện kết quả cho" not in literal
    assert "Đang hiện kết quả cho “mật ong”." in page_of(client, "/tim/?q=mật onng")


def test_page_names_the_query_that_telex_keys_type(client: Client, products: None) -> None:
    html = page_of(client, "/tim/?q=mieesn dong")

    assert names(html) == ["Miến dong"]
    assert "Đang hiện kết quả cho “miến dong”." in html
    assert names(page_of(client, "/tim/?q=mieesn dong&dungchu=1")) == []


def test_page_names_and_counts_the_nearest_products_if_none_has_every_word(
    client: Client, products: None
) -> None:
    html = page_of(client, "/tim/?q=gom mien dong")
    assert names(html) == []
    assert "Không có sản phẩm đúng từng chữ “gom mien dong”" in html
    assert "Không tìm thấy “gom”. Gần nhất: <b>Miến dong</b> · 1 sản phẩm" in html
    assert "0 sản phẩm" not in html
    assert re.findall(r'href="(\?q=[^"]+)">([^<]+)', html) == [("?q=mien+dong", "mien dong ")]
    assert names(html.split('id="nearest"')[1]) == ["Miến dong"]
    assert "Closest: <b>Miến dong</b> · 1 product" in page_of(client, "/en/tim/?q=gom mien dong")

    html = page_of(client, "/tim/?q=xe bat trang")  # "bat trang" is pottery
    assert names(html.split('id="nearest"')[1]) == ["Gốm Bát Tràng"]
    html = page_of(client, "/tim/?q=gom bac trang")  # nobody asks for "gom trang"
    assert names(html.split('id="nearest"')[1]) == ["Gốm Bát Tràng"]
    assert not re.findall(r'href="(\?q=[^"]+)">', html)


def test_page_names_the_words_that_no_product_has(client: Client, products: None) -> None:
    assert "Chợ chưa bán “xyzt”" in page_of(client, "/tim/?q=xyzt")
    assert "Chợ chưa bán “qwrk xyzt”" in page_of(client, "/tim/?q=qwrk xyzt")
    html = page_of(client, "/tim/?q=mien qwrk dong xyzt")
    assert "Không tìm thấy “qwrk”, “xyzt”. Gần nhất: <b>Miến dong</b> · 1 sản phẩm" in html
    html = page_of(client, "/en/tim/?q=mien qwrk dong xyzt")
    assert "Nothing found for “qwrk”, “xyzt”. Closest: <b>Miến dong</b> · 1 product" in html


def test_first_letter_of_the_next_word_keeps_the_suggestions(client: Client, products: None) -> None:
    make_product(name="Miến sạch", category=make_category("Đồ khô"))

    def suggested(query: str) -> list[str]:
        return re.findall(r'href="/san-pham/([^/"]+)/"', page_of(client, f"/tim/goi-y/?q={query}"))

    assert sorted(suggested("miến")) == ["mien-dong", "mien-sach"]
    assert suggested("miến d") == suggested("mien D") == ["mien-dong"]
    assert suggested("miến s") == ["mien-sach"]
    assert sorted(suggested("miến x")) == ["mien-dong", "mien-sach"]
    assert suggested("miến dong x") == ["mien-dong"]
    assert suggested("xyzt d") == []


def test_mostly_unknown_queries_are_not_corrected(client: Client, products: None) -> None:
    for query in ("gom xyzt qwrk", "goom baat traang", "goom baat"):
        html = page_of(client, f"/tim/?q={query}")
        assert "Đang hiện kết quả cho" not in html, query
    assert search_results(client, "goom bat trang") == ["Gốm Bát Tràng"]
    assert search_results(client, "goom battrang") == ["Gốm Bát Tràng"]


def test_ranking_is_start_of_name_then_name_then_diacritics_then_category(client: Client) -> None:
    make_product(name="Gối", category=make_category("Mơ"))
    make_product(name="Mỡ lợn")
    make_product(name="Ô mai mơ")
    make_product(name="Mơ vàng")
    make_product(name="Mo cau")
    make_product(name="Mong manh")

    assert search_results(client, "mơ") == ["Mơ vàng", "Ô mai mơ", "Gối"]
    assert search_results(client, "mo") == ["Mo cau", "Mơ vàng", "Mỡ lợn", "Ô mai mơ", "Gối"]
    assert search_results(client, "MƠ vàng") == ["Mơ vàng"]


def test_search_product_ids_corrects_spelling_and_includes_drafts(client: Client, products: None) -> None:
    product = Product.objects.get(name="Gốm Bát Tràng")
    draft = make_product(name="Gốm Bát Tràng cũ", state=ListingState.DRAFT)

    assert search_product_ids("gom bat trnag") == [draft.pk, product.pk]
    assert search_results(client, "gom bat trnag") == ["Gốm Bát Tràng"]


def test_synonyms_match_each_other_with_or_without_marks(client: Client) -> None:
    make_product(name="Lạc đỏ")
    make_product(name="Đậu phộng rang")
    make_product(name="Đậu đen")
    synonym_set = save_set("lạc", "Đậu Phộng")

    for query in ("lạc", "LAC", "đậu phộng", "dau phong"):
        assert set(search_results(client, query)) == {"Lạc đỏ", "Đậu phộng rang"}, query
    assert search_results(client, "lac rang") == ["Đậu phộng rang"]
    assert search_results(client, "dau phong do") == ["Lạc đỏ"]
    assert set(search_results(client, "dau")) == {"Đậu phộng rang", "Đậu đen"}
    assert search_results(client, "lac")[0] == "Lạc đỏ"
    delete_synonym_set(set_id=synonym_set.pk, actor=Actor.system(), now=NOW)
    assert search_results(client, "lac") == ["Lạc đỏ"]


def test_synonyms_match_whole_words_and_suggestions_match_prefixes(client: Client) -> None:
    fruit, tea = make_category("Trái cây"), make_category("Trà")
    make_product(name="Chè Tân Cương", category=tea)
    make_product(name="Trà hoa vàng", category=tea)
    make_product(name="Gốm Bát Tràng", category=fruit)
    make_seller("HTX Tràng An", slug="trang-an")
    save_set("chè", "trà")

    assert set(search_results(client, "chè")) == {"Chè Tân Cương", "Trà hoa vàng"}
    assert set(search_results(client, "tra")) == {"Chè Tân Cương", "Trà hoa vàng"}
    suggested = html_of(client.get("/tim/goi-y/", {"q": "chè"}))
    assert f"/danh-muc/{tea.slug}/" in suggested
    assert f"/danh-muc/{fruit.slug}/" not in suggested
    assert "trang-an" not in suggested
    prefix_matches = html_of(client.get("/tim/goi-y/", {"q": "tra"}))
    assert f"/danh-muc/{fruit.slug}/" in prefix_matches
    assert "trang-an" in prefix_matches


def test_page_names_the_correction_that_matched(client: Client) -> None:
    for name in ("Gừng sấy", "Gừng tươi", "Rừng đồng"):
        make_product(name=name)
    recount_known_words()

    html = page_of(client, "/tim/?q=fung dong")  # "gừng" has more products, but none with "đồng"

    assert names(html) == ["Rừng đồng"]
    assert "Đang hiện kết quả cho “rừng đồng”." in html


def test_correct_syllables_and_short_words_are_not_corrected(client: Client) -> None:
    for name in ("Gốm Bát Tràng", "Ruột gối", "Thai Đồn", "Hồng", "Quýt Bạch Thông"):
        make_product(name=name)
    recount_known_words()

    for query in ("rượu", "ruou", "thịt lợn", "thit lon", "ông", "qut", "hng", "gmo"):
        assert search_results(client, query) == [], query
    assert search_results(client, "qut bach thng") == ["Quýt Bạch Thông"]
    assert search_results(client, "qut thng") == []  # no word is right


def test_words_typed_with_the_input_method_off_are_decoded(client: Client) -> None:
    make_product(name="Quýt Bạch Thông")
    make_product(name="Mỡ lợn")
    save_set("lợn", "heo")

    for query in ("quyts bachj thoong", "quyst bach tho6ng", "quy1t"):
        assert search_results(client, query) == ["Quýt Bạch Thông"], query
    assert search_results(client, "lownj") == search_results(client, "heo") == ["Mỡ lợn"]


def test_unfinished_words_match_as_prefixes(client: Client) -> None:
    make_product(name="Gà đồi")
    make_product(name="Gạo lứt")
    make_product(name="Quýt Bạch Thông")

    assert search_results(client, "quýt bạch thôn") == ["Quýt Bạch Thông"]
    assert search_results(client, "bac") == []
    assert search_results(client, "gà") == search_results(client, "ga") == ["Gà đồi"]
    assert search_results(client, "lư") == search_results(client, "quý gà") == []


def test_synonym_edits_are_recorded_as_changes() -> None:
    synonym_set = save_set("lạc", " đậu  phộng ", "LẠC")

    save_set("lạc", "đậu phụng", set_id=synonym_set.pk)

    assert list(Synonym.objects.order_by("sort_order").values_list("text", "folded")) == [
        ("lạc", "lac"),
        ("đậu phụng", "dau phung"),
    ]
    changes = list(Change.objects.of_row(synonym_set).oldest_first().values_list("action", "data"))
    assert changes == [
        ("synonyms.created", {"from": [], "to": ["lạc", "đậu phộng"]}),
        ("synonyms.changed", {"from": ["lạc", "đậu phộng"], "to": ["lạc", "đậu phụng"]}),
    ]


def test_same_synonyms_create_no_second_set() -> None:
    synonym_set = save_set("lạc", "đậu phộng")

    repeated = save_set("Đậu phộng", "LẠC")
    larger = save_set("lạc", "đậu phộng", "củ lạc")

    assert repeated == synonym_set
    assert set(SynonymSet.objects.all()) == {synonym_set, larger}
    assert Change.objects.of_row(synonym_set).count() == 1


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["lạc"], InvalidSynonymCount),
        (["lạc", "LAC"], InvalidSynonymCount),
        ([f"từ {n}" for n in range(MAX_WORDS_IN_SET + 1)], InvalidSynonymCount),
        (["lạc", "🍊"], InvalidSynonym),
        (["lạc", "a" * 61], InvalidSynonym),
        (["lạc", "một hai ba bốn năm"], InvalidSynonym),
    ],
)
def test_invalid_synonyms_are_refused(words: list[str], error: type[Exception]) -> None:
    synonym_set = save_set("ngô", "bắp")

    for set_id in (None, synonym_set.pk):
        with pytest.raises(error):
            save_set(*words, set_id=set_id)

    assert SynonymSet.objects.count() == 1
    assert set(Synonym.objects.values_list("text", flat=True)) == {"ngô", "bắp"}
    with pytest.raises(Missing):
        save_set("lạc", "đậu", set_id=synonym_set.pk + 1)


def test_known_words_follow_products() -> None:
    product = make_product(name="Miến dong")
    make_product(name="Miến gạo", state=ListingState.DRAFT)
    recount_known_words()
    product_counts = dict(KnownWord.objects.values_list("word", "product_count"))
    assert (product_counts["mien"], product_counts["dong"], product_counts["miendong"]) == (1, 1, 1)
    assert "gao" not in product_counts
    assert set(Misspelling.objects.filter(word__word="mien").values_list("shortened_word", flat=True)) == {
        *("mien", "ien", "men", "min", "mie")
    }

    Product.objects.filter(pk=product.pk).update(search_name="gung ¦mien ·gưng2", search_text="tuoi")
    make_product(name="Miến khô")
    count_words_task()

    counted = dict(KnownWord.objects.values_list("word", "product_count"))
    assert (counted["mien"], counted["gung"]) == (2, 1)
    assert counted.keys().isdisjoint({"dong", "tuoi"})
    assert not Misspelling.objects.filter(word__word="dong").exists()


def test_words_are_not_recounted_without_changes() -> None:
    make_product(name="Miến dong")
    count_words_task()
    KnownWord.objects.all().delete()

    count_words_task()
    assert not KnownWord.objects.exists()
    make_product(name="Quýt")
    count_words_task()

    assert KnownWord.objects.filter(word="quyt").exists()


def test_search_finds_categories_sellers_and_places(client: Client) -> None:
    make_divisions()
    noodles = make_category("Miến, bún")
    seller = make_seller(
        "HTX Miến Tài Hoan", slug="tai-hoan", province_code=THAI_NGUYEN, commune_code="01948"
    )
    make_product(seller, name="Miến dong", category=noodles)
    make_cooperative("HTX Khác")

    html = page_of(client, "/tim/?q=mien")
    assert f'href="/danh-muc/{noodles.slug}/"' in html
    assert 'href="/hop-tac-xa/tai-hoan/"' in html
    assert "HTX Khác" not in html
    place = page_of(client, "/tim/?q=thai nguyen")
    assert 'class="panel landing-link" href="/vung/thai-nguyen/"' in place
    assert names(page_of(client, f"/san-pham/?noi={THAI_NGUYEN}")) == ["Miến dong"]


def test_sellers_categories_and_places_match_variants_of_the_query(client: Client) -> None:
    make_divisions()
    fabrics = make_category("Thổ cẩm")
    seller = make_seller(
        "HTX Thiên An", slug="thien-an", province_code=THAI_NGUYEN, commune_code="01948", sort_order=1
    )
    make_product(seller, name="Gối", category=fabrics)
    make_cooperative("HTX Yến Dương", slug="yen-duong", sort_order=2)
    for row, text in ((seller, "Peace Cooperative"), (fabrics, "Brocade")):
        row_type = row._meta.label_lower
        Translation.objects.create(kind=row_type, key=str(row.pk), language="en", field="name", text=text)
    save_set("thổ cẩm", "vải dệt")
    save_set("htx", "hợp tác xã")

    category, profile, province = "/danh-muc/tho-cam/", "/hop-tac-xa/thien-an/", "/vung/thai-nguyen/"
    commune, other = "/san-pham/?xa=01948", "/hop-tac-xa/yen-duong/"
    expected = {
        "thienan": [profile],
        "hợp tác xã": ["/hop-tac-xa/", profile, other],
        "hop tac xa yenduong": [other],
        "hien": [],  # a prefix of no word
        "enan": [],
        "thainguyen": [province],
        "phuthong": [commune],
        "vihuong": [commune],  # its former name
        "vi huo": [commune],
        "vi": [],
        "vải dệt": [category],
        "thocam": [category],
    }
    english = {"peace": [f"/en{profile}"], "thienan": [f"/en{profile}"], "brocade": ["/en" + category]}
    english["tho cam"] = [f"/en{category}"]

    def matched_links(path: str, query: str) -> list[str]:
        matches = html_of(client.get(path, {"q": query})).partition('id="filters"')[0]
        return re.findall(r'class="(?:filter|panel landing-link)" href="([^"?]+[^"]*)"', matches)

    assert {query: matched_links("/tim/", query) for query in expected} == expected
    assert {query: matched_links("/en/tim/", query) for query in english} == english
    assert profile in html_of(client.get("/tim/goi-y/", {"q": "thiena"}))


def test_suggestions_link_to_categories_sellers_and_products(client: Client) -> None:
    seller = make_seller("HTX Quýt Bạch Thông", slug="bach-thong")
    category = make_category("Quýt, cam")
    product = make_product(seller, name="Quýt Bạch Thông", category=category)
    make_product(name="Quýt Bạch Thông")
    make_product(name="Quýt nháp", state=ListingState.DRAFT)
    make_product(name="Gừng")

    html = page_of(client, "/tim/goi-y/?q=quy")

    assert re.findall(r'href="([^"]+)"', html) == [
        f"/danh-muc/{category.slug}/",
        "/hop-tac-xa/bach-thong/",
        f"/san-pham/{Product.objects.filter(name='Quýt Bạch Thông').latest('pk').slug}/",
    ]
    assert product.name in html
    assert "<html" not in html
    for query in ("", "q", " ", "🍊", "'", "%", "zzz", "x" * 4000, "\x00"):
        assert client.get("/tim/goi-y/", {"q": query}).content.strip() == b"", query


@pytest.mark.parametrize(
    ("query", "queries"), [("miến dong", 2), ("mien", 2), ("rượu", 7), ("thịt gà", 10), ("gom bat trnag", 11)]
)
def test_searches_need_few_queries(
    products: None, django_assert_num_queries: DjangoAssertNumQueries, query: str, queries: int
) -> None:
    """The usual search needs one for synonyms and one for products; only one without results needs more."""
    search_products(query)  # compiles the queries

    with django_assert_num_queries(queries):
        search_products(query)


def test_products_are_found_by_the_new_name_of_their_category() -> None:
    category = make_category("Miến")
    product = make_product(name="Sợi nhỏ", category=category)
    make_product(name="Gạo nếp")

    with transaction.atomic():
        update_category_row(
            category_id=category.pk,
            values={"name": "Bún"},
            actor=Actor.system("test"),
            now=NOW,
        )

    assert search_product_ids("bún") == [product.pk]
    assert search_product_ids("miến") == []


def test_search_words_of_all_products_are_rebuilt() -> None:
    stale_product, current = make_product(name="Gừng tươi"), make_product(name="Chuối sấy")
    Product.objects.filter(pk=stale_product.pk).update(search_name="gung", search_text="gung", sort_key="")

    out = io.StringIO()
    call_command("rebuild_search_words", stdout=out)
    call_command("rebuild_search_words", stdout=out)

    assert out.getvalue().splitlines() == ["Products changed: 1.", "Products changed: 0."]
    assert search_product_ids("gừng tươi") == [stale_product.pk]
    assert search_product_ids("chuối") == [current.pk]
    stale_product.refresh_from_db()
    assert stale_product.sort_key == sort_key("Gừng tươi")
