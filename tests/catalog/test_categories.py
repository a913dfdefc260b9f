from __future__ import annotations

import pytest

from catalog.models import Category, Product
from tests.factories import make_category, make_product

pytestmark = pytest.mark.django_db


def test_a_shelf_knows_its_way_from_the_floor() -> None:
    food = make_category("Thực phẩm")
    dry = make_category("Đồ khô", food)

    assert (food.path, food.level) == (f"/{food.pk}/", 0)
    assert (dry.path, dry.level, dry.slug) == (f"/{food.pk}/{dry.pk}/", 1, "do-kho")


def test_goods_are_found_in_every_shelf_above_theirs() -> None:
    food, craft = make_category("Thực phẩm"), make_category("Đồ thủ công")
    noodles = make_category("Miến, bún khô", make_category("Đồ khô", food))
    product = make_product(category=noodles)

    found = [list(Product.objects.under(shelf)) for shelf in (noodles, food, craft)]

    assert found == [[product], [product], []]


def test_a_shelf_is_not_taken_for_one_whose_number_begins_alike() -> None:
    first = make_category("Một")
    Category.objects.filter(pk=first.pk).update(path="/1/")
    other = make_category("Mười hai")
    Category.objects.filter(pk=other.pk).update(path="/12/")
    first.refresh_from_db()
    make_product(category=other)

    assert list(Product.objects.under(first)) == []
