from __future__ import annotations

import pytest

from catalog.actions.products.draft_products import create_draft_product
from catalog.actions.products.product_details import NewProduct, ProductDetails, VariantDetails
from catalog.actions.products.product_pictures import add_picture
from catalog.actions.products.save_products import ProductAlreadyChanged, update_product
from catalog.actions.products.variant_prices import PriceAlreadyChanged
from catalog.actions.products.variant_rows import InvalidPrice, ListPrice
from catalog.actions.products.variants import InitialStock, MissingWarehouse, create_variant, update_variant
from catalog.models import Listing, Movement, Product, Variant
from catalog.states import ListingState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change, Picture
from tests.factories import (
    NOW,
    make_channel,
    make_cooperative,
    make_product,
    make_product_type,
    make_seller,
    make_variant,
)
from tests.invariants import check_availability, check_stock
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
MEMBER = Actor.system("test")
ACTOR_AND_NOW = {"actor": MEMBER, "now": NOW}


def draft_product(cooperative, *variants, name="Bí xanh thơm"):
    return create_draft_product(
        cooperative=cooperative,
        channel=make_channel(),
        new_product=NewProduct(
            product_type=make_product_type(),
            category=None,
            details=ProductDetails(name=name, description="Thơm mùi cốm.\n\nVỏ xanh."),
            variants=variants or [(VariantDetails(price=25_000), 8)],
        ),
        **ACTOR_AND_NOW,
    )


def test_draft_product_has_price_stock_and_search_text() -> None:
    product = draft_product(
        make_seller(), (VariantDetails(price=25_000), 8), (VariantDetails(price=20_000), 0)
    )

    listing = Listing.objects.get(product=product)
    assert listing.state == "draft"
    assert listing.lowest_price == 20_000
    assert listing.is_available
    assert [block["data"]["text"] for block in product.description["blocks"]] == ["Thơm mùi cốm.", "Vỏ xanh."]
    assert "bi xanh thom" in product.search_text
    assert product.default_variant == product.variants.in_order().first()
    assert [movement.quantity for movement in Movement.objects.all()] == [8]
    check_stock()
    check_availability()


@pytest.mark.parametrize("price", [0, -1, 100_000_000, 10**15])
def test_invalid_price_is_refused_by_every_product_action(price) -> None:
    seller = make_seller()
    variant = make_variant(seller)

    with assert_refused(InvalidPrice, "invalid_price") as refusal:
        draft_product(seller, (VariantDetails(price=25_000), 8), (VariantDetails(price=price), 1))
    with assert_refused(InvalidPrice, "invalid_price"):
        edit(variant, price=price)
    with assert_refused(InvalidPrice, "invalid_price"):
        create_variant(
            cooperative=seller,
            product_id=variant.product_id,
            values={},
            prices=[ListPrice(make_channel(), price)],
            stocks=[InitialStock(1)],
            **ACTOR_AND_NOW,
        )

    assert refusal.value.field == "price"


def test_product_without_warehouse_is_refused() -> None:
    make_channel()
    make_product_type()
    cooperative = make_cooperative()

    with assert_refused(MissingWarehouse, "missing_warehouse"):
        draft_product(cooperative)


def test_products_with_same_name_get_unique_slugs() -> None:
    seller = make_seller(slug="thien-an")

    slugs = [draft_product(seller).slug for _ in range(3)]

    assert slugs == ["bi-xanh-thom", "bi-xanh-thom-thien-an", "bi-xanh-thom-thien-an-2"]


def edit(variant, cooperative=None, **details):
    edited = VariantDetails(**details)
    return update_variant(
        cooperative=cooperative or variant.cooperative,
        variant_id=variant.pk,
        values=edited.columns(),
        prices=[ListPrice(make_channel(), edited.price)],
        **ACTOR_AND_NOW,
    )


def test_new_price_updates_listing_and_is_recorded_once() -> None:
    variant = make_variant(price=45_000)
    before = Change.objects.filter(action="price.changed").count()

    edit(variant, price=47_000)
    edit(variant, price=47_000)

    listing = Listing.objects.get(product=variant.product_id)
    assert (listing.lowest_price, listing.lowest_list_price) == (47_000, 47_000)
    changes = Change.objects.filter(action="price.changed").order_by("-pk")
    assert (changes.count() - before, changes[0].data["from"], changes[0].data["to"]) == (1, 45_000, 47_000)


def test_variant_edit_records_old_and_new_values_once() -> None:
    variant = make_variant(price=320_000)

    for _attempt in range(2):
        edit(variant, price=320_000, barcode="8930000000017", weight=900)

    change = Change.objects.get(action="variant.changed")
    assert (change.key, change.root_key) == (str(variant.pk), str(variant.product_id))
    assert (change.data["from"], change.data["to"]) == (
        {"barcode": "", "weight": None},
        {"barcode": "8930000000017", "weight": 900},
    )


def test_new_list_price_ends_catalogue_discount() -> None:
    variant = make_variant(price=45_000)
    variant.prices.update(discounted=40_000)

    edit(variant, price=50_000)

    assert variant.prices.get().selling_price == 50_000


def test_added_variant_has_price_and_stock() -> None:
    product = make_product(price=45_000, on_hand=0)

    variant = create_variant(
        cooperative=product.cooperative,
        product_id=product.pk,
        values={"name": "gói nhỏ"},
        prices=[ListPrice(make_channel(), 20_000)],
        stocks=[InitialStock(3)],
        **ACTOR_AND_NOW,
    )

    listing = Listing.objects.get(product=product)
    assert variant.sort_order == 1
    assert listing.lowest_price == 20_000
    assert listing.is_available
    check_stock()


def test_renamed_product_updates_search_text() -> None:
    product = make_product(name="Miến dong", state=ListingState.DRAFT)

    update_product(
        cooperative=product.cooperative,
        product_id=product.pk,
        values={"name": "Miến rong Na Rì"},
        **ACTOR_AND_NOW,
    )

    product.refresh_from_db()
    assert product.name == "Miến rong Na Rì"
    assert "mien rong na ri" in product.search_text
    assert Change.objects.get(action="product.changed").data["from"]["name"] == "Miến dong"


def test_products_of_another_cooperative_are_missing() -> None:
    variant, other = make_variant(), make_seller("HTX Tài Hoan")
    product = Product.objects.get(pk=variant.product_id)
    picture = Picture.objects.create(original="a.jpg")

    for shift in (0, 1000):
        with assert_refused(Missing, "missing"):
            update_product(
                cooperative=other, product_id=product.pk + shift, values={"name": "x"}, **ACTOR_AND_NOW
            )
        with assert_refused(Missing, "missing"):
            add_picture(cooperative=other, product_id=product.pk + shift, picture=picture, **ACTOR_AND_NOW)
        with assert_refused(Missing, "missing"):
            edit(Variant(pk=variant.pk + shift), cooperative=other, price=1)


def test_pictures_keep_upload_order() -> None:
    product = make_product()

    media = [
        add_picture(
            cooperative=product.cooperative,
            product_id=product.pk,
            picture=Picture.objects.create(original=f"{n}.jpg"),
            **ACTOR_AND_NOW,
        )
        for n in range(3)
    ]

    assert [row.sort_order for row in media] == [0, 1, 2]


def test_detail_that_somebody_else_changed_is_not_overwritten() -> None:
    product = make_product(make_seller(), state=ListingState.DRAFT)
    Product.objects.update(origin="Bắc Kạn")
    values = {"origin": "Yến Dương", "storage": "Nơi khô"}

    with assert_refused(ProductAlreadyChanged, "product_already_changed") as refusal:
        update_product(
            product_id=product.pk, values=values, seen_values={"origin": "Phủ Thông"}, **ACTOR_AND_NOW
        )

    assert refusal.value.field == "origin"
    for seen in ("Bắc Kạn", "Phủ Thông"):  # the second asks for what is there already
        update_product(product_id=product.pk, values=values, seen_values={"origin": seen}, **ACTOR_AND_NOW)
    product.refresh_from_db()
    assert (product.origin, product.storage) == ("Yến Dương", "Nơi khô")


def test_option_that_somebody_else_changed_is_not_overwritten() -> None:
    variant = make_variant(make_seller(), price=320_000, unit="packet")
    channel = make_channel()
    changed = {"values": {"unit": "jar"}, "prices": [ListPrice(channel, 330_000)]}

    with assert_refused(ProductAlreadyChanged, "product_already_changed"):
        update_variant(variant_id=variant.pk, **changed, seen_values={"unit": "bunch"}, **ACTOR_AND_NOW)
    with assert_refused(PriceAlreadyChanged, "price_already_changed") as refusal:
        update_variant(variant_id=variant.pk, **changed, seen_prices={channel.pk: 310_000}, **ACTOR_AND_NOW)

    assert refusal.value.details["amount"] == 320_000
    seen_prices = {channel.pk: 320_000}
    update_variant(
        variant_id=variant.pk,
        **changed,
        seen_values={"unit": "packet"},
        seen_prices=seen_prices,
        **ACTOR_AND_NOW,
    )
    variant.refresh_from_db()
    assert (variant.unit, variant.prices.get().amount) == ("jar", 330_000)
