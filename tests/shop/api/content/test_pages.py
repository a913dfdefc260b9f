"""Pages over the API: pages of staff, and the page of each cooperative."""

from __future__ import annotations

import datetime
import json

import pytest
from django.utils import timezone

from catalog.models import Attribute, AttributeValue, InputType
from catalog.models.attribute import AttributeKind
from cooperatives.states import CooperativeState
from shop.api.ids import global_id
from shop.content.models import Page, PageAttributeValue, PageType, PageTypeAttribute
from shop.core.models import Translation
from tests.factories import make_channel, make_cooperative
from tests.shop.api.client import data_of

pytestmark = pytest.mark.django_db

PAGE = """
query ($slug: String!, $language: LanguageCodeEnum!) {
  page(slug: $slug) {
    id slug title content seoTitle isPublished pageType { slug }
    translation(languageCode: $language) { title content }
    assignedAttributes { attribute { slug } ... on AssignedPlainTextAttribute { value } }
  }
}
"""


def make_page(**fields):
    page_type = PageType.objects.get_or_create(slug="text", defaults={"name": "Bài viết"})[0]
    defaults = {"slug": "gioi-thieu", "title": "Giới thiệu", "is_published": True, "page_type": page_type}
    return Page.objects.create(**(defaults | fields))


def rich_text(text):
    return {"blocks": [{"type": "paragraph", "data": {"text": text}}]}


def test_page_with_attributes_and_translation() -> None:
    page = make_page(content=rich_text("Xin chào"), seo_title="Chợ của núi")
    mood = Attribute.objects.create(
        slug="mood", name="Mood", input_type=InputType.PLAIN_TEXT, kind=AttributeKind.PAGE_TYPE
    )
    PageTypeAttribute.objects.create(page_type=page.page_type, attribute=mood)
    value = AttributeValue.objects.create(attribute=mood, slug="mood", name="mood", plain_text="vui")
    PageAttributeValue.objects.create(page=page, value=value)
    Translation.objects.create(kind="content.page", key=page.pk, language="en", field="title", text="About")

    data = data_of(PAGE, slug="gioi-thieu", language="EN")

    content = data["page"].pop("content")
    assert json.loads(content) == rich_text("Xin chào")
    assert data["page"] == {
        "id": global_id("Page", page.pk),
        "slug": "gioi-thieu",
        "title": "Giới thiệu",
        "seoTitle": "Chợ của núi",
        "isPublished": True,
        "pageType": {"slug": "text"},
        "translation": {"title": "About", "content": None},
        "assignedAttributes": [{"attribute": {"slug": "mood"}, "value": "vui"}],
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"is_published": False},
        {"published_at": timezone.now() + datetime.timedelta(days=1)},
    ],
)
def test_customers_do_not_see_unpublished_pages(fields) -> None:
    make_page(**fields)

    assert data_of(PAGE, slug="gioi-thieu", language="EN") == {"page": None}


def test_every_cooperative_has_a_page() -> None:
    PageType.objects.create(slug="cooperative", name="Hợp tác xã")
    thien_an = make_cooperative(slug="thien-an", story="Dệt bằng tay.\n\nTừ 2019.")

    data = data_of(PAGE, slug="thien-an", language="EN")

    assert data["page"]["id"] == global_id("Page", 10**9 + thien_an.pk)
    assert data["page"]["title"] == "HTX Thiên An"
    assert data["page"]["pageType"] == {"slug": "cooperative"}
    assert '"Dệt bằng tay."' in data["page"]["content"]
    assert data["page"]["assignedAttributes"] == []


def test_unapproved_cooperative_has_no_page() -> None:
    PageType.objects.create(slug="cooperative", name="Hợp tác xã")
    make_cooperative(slug="thien-an", state=CooperativeState.APPLIED)

    assert data_of(PAGE, slug="thien-an", language="EN") == {"page": None}


def test_pages_are_filtered_by_slug_and_type(django_assert_num_queries) -> None:
    make_channel()
    page_type = PageType.objects.create(slug="cooperative", name="Hợp tác xã")
    make_cooperative(slug="thien-an")
    make_page()
    query = """query ($where: PageWhereInput) { pages(first: 9, where: $where, channel: "viet-nam") {
      totalCount edges { node { slug pageType { slug } } } } }"""

    with django_assert_num_queries(5):  # channels, pages, two counts, page types
        all_pages = data_of(query)
    by_slug = data_of(query, where={"slug": {"oneOf": ["thien-an", "nowhere"]}})
    by_type = data_of(query, where={"pageType": {"eq": global_id("PageType", page_type.pk)}})

    assert all_pages["pages"]["totalCount"] == 2
    expected = {
        "totalCount": 1,
        "edges": [{"node": {"slug": "thien-an", "pageType": {"slug": "cooperative"}}}],
    }
    assert by_slug["pages"] == expected
    assert by_type["pages"] == expected
