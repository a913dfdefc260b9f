"""One failing product must not block others in catalogue sweeps: promotions, link previews, feeds."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from catalog.actions.listings import promotion_prices
from catalog.actions.listings.promotion_prices import refresh_promotions_task
from catalog.actions.listings.promotions import PromotionTerms, create_promotion, end_promotion
from catalog.actions.marketing import share_pictures
from catalog.actions.marketing.product_feed import write_feeds
from catalog.actions.marketing.share_pictures import draw_share_pictures_task
from catalog.models import Price, Product, ProductMedia, Promotion
from cooperatives.models import Cooperative
from shop.core.actors import Actor
from shop.core.models import Picture, PictureState, SharePicture, SweepFailure, record_change
from tests.catalog.test_product_feed import items, make_photo
from tests.factories import NOW, make_channel, make_product, make_seller

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
DAY = datetime.timedelta(days=1)


def give_lost_photo(product: Product) -> None:
    """Add a photo whose file is missing in the storage."""
    made = {"640": {"webp": "gone.webp", "jpeg": "gone.jpg", "height": 480}}
    picture = Picture.objects.create(original="gone", state=PictureState.READY, renditions=made)
    ProductMedia.objects.create(product=product, picture=picture)


def fail_for(monkeypatch: pytest.MonkeyPatch, broken_product: Product) -> None:
    apply = promotion_prices.apply_promotions

    def apply_or_fail(product_ids, **given):
        if broken_product.pk in product_ids:
            raise ValueError("odd price")
        return apply(product_ids, **given)

    monkeypatch.setattr(promotion_prices, "apply_promotions", apply_or_fail)


def reduced_products() -> set[int]:
    return set(Price.objects.filter(discounted__isnull=False).values_list("variant__product", flat=True))


def drawn_products() -> set[int]:
    return set(SharePicture.objects.filter(kind="catalog.product").values_list("key", flat=True))


@pytest.mark.parametrize("batch_size", [1, 2, 500])
def test_product_that_cannot_be_priced_does_not_block_the_end_of_a_promotion(
    monkeypatch, batch_size: int
) -> None:
    products = [make_product(price=100_000) for _each in range(5)]
    monkeypatch.setattr(promotion_prices, "_BATCH_SIZE", batch_size)
    terms = PromotionTerms("Cuối vụ", starts_at=NOW - DAY, percent=Decimal(10))
    promotion = create_promotion(channel=make_channel(), terms=terms, actor=SYSTEM, now=NOW)
    refresh_promotions_task()
    assert reduced_products() == {product.pk for product in products}
    end_promotion(promotion_id=promotion.pk, actor=SYSTEM, now=NOW + DAY)
    fail_for(monkeypatch, products[1])

    refresh_promotions_task()

    failure = SweepFailure.objects.get()
    assert reduced_products() == {products[1].pk}
    assert (failure.sweep, failure.row_key) == ("catalog.refresh_promotions", str(promotion.pk))
    assert f"product {products[1].pk}: ValueError: odd price" in failure.last_error
    assert Promotion.objects.get().refresh_at is not None  # it is retried


def test_many_changed_products_do_not_block_their_previews(monkeypatch) -> None:
    """More products changed within the overlap than one run handles, so each run began with the same ones."""
    monkeypatch.setattr(share_pictures, "_PICTURES_PER_RUN", 2)
    products = [make_product() for _each in range(7)]
    for product in products:
        record_change("product.changed", product, actor=SYSTEM, now=NOW)

    for _run in range(6):
        draw_share_pictures_task()

    assert drawn_products() == {product.pk for product in products}


def test_failing_previews_do_not_block_later_ones(monkeypatch) -> None:
    monkeypatch.setattr(share_pictures, "_PICTURES_PER_RUN", 2)
    broken_products = [make_product() for _each in range(4)]
    for product in broken_products:
        give_lost_photo(product)
    working = make_product()
    for product in (*broken_products, working):
        record_change("product.changed", product, actor=SYSTEM, now=NOW)

    for _run in range(6):
        draw_share_pictures_task()

    assert drawn_products() == {working.pk}
    failures = SweepFailure.objects.filter(sweep="catalog.draw_share_pictures")
    assert set(failures.values_list("row_key", flat=True)) == {
        f"catalog.product/{product.pk}" for product in broken_products
    }


def test_new_cooperative_name_reaches_the_previews_of_its_other_products() -> None:
    seller = make_seller("HTX Tài Hoan")
    products = [make_product(seller) for _each in range(3)]
    for product in products:
        record_change("product.changed", product, actor=SYSTEM, now=NOW)
    draw_share_pictures_task()
    before = dict(SharePicture.objects.filter(kind="catalog.product").values_list("key", "content_digest"))
    give_lost_photo(products[0])
    Cooperative.objects.filter(pk=seller.pk).update(name="HTX Tài Hoan Mới")
    record_change("cooperative.changed", seller, cooperative_id=seller.pk, actor=SYSTEM, now=NOW)

    draw_share_pictures_task()

    after = dict(SharePicture.objects.filter(kind="catalog.product").values_list("key", "content_digest"))
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {products[1].pk, products[2].pk}
    assert SweepFailure.objects.get().row_key == f"catalog.product/{products[0].pk}"


def test_control_characters_in_names_are_dropped_from_the_feed(client: Client) -> None:
    for name in ("Miến\x0b dong\x1f", "Mật ong\ufffe"):
        make_photo(make_product(name=name))

    write_feeds()

    assert [item["title"] for item in items(client, "vi")] == ["Miến dong", "Mật ong"]
    assert [item["title"] for item in items(client, "en")] == ["Miến dong", "Mật ong"]


def test_product_with_a_broken_photo_row_does_not_block_the_feed(client: Client) -> None:
    broken_product, working = make_product(name="Hỏng"), make_product(name="Mật ong")
    picture = Picture.objects.create(original="a", state=PictureState.READY, renditions={"320": {}})
    ProductMedia.objects.create(product=broken_product, picture=picture)
    make_photo(working)

    first_run = write_feeds()
    second_run = write_feeds()

    assert (first_run, second_run) == (1, 1)
    assert [item["title"] for item in items(client, "vi")] == ["Mật ong"]
    failure = SweepFailure.objects.get()
    assert (failure.sweep, failure.row_key, failure.count) == (
        "catalog.write_feeds",
        str(broken_product.pk),
        2,
    )


def test_failure_of_a_product_that_left_the_feed_is_deleted_after_a_day() -> None:
    broken_product = make_product()
    picture = Picture.objects.create(original="a", state=PictureState.READY, renditions={"320": {}})
    ProductMedia.objects.create(product=broken_product, picture=picture)
    write_feeds()
    ProductMedia.objects.all().delete()
    SweepFailure.objects.update(last_failed_at=NOW - 9 * DAY)

    write_feeds()

    assert not SweepFailure.objects.exists()
    assert default_storage.exists("feeds/google-vi.xml.gz")
