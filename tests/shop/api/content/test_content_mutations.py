"""Mutations of pages, page types and menus."""

from __future__ import annotations

import pytest

from catalog.models import Attribute, InputType
from catalog.models.attribute import AttributeKind
from shop.api.ids import global_id
from shop.content.models import Menu, MenuItem, Page, PageType
from tests.factories import make_admin, make_category, make_channel, make_cooperative, make_user
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
