"""Hidden categories: what buyers, API apps and the desk see of them and of their products."""

from __future__ import annotations

import pytest
from django.test import Client

from catalog.actions.taxonomy.categories import create_category
from catalog.actions.taxonomy.category_tree import hide_category, merge_category, move_category
from catalog.models import Category, Product
from shop.accounts.staff.permissions import Permission
from shop.content.models import Menu, MenuItem
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import NOW, make_admin, make_category, make_product, make_staff
from tests.refusals import assert_refused
from tests.shop.api.client import data_of
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW = {"actor": Actor.system("test"), "now": NOW}


def make_tree() -> tuple[Category, Category, Category, Product]:
    """Make three levels of categories with a product in the lowest one."""
    food = make_category("Lương thực")
    rice = make_category("Gạo các loại", parent=food)
    sticky = make_category("Nếp nương", parent=rice)
    return food, rice, sticky, make_product(name="Bún khô", category=sticky)


def hide(category: Category, *, is_hidden: bool = True) -> None:
    hide_category(category_id=category.pk, is_hidden=is_hidden, **ACTOR_AND_NOW)


def shown_names() -> set[str]:
    return set(Category.objects.shown().values_list("name", flat=True))


def test_subcategories_are_hidden_with_it_and_come_back() -> None:
    food, _rice, sticky, _product = make_tree()
    hide(sticky)

    hide(food)
    assert shown_names() == set()

    hide(food, is_hidden=False)
    assert shown_names() == {"Lương thực", "Gạo các loại"}  # the lowest one was hidden itself
    changes = Change.objects.filter(action__in=("category.hidden", "category.shown")).order_by("pk")
    assert list(changes.values_list("action", "key")) == [
        ("category.hidden", str(sticky.pk)),
        ("category.hidden", str(food.pk)),
        ("category.shown", str(food.pk)),
    ]


def test_hiding_twice_records_one_change() -> None:
    food, *_rest = make_tree()
    hide(food)
    hide(food)

    assert Change.objects.filter(action="category.hidden").count() == 1
    with assert_refused(Missing, "missing"):
        hide_category(category_id=0, is_hidden=True, **ACTOR_AND_NOW)


def test_new_moved_and_merged_categories_follow_the_one_above_them() -> None:
    food, rice, _sticky, _product = make_tree()
    drinks = make_category("Đồ uống")
    tea = make_category("Chè", parent=drinks)
    hide(food)

    create_category(parent_id=food.pk, name="Ngô", slug=None, values={}, **ACTOR_AND_NOW)
    move_category(category_id=rice.pk, parent_id=drinks.pk, position=0, **ACTOR_AND_NOW)
    assert shown_names() == {"Đồ uống", "Chè", "Gạo các loại", "Nếp nương"}

    merge_category(category_id=drinks.pk, into_id=food.pk, **ACTOR_AND_NOW)
    assert Category.objects.get(pk=tea.pk).parent == food
    assert shown_names() == set()


def test_buyers_find_its_products_under_the_nearest_shown_category(client: Client) -> None:
    food, rice, sticky, product = make_tree()
    hide(rice)

    assert client.get(f"/danh-muc/{rice.slug}/").status_code == 404
    assert client.get(f"/danh-muc/{sticky.slug}/").status_code == 404
    parent_page = client.get(f"/danh-muc/{food.slug}/")
    assert parent_page.context["total"] == 1
    assert parent_page.context["inside"] == []
    product_page = client.get(f"/san-pham/{product.slug}/")
    assert [breadcrumb.name for breadcrumb in product_page.context["breadcrumbs"]][-1] == "Lương thực"
    assert '"category": "Lương thực"' in product_page.content.decode().replace('":"', '": "')
    suggestions = client.get("/tim/goi-y/", {"q": "gạo các loại"})
    assert not suggestions.context["found"].categories
    sitemap = client.get("/sitemap-categories-vi.xml").content.decode()
    assert food.slug in sitemap
    assert rice.slug not in sitemap
    assert sticky.slug not in sitemap


def test_hidden_root_leaves_home_lists_and_searches(client: Client) -> None:
    food, _rice, _sticky, product = make_tree()
    drinks = make_category("Đồ uống")
    hide(food)

    assert client.get("/").context["categories"] == [drinks]
    for page in (client.get("/san-pham/"), client.get("/tim/", {"q": "bún"})):
        assert page.context["total"] == 1
        assert "Lương thực" not in [option.label for option in page.context["inside"]]
    breadcrumbs = client.get(f"/san-pham/{product.slug}/").context["breadcrumbs"]
    assert not any(breadcrumb.row for breadcrumb in breadcrumbs)


def test_pages_kept_in_memory_follow(client: Client, settings: object) -> None:
    settings.PAGE_CACHE_SECONDS = 3600  # type: ignore[attr-defined]
    food, *_rest = make_tree()
    make_category("Đồ uống")
    address = f"/danh-muc/{food.slug}/"
    assert client.get(address).status_code == 200
    assert "Lương thực" in client.get("/").content.decode()

    hide(food)
    assert client.get(address).status_code == 404
    assert "Lương thực" not in client.get("/").content.decode()

    hide(food, is_hidden=False)
    assert client.get(address).status_code == 200


API = """
query ($slug: String!, $hidden: String!) {
  categories(first: 9) { edges { node { slug } } }
  sorted: categories(first: 9, sortBy: {field: NAME, direction: ASC}) { edges { node { slug } } }
  category(slug: $hidden) { slug }
  parent: category(slug: $slug) {
    children(first: 9) { edges { node { slug } } }
    products(first: 9, channel: "viet-nam") { edges { node { category { slug parent { slug } } } } }
  }
  menu(slug: "navbar", channel: "viet-nam") { items { name } }
}
"""


def api_view(food: Category, rice: Category, token: str | None = None) -> dict[str, object]:
    data = data_of(API, token, slug=food.slug, hidden=rice.slug)
    (product,) = data["parent"]["products"]["edges"]
    return {
        "categories": {edge["node"]["slug"] for edge in data["categories"]["edges"]},
        "sorted": {edge["node"]["slug"] for edge in data["sorted"]["edges"]},
        "category": data["category"],
        "children": [edge["node"]["slug"] for edge in data["parent"]["children"]["edges"]],
        "of_product": product["node"]["category"]["slug"],
        "menu": [item["name"] for item in data["menu"]["items"]],
    }


def test_api_hides_it_from_buyers_but_not_from_staff() -> None:
    food, rice, sticky, _product = make_tree()
    menu = Menu.objects.create(slug="navbar", name="Trên cùng")
    MenuItem.objects.create(menu=menu, name="Gạo", category=rice)
    MenuItem.objects.create(menu=menu, name="Ăn", category=food, sort_order=1)
    everything = {
        "categories": {food.slug, rice.slug, sticky.slug},
        "sorted": {food.slug, rice.slug, sticky.slug},
        "category": {"slug": rice.slug},
        "children": [rice.slug],
        "of_product": sticky.slug,
        "menu": ["Gạo", "Ăn"],
    }
    assert api_view(food, rice) == everything

    hide(rice)

    assert api_view(food, rice) == {
        "categories": {food.slug},
        "sorted": {food.slug},
        "category": None,
        "children": [],
        "of_product": food.slug,
        "menu": ["Ăn"],
    }
    staff = make_staff(Permission.MANAGE_PRODUCTS)
    assert api_view(food, rice, token_of(staff)) == everything


def test_api_shows_no_category_where_all_above_are_hidden() -> None:
    food, *_rest, product = make_tree()
    hide(food)

    query = """query ($slug: String!) { product(slug: $slug, channel: "viet-nam") { category { slug } } }"""
    assert data_of(query, slug=product.slug) == {"product": {"category": None}}


def test_desk_hides_and_shows_a_category(client: Client) -> None:
    food, rice, *_rest = make_tree()
    client.force_login(make_admin())
    address = f"/quan-tri/danh-muc/{food.pk}/"
    texts = {"name": food.name, "description_text": ""}

    client.post(address, texts | {"is_hidden": "on"})
    assert not Category.objects.get(pk=rice.pk).is_shown
    page = client.get(address).content.decode()
    assert "Ẩn danh mục với người mua" in page
    assert client.get("/quan-tri/danh-muc/").content.decode().count("đang ẩn") == 3

    client.post(address, texts)
    assert Category.objects.get(pk=rice.pk).is_shown
