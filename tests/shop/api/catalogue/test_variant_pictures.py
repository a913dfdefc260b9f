"""Pictures of options over the API."""

from __future__ import annotations

import pytest

from catalog.models import ProductMedia, VariantMedia
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.models import Change
from tests.factories import make_admin, make_product, make_seller, make_staff
from tests.refusals import all_rows
from tests.shop.api.catalogue.test_products import make_picture
from tests.shop.api.client import data_of
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db(transaction=True)


def change(name, token, variant, media):
    """Execute `variantMediaAssign` or `variantMediaUnassign`, and return the payload."""
    text = f"""mutation($variant: ID!, $media: ID!) {{ {name}(variantId: $variant, mediaId: $media) {{
      productVariant {{ name media {{ alt }} }} media {{ alt }} errors {{ field code }} }} }}"""
    ids = {"variant": global_id("ProductVariant", variant.pk), "media": global_id("ProductMedia", media.pk)}
    return data_of(text, token, **ids)[name]


def test_option_gets_a_picture_of_its_product_and_loses_it() -> None:
    product = make_product(variants=(("đỏ", 0), ("xanh", 0)))
    red = product.variants.get(name="đỏ")
    media = ProductMedia.objects.create(product=product, picture=make_picture(), alt="Gối đỏ")
    token = token_of(make_staff(Permission.MANAGE_PRODUCTS, works_for=(product.cooperative,)))

    added = change("variantMediaAssign", token, red, media)
    removed = change("variantMediaUnassign", token, red, media)

    picture = {"alt": "Gối đỏ"}
    assert added == {
        "productVariant": {"name": "đỏ", "media": [picture]},
        "media": picture,
        "errors": [],
    }
    assert removed == {"productVariant": {"name": "đỏ", "media": []}, "media": picture, "errors": []}
    actions = Change.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions)[-2:] == ["variant.picture_added", "variant.picture_removed"]
    assert list(ProductMedia.objects.all()) == [media]


def test_wrong_pictures_of_options_are_refused() -> None:
    product, other = make_product(), make_product(name="Khăn")
    variant = product.variants.get()
    media, foreign = (
        ProductMedia.objects.create(product=of, picture=make_picture()) for of in (product, other)
    )
    VariantMedia.objects.create(variant=variant, media=media)
    token = token_of(make_admin())
    stranger = token_of(make_staff(Permission.MANAGE_PRODUCTS, works_for=(make_seller("HTX Tài Hoan"),)))
    before = all_rows()

    errors = [
        change(name, requester, variant, picture)["errors"]
        for name, requester, picture in (
            ("variantMediaAssign", token, foreign),
            ("variantMediaAssign", token, media),
            ("variantMediaUnassign", token, foreign),
            ("variantMediaAssign", token, ProductMedia(pk=10**9)),
            ("variantMediaUnassign", stranger, media),
        )
    ]

    assert errors == [
        [{"field": "mediaId", "code": "NOT_PRODUCTS_IMAGE"}],
        [{"field": "mediaId", "code": "MEDIA_ALREADY_ASSIGNED"}],
        [{"field": "mediaId", "code": "NOT_PRODUCTS_IMAGE"}],
        [{"field": "mediaId", "code": "NOT_FOUND"}],
        [{"field": "variantId", "code": "NOT_FOUND"}],
    ]
    assert all_rows() == before
