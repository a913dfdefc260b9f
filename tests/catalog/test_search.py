from __future__ import annotations

import pytest
from django.test import Client

from catalog.actions.products.product_rows import set_search_columns
from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import create_variant, delete_variant, update_variant
from catalog.actions.sellers.resubmit_application import resubmit_application
from catalog.models import Movement, Price, Product, ProductMedia, Variant, VariantMedia
from catalog.search import split_query
from cooperatives.actions.cooperative_lifecycle import ApplicationDetails
from cooperatives.models import Cooperative
from cooperatives.states import CooperativeState
from shop.core.actors import Actor
from shop.core.images.rendition_files import rendition_files
from shop.core.models import Picture, PictureState, Translation
from tests.catalog.test_product_lists import names, page_of
from tests.factories import NOW, make_category, make_channel, make_cooperative, make_product, make_seller
from tests.markup import html_of

pytestmark = pytest.mark.django_db


def make_described(*, name: str, description: str = "", ingredients: str = "") -> None:
    product = make_product(name=name)
    product.description_text, product.ingredients = description, ingredients
    set_search_columns(product)
    product.save()


def search_results(client: Client, query: str) -> list[str]:
    response = client.get("/tim/", {"q": query})
    assert response.status_code == 200
    return names(html_of(response))


@pytest.mark.parametrize(
    "query", ["miến dong", "mien dong", "MIEN DONG", "dong mien", "miendong", "mien", "  miến  "]
)
def test_search_ignores_marks_case_word_order_and_spaces(client: Client, query: str) -> None:
    make_product(name="Miến dong Côn Minh")
    make_product(name="Gừng tươi")

    assert search_results(client, query) == ["Miến dong Côn Minh"]


@pytest.mark.parametrize("query", ["đậu đỏ", "dau do", "Đậu"])
def test_letter_d_with_stroke_matches_d(client: Client, query: str) -> None:
    make_product(name="Đậu đỏ")

    assert search_results(client, query) == ["Đậu đỏ"]


def test_every_query_word_must_match_start_of_a_word(client: Client) -> None:
    make_product(name="Miến dong")

    assert search_results(client, "miến gạo") == []
    assert search_results(client, "ien") == []


def test_diacritics_that_were_typed_must_match(client: Client) -> None:
    make_product(name="Mơ vàng")
    make_product(name="Mỡ lợn")
    make_product(name="Hoà Bình")
    make_described(name="Khoai", description="Quả lớn, củ mở, gần ga.")

    assert search_results(client, "mơ") == ["Mơ vàng"]
    assert search_results(client, "mỡ") == ["Mỡ lợn"]
    assert set(search_results(client, "mo")) == {"Mơ vàng", "Mỡ lợn"}
    assert search_results(client, "lợn") == ["Mỡ lợn"]
    assert search_results(client, "hòa bình") == search_results(client, "HOÀ BÌNH") == ["Hoà Bình"]


def test_other_diacritics_match_if_nothing_is_spelled_so(client: Client) -> None:
    make_product(name="Bưởi Diễn")
    make_product(name="Miến dong")
    make_product(name="Bơ sáp")

    assert search_results(client, "bưỡi") == ["Bưởi Diễn"]  # ngã for hỏi, as it is spoken in the south
    assert search_results(client, "miên") == ["Miến dong"]  # the tone is missing
    assert search_results(client, "miền dong") == ["Miến dong"]  # the other word is right
    assert search_results(client, "bò") == []
    assert search_results(client, "miền đòng") == []


def test_products_named_so_exclude_those_of_a_seller_named_so(client: Client) -> None:
    make_product(make_seller("HTX Quýt Phủ Thông"), name="Gối")
    assert search_results(client, "quýt") == ["Gối"]

    make_product(name="Quýt")

    assert search_results(client, "quýt") == ["Quýt"]
    assert search_results(client, "gối quýt") == ["Gối"]


def test_category_of_one_kind_matches_and_a_mixed_one_only_alone(client: Client) -> None:
    make_product(name="Nếp", category=make_category("Gạo"))
    make_product(name="Lạc đỏ", category=make_category("Măng, lạc"))
    make_product(name="Gạo lứt")

    assert search_results(client, "gạo") == ["Gạo lứt", "Nếp"]
    assert search_results(client, "măng") == ["Lạc đỏ"]
    assert search_results(client, "măng đỏ") == []
    make_product(name="Măng khô")
    assert search_results(client, "măng") == ["Măng khô"]


def test_ingredients_and_phrases_of_descriptions_match_if_no_name_does(client: Client) -> None:
    make_described(name="Lạp sườn", ingredients="Thịt lợn, mắc khén")
    make_described(name="Giò thủ", description="Gói từ thịt bê non, bò cũng được.")

    for query in ("thịt lợn", "thit lon", "lợn", "mac khen"):
        html = page_of(client, f"/tim/?q={query}")
        assert names(html) == ["Lạp sườn"]
        assert "Không có sản phẩm nào tên" in html
    assert search_results(client, "thịt bê") == ["Giò thủ"]
    assert search_results(client, "bò") == []  # one word of a description says too little


def test_search_finds_products_by_seller_and_sellers_by_name(client: Client) -> None:
    make_product(make_seller("HTX Yến Dương", slug="yen-duong"), name="Bí xanh thơm")
    make_cooperative("HTX Tài Hoan")

    html = html_of(client.get("/tim/?q=yen duong"))

    assert names(html) == ["Bí xanh thơm"]
    assert 'href="/hop-tac-xa/yen-duong/"' in html
    assert "Tài Hoan" not in html


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "'",
        '"',
        "'; DROP TABLE catalog_product; --",
        "%",
        "_",
        "\\",
        "*",
        "quýt OR 1=1",
        "NEAR(",
        "🍊🍊🍊",
        "\x00",
        "quýt\x00",
        "a" * 4000,
        "quýt " * 800,
        "🍊" * 4000,
        "%" * 4000,
        "<script>alert(1)</script>",
    ],
)
def test_search_answers_200_to_hostile_queries(client: Client, query: str) -> None:
    make_product(name="Quýt")

    response = client.get("/tim/", {"q": query})

    assert response.status_code == 200
    assert "<script>alert" not in html_of(response)


def test_sql_wildcards_match_literally(client: Client) -> None:
    make_product(name="Quýt")

    assert search_results(client, "%") == search_results(client, "_") == search_results(client, "z%t") == []
    assert search_results(client, "quýt%") == ["Quýt"]


def test_words_of_folds_deduplicates_and_limits_words() -> None:
    assert split_query("Quýt QUYT, bạch-thông") == ["quyt", "bach", "thong"]
    assert len(split_query(" ".join(f"w{n}" for n in range(50)))) == 8


def test_empty_result_links_to_all_products(client: Client) -> None:
    html = html_of(client.get("/tim/?q=khong co gi"))

    assert "Chợ chưa bán “khong co gi”" in html
    assert "Hãy thử từ ngắn hơn hoặc tên khác, ví dụ: miến dong, quýt." in html
    assert 'href="/san-pham/"' in html


def test_empty_result_of_one_word_names_it_and_suggests_no_fewer_words(client: Client) -> None:
    html = html_of(client.get("/tim/?q=xoài"))

    assert "Chợ chưa bán “xoài”" in html
    assert "Hãy thử" not in html
    assert 'href="/san-pham/"' in html


def test_english_search_finds_products_by_english_name(client: Client) -> None:
    product = make_product(name="Miến dong")
    Translation.objects.create(
        kind="catalog.product", key=str(product.pk), language="en", field="name", text="Canna starch noodles"
    )

    html = html_of(client.get("/en/tim/?q=noodles"))

    assert names(html) == ["Canna starch noodles"]
    assert search_results(client, "noodles") == []


def test_english_search_follows_changes_of_translations(client: Client) -> None:
    def in_english(query: str) -> list[str]:
        return names(html_of(client.get("/en/tim/", {"q": query})))

    product, category = make_product(name="Miến dong"), make_category("Miến")
    assert (in_english("noodles"), in_english("glass")) == ([], [])

    fields = {"kind": "catalog.product", "key": str(product.pk), "language": "en", "field": "name"}
    row = Translation.objects.create(**fields, text="Canna starch noodles")
    Translation.objects.create(**fields | {"kind": "catalog.category", "key": category.pk}, text="Noodles")
    assert in_english("noodles") == ["Canna starch noodles"]

    row.text = "Glass threads"
    row.save()
    assert (in_english("noodles"), in_english("glass")) == ([], ["Glass threads"])

    row.delete()
    assert in_english("glass") == []


def test_search_index_follows_renames_and_deletions(client: Client) -> None:
    product = make_product(name="Miến dong")

    Product.objects.filter(pk=product.pk).update(search_text="gung tuoi", slug="gung-tuoi", name="Gừng tươi")

    assert search_results(client, "mien") == []
    assert search_results(client, "gung") == ["Gừng tươi"]
    Movement.objects.all().delete()
    Product.objects.filter(pk=product.pk).delete()
    assert search_results(client, "gung") == []


@pytest.mark.parametrize("query", ["gạo①", "茶gao"])
def test_search_ignores_characters_outside_the_alphabet(client: Client, query: str) -> None:
    make_product(name="Gạo nếp")

    assert search_results(client, query) == ["Gạo nếp"]


def test_products_are_found_by_the_name_and_place_of_a_resubmitted_application(client: Client) -> None:
    cooperative = make_seller(name="HTX Thiên An")
    make_product(cooperative, name="Gừng tươi")
    Cooperative.objects.update(state=CooperativeState.NEEDS_MORE)
    details = ApplicationDetails(
        name="HTX Yến Dương",
        legal_name="Hợp tác xã Yến Dương",
        registration_number="2",
        representative="Ma Thị Ninh",
        phone="+84912000111",
        email="ninh@example.com",
        province_code="19",
        commune_code="01894",
        province_name="Thái Nguyên",
        commune_name="Ba Bể",
    )
    resubmit_application(cooperative_id=cooperative.pk, details=details, actor=Actor.system(), now=NOW)
    Cooperative.objects.update(state=CooperativeState.APPROVED)

    assert search_results(client, "gừng yến dương") == ["Gừng tươi"]
    assert search_results(client, "gừng ba bể") == ["Gừng tươi"]
    assert search_results(client, "gừng thiên an") == []


@pytest.mark.parametrize("query", ["gối cổ", "goi co", "gối hoa văn đỏ"])
def test_name_of_an_option_finds_its_product_and_opens_with_it(client: Client, query: str) -> None:
    pillow = make_product(name="Gối thảo dược thổ cẩm")
    add_variant(pillow, name="Gối chữ nhật")
    neck = add_variant(pillow, name="Gối cổ, hoa văn đỏ")
    make_product(name="Gối bông")

    page = html_of(client.get("/tim/", {"q": query}))

    assert names(page) == ["Gối thảo dược thổ cẩm"]
    assert f'href="/san-pham/{pillow.slug}/?variant={neck.pk}"' in page
    assert "Gối cổ, hoa văn đỏ" in page


@pytest.mark.parametrize("query", ["gối cổ", "goi co"])
def test_options_are_suggested_where_no_products_name_matches(client: Client, query: str) -> None:
    pillow = make_product(name="Gối thảo dược")
    square, neck = add_variant(pillow, name="Gối vuông"), add_variant(pillow, name="Gối cổ, hoa văn đỏ")
    add_variant(make_product(name="Gối bông"), name="Loại to")

    suggested = html_of(client.get("/tim/goi-y/", {"q": query}))
    by_product = html_of(client.get("/tim/goi-y/", {"q": "gối"}))

    assert suggested.count("<li>") == 1
    assert f'href="/san-pham/{pillow.slug}/?variant={neck.pk}"' in suggested
    assert ">Gối cổ, hoa văn đỏ<" in suggested
    assert "?variant=" not in by_product
    assert square.name not in suggested


def test_card_of_a_named_option_shows_its_price_and_picture(client: Client) -> None:
    pillow = make_product(name="Gối thảo dược", price=320_000)
    square, neck = add_variant(pillow, name="Gối vuông"), add_variant(pillow, name="Gối cổ")
    Price.objects.filter(variant=neck).update(amount=150_000)
    media = [
        ProductMedia.objects.create(
            product=pillow,
            sort_order=place,
            picture=Picture.objects.create(
                original=f"{place}.jpg",
                state=PictureState.READY,
                renditions={"96": {"height": 96, "webp": f"{place}.webp", "jpeg": f"{place}.jpg"}},
            ),
        )
        for place in range(3)
    ]
    VariantMedia.objects.bulk_create(
        VariantMedia(variant=variant, media=media[place])
        for variant, place in ((square, 1), (neck, 2), (neck, 1))
    )

    named, unnamed = (client.get("/tim/", {"q": query}).context["cards"] for query in ("gối cổ", "gối"))

    assert [(card.price, card.has_many_prices) for card in (*named, *unnamed)] == [
        (150_000, False),
        (10_000, True),
    ]
    assert [card.picture for card in (*named, *unnamed)] == [
        rendition_files(media[1].picture),
        rendition_files(media[0].picture),
    ]


def test_renamed_or_deleted_option_is_no_longer_found(client: Client) -> None:
    pillow = make_product(name="Gối thảo dược")
    square, neck = add_variant(pillow, name="Gối vuông"), add_variant(pillow, name="Gối cổ")
    actor = Actor.system("test")
    update_variant(
        variant_id=square.pk, values={"name": "Gối tròn"}, needs_approval=False, actor=actor, now=NOW
    )
    delete_variant(variant_id=neck.pk, actor=actor, now=NOW)

    found = [search_results(client, query) for query in ("gối vuông", "gối cổ", "gối tròn")]

    assert found == [[], [], ["Gối thảo dược"]]


def test_word_that_only_an_option_has_ranks_no_product_before_its_name(client: Client) -> None:
    make_product(name="Quýt đỏ")
    add_variant(make_product(name="Gối thảo dược"), name="Hoa văn đỏ")

    assert search_results(client, "đỏ") == ["Quýt đỏ"]


def add_variant(product: Product, *, name: str) -> Variant:
    return create_variant(
        product_id=product.pk,
        values={"name": name, "sku": name},
        prices=[ListPrice(make_channel(), 10_000)],
        actor=Actor.system("test"),
        now=NOW,
    )
