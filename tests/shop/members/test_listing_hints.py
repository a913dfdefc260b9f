"""A new listing takes over details of similar products, and shows the market's usual prices."""

from __future__ import annotations

import uuid

import pytest

from catalog.actions.products.similar_products import read_usual_prices
from catalog.models import Price, Product, Variant
from catalog.states import ListingState
from shop.core.models import Picture
from tests.factories import (
    make_category,
    make_channel,
    make_product,
    make_product_type,
    make_seller,
    make_tax_class,
    make_variant,
)
from tests.markup import html_of
from tests.shop.members.test_products import photo, product_form

pytestmark = [pytest.mark.django_db, pytest.mark.both]

NEW = "/xa-vien/hang/moi/"
HINTS = f"{NEW}goi-y/"


def sell_honey(*prices: int, grams: int = 500) -> None:
    """Put jars of honey of other cooperatives on sale."""
    for number, price in enumerate(prices):
        seller = make_seller(f"HTX Ong {number}")
        make_variant(seller, name="Mật ong bạc hà", price=price, unit="jar", content_grams=grams)


def test_similar_products_are_suggested_own_ones_first(lister, seller) -> None:
    other = make_seller("HTX Yến Dương")
    make_product(other, name="Mật ong rừng")
    make_product(other, name="Mật ong nháp", state=ListingState.DRAFT)
    make_product(other, name="Miến dong")
    make_product(seller, name="Mật ong bạc hà", state=ListingState.DRAFT)

    response = lister.get(HINTS, {"name": "mat ong"})

    names = [row.product.name for row in response.context["similar_products"]]
    assert names == ["Mật ong bạc hà", "Mật ong rừng"]
    assert "suggestion" not in html_of(lister.get(HINTS, {"name": ""}))


def test_suggestion_fills_in_the_form_and_keeps_photo_and_entered_values(lister, seller) -> None:
    product_type = make_product_type(slug="nong-san-tuoi", name="Hàng tươi", is_perishable=True)
    category = make_category("Đồ uống")
    tax_class = make_tax_class()
    other = make_product(
        make_seller("HTX Yến Dương"),
        name="Mật ong bạc hà",
        category=category,
        tax_class=tax_class,
        unit="jar",
        content_grams=500,
        variants=(("Hũ nhỏ", 0),),
    )
    Product.objects.update(product_type=product_type, shelf_life="24 tháng", return_terms="Riêng của họ")
    fields = product_form(name="mat ong", shelf_life="", unit="", content="", price="350.000", measure="")

    page = lister.post(NEW, fields | {"suggestion": other.pk})

    form = page.context["form"]
    assert not form.is_bound
    assert (form["name"].value(), form["shelf_life"].value()) == ("Mật ong bạc hà", "24 tháng")
    assert (form["unit"].value(), form["content"].value(), form["measure"].value()) == ("jar", 500, "g")
    assert (form["category"].value(), form["price"].value()) == (category.pk, "350.000")
    assert (form["return_terms"].value(), form["label"].value()) == ("", "")
    assert form["description"].value() == "Thơm như cốm."
    assert (Product.objects.count(), Picture.objects.count()) == (1, 1)
    kept_key = page.context["kept_pictures"][0].key
    shown = html_of(page)
    assert "để một phần cắt đôi bên cạnh" in shown
    assert f'name="similar" value="{other.pk}"' in shown

    lister.post(
        NEW,
        product_form(
            name="Mật ong bạc hà",
            product_type=product_type.pk,
            photo="",
            kept=kept_key,
            price="320.000",
            similar=other.pk,
        ),
    )

    created = Product.objects.get(cooperative=seller)
    assert created.tax_class == tax_class
    assert created.media.get().picture == Picture.objects.get()


@pytest.mark.parametrize("is_hidden", [False, True])
def test_tax_class_is_taken_only_from_a_visible_product_of_the_same_type(lister, seller, is_hidden) -> None:
    other = make_product(
        make_seller("HTX Yến Dương"),
        tax_class=make_tax_class(),
        state=ListingState.DRAFT if is_hidden else ListingState.PUBLISHED,
    )
    if not is_hidden:
        Product.objects.filter(pk=other.pk).update(
            product_type=make_product_type(slug="khac", name="Hàng khác", is_perishable=False)
        )

    lister.post(NEW, product_form(similar=other.pk))

    assert Product.objects.get(cooperative=seller).tax_class is None


def test_hidden_product_of_others_is_not_taken_over(lister) -> None:
    hidden = make_product(make_seller("HTX Yến Dương"), state=ListingState.DRAFT)

    assert lister.post(NEW, product_form(suggestion=hidden.pk)).status_code == 404


def test_usual_prices_are_shown_by_content(lister) -> None:
    sell_honey(100_000, 120_000, 180_000)

    page = html_of(lister.get(HINTS, {"name": "mật ong", "unit": "jar", "content": "1", "measure": "kg"}))

    assert "Giá thường trên chợ: 200.000\xa0₫ đến 240.000\xa0₫ (theo 3 mức giá)." in page


@pytest.mark.parametrize(
    ("prices", "content"),
    [
        ((100_000, 120_000), {"content_grams": 500}),
        ((100_000, 120_000, 180_000), {"content_ml": 500}),
        ((100_000, 120_000, 180_000), {}),
    ],
    ids=["too few", "other measure", "no content"],
)
def test_prices_that_cannot_be_compared_give_no_range(prices, content) -> None:
    sell_honey(*prices)

    assert read_usual_prices(make_channel(), "Mật ong", Variant(unit="jar", **content)) is None


def test_ten_times_the_usual_price_is_asked_about_once(lister, seller) -> None:
    sell_honey(100_000, 120_000, 180_000)
    fields = product_form(name="Mật ong", unit="jar", content="500", measure="g", price="1200000")
    fields |= {"idempotency_key": uuid.uuid4()}

    page = lister.post(NEW, fields)

    assert Product.objects.filter(cooperative=seller).count() == 0
    assert page.context["form"].confirmation == "120000-1200000"
    assert (
        "1.200.000\xa0₫ là 2.400.000\xa0₫ một kg. Hàng cùng loại trên chợ khoảng 240.000\xa0₫ một kg."
        in html_of(page)
    )

    lister.post(NEW, fields | {"confirmed": "120000-1200000", "photo": photo()})

    assert Price.objects.get(variant__product__cooperative=seller).amount == 1_200_000


def test_price_below_five_times_the_usual_ones_is_not_asked_about(lister, seller) -> None:
    sell_honey(100_000, 120_000, 180_000)

    lister.post(NEW, product_form(name="Mật ong", unit="jar", content="500", measure="g", price="599999"))

    assert Price.objects.get(variant__product__cooperative=seller).amount == 599_999


@pytest.mark.parametrize("kind", ["name", "category", "product type"])
def test_unusual_price_of_the_first_of_its_kind_is_asked_about(lister, seller, kind) -> None:
    """Its own name is on no other product, or on one only."""
    names = {"name": ["Măng khô vầu"]}.get(kind, ["Nấm hương", "Mộc nhĩ", "Miến dong"])
    category = make_category("Đồ khô") if kind == "category" else None
    fresh = make_product_type(slug="tuoi", name="Hàng tươi", is_perishable=True)  # that of the new product
    for name in names:
        make_variant(
            make_seller(f"HTX {name}"),
            name=name,
            category=category,
            price=100_000,
            unit="packet",
            content_grams=500,
        )
    if kind == "product type":
        Product.objects.update(product_type=fresh)
    fields = product_form(name="Măng khô", unit="packet", content="300", measure="g", price="9.500")

    page = html_of(lister.post(NEW, fields | ({"category": category.pk} if category else {})))

    assert "9.500\xa0₫ là 31.667\xa0₫ một kg. Hàng cùng loại trên chợ khoảng 200.000\xa0₫ một kg." in page
    assert Product.objects.filter(cooperative=seller).count() == 0


def test_draft_without_category_and_description_is_warned_about(lister, seller) -> None:
    product = make_product(seller, state=ListingState.DRAFT)
    address = f"/xa-vien/hang/{product.listings.get().pk}/"

    bare = html_of(lister.get(address))
    Product.objects.filter(pk=product.pk).update(category=make_category("Đồ khô"))
    described = html_of(lister.get(address))

    assert "Danh mục: không có thì khách chỉ thấy khi tìm theo tên" in bare
    assert "Vẫn gửi duyệt" in bare
    assert "Danh mục: không có" not in described
    assert "Mô tả: là gì" in described


def test_hints_read_a_fixed_number_of_tables(lister, seller, django_assert_max_num_queries) -> None:
    sell_honey(100_000, 120_000, 180_000, 150_000)

    with django_assert_max_num_queries(12):
        lister.get(HINTS, {"name": "mật ong", "unit": "jar", "content": "500", "measure": "g"})
