"""Menus over the API, as the storefront uses them in header and footer."""

from __future__ import annotations

import pytest

from shop.content.models import Menu, MenuItem, PageType
from shop.core.models import Translation
from tests.factories import make_category, make_channel, make_cooperative
from tests.shop.api.client import data_of
from tests.shop.api.content.test_pages import make_page

pytestmark = pytest.mark.django_db

MENU = """
fragment Entry on MenuItem {
  name level url
  translation(languageCode: EN) { name }
  category { slug } collection { slug } page { slug title }
}
query ($slug: String!) {
  menu(slug: $slug, channel: "viet-nam") { name items { ...Entry children { ...Entry } } }
}
"""


def entry(**fields):
    nothing = {"url": None, "translation": None, "category": None, "collection": None, "page": None}
    return {"level": 0} | nothing | fields


def test_menu_links_categories_pages_and_cooperatives(django_assert_num_queries) -> None:
    make_channel()
    PageType.objects.create(slug="cooperative", name="Hợp tác xã")
    thien_an = make_cooperative(slug="thien-an")
    menu = Menu.objects.create(slug="navbar", name="Trên cùng")
    category_item = MenuItem.objects.create(menu=menu, name="Thực phẩm", category=make_category("Thực phẩm"))
    child_columns = {"menu": menu, "parent": category_item, "level": 1}
    MenuItem.objects.create(**child_columns, name="Kệ của Thiên An", collection_cooperative=thien_an)
    MenuItem.objects.create(**child_columns, name="Về Thiên An", page_cooperative=thien_an, sort_order=1)
    MenuItem.objects.create(menu=menu, name="Giới thiệu", page=make_page(), sort_order=1)
    MenuItem.objects.create(
        menu=menu, name="Nháp", page=make_page(slug="nhap", is_published=False), sort_order=2
    )
    MenuItem.objects.create(menu=menu, name="Ngoài", url="https://example.com/", sort_order=3)
    Translation.objects.create(
        kind="content.menuitem", key=category_item.pk, language="en", field="name", text="Food"
    )

    # channels, menu, items, then the targets of both levels
    with django_assert_num_queries(10):
        data = data_of(MENU, slug="navbar")

    assert data["menu"]["items"] == [
        entry(
            name="Thực phẩm",
            translation={"name": "Food"},
            category={"slug": "thuc-pham"},
            children=[
                entry(name="Kệ của Thiên An", level=1, collection={"slug": "thien-an"}),
                entry(name="Về Thiên An", level=1, page={"slug": "thien-an", "title": "HTX Thiên An"}),
            ],
        ),
        entry(name="Giới thiệu", page={"slug": "gioi-thieu", "title": "Giới thiệu"}, children=[]),
        entry(name="Nháp", children=[]),
        entry(name="Ngoài", url="https://example.com/", children=[]),
    ]


def test_unknown_menu_is_null() -> None:
    make_channel()

    assert data_of(MENU, slug="footer") == {"menu": None}
