"""Mutations of pages, page types and menus."""

from __future__ import annotations

import pytest

from catalog.models import Attribute, InputType
from catalog.models.attribute import AttributeKind
from shop.api.ids import global_id
from shop.content.models import Menu, MenuItem, Page, PageType
from tests.factories import make_admin, make_category, make_channel, make_cooperative, make_user
from tests.refusals import all_rows
from tests.shop.api.catalogue.test_shop_setup import mutate
from tests.shop.api.client import data_of, execute
from tests.shop.api.content.test_pages import make_page
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db(transaction=True)

CREATE_PAGE = """mutation ($input: PageCreateInput!) { pageCreate(input: $input) {
  page { id slug isPublished pageType { slug } attributes { values { plainText } } }
  errors { field code } } }"""


@pytest.fixture
def token():
    return token_of(make_admin())


def test_page_is_created_with_attributes_of_its_type(token) -> None:
    mood = Attribute.objects.create(
        slug="mood", name="Mood", input_type=InputType.PLAIN_TEXT, kind=AttributeKind.PAGE_TYPE
    )
    mood_id = global_id("Attribute", mood.pk)
    page_type = mutate(
        """mutation ($input: PageTypeCreateInput!) { pageTypeCreate(input: $input) {
          pageType { id slug attributes { slug } } errors { field code } } }""",
        token,
        input={"name": "Bài viết", "addAttributes": [mood_id]},
    )["pageType"]

    page = mutate(
        CREATE_PAGE,
        token,
        input={
            "title": "Giới thiệu",
            "pageType": page_type["id"],
            "isPublished": True,
            "content": '{"blocks": [{"type": "paragraph", "data": {"text": "Chào <b>bạn</b>"}}]}',
            "attributes": [{"id": mood_id, "plainText": "vui"}],
        },
    )["page"]

    assert page_type == {"id": page_type["id"], "slug": "bai-viet", "attributes": [{"slug": "mood"}]}
    assert page == {
        "id": page["id"],
        "slug": "gioi-thieu",
        "isPublished": True,
        "pageType": {"slug": "bai-viet"},
        "attributes": [{"values": [{"plainText": "vui"}]}],
    }
    assert data_of('{ page(slug: "gioi-thieu") { title } }') == {"page": {"title": "Giới thiệu"}}


def test_page_type_with_pages_cannot_be_deleted(token) -> None:
    page = make_page()

    (payload,) = data_of(
        "mutation ($id: ID!) { pageTypeDelete(id: $id) { pageType { id } errors { field code } } }",
        token,
        id=global_id("PageType", page.page_type_id),
    ).values()

    assert payload == {"pageType": None, "errors": [{"field": "id", "code": "INVALID"}]}
    assert PageType.objects.exists()


def test_page_of_a_cooperative_cannot_be_deleted(token) -> None:
    PageType.objects.create(slug="cooperative", name="Hợp tác xã")
    key = global_id("Page", 10**9 + make_cooperative(slug="thien-an").pk)

    (payload,) = data_of(
        "mutation ($id: ID!) { pageDelete(id: $id) { page { id } errors { field code } } }", token, id=key
    ).values()

    assert payload == {"page": None, "errors": [{"field": "id", "code": "INVALID"}]}
    assert data_of('{ page(slug: "thien-an") { title } }') == {"page": {"title": "HTX Thiên An"}}


CREATE_MENU_ITEM = """mutation ($input: MenuItemCreateInput!) { menuItemCreate(input: $input) {
  menuItem { id name level category { slug } page { slug } } errors { field code } } }"""


def test_menu_items_are_created(token) -> None:
    make_channel()
    PageType.objects.create(slug="cooperative", name="Hợp tác xã")
    thien_an = make_cooperative(slug="thien-an")
    menu = mutate(
        """mutation ($input: MenuCreateInput!) { menuCreate(input: $input) {
          menu { id slug items { name } } errors { field code } } }""",
        token,
        input={"name": "navbar", "items": [{"name": "Ngoài", "url": "https://example.com/"}]},
    )["menu"]
    parent_item = mutate(
        CREATE_MENU_ITEM,
        token,
        input={
            "menu": menu["id"],
            "name": "Vải",
            "category": global_id("Category", make_category("Vải").pk),
        },
    )["menuItem"]

    child_item = mutate(
        CREATE_MENU_ITEM,
        token,
        input={
            "menu": menu["id"],
            "parent": parent_item["id"],
            "name": "Thiên An",
            "page": global_id("Page", 10**9 + thien_an.pk),
        },
    )["menuItem"]

    assert menu["items"] == [{"name": "Ngoài"}]
    assert parent_item == {
        "id": parent_item["id"],
        "name": "Vải",
        "level": 0,
        "category": {"slug": "vai"},
        "page": None,
    }
    assert child_item["level"] == 1
    assert child_item["page"] == {"slug": "thien-an"}
    assert MenuItem.objects.get(name="Thiên An").page_cooperative == thien_an


@pytest.mark.parametrize(
    ("invalid_values", "error"),
    [
        ({"name": "Hai", "url": "/", "category": "x"}, {"field": "category", "code": "CANNOT_ASSIGN_NODE"}),
        ({"name": " "}, {"field": "name", "code": "REQUIRED"}),
        ({"name": "Xa", "page": global_id("Page", 999)}, {"field": "page", "code": "NOT_FOUND"}),
        ({"name": "Xa", "parent": global_id("MenuItem", 999)}, {"field": "parent", "code": "NOT_FOUND"}),
    ],
)
def test_invalid_menu_item_is_refused(token, invalid_values, error) -> None:
    menu = Menu.objects.create(slug="navbar", name="navbar")

    (payload,) = data_of(
        CREATE_MENU_ITEM, token, input={"menu": global_id("Menu", menu.pk)} | invalid_values
    ).values()

    assert payload == {"menuItem": None, "errors": [error]}
    assert not MenuItem.objects.exists()


def test_page_create_requires_permission(token) -> None:
    page_type_id = global_id("PageType", make_page().page_type_id)

    response = execute(
        CREATE_PAGE, token_of(make_user(is_staff=True)), input={"title": "X", "pageType": page_type_id}
    )

    assert response["data"] == {"pageCreate": None}
    assert response["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"
    assert Page.objects.count() == 1


PUBLISH = """mutation ($ids: [ID!]!, $published: Boolean!) {
  pageBulkPublish(ids: $ids, isPublished: $published) { count errors { field code } } }"""


def test_pages_are_published_together_or_not_at_all(token) -> None:
    pages = [
        make_page(slug=slug, is_published=is_published) for slug, is_published in (("a", False), ("b", True))
    ]
    ids = [global_id("Page", page.pk) for page in pages]

    published = mutate(PUBLISH, token, ids=ids, published=True)
    before = all_rows()
    refused = data_of(PUBLISH, token, ids=[*ids, global_id("Page", 10**6)], published=False)

    assert published["count"] == 1
    assert refused["pageBulkPublish"] == {"count": 0, "errors": [{"field": "ids", "code": "NOT_FOUND"}]}
    assert all_rows() == before
    assert set(Page.objects.values_list("is_published", flat=True)) == {True}


MOVE = """mutation ($menu: ID!, $moves: [MenuItemMoveInput!]!) { menuItemMove(menu: $menu, moves: $moves) {
  menu { items { name level children { name level children { name level } } } } errors { field code } } }"""


@pytest.fixture
def menu():
    """A menu with the entries A (with the child A1, with the child A2), B and C."""
    menu = Menu.objects.create(slug="navbar", name="navbar")
    a, _b, _c = (
        MenuItem.objects.create(menu=menu, name=name, sort_order=position)
        for position, name in enumerate("ABC")
    )
    child = MenuItem.objects.create(menu=menu, name="A1", parent=a, level=1)
    MenuItem.objects.create(menu=menu, name="A2", parent=child, level=2)
    return menu


def moves(*requested):
    """Return the input for moves: an entry's name, its new parent's name or None, and an offset."""
    ids = {item.name: global_id("MenuItem", item.pk) for item in MenuItem.objects.all()}
    return [
        {"itemId": ids[name], "parentId": ids[parent] if parent else None, "sortOrder": offset}
        for name, parent, offset in requested
    ]


def test_menu_items_move_with_the_entries_below_them(token, menu) -> None:
    requested = moves(("C", None, -9), ("A1", "B", 0), ("A", "B", -1))

    moved = mutate(MOVE, token, menu=global_id("Menu", menu.pk), moves=requested)["menu"]

    assert moved["items"] == [
        {"name": "C", "level": 0, "children": []},
        {
            "name": "B",
            "level": 0,
            "children": [
                {"name": "A", "level": 1, "children": []},
                {"name": "A1", "level": 1, "children": [{"name": "A2", "level": 2}]},
            ],
        },
    ]


def test_impossible_moves_of_menu_items_change_nothing(token, menu) -> None:
    other = Menu.objects.create(slug="footer", name="footer")
    before = all_rows()

    def errors_of(moved_menu, requested):
        return data_of(MOVE, token, menu=global_id("Menu", moved_menu.pk), moves=requested)["menuItemMove"][
            "errors"
        ]

    assert errors_of(menu, moves(("B", None, 1), ("A", "A2", 0))) == [
        {"field": "parentId", "code": "CANNOT_ASSIGN_NODE"}
    ]
    assert errors_of(menu, moves(("A", "A", 0))) == [{"field": "parentId", "code": "CANNOT_ASSIGN_NODE"}]
    assert errors_of(other, moves(("A", None, 0))) == [{"field": "itemId", "code": "NOT_FOUND"}]
    assert errors_of(Menu(pk=10**6), moves()) == [{"field": "menu", "code": "NOT_FOUND"}]
    assert all_rows() == before
