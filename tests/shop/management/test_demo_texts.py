import re

import pytest

from shop.management.demo.data_files import cooperatives, products, translate_to_english
from shop.management.market_setup.market_data import market

SHORT = ("origin", "packaging", "shelf_life", "storage", "return_terms")


def test_there_are_sixty_products_of_at_least_eight_cooperatives() -> None:
    names = [row["name"] for row in products()]

    assert len(names) == len(set(names)) == 60
    assert len(cooperatives()) >= 8
    assert cooperatives()[0]["name"] == "HTX Thiên An"


def test_fictional_cooperatives_are_samples_without_saying_so_in_names() -> None:
    real = {"HTX Thiên An", "HTX Yến Dương", "HTX Tài Hoan", "HTX Tân Thành", "HTX Thượng Quan"}

    for row in cooperatives():
        assert row.get("sample", False) == (row["name"] not in real)
        for name in (row["name"], row["en"], *(producer["name"] for producer in row.get("producers", []))):
            assert "(" not in name


@pytest.mark.parametrize("row", products(), ids=lambda row: row["name"])
def test_each_product_meets_the_law_and_is_translated(row) -> None:
    assert 1 <= len(row["variants"]) <= 6
    assert all(row[field] for field in ("about", "about_en", "en"))
    assert row["type"] == "craft" or row["shelf_life"]
    for field in SHORT:
        if row.get(field):
            assert translate_to_english(row[field])
    for variant in row["variants"]:
        assert variant["price"] % 1000 == 0
        assert variant["weight"] > 0
        for field in ("name", "size", "pattern"):
            if variant.get(field):
                assert translate_to_english(variant[field])


def test_products_made_by_households_are_translated() -> None:
    products_made = [
        producer["products_made"] for row in cooperatives() for producer in row.get("producers", [])
    ]

    assert products_made
    assert all(translate_to_english(text) for text in products_made)


def test_products_refer_to_existing_categories_and_cooperatives() -> None:
    category_names = {
        category["name"] for root in market()["category"] for category in [root, *root["inside"]]
    }
    sellers = {row["slug"] for row in cooperatives()}

    assert {row["category"] for row in products()} <= category_names
    assert {row["cooperative"] for row in products()} == sellers


def test_texts_make_no_health_claims() -> None:
    promises = re.compile(
        r"chữa|trị bệnh|giúp ngủ|tốt cho sức|bồi bổ|giải độc|health|cure|heal|detox|immun", re.I
    )

    for row in [*products(), *cooperatives()]:
        for field, text in row.items():
            if isinstance(text, str):
                assert not promises.search(text), (row["name"], field)


def test_untranslated_text_raises_an_error() -> None:
    with pytest.raises(KeyError):
        translate_to_english("Một câu chưa dịch")


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("Gói 500 g", "500 g packet"),
        ("Bao 10 kg", "10 kg sack"),
        ("1 kg", "1 kg"),
        ("30 × 120 cm", "30 × 120 cm"),
    ],
)
def test_sizes_are_translated_by_rule(text, english) -> None:
    assert translate_to_english(text) == english
