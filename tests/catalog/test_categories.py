from __future__ import annotations

import pytest

from catalog.actions.taxonomy.categories import CategoryCycle, move_category
from catalog.models import Category, Product
from shop.core.actors import Actor
from tests.factories import NOW, make_category, make_product
from tests.unchanged import refused

pytestmark = pytest.mark.django_db
STAFF = Actor.system("test")


def move(category, parent):
    move_category(category=category, parent=parent, actor=STAFF, now=NOW)


def test_a_shelf_knows_its_way_from_the_floor() -> None:
    food = make_category("Thực phẩm")
    dry = make_category("Đồ khô", food)

    assert (food.path, food.level) == (f"/{food.pk}/", 0)
    assert (dry.path, dry.level, dry.slug) == (f"/{food.pk}/{dry.pk}/", 1, "do-kho")


def test_a_shelf_moves_with_all_that_is_in_it() -> None:
    food, craft = make_category("Thực phẩm"), make_category("Đồ thủ công")
    dry = make_category("Đồ khô", food)
    noodles = make_category("Miến, bún khô", dry)
    product = make_product(category=noodles)

    move(dry, craft)

    noodles.refresh_from_db()
    dry.refresh_from_db()
    assert (dry.parent, dry.path, noodles.path) == (
        craft,
        f"/{craft.pk}/{dry.pk}/",
        f"/{craft.pk}/{dry.pk}/{noodles.pk}/",
    )
    assert [dry.level, noodles.level] == [1, 2]
    assert list(Product.objects.under(craft)) == [product]
    assert list(Product.objects.under(food)) == []


def test_a_shelf_moves_to_the_floor() -> None:
    food = make_category("Thực phẩm")
    dry = make_category("Đồ khô", food)
    noodles = make_category("Miến, bún khô", dry)

    move(dry, None)

    rows = Category.objects.filter(pk__in=[dry.pk, noodles.pk]).order_by("path")
    assert [(row.parent_id, row.level, row.path) for row in rows] == [
        (None, 0, f"/{dry.pk}/"),
        (dry.pk, 1, f"/{dry.pk}/{noodles.pk}/"),
    ]


def test_a_shelf_does_not_stand_in_itself_nor_in_what_is_in_it() -> None:
    food = make_category("Thực phẩm")
    dry = make_category("Đồ khô", food)
    noodles = make_category("Miến, bún khô", dry)

    for parent in (food, dry, noodles):
        with refused(CategoryCycle, "shelf_in_itself") as refusal:
            move(food, parent)

    assert refusal.value.field == "parent"


def test_a_shelf_is_not_taken_for_one_whose_number_begins_alike() -> None:
    first = make_category("Một")
    Category.objects.filter(pk=first.pk).update(path="/1/")
    other = make_category("Mười hai")
    Category.objects.filter(pk=other.pk).update(path="/12/")
    first.refresh_from_db()
    make_product(category=other)

    assert list(Product.objects.under(first)) == []
