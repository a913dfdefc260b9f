from __future__ import annotations

import pytest

from catalog.models import Category, Product
from tests.factories import make_category, make_product

pytestmark = pytest.mark.django_db


def test_category_stores_path_level_and_slug() -> None:
    food = make_category("Thực phẩm")
    dry = make_category("Đồ khô", food)

    assert (food.path, food.level) == (f"/{food.pk}/", 0)
    assert (dry.path, dry.level, dry.slug) == (f"/{food.pk}/{dry.pk}/", 1, "do-kho")


def test_product_is_found_in_every_ancestor_category() -> None:
    food, crafts = make_category("Thực phẩm"), make_category("Đồ thủ công")
    noodles = make_category("Miến, bún khô", make_category("Đồ khô", food))
    product = make_product(category=noodles)

    products_by_category = [list(Product.objects.under(category)) for category in (noodles, food, crafts)]

    assert products_by_category == [[product], [product], []]


def test_category_path_prefix_does_not_match_longer_id() -> None:
    first = make_category("Một")
    Category.objects.filter(pk=first.pk).update(path="/1/")
    other = make_category("Mười hai")
    Category.objects.filter(pk=other.pk).update(path="/12/")
    first.refresh_from_db()
    make_product(category=other)

    assert list(Product.objects.under(first)) == []
