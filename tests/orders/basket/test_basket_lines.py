from __future__ import annotations

import datetime

import pytest

from catalog.models import Listing
from cooperatives.models import DeliveryMethod
from orders.actions.basket.basket_lines import (
    InvalidQuantity,
    NotForSale,
    QuantityExceedsLimit,
    add_variant_to_basket,
    change_line_quantity,
    choose_deliveries,
    set_basket_province,
)
from orders.actions.basket.merge_baskets import merge_guest_basket
from orders.actions.checkout.open_checkout import open_checkout
from orders.actions.quotes.build_quote import build_basket_request, build_quote
from orders.actions.quotes.quote_types import QuoteProblem, RequestedDelivery
from orders.models import Basket, BasketLine, Reservation
from shop.core.errors import Missing
from shop.core.models import ShopSettings
from tests.factories import (
    HANOI,
    NOW,
    get_stock,
    make_basket,
    make_channel,
    make_seller,
    make_user,
    make_variant,
    unknown_uuid,
)
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db
LATER = NOW + datetime.timedelta(hours=1)


def add_item(variant, quantity, *, basket=None, user=None, now=NOW):
    return add_variant_to_basket(
        basket_id=basket.pk if basket else None,
        user_id=user.pk if user else None,
        channel=make_channel(),
        variant_id=variant.pk,
        quantity=quantity,
        now=now,
    )


def quantities(basket):
    return sorted(basket.lines.values_list("variant", "quantity"))


def test_adding_same_variant_twice_increases_line_quantity() -> None:
    variant = make_variant(price=45_000)

    basket = add_item(variant, 2)
    add_item(variant, 3, basket=basket, now=LATER)

    line = basket.lines.get()
    assert (line.quantity, line.seen_price) == (5, 45_000)
    assert Basket.objects.get().changed_at == LATER


@pytest.mark.parametrize("quantity", [0, -1, -(10**9)])
def test_quantity_below_one_is_refused(quantity) -> None:
    variant = make_variant()

    with assert_refused(InvalidQuantity, "invalid_quantity") as refusal:
        add_item(variant, quantity)

    assert refusal.value.field == "quantity"


@pytest.mark.parametrize("quantity", [51, 10**12])
def test_quantity_above_shop_limit_is_refused(quantity) -> None:
    variant = make_variant()

    with assert_refused(QuantityExceedsLimit, "quantity_exceeds_limit") as refusal:
        add_item(variant, quantity)

    assert refusal.value.details == {"limit": 50}


def test_quantity_in_basket_counts_towards_limit() -> None:
    ShopSettings.objects.create(limit_quantity_per_checkout=4)
    variant = make_variant()
    basket = add_item(variant, 3)

    with assert_refused(QuantityExceedsLimit, "quantity_exceeds_limit"):
        add_item(variant, 2, basket=basket)
    with assert_refused(QuantityExceedsLimit, "quantity_exceeds_limit"):
        change_line_quantity(basket_id=basket.pk, line_id=basket.lines.get().pk, quantity=5, now=NOW)


def test_variant_limit_overrides_higher_shop_limit() -> None:
    variant = make_variant(quantity_limit_per_customer=2)

    with assert_refused(QuantityExceedsLimit, "quantity_exceeds_limit") as refusal:
        add_item(variant, 3)

    assert refusal.value.details == {"limit": 2}


@pytest.mark.parametrize("state", ["draft", "in_review", "paused", "withdrawn"])
def test_unpublished_product_cannot_be_added(state) -> None:
    variant = make_variant()
    Listing.objects.filter(product=variant.product_id).update(state=state)

    with assert_refused(NotForSale, "not_for_sale"):
        add_item(variant, 1)


@pytest.mark.parametrize("state", ["applied", "needs_more", "suspended", "rejected"])
def test_product_of_inactive_cooperative_cannot_be_added(state) -> None:
    seller = make_seller()
    variant = make_variant(seller)
    seller.state = state
    seller.save()

    with assert_refused(NotForSale, "not_for_sale"):
        add_item(variant, 1)


def test_unknown_or_unpriced_variant_cannot_be_added() -> None:
    variant = make_variant()
    variant.prices.update(amount=None)

    with assert_refused(NotForSale, "not_for_sale"):
        add_item(variant, 1)
    variant.pk += 1000
    with assert_refused(NotForSale, "not_for_sale"):
        add_item(variant, 1)


def test_quantity_changes_and_zero_removes_line() -> None:
    basket = make_basket((make_variant(), 2))
    line = basket.lines.get()

    change_line_quantity(basket_id=basket.pk, line_id=line.pk, quantity=7, now=NOW)
    line.refresh_from_db()
    change_line_quantity(basket_id=basket.pk, line_id=line.pk, quantity=0, now=NOW)

    assert line.quantity == 7
    assert not basket.lines.exists()


def test_changing_line_releases_its_reservation() -> None:
    variant = make_variant(on_hand=5)
    basket = make_basket((variant, 3))
    open_checkout(basket_id=basket.pk, now=NOW)

    change_line_quantity(basket_id=basket.pk, line_id=basket.lines.get().pk, quantity=1, now=NOW)

    assert (get_stock(variant).reserved, Reservation.objects.count()) == (0, 0)


def test_foreign_or_unknown_line_is_missing() -> None:
    own_basket, other_basket = make_basket((make_variant(), 1)), make_basket((make_variant(), 1))
    foreign_line_id = other_basket.lines.get().pk

    for basket_id, line_id in [
        (own_basket.pk, foreign_line_id),
        (own_basket.pk, unknown_uuid()),
        (unknown_uuid(), foreign_line_id),
    ]:
        with assert_refused(Missing, "missing"):
            change_line_quantity(basket_id=basket_id, line_id=line_id, quantity=1, now=NOW)
    with assert_refused(InvalidQuantity, "invalid_quantity"):
        change_line_quantity(basket_id=other_basket.pk, line_id=foreign_line_id, quantity=-1, now=NOW)
    with assert_refused(Missing, "missing"):
        set_basket_province(basket_id=unknown_uuid(), province_code=HANOI, now=NOW)


def test_delivery_method_of_another_cooperative_is_missing() -> None:
    seller, other = make_seller(), make_seller("HTX Tài Hoan")
    basket = make_basket((make_variant(seller), 1))
    foreign_method = DeliveryMethod.objects.get(cooperative=other)

    with assert_refused(Missing, "missing"):
        choose_deliveries(
            basket_id=basket.pk, choices={seller.pk: RequestedDelivery(foreign_method.pk)}, now=NOW
        )


def test_guest_basket_is_assigned_to_user_without_basket() -> None:
    guest, user = make_basket((make_variant(), 2)), make_user()

    merged = merge_guest_basket(guest_basket_id=guest.pk, user_id=user.pk, now=LATER)

    assert (merged.pk, Basket.objects.get().user_id) == (guest.pk, user.pk)


def test_guest_basket_merges_into_user_basket_and_adds_quantities() -> None:
    shared, only_guest = make_variant(on_hand=9), make_variant(on_hand=9)
    user = make_user()
    user_basket = make_basket((shared, 1), user=user)
    guest = make_basket((shared, 2), (only_guest, 3))
    set_basket_province(basket_id=guest.pk, province_code=HANOI, now=NOW)
    open_checkout(basket_id=guest.pk, now=NOW)

    merged = merge_guest_basket(guest_basket_id=guest.pk, user_id=user.pk, now=LATER)

    assert merged.pk == user_basket.pk
    assert quantities(user_basket) == sorted([(shared.pk, 3), (only_guest.pk, 3)])
    assert not Basket.objects.filter(pk=guest.pk).exists()
    assert (get_stock(shared).reserved, get_stock(only_guest).reserved) == (0, 0)
    assert Basket.objects.get().province_code == HANOI


def test_merged_quantity_is_capped_at_limit() -> None:
    variant, user = make_variant(), make_user()
    make_basket((variant, 40), user=user)
    guest = make_basket((variant, 40))

    merge_guest_basket(guest_basket_id=guest.pk, user_id=user.pk, now=LATER)

    assert BasketLine.objects.get().quantity == 50


def test_foreign_or_unknown_basket_is_not_merged() -> None:
    foreign_basket, user = make_basket((make_variant(), 1), user=make_user()), make_user()

    assert merge_guest_basket(guest_basket_id=foreign_basket.pk, user_id=user.pk, now=LATER) is None
    assert merge_guest_basket(guest_basket_id=unknown_uuid(), user_id=user.pk, now=LATER) is None

    assert Basket.objects.get().user_id == foreign_basket.user_id


def test_basket_is_visible_to_its_user_or_by_guest_key() -> None:
    user, other = make_user(), make_user()
    guest, user_basket = make_basket((make_variant(), 1)), make_basket((make_variant(), 1), user=user)

    def visible_keys(user_id, key):
        return set(Basket.objects.held_by(user_id, key).values_list("pk", flat=True))

    assert visible_keys(None, guest.pk) == {guest.pk}
    assert visible_keys(None, user_basket.pk) == set()
    assert visible_keys(other.pk, user_basket.pk) == set()
    assert visible_keys(user.pk, guest.pk) == {guest.pk, user_basket.pk}
    assert visible_keys(None, None) == set()


def basket_with_two_lines(variant) -> Basket:
    """Return a basket with three and two steps of a variant, in two lines."""
    basket = make_basket((variant, 3))
    BasketLine.objects.create(basket=basket, variant=variant, quantity=2)
    return basket


def test_limit_applies_to_sum_of_lines_of_variant() -> None:
    variant = make_variant(quantity_limit_per_customer=5)
    basket = basket_with_two_lines(variant)
    last = basket.lines.get(quantity=2)

    with assert_refused(QuantityExceedsLimit, "quantity_exceeds_limit"):
        add_item(variant, 1, basket=basket)
    with assert_refused(QuantityExceedsLimit, "quantity_exceeds_limit"):
        change_line_quantity(basket_id=basket.pk, line_id=last.pk, quantity=3, now=NOW)


def test_quote_checks_limit_against_sum_of_lines_of_variant() -> None:
    variant = make_variant()
    basket = basket_with_two_lines(variant)
    ShopSettings.objects.create(limit_quantity_per_checkout=5)
    within = build_quote(build_basket_request(basket), now=NOW)

    ShopSettings.objects.update(limit_quantity_per_checkout=4)
    beyond = build_quote(build_basket_request(basket), now=NOW)

    assert [QuoteProblem.OVER_LIMIT in line.problems for line in within.lines] == [False, False]
    assert [(line.limit, QuoteProblem.OVER_LIMIT in line.problems) for line in beyond.lines] == [
        (4, True)
    ] * 2


def test_merge_copies_guest_choices_without_overwriting_user_values() -> None:
    user, first_seller, second_seller = make_user(), make_seller("HTX Thiên An"), make_seller("HTX Tài Hoan")
    limited = make_variant(first_seller, quantity_limit_per_customer=4)
    user_basket = make_basket((limited, 3), user=user)
    guest = make_basket((limited, 3), (make_variant(second_seller), 1))
    delivery_methods = {
        delivery_method.cooperative_id: RequestedDelivery(delivery_method.pk)
        for delivery_method in DeliveryMethod.objects.all()
    }
    choose_deliveries(basket_id=guest.pk, choices=delivery_methods, now=NOW)
    choose_deliveries(
        basket_id=user_basket.pk, choices={first_seller.pk: delivery_methods[first_seller.pk]}, now=NOW
    )
    Basket.objects.filter(pk=guest.pk).update(
        note="Gọi trước", voucher_code="CHAO10", email="khach@example.com"
    )
    Basket.objects.filter(pk=user_basket.pk).update(email="hoa@example.com")

    for _time in range(2):
        merge_guest_basket(guest_basket_id=guest.pk, user_id=user.pk, now=LATER)

    basket = Basket.objects.get()
    assert (basket.pk, basket.note, basket.voucher_code) == (user_basket.pk, "Gọi trước", "CHAO10")
    assert basket.email == "hoa@example.com"
    assert sorted(line.quantity for line in basket.lines.all()) == [1, 4]
    assert set(basket.delivery_choices.values_list("cooperative", flat=True)) == {
        first_seller.pk,
        second_seller.pk,
    }
