"""Catalogue promotions: reduced prices and their end."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog.actions.listings.promotion_prices import refresh_promotion
from catalog.actions.listings.promotions import (
    EndBeforeStart,
    InvalidDiscount,
    MissingBearingCooperative,
    PromotionTerms,
    create_promotion,
    edit_promotion,
    end_promotion,
)
from catalog.actions.products.save_products import update_product
from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import update_variant
from catalog.models import Listing, Price, Promotion
from catalog.pricing import reduce_price
from catalog.states import ListingState
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import NOW, make_category, make_channel, make_product, make_seller
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
STAFF = Actor.system("tests")
DAY = datetime.timedelta(days=1)


def terms(percent=10, **fields):
    return PromotionTerms(**{"name": "Cuối vụ", "starts_at": NOW - DAY, "percent": Decimal(percent)} | fields)


def amount_terms(amount):
    return PromotionTerms(name="Bớt", starts_at=NOW - DAY, amount=amount)


def start_promotion(promotion_terms=None, *, acting_cooperative=None, now=NOW):
    promotion = create_promotion(
        channel=make_channel(),
        terms=promotion_terms or terms(),
        acting_cooperative=acting_cooperative,
        actor=STAFF,
        now=now,
    )
    refresh(promotion, now)
    return promotion


def refresh(promotion, now=NOW):
    refresh_promotion(promotion_id=promotion.pk, actor=STAFF, now=now)
    promotion.refresh_from_db()


def prices(product):
    return list(
        Price.objects.filter(variant__product=product).order_by("pk").values_list("amount", "discounted")
    )


def lowest_prices(product):
    listing = Listing.objects.get(product=product)
    return listing.lowest_price, listing.lowest_list_price


def test_percentage_lowers_prices_and_lowest_price_columns() -> None:
    product = make_product(price=33_333, variants=(("nhỏ", 0), ("to", 16_667)))

    promotion = start_promotion()

    assert prices(product) == [(33_333, 30_000), (50_000, 45_000)]
    assert lowest_prices(product) == (30_000, 33_333)
    assert set(Price.objects.values_list("promotion_key", flat=True)) == {promotion.pk}
    assert Change.objects.filter(action="price.promotion_changed", root_key=str(product.pk)).count() == 2


def test_amount_is_taken_off_each_unit_and_never_below_zero() -> None:
    cheap, expensive = make_product(price=5_000), make_product(price=50_000)

    start_promotion(amount_terms(20_000))

    assert (prices(cheap), prices(expensive)) == ([(5_000, 0)], [(50_000, 30_000)])


def test_lowest_price_of_several_promotions_wins() -> None:
    product = make_product(price=100_000)
    start_promotion(terms(10))
    best = start_promotion(amount_terms(30_000))
    start_promotion(terms(20))

    assert prices(product) == [(100_000, 70_000)]
    end_promotion(promotion_id=best.pk, actor=STAFF, now=NOW)
    refresh(best)
    assert prices(product) == [(100_000, 80_000)]


def test_cooperative_promotion_lowers_only_its_own_prices() -> None:
    own_seller, other = make_seller(), make_seller()
    product, foreign = make_product(own_seller, price=100_000), make_product(other, price=100_000)

    promotion = start_promotion(acting_cooperative=own_seller)

    assert promotion.cooperative == own_seller
    assert not promotion.is_borne_by_platform
    assert (prices(product), prices(foreign)) == ([(100_000, 90_000)], [(100_000, None)])


def test_category_promotion_covers_subcategories_and_moved_products() -> None:
    category = make_category("Rau")
    subcategory = make_category("Bí", parent=category)
    product = make_product(price=100_000, category=subcategory)
    other_product = make_product(price=100_000, category=make_category("Vải"), state=ListingState.DRAFT)
    start_promotion(terms(categories=[category]))

    assert (prices(product), prices(other_product)) == ([(100_000, 90_000)], [(100_000, None)])
    update_product(
        cooperative=other_product.cooperative,
        product_id=other_product.pk,
        values={"category_id": subcategory.pk},
        actor=STAFF,
        now=NOW,
    )
    assert (prices(other_product), lowest_prices(other_product)) == ([(100_000, 90_000)], (90_000, 100_000))


def test_prices_change_when_promotion_starts_and_ends() -> None:
    product = make_product(price=100_000)
    promotion = start_promotion(terms(starts_at=NOW + DAY, ends_at=NOW + 2 * DAY))
    states = [(prices(product)[0][1], promotion.refresh_at)]

    for later in (NOW + DAY, NOW + 2 * DAY):
        assert list(Promotion.objects.due(later)) == [promotion]
        refresh(promotion, later)
        states.append((prices(product)[0][1], promotion.refresh_at))

    assert states == [(None, NOW + DAY), (90_000, NOW + 2 * DAY), (None, None)]
    assert lowest_prices(product) == (100_000, 100_000)


def test_new_list_price_is_discounted_at_once() -> None:
    product = make_product(price=100_000)
    start_promotion()

    update_variant(
        cooperative=product.cooperative,
        variant_id=product.variants.get().pk,
        values={},
        prices=[ListPrice(make_channel(), 50_000)],
        actor=STAFF,
        now=NOW,
    )

    assert (prices(product), lowest_prices(product)) == ([(50_000, 45_000)], (45_000, 50_000))


def test_product_dropped_from_promotion_returns_to_list_price() -> None:
    first, second = make_product(price=100_000), make_product(price=100_000)
    promotion = start_promotion(terms(products=[first]))

    edit_promotion(promotion_id=promotion.pk, terms=terms(20, products=[second]), actor=STAFF, now=NOW)
    refresh(promotion)

    logged = Change.objects.get(action="promotion.changed").data
    assert (prices(first), prices(second)) == ([(100_000, None)], [(100_000, 80_000)])
    assert (logged["from"]["percent"], logged["to"]["percent"]) == ("10.00", "20")


def test_promotion_changed_during_refresh_stays_due() -> None:
    make_product(price=100_000)
    promotion = start_promotion()
    edit_promotion(promotion_id=promotion.pk, terms=terms(20), actor=STAFF, now=NOW + DAY)
    stale_promotion = Promotion.objects.get(pk=promotion.pk)
    edit_promotion(promotion_id=promotion.pk, terms=terms(30), actor=STAFF, now=NOW + 2 * DAY)

    updated = Promotion.objects.filter(pk=stale_promotion.pk, refresh_at=stale_promotion.refresh_at).update(
        refresh_at=None
    )

    assert updated == 0
    assert list(Promotion.objects.due(NOW + 2 * DAY)) == [promotion]


@pytest.mark.parametrize(
    ("invalid_terms", "error", "code"),
    [
        (terms(0), InvalidDiscount, "invalid_discount"),
        (terms(101), InvalidDiscount, "invalid_discount"),
        (terms(10, amount=5), InvalidDiscount, "invalid_discount"),
        (amount_terms(0), InvalidDiscount, "invalid_discount"),
        (terms(ends_at=NOW - DAY), EndBeforeStart, "end_before_start"),
        (terms(is_borne_by_platform=False), MissingBearingCooperative, "missing_bearing_cooperative"),
    ],
)
def test_invalid_promotion_terms_are_refused(invalid_terms, error, code) -> None:
    make_product()

    with assert_refused(error, code):
        create_promotion(channel=make_channel(), terms=invalid_terms, actor=STAFF, now=NOW)


def test_cooperative_cannot_use_products_or_promotions_of_others() -> None:
    own_seller, foreign = make_seller(), make_product()
    foreign_promotion = start_promotion()

    with assert_refused(Missing, "missing"):
        create_promotion(
            channel=make_channel(),
            terms=terms(products=[foreign]),
            acting_cooperative=own_seller,
            actor=STAFF,
            now=NOW,
        )
    with assert_refused(Missing, "missing"):
        edit_promotion(
            promotion_id=foreign_promotion.pk,
            terms=terms(),
            acting_cooperative=own_seller,
            actor=STAFF,
            now=NOW,
        )
    with assert_refused(Missing, "missing"):
        end_promotion(promotion_id=foreign_promotion.pk, acting_cooperative=own_seller, actor=STAFF, now=NOW)


def test_refresh_query_count_does_not_grow_with_products() -> None:
    seller = make_seller()
    counts = []
    for _batch in range(2):
        for _product in range(3):
            make_product(seller, price=100_000)
        promotion = create_promotion(channel=make_channel(), terms=terms(), actor=STAFF, now=NOW)
        before = Change.objects.filter(action="price.promotion_changed").count()
        with CaptureQueriesContext(connection) as queries:
            refresh(promotion)
        change_count = Change.objects.filter(action="price.promotion_changed").count() - before
        counts.append(len(queries) - change_count)
        end_promotion(promotion_id=promotion.pk, actor=STAFF, now=NOW)
        refresh(promotion)

    assert counts[0] == counts[1]


def test_reduced_price_is_rounded_once_and_never_negative() -> None:
    assert [
        reduce_price(333, percent=Decimal(10), amount=0),
        reduce_price(335, percent=Decimal(10), amount=0),
        reduce_price(100, percent=Decimal(0), amount=150),
    ] == [300, 301, 0]
