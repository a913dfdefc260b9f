"""Races for a voucher's last use, and of promotions with price edits."""

from __future__ import annotations

import datetime
import threading
from functools import partial

import pytest
from django.db import OperationalError, connection

from catalog.actions.listings.promotion_prices import refresh_promotion
from catalog.actions.listings.promotions import PromotionTerms, create_promotion
from catalog.actions.products.variant_rows import ListPrice
from catalog.actions.products.variants import update_variant
from catalog.models import Listing, Price, Promotion
from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.placement import place_order as placing_action
from orders.actions.placement.place_order import BasketChanged
from orders.actions.quotes.build_quote import build_quote
from orders.actions.quotes.voucher_rules import VoucherAlreadyUsed, VoucherCodeUnknown, VoucherUsedUp
from orders.actions.vouchers.delete_vouchers import VoucherInUse, delete_voucher, delete_voucher_code
from orders.actions.vouchers.redeem_vouchers import apply_voucher_code
from orders.models import Basket, Order, Voucher, VoucherUse
from shop.core.actors import Actor
from tests.factories import NOW, get_stock, make_channel, make_product, make_variant, make_voucher
from tests.invariants import check_everything
from tests.races.parallel import run_in_threads
from tests.races.removed_locks import RemovedLocks
from tests.races.test_place_order import of_type, placing, ready_basket

pytestmark = pytest.mark.django_db(transaction=True)
STAFF = Actor.system("tests")


def basket_with_code(*lines, code="CHAO10"):
    basket = ready_basket(*lines)
    apply_voucher_code(basket_id=basket.pk, code=code, now=NOW)
    return Basket.objects.get(pk=basket.pk)


def test_fifty_buyers_use_voucher_code_with_one_use_once() -> None:
    make_voucher(usage_limit=1)
    variant = make_variant(on_hand=100)
    baskets = [basket_with_code((variant, 1)) for _ in range(50)]

    results = run_in_threads([placing(basket) for basket in baskets])

    refusals = of_type(results, BasketChanged)
    assert (len(of_type(results, Order)), len(refusals)) == (1, 49), results
    assert {type(refusal.details["voucher"]) for refusal in refusals} == {VoucherUsedUp}
    assert (VoucherUse.objects.count(), Order.objects.get().voucher_code) == (1, "CHAO10")
    assert (Basket.objects.count(), get_stock(variant).allocated) == (49, 1)
    check_everything()


def test_without_lock_last_voucher_use_is_taken_twice(monkeypatch) -> None:
    make_voucher(usage_limit=1)
    variant = make_variant(on_hand=100)
    baskets = [basket_with_code((variant, 1)) for _ in range(2)]
    removed_locks = RemovedLocks(monkeypatch, Voucher, thread_count=2)

    results = run_in_threads([removed_locks.wrap_placing(basket, placing(basket)) for basket in baskets])

    assert len(of_type(results, Order)) == 2, results
    assert VoucherUse.objects.count() == 2


def test_voucher_limited_to_one_use_per_customer_is_used_once() -> None:
    make_voucher(apply_once_per_customer=True)
    variant = make_variant(on_hand=100)
    baskets = [basket_with_code((variant, 1)) for _ in range(2)]

    results = run_in_threads([placing(basket) for basket in baskets])

    refusals = of_type(results, BasketChanged)
    assert (len(of_type(results, Order)), len(refusals)) == (1, 1), results
    assert isinstance(refusals[0].details["voucher"], VoucherAlreadyUsed)
    assert VoucherUse.objects.count() == 1


def test_placing_and_cancelling_with_one_voucher_do_not_deadlock() -> None:
    make_voucher(usage_limit=10)
    variant = make_variant(on_hand=100)
    orders = [placing(basket_with_code((variant, 1)))() for _ in range(5)]
    baskets = [basket_with_code((variant, 1)) for _ in range(5)]
    endings = [
        partial(cancel_order, order_id=order.pk, reason="Đổi ý", actor=STAFF, now=NOW) for order in orders
    ]

    results = run_in_threads([*map(placing, baskets), *endings])

    assert of_type(results, Exception) == []
    assert VoucherUse.objects.count() == 5
    check_everything()


def test_price_edited_while_promotions_are_created_follows_all_of_them() -> None:
    product = make_product(price=100_000)
    variant, channel = product.variants.get(), make_channel()

    def add_promotion(percent):
        terms = PromotionTerms(f"{percent} %", NOW - datetime.timedelta(hours=1), percent=percent)
        promotion = create_promotion(channel=channel, terms=terms, actor=STAFF, now=NOW)
        refresh_promotion(promotion_id=promotion.pk, actor=STAFF, now=NOW)

    def edit(price):
        update_variant(
            cooperative=product.cooperative,
            variant_id=variant.pk,
            values={},
            prices=[ListPrice(channel, price)],
            actor=STAFF,
            now=NOW,
        )

    results = run_in_threads(
        [*[partial(add_promotion, n) for n in (10, 20, 30)], *[partial(edit, 80_000)] * 3]
    )

    price, listing = Price.objects.get(variant=variant), Listing.objects.get(product=product)
    assert of_type(results, Exception) == []
    assert (price.amount, price.discounted) == (80_000, 56_000)
    assert Promotion.objects.get(pk=price.promotion_key).percent == 30
    assert (listing.lowest_price, listing.lowest_list_price) == (56_000, 80_000)


@pytest.mark.postgres
@pytest.mark.parametrize("limits", [{}, {"usage_limit": 10}])
@pytest.mark.parametrize("deleted", ["voucher", "code"])
def test_a_code_cannot_be_deleted_while_an_order_is_placed_with_it(monkeypatch, limits, deleted) -> None:
    """Whoever deletes it waits until the order is there, and finds the code used."""
    voucher = make_voucher(**limits)
    basket = basket_with_code((make_variant(on_hand=100), 1))
    delete = deleting(voucher, deleted)
    attempts = []

    def try_to_delete():
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1ms'")
        return delete()

    def quote_then_try(request, *, now):
        quote = build_quote(request, now=now)
        attempts.extend(run_in_threads([try_to_delete]))
        return quote

    monkeypatch.setattr(placing_action, "build_quote", quote_then_try)
    order = placing(basket)()

    assert [type(attempt) for attempt in attempts] == [OperationalError], attempts
    with pytest.raises(VoucherInUse):
        delete()
    assert (order.voucher_code, VoucherUse.objects.get().order) == ("CHAO10", order)
    check_everything()


@pytest.mark.parametrize("limits", [{}, {"usage_limit": 10}])
@pytest.mark.parametrize("deleted", ["voucher", "code"])
def test_order_with_a_code_deleted_since_is_refused_and_its_basket_kept(limits, deleted) -> None:
    voucher = make_voucher(**limits)
    basket = basket_with_code((make_variant(on_hand=100), 1))
    deleting(voucher, deleted)()

    with pytest.raises(BasketChanged) as refusal:
        placing(basket)()

    assert isinstance(refusal.value.details["voucher"], VoucherCodeUnknown)
    assert (Order.objects.count(), Basket.objects.get().voucher_code) == (0, "CHAO10")
    check_everything()


def test_buyers_with_an_unlimited_code_do_not_wait_for_each_other(monkeypatch) -> None:
    make_voucher()
    first, second = [basket_with_code((make_variant(on_hand=100), 1)) for _ in range(2)]
    are_both_quoted = threading.Barrier(2, timeout=20)

    def quote_together(request, *, now):
        quote = build_quote(request, now=now)
        if connection.vendor == "postgresql":
            are_both_quoted.wait()
        return quote

    monkeypatch.setattr(placing_action, "build_quote", quote_together)
    results = run_in_threads([placing(first), placing(second)])

    assert len(of_type(results, Order)) == 2, results
    assert VoucherUse.objects.count() == 2


def deleting(voucher, deleted):
    if deleted == "voucher":
        return partial(delete_voucher, voucher_id=voucher.pk, actor=STAFF, now=NOW)
    return partial(delete_voucher_code, code_id=voucher.codes.get().pk, actor=STAFF, now=NOW)
