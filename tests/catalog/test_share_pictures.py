"""Pictures shown beside shared links."""

import datetime
import re

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from catalog.actions.listings.listing_states import withdraw_listing
from catalog.actions.marketing.share_pictures import draw_share_pictures_task
from catalog.actions.products.product_pictures import add_picture
from catalog.actions.stock.stock_movements import record_movement
from catalog.models import MovementReason
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.images.renditions import render_picture
from shop.core.models import Change, SharePicture, record_change
from tests.factories import NOW, get_stock, make_product, make_seller
from tests.markup import html_of
from tests.shop.api.test_thumbnails import make_picture

pytestmark = pytest.mark.django_db
ACTOR_AND_NOW = {"actor": Actor.system(), "now": NOW}


def share_picture_path(client, product):
    """Return the path of the page's og:image."""
    page = html_of(client.get(f"/san-pham/{product.slug}/"))
    return re.search(r'property="og:image" content="http://127.0.0.1:8000(/[^"]+)"', page)[1]


def test_share_picture_is_redrawn_only_when_its_content_changes(client) -> None:
    seller = make_seller("HTX Tài Hoan")
    product = make_product(seller, name="Miến dong")
    before = share_picture_path(client, product)
    draw_share_pictures_task()
    first = SharePicture.objects.get(kind="catalog.product")

    assert before == "/static/illustrations/share.jpg"
    assert share_picture_path(client, product) == f"/media/{first.path}"
    with default_storage.open(first.path) as file, Image.open(file) as image:
        assert (image.format, image.size) == ("JPEG", (1200, 630))

    # A change of stock draws nothing.
    record_movement(
        get_stock(product.variants.get()), 5, reason=MovementReason.RECEIPT, document="test", **ACTOR_AND_NOW
    )
    record_change("product.changed", product, cooperative_id=seller.pk, **ACTOR_AND_NOW)
    draw_share_pictures_task()
    assert SharePicture.objects.get(kind="catalog.product").path == first.path

    # The cooperative's name is part of every picture.
    Cooperative.objects.filter(pk=seller.pk).update(name="HTX Tài Hoan Mới")
    record_change("cooperative.changed", seller, cooperative_id=seller.pk, **ACTOR_AND_NOW)
    draw_share_pictures_task()
    second = SharePicture.objects.get(kind="catalog.product")
    assert second.path != first.path
    assert default_storage.exists(second.path)
    assert not default_storage.exists(first.path)
    assert SharePicture.objects.filter(kind="cooperatives.cooperative", key=seller.pk).count() == 1


def test_share_picture_is_redrawn_once_photo_is_ready(client) -> None:
    product = make_product()
    picture = make_picture()
    add_picture(
        cooperative=product.cooperative,
        product_id=product.pk,
        picture=picture,
        needs_approval=False,
        **ACTOR_AND_NOW,
    )
    draw_share_pictures_task()
    path_without_photo = share_picture_path(client, product)
    render_picture(picture)

    draw_share_pictures_task()

    assert path_without_photo.startswith("/media/share/")
    assert share_picture_path(client, product) != path_without_photo


def test_share_picture_of_withdrawn_product_is_deleted() -> None:
    product = make_product()
    record_change("product.changed", product, **ACTOR_AND_NOW)
    draw_share_pictures_task()
    path = SharePicture.objects.get(kind="catalog.product").path
    withdraw_listing(
        listing_id=product.listings.get().pk,
        cooperative=product.cooperative,
        actor=Actor.system(),
        now=NOW + datetime.timedelta(hours=1),
    )

    draw_share_pictures_task()

    assert not SharePicture.objects.filter(kind="catalog.product").exists()
    assert not default_storage.exists(path)
    assert Change.objects.of_row(product).exists()
