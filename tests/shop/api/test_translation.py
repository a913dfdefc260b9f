"""Translations over the API, as the Dashboard's translators write them."""

from __future__ import annotations

import json

import pytest

from catalog.models import Attribute, AttributeValue, Collection, InputType, ProductAttributeValue
from cooperatives.models import ShippingService
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.content.models import Menu, MenuItem, Page, PageType
from shop.core.models import Change, Translation
from tests.factories import make_category, make_product, make_seller, make_staff, make_user, make_voucher
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db(transaction=True)

BLOCKS = {"blocks": [{"type": "paragraph", "data": {"text": "Soft <b>rice</b><script>x</script>"}}]}
TRANSLATIONS = """query($kind: TranslatableKinds!) { translations(kind: $kind, first: 9) {
  totalCount edges { node { __typename ... on ProductTranslatableContent {
    productId name slug product { slug } attributeValues { attributeValueId richText attribute { name } }
    translation(languageCode: EN) { name slug description language { code } }
  } } } } }"""
TRANSLATION = (
    """query($id: ID!, $kind: TranslatableKinds!) { translation(id: $id, kind: $kind) { __typename } }"""
)


def translate(name, input_type, payload, token, **variables):
    text = f"""mutation($id: ID!, $input: {input_type}!, $code: LanguageCodeEnum!) {{
      {name}(id: $id, input: $input, languageCode: $code) {{
        {payload} {{ id translation(languageCode: $code) {{ id }} }} errors {{ field code }}
      }} }}"""
    (payload_,) = data_of(text, token, code="EN", **variables).values()
    return payload_


@pytest.fixture
def token():
    return token_of(make_staff(Permission.MANAGE_TRANSLATIONS))


def test_product_translation_is_saved_listed_and_cleared(token) -> None:
    product = make_product(name="Gạo nếp")
    story = AttributeValue.objects.create(
        attribute=Attribute.objects.create(
            slug="cau-chuyen", name="Câu chuyện", input_type=InputType.RICH_TEXT
        ),
        slug="1",
        name="1",
        rich_text={"blocks": []},
    )
    ProductAttributeValue.objects.create(product=product, value=story)
    input_data = {"name": " Sticky rice ", "slug": "sticky-rice", "description": json.dumps(BLOCKS)}

    payload = translate(
        "productTranslate",
        "TranslationInput",
        "product",
        token,
        id=global_id("Product", product.pk),
        input=input_data,
    )
    page = data_of(TRANSLATIONS, token, kind="PRODUCT")["translations"]

    assert payload["errors"] == []
    (edge,) = page["edges"]
    translation = edge["node"].pop("translation")
    assert edge["node"] == {
        "__typename": "ProductTranslatableContent",
        "productId": global_id("Product", product.pk),
        "name": "Gạo nếp",
        "slug": product.slug,
        "product": {"slug": product.slug},
        "attributeValues": [
            {
                "attributeValueId": global_id("AttributeValue", story.pk),
                "richText": json.dumps({"blocks": []}),
                "attribute": {"name": "Câu chuyện"},
            }
        ],
    }
    assert (translation["name"], translation["slug"], translation["language"]) == (
        "Sticky rice",
        "sticky-rice",
        {"code": "EN"},
    )
    assert json.loads(translation["description"])["blocks"][0]["data"]["text"] == "Soft <b>rice</b>"
    # Our own pages show plain text.
    assert Translation.objects.get(field="description_text").text == "Soft rice"
    change = Change.objects.latest("pk")
    assert (change.action, change.data["language"]) == ("product.translated", "en")

    translate(
        "productTranslate",
        "TranslationInput",
        "product",
        token,
        id=global_id("Product", product.pk),
        input={"name": None},
    )
    assert set(Translation.objects.values_list("field", flat=True)) == {
        "slug",
        "description",
        "description_text",
    }


def test_each_translatable_kind_is_translated(token) -> None:
    variant = make_product(variants=(("nhỏ", 0),)).variants.get()
    dye = Attribute.objects.create(slug="mau", name="Màu", input_type=InputType.DROPDOWN)
    page = Page.objects.create(
        page_type=PageType.objects.create(slug="bai", name="Bài"), slug="ve", title="Về chợ"
    )
    name_input = {"name": "In English"}
    cases = [
        ("productVariant", "NameTranslationInput", variant, name_input),
        ("category", "TranslationInput", make_category(), name_input),
        ("collection", "TranslationInput", Collection.objects.create(slug="tet", name="Tết"), name_input),
        ("attribute", "NameTranslationInput", dye, name_input),
        (
            "attributeValue",
            "AttributeValueTranslationInput",
            AttributeValue.objects.create(attribute=dye, slug="do", name="Đỏ"),
            name_input,
        ),
        ("page", "PageTranslationInput", page, {"title": "About us"}),
        (
            "menuItem",
            "NameTranslationInput",
            MenuItem.objects.create(
                menu=Menu.objects.create(slug="tren", name="Trên"), name="Về chợ", page=page
            ),
            name_input,
        ),
        ("shippingPrice", "ShippingPriceTranslationInput", ShippingService.objects.get(), name_input),
        ("voucher", "NameTranslationInput", make_voucher(), name_input),
    ]
    kind_names = [
        "VARIANT",
        "CATEGORY",
        "COLLECTION",
        "ATTRIBUTE",
        "ATTRIBUTE_VALUE",
        "PAGE",
        "MENU_ITEM",
        "SHIPPING_METHOD",
        "VOUCHER",
    ]

    for (name, input_type, row, input_data), kind_name in zip(cases, kind_names, strict=True):
        payload = "shippingMethod" if name == "shippingPrice" else name
        type_name = payload[0].upper() + payload[1:] + ("Type" if name == "shippingPrice" else "")
        key = global_id(type_name, row.pk)
        before = data_of(TRANSLATION, token, id=key, kind=kind_name)["translation"]
        payload_data = translate(f"{name}Translate", input_type, payload, token, id=key, input=input_data)

        assert before == {"__typename": f"{payload[0].upper()}{payload[1:]}TranslatableContent"}
        assert payload_data["errors"] == []
        # A page's payload is its content, as Saleor's schema has it.
        shown_type = "PageTranslatableContent" if name == "page" else type_name
        assert payload_data[payload]["id"] == global_id(shown_type, row.pk)
        assert payload_data[payload]["translation"] is not None
        assert Translation.objects.get(kind=row._meta.label_lower, key=str(row.pk)).text == next(
            iter(input_data.values())
        )
    assert data_of(TRANSLATIONS, token, kind="SALE")["translations"] == {"totalCount": 0, "edges": []}


def test_invalid_translation_is_refused_and_changes_nothing(token) -> None:
    seller = make_seller()
    first, second = (global_id("Product", make_product(seller, name=name).pk) for name in ("Gạo", "Ngô"))
    arguments = {
        "name": "productTranslate",
        "input_type": "TranslationInput",
        "payload": "product",
        "token": token,
    }
    translate(**arguments, id=first, input={"slug": "rice"})
    before = all_rows()

    refusals = [
        translate(**arguments, id=second, input={"slug": "rice"})["errors"],
        translate(**arguments, id=second, input={"name": "x" * 300})["errors"],
        translate(**arguments, id=global_id("Product", 10**9), input={"name": "x"})["errors"],
    ]
    base_language_errors = data_of(
        'mutation($id: ID!) { productTranslate(id: $id, input: { name: "x" }, languageCode: VI) '
        "{ errors { field code } } }",
        token,
        id=first,
    )["productTranslate"]["errors"]
    text = """mutation($id: ID!) {
      productTranslate(id: $id, input: {}, languageCode: EN) { errors { code } } }"""
    unauthorised_tokens = (None, token_of(make_user()), token_of(make_staff(Permission.MANAGE_PRODUCTS)))
    responses = [execute(text, requester, id=first) for requester in unauthorised_tokens]

    assert refusals == [
        [{"field": "slug", "code": "UNIQUE"}],
        [{"field": "name", "code": "INVALID"}],
        [{"field": "id", "code": "NOT_FOUND"}],
    ]
    assert base_language_errors == [{"field": "languageCode", "code": "INVALID"}]
    assert {response["errors"][0]["extensions"]["exception"]["code"] for response in responses} == {
        "PermissionDenied"
    }
    assert {name: rows for name, rows in all_rows().items() if "translation" in name} == {
        name: rows for name, rows in before.items() if "translation" in name
    }
