"""Categories at the desk: the tree, moves, merges, names, and who may change them."""

from __future__ import annotations

import pytest
from django.test import Client

from catalog.actions.taxonomy.category_tree import CategoryInsideItself, merge_category, move_category
from catalog.actions.taxonomy.taxonomy_rows import StillReferenced
from catalog.models import Category, Product
from orders.models import CommissionRate
from shop.accounts.models import User
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.models import Change, Translation
from tests.factories import NOW, make_admin, make_category, make_product, make_staff

pytestmark = pytest.mark.django_db
CATEGORIES = "/quan-tri/danh-muc/"
ACTOR = Actor.system("test")


@pytest.fixture
def admin(client: Client) -> User:
    admin = make_admin()
    client.force_login(admin)
    return admin


def shape() -> list[tuple[str, int, bool]]:
    """Return name, level, and whether the path lists the parent's, for each category by name."""
    return [
        (
            row.name,
            row.level,
            row.path == f"{row.parent.path if row.parent else '/'}{row.pk}/",
        )
        for row in Category.objects.select_related("parent").order_by("name")
    ]


def test_tree_counts_the_products_of_each_branch(client: Client, admin: User) -> None:
    food = make_category("Lương thực")
    rice = make_category("Gạo", parent=food)
    make_product(name="Gạo nếp", category=rice)
    make_product(name="Ngô", category=food)

    rows = client.get(CATEGORIES).context["rows"]

    assert [(row.category, row.product_count) for row in rows] == [(food, 2), (rice, 1)]


def test_branch_moves_with_everything_inside_it(client: Client, admin: User) -> None:
    food, drinks = make_category("A Lương thực"), make_category("B Đồ uống")
    tea = make_category("C Chè", parent=food)
    make_category("D Chè xanh", parent=tea)

    client.post(f"{CATEGORIES}{tea.pk}/chuyen/", {"parent": drinks.pk, "position": "1"})

    moved = Category.objects.get(pk=tea.pk)
    change = Change.objects.get(action="category.moved")
    assert moved.parent == drinks
    assert shape() == [
        ("A Lương thực", 0, True),
        ("B Đồ uống", 0, True),
        ("C Chè", 1, True),
        ("D Chè xanh", 2, True),
    ]
    assert (change.data["from"]["parent"], change.data["to"]["parent"]) == ("A Lương thực", "B Đồ uống")


def test_category_never_goes_inside_itself() -> None:
    food = make_category("Lương thực")
    rice = make_category("Gạo", parent=food)
    before = list(Category.objects.order_by("pk").values())

    with pytest.raises(CategoryInsideItself):
        move_category(category_id=food.pk, parent_id=rice.pk, position=0, actor=ACTOR, now=NOW)
    with pytest.raises(CategoryInsideItself):
        merge_category(category_id=food.pk, into_id=rice.pk, actor=ACTOR, now=NOW)

    assert list(Category.objects.order_by("pk").values()) == before
    assert not Change.objects.filter(kind="catalog.category", action="category.moved").exists()


def test_merge_moves_products_and_subcategories(client: Client, admin: User) -> None:
    source, target = make_category("Chè khô"), make_category("Đồ uống")
    make_category("Chè sen", parent=source)
    product = make_product(name="Chè Tân Cương", category=source)

    client.post(f"{CATEGORIES}{source.pk}/gop/", {"into": target.pk})

    change = Change.objects.get(action="product.changed", key=str(product.pk))
    assert Product.objects.get(pk=product.pk).category == target
    assert shape() == [("Chè sen", 1, True), ("Đồ uống", 0, True)]
    assert (change.data["from"], change.data["to"]) == ({"category": "Chè khô"}, {"category": "Đồ uống"})


def test_category_with_a_commission_rate_is_not_merged_away() -> None:
    source, target = make_category("Chè"), make_category("Đồ uống")
    product = make_product(category=source)
    CommissionRate.objects.create(category=source, percent=5, valid_from=NOW.date())

    with pytest.raises(StillReferenced):
        merge_category(category_id=source.pk, into_id=target.pk, actor=ACTOR, now=NOW)

    assert Product.objects.get(pk=product.pk).category == source
    assert CommissionRate.objects.filter(category=source).exists()


def test_category_is_added_renamed_and_translated(client: Client, admin: User) -> None:
    created = client.post(CATEGORIES, {"name": "Mật ong", "description_text": "", "parent": ""})
    row = Category.objects.get(name="Mật ong")
    client.post(
        f"{CATEGORIES}{row.pk}/", {"name": "Mật ong rừng", "description_text": "", "name_en": "Wild honey"}
    )

    page = client.get(f"{CATEGORIES}{row.pk}/").content.decode()
    assert created.url == f"{CATEGORIES}{row.pk}/"
    assert "<del>Mật ong</del> → <ins>Mật ong rừng</ins>" in " ".join(page.split())
    assert Translation.objects.get(kind="catalog.category", language="en").text == "Wild honey"


def test_pages_are_for_managers_of_products(client: Client) -> None:
    client.force_login(make_staff(Permission.MANAGE_ORDERS))

    assert client.get(CATEGORIES).status_code == 404


def test_address_of_a_merged_category_leads_to_the_other_one(client: Client) -> None:
    leaves, fresh_category = make_category("Rau cải"), make_category("Rau")

    merge_category(category_id=leaves.pk, into_id=fresh_category.pk, actor=ACTOR, now=NOW)

    response = client.get(f"/danh-muc/{leaves.slug}/")
    assert (response.status_code, response.url) == (301, f"/danh-muc/{fresh_category.slug}/")
