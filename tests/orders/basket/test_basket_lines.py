from __future__ import annotations

import datetime

import pytest

from catalog.models import Listing
from cooperatives.models import DeliveryMethod
from orders.actions.basket.basket_lines import (
    InvalidQuantity,
    NotForSale,
    OverLimit,
    add_to_basket,
    change_line_quantity,
    choose_deliveries,
    set_basket_province,
)
from orders.actions.basket.merge_baskets import merge_guest_basket
from orders.actions.checkout.open_checkout import open_checkout
from orders.actions.quotes.build_quote import basket_quote_request, build_quote
from orders.actions.quotes.quote_types import QuoteProblem, RequestedDelivery
from orders.models import Basket, BasketLine, Reservation
from shop.core.errors import Missing
from shop.core.models import ShopSettings
from tests.factories import (
    HANOI,
    NOW,
    make_basket,
    make_channel,
    make_seller,
    make_user,
    make_variant,
    nobody,
    stock_of,
)
from tests.unchanged import refused

pytestmark = pytest.mark.django_db
LATER = NOW + datetime.timedelta(hours=1)


def put(variant, quantity, *, basket=None, user=None, now=NOW):
    return add_to_basket(
        basket_id=basket.pk if basket else None,
        user_id=user.pk if user else None,
        channel=make_channel(),
        variant_id=variant.pk,
        quantity=quantity,
        now=now,
    )


def quantities(basket):
    return sorted(basket.lines.values_list("variant", "quantity"))


def test_the_same_goods_put_in_twice_grow_one_line() -> None:
    variant = make_variant(price=45_000)

    basket = put(variant, 2)
    put(variant, 3, basket=basket, now=LATER)

    line = basket.lines.get()
    assert (line.quantity, line.seen_price) == (5, 45_000)
    assert Basket.objects.get().changed_at == LATER


@pytest.mark.parametrize("quantity", [0, -1, -(10**9)])
def test_a_quantity_below_one_is_not_put_in(quantity) -> None:
    variant = make_variant()

    with refused(InvalidQuantity, "odd_quantity") as refusal:
        put(variant, quantity)

    assert refusal.value.field == "quantity"


@pytest.mark.parametrize("quantity", [51, 10**12])
def test_more_than_an_order_may_hold_is_not_put_in(quantity) -> None:
    variant = make_variant()

    with refused(OverLimit, "over_limit") as refusal:
        put(variant, quantity)

    assert refusal.value.details == {"limit": 50}


def test_what_is_there_counts_towards_the_limit() -> None:
    ShopSettings.objects.create(limit_quantity_per_checkout=4)
    variant = make_variant()
    basket = put(variant, 3)

    with refused(OverLimit, "over_limit"):
        put(variant, 2, basket=basket)
    with refused(OverLimit, "over_limit"):
        change_line_quantity(basket_id=basket.pk, line_id=basket.lines.get().pk, quantity=5, now=NOW)


def test_goods_may_be_limited_more_than_the_shop() -> None:
    variant = make_variant(quantity_limit_per_customer=2)

    with refused(OverLimit, "over_limit") as refusal:
        put(variant, 3)

    assert refusal.value.details == {"limit": 2}


@pytest.mark.parametrize("state", ["draft", "in_review", "paused", "withdrawn"])
def test_what_is_not_on_sale_is_not_put_in(state) -> None:
    variant = make_variant()
    Listing.objects.filter(product=variant.product_id).update(state=state)

    with refused(NotForSale, "not_for_sale"):
        put(variant, 1)


@pytest.mark.parametrize("state", ["applied", "needs_more", "suspended", "rejected"])
def test_goods_of_a_cooperative_that_may_not_sell_are_not_put_in(state) -> None:
    seller = make_seller()
    variant = make_variant(seller)
    seller.state = state
    seller.save()

    with refused(NotForSale, "not_for_sale"):
        put(variant, 1)


def test_goods_that_are_not_there_or_have_no_price_are_not_put_in() -> None:
    variant = make_variant()
    variant.prices.update(amount=None)

    with refused(NotForSale, "not_for_sale"):
        put(variant, 1)
    variant.pk += 1000
    with refused(NotForSale, "not_for_sale"):
        put(variant, 1)


def test_a_quantity_is_changed_and_none_takes_the_line_out() -> None:
    basket = make_basket((make_variant(), 2))
    line = basket.lines.get()

    change_line_quantity(basket_id=basket.pk, line_id=line.pk, quantity=7, now=NOW)
    line.refresh_from_db()
    change_line_quantity(basket_id=basket.pk, line_id=line.pk, quantity=0, now=NOW)

    assert line.quantity == 7
    assert not basket.lines.exists()


def test_changing_a_line_gives_back_what_was_kept_for_it() -> None:
    variant = make_variant(on_hand=5)
    basket = make_basket((variant, 3))
    open_checkout(basket_id=basket.pk, now=NOW)

    change_line_quantity(basket_id=basket.pk, line_id=basket.lines.get().pk, quantity=1, now=NOW)

    assert (stock_of(variant).reserved, Reservation.objects.count()) == (0, 0)


def test_a_line_of_another_basket_or_of_none_is_missing() -> None:
    mine, theirs = make_basket((make_variant(), 1)), make_basket((make_variant(), 1))
    foreign = theirs.lines.get().pk

    for basket_id, line_id in [(mine.pk, foreign), (mine.pk, nobody()), (nobody(), foreign)]:
        with refused(Missing, "missing"):
            change_line_quantity(basket_id=basket_id, line_id=line_id, quantity=1, now=NOW)
    with refused(InvalidQuantity, "odd_quantity"):
        change_line_quantity(basket_id=theirs.pk, line_id=foreign, quantity=-1, now=NOW)
    with refused(Missing, "missing"):
        set_basket_province(basket_id=nobody(), province_code=HANOI, now=NOW)


def test_a_way_of_another_cooperative_is_not_chosen() -> None:
    mine, other = make_seller(), make_seller("HTX Tài Hoan")
    basket = make_basket((make_variant(mine), 1))
    foreign = DeliveryMethod.objects.get(cooperative=other)

    with refused(Missing, "missing"):
        choose_deliveries(basket_id=basket.pk, choices={mine.pk: RequestedDelivery(foreign.pk)}, now=NOW)


def test_a_guests_basket_becomes_theirs_when_they_have_none() -> None:
    guest, user = make_basket((make_variant(), 2)), make_user()

    adopted = merge_guest_basket(guest_basket_id=guest.pk, user_id=user.pk, now=LATER)

    assert (adopted.pk, Basket.objects.get().user_id) == (guest.pk, user.pk)


def test_a_guests_basket_joins_their_own_and_the_same_goods_add_up() -> None:
    both, only_guest = make_variant(on_hand=9), make_variant(on_hand=9)
    user = make_user()
    own = make_basket((both, 1), user=user)
    guest = make_basket((both, 2), (only_guest, 3))
    set_basket_province(basket_id=guest.pk, province_code=HANOI, now=NOW)
    open_checkout(basket_id=guest.pk, now=NOW)

    adopted = merge_guest_basket(guest_basket_id=guest.pk, user_id=user.pk, now=LATER)

    assert adopted.pk == own.pk
    assert quantities(own) == sorted([(both.pk, 3), (only_guest.pk, 3)])
    assert not Basket.objects.filter(pk=guest.pk).exists()
    assert (stock_of(both).reserved, stock_of(only_guest).reserved) == (0, 0)
    assert Basket.objects.get().province_code == HANOI


def test_joined_goods_stop_at_the_limit() -> None:
    variant, user = make_variant(), make_user()
    make_basket((variant, 40), user=user)
    guest = make_basket((variant, 40))

    merge_guest_basket(guest_basket_id=guest.pk, user_id=user.pk, now=LATER)

    assert BasketLine.objects.get().quantity == 50


def test_somebodys_basket_is_not_adopted_by_another_nor_one_that_is_gone() -> None:
    theirs, user = make_basket((make_variant(), 1), user=make_user()), make_user()

    assert merge_guest_basket(guest_basket_id=theirs.pk, user_id=user.pk, now=LATER) is None
    assert merge_guest_basket(guest_basket_id=nobody(), user_id=user.pk, now=LATER) is None

    assert Basket.objects.get().user_id == theirs.user_id


def test_a_basket_is_held_by_its_person_or_by_who_knows_a_guests_key() -> None:
    user, other = make_user(), make_user()
    guest, theirs = make_basket((make_variant(), 1)), make_basket((make_variant(), 1), user=user)

    def held(user_id, key):
        return set(Basket.objects.held_by(user_id, key).values_list("pk", flat=True))

    assert held(None, guest.pk) == {guest.pk}
    assert held(None, theirs.pk) == set()
    assert held(other.pk, theirs.pk) == set()
    assert held(user.pk, guest.pk) == {guest.pk, theirs.pk}
    assert held(None, None) == set()


def two_lines(variant) -> Basket:
    """A basket with three and two steps of a variant, in two lines."""
    basket = make_basket((variant, 3))
    BasketLine.objects.create(basket=basket, variant=variant, quantity=2)
    return basket


def test_lines_of_one_variant_are_limited_together() -> None:
    variant = make_variant(quantity_limit_per_customer=5)
    basket = two_lines(variant)
    last = basket.lines.get(quantity=2)

    with refused(OverLimit, "over_limit"):
        put(variant, 1, basket=basket)
    with refused(OverLimit, "over_limit"):
        change_line_quantity(basket_id=basket.pk, line_id=last.pk, quantity=3, now=NOW)


def test_a_quote_counts_lines_of_one_variant_together_against_the_limit() -> None:
    variant = make_variant()
    basket = two_lines(variant)
    ShopSettings.objects.create(limit_quantity_per_checkout=5)
    within = build_quote(basket_quote_request(basket), now=NOW)

    ShopSettings.objects.update(limit_quantity_per_checkout=4)
    beyond = build_quote(basket_quote_request(basket), now=NOW)

    assert [QuoteProblem.OVER_LIMIT in line.problems for line in within.lines] == [False, False]
    assert [(line.limit, QuoteProblem.OVER_LIMIT in line.problems) for line in beyond.lines] == [
        (4, True)
    ] * 2


def test_what_a_guest_chose_and_wrote_comes_along_but_what_the_person_said_stays() -> None:
    user, mine, theirs = make_user(), make_seller("HTX Thiên An"), make_seller("HTX Tài Hoan")
    limited = make_variant(mine, quantity_limit_per_customer=4)
    own = make_basket((limited, 3), user=user)
    guest = make_basket((limited, 3), (make_variant(theirs), 1))
    delivery_methods = {
        delivery_method.cooperative_id: RequestedDelivery(delivery_method.pk)
        for delivery_method in DeliveryMethod.objects.all()
    }
    choose_deliveries(basket_id=guest.pk, choices=delivery_methods, now=NOW)
    choose_deliveries(basket_id=own.pk, choices={mine.pk: delivery_methods[mine.pk]}, now=NOW)
    Basket.objects.filter(pk=guest.pk).update(
        note="Gọi trước", voucher_code="CHAO10", email="khach@example.com"
    )
    Basket.objects.filter(pk=own.pk).update(email="hoa@example.com")

    for _time in range(2):
        merge_guest_basket(guest_basket_id=guest.pk, user_id=user.pk, now=LATER)

    basket = Basket.objects.get()
    assert (basket.pk, basket.note, basket.voucher_code) == (own.pk, "Gọi trước", "CHAO10")
    assert basket.email == "hoa@example.com"
    assert sorted(line.quantity for line in basket.lines.all()) == [1, 4]
    assert set(basket.delivery_choices.values_list("cooperative", flat=True)) == {mine.pk, theirs.pk}
