"""Translations of products and cooperatives by members and staff."""

import datetime
import json
import re

import pytest

from catalog.states import ListingState
from cooperatives.models import Producer, Role
from shop.core.models import Change, Translation
from tests.factories import NOW, make_admin, make_member, make_product, make_seller
from tests.markup import html_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def seller(db):
    return make_seller("HTX Tài Hoan", slug="htx-tai-hoan", summary="Làm miến", story="Chuyện nhà")


@pytest.fixture
def product(seller):
    product = make_product(seller, name="Miến dong", variants=(("Gói nhỏ", 0), ("Gói to", 9_000)))
    product.description_text = "Sợi dai.\n\nNấu nhanh."
    product.save()
    return product


def saved_translations(row):
    rows = Translation.objects.filter(kind=row._meta.label_lower, key=str(row.pk))
    return {row.field: row.text for row in rows.order_by("field")}


def translation_url(product):
    return f"/xa-vien/hang/{product.listings.get().pk}/loi/en/"


def test_member_translates_fields_and_the_others_stay_vietnamese(client, seller, product) -> None:
    client.force_login(make_member(seller, Role.LISTER))
    product.listings.update(state=ListingState.DRAFT)
    small = product.variants.get(name="Gói nhỏ")

    form = html_of(client.get(translation_url(product)))
    submitted = {
        f"product-{product.pk}-name": " Canna noodles ",
        f"product-{product.pk}-description_text": "Firm.\n\nQuick.",
        f"variant-{small.pk}-name": "Small packet",
    }
    response = client.post(translation_url(product), submitted)

    assert '<span lang="vi">Phủ Thông, Thái Nguyên</span>' in form
    assert "-storage" not in form  # empty in Vietnamese
    assert response.status_code == 302
    formatted = saved_translations(product)["description"]
    assert [block["data"]["text"] for block in json.loads(formatted)["blocks"]] == ["Firm.", "Quick."]
    assert saved_translations(product) == {
        "name": "Canna noodles",
        "description_text": "Firm.\n\nQuick.",
        "description": formatted,
    }
    assert saved_translations(small) == {"name": "Small packet"}
    change = Change.objects.get(action="product.translated")
    assert change.data == {
        "language": "en",
        "fields": ["name", "description_text", f"variant.{small.pk}.name"],
    }
    product.listings.update(state=ListingState.PUBLISHED, published_at=NOW)
    page = html_of(client.get(f"/en/san-pham/{product.slug}/"))
    assert "<h1>Canna noodles</h1>" in page
    assert '<span lang="vi">Phủ Thông, Thái Nguyên</span>' in page
    assert "<b>Small packet</b>" in page
    assert '<b lang="vi">Gói to</b>' in page
    assert "<h1>Miến dong</h1>" in html_of(client.get(f"/san-pham/{product.slug}/"))


def test_emptied_translation_is_removed_and_unchanged_form_records_nothing(client, seller, product) -> None:
    client.force_login(make_member(seller, Role.LISTER))
    product.listings.update(state=ListingState.DRAFT)
    submitted = {f"product-{product.pk}-name": "Noodles", f"product-{product.pk}-description_text": "Firm."}
    client.post(translation_url(product), submitted)
    client.post(translation_url(product), submitted)
    assert Change.objects.filter(action="product.translated").count() == 1

    client.post(translation_url(product), submitted | {f"product-{product.pk}-description_text": ""})

    assert saved_translations(product) == {"name": "Noodles"}


def test_foreign_products_and_unknown_languages_cannot_be_translated(client, seller, product) -> None:
    client.force_login(make_member(make_seller("HTX Khác"), Role.LISTER))
    submitted = {f"product-{product.pk}-name": "Noodles"}

    assert client.post(translation_url(product), submitted).status_code == 404
    assert client.post(f"/quan-tri/hang/{product.listings.get().pk}/loi/en/", submitted).status_code == 404
    client.force_login(make_member(seller, Role.LISTER))
    for language in ("vi", "fr"):
        assert client.get(translation_url(product).replace("/en/", f"/{language}/")).status_code == 404
    assert client.post("/xa-vien/loi/en/", {f"cooperative-{seller.pk}-name": "X"}).status_code == 403
    assert saved_translations(product) == saved_translations(seller) == {}


def test_manager_translates_cooperative_and_staff_correct_it(client, seller, product) -> None:
    delivery_method = seller.delivery_methods.get()
    details = {"agreed_on": datetime.date(2026, 11, 1), "products_made": "Miến", "place": "Thôn Chè Cọ"}
    household = Producer.objects.create(cooperative=seller, name="Hộ bà Mơ", **details)
    Producer.objects.create(cooperative=seller, name="Hộ chưa đồng ý", products_made="Miến")
    client.force_login(make_member(seller, Role.MANAGER))
    submitted = {
        f"cooperative-{seller.pk}-summary": "Make noodles",
        f"deliverymethod-{delivery_method.pk}-name": "Home",
    }
    submitted[f"producer-{household.pk}-products_made"] = "Noodles"
    client.post("/xa-vien/loi/en/", submitted)
    client.force_login(make_admin())

    client.post(
        f"/quan-tri/hop-tac-xa/{seller.pk}/loi/en/", submitted | {f"cooperative-{seller.pk}-story": "Story"}
    )
    client.post(
        f"/quan-tri/hang/{product.listings.get().pk}/loi/en/", {f"product-{product.pk}-name": "Noodles"}
    )

    assert saved_translations(seller) == {"story": "Story", "summary": "Make noodles"}
    assert saved_translations(delivery_method) == {"name": "Home"}
    assert saved_translations(household) == {"products_made": "Noodles"}
    assert saved_translations(product) == {"name": "Noodles"}
    changes = Change.objects.filter(action="cooperative.translated").order_by("pk")
    assert [(change.entry_point, change.data["fields"]) for change in changes] == [
        (
            "members",
            [
                "summary",
                f"household.{household.pk}.products_made",
                f"delivery_method.{delivery_method.pk}.name",
            ],
        ),
        ("desk", ["story"]),
    ]
    page = html_of(client.get("/en/hop-tac-xa/htx-tai-hoan/"))
    assert "Make noodles" in page
    assert re.search(r'<h1 id="name" lang="vi">HTX Tài\u00a0Hoan</h1>', page)
    assert "<h3><a href" in page
    assert ">Noodles</a></h3>" in page
