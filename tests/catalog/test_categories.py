from __future__ import annotations

import pytest

from catalog.actions.taxonomy.categories import update_category
from catalog.models import Category, Product
from shop.core.actors import Actor
from shop.core.models import Change
from tests.factories import NOW, make_category, make_product

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


def test_one_edit_of_a_category_is_one_change_and_reindexes_its_products() -> None:
    category = make_category("Trái cây")
    product = make_product(name="Quýt", category=category)

    update_category(
        category_id=category.pk,
        values={"name": "Hoa quả", "slug": "hoa-qua", "sort_order": 0},
        actor=Actor.system(),
        now=NOW,
    )

    change = Change.objects.get(action="category.changed")
    assert change.data == {
        "fields": ["name", "slug"],
        "from": {"name": "Trái cây", "slug": "trai-cay"},
        "to": {"name": "Hoa quả", "slug": "hoa-qua"},
    }
    product.refresh_from_db()
    assert "hoa qua" in product.search_text
    assert "trai cay" not in product.search_text


def test_edit_that_changes_nothing_writes_no_change() -> None:
    category = make_category("Trái cây")

    update_category(category_id=category.pk, values={"name": "Trái cây"}, actor=Actor.system(), now=NOW)

    assert not Change.objects.filter(action="category.changed").exists()
