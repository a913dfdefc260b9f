"""Races of back-in-stock requests and weekly bulletins."""

from __future__ import annotations

from functools import partial

import pytest

from catalog.actions.marketing import back_in_stock
from catalog.actions.marketing.back_in_stock import request_back_in_stock, send_back_in_stock_notifications
from catalog.actions.marketing.weekly_bulletin import create_weekly_bulletins, send_bulletin
from catalog.market_week import monday_of
from catalog.models import BackInStockRequest, Bulletin
from cooperatives.actions.followers import request_follow
from shop.core.actors import Actor
from shop.core.dates.calendar import vietnam_date
from shop.notifications.models import ContactMethod, Notification
from tests.factories import NOW, make_channel, make_product, make_user
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def requesting(product, contact="hoa@example.com"):
    return partial(
        request_back_in_stock,
        product_slug=product.slug,
        variant_id=None,
        contact_method=ContactMethod.EMAIL,
        contact=contact,
        user=None,
        language="vi",
        channel=make_channel(),
        actor=Actor.guest(),
        now=NOW,
    )


def restock(product):
    from catalog.actions.stock.receipts_and_losses import receive_stock
    from tests.factories import get_stock

    variant = product.variants.get()
    receive_stock(
        cooperative=product.cooperative,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        quantity=5,
        actor=Actor.system("tests"),
        now=NOW,
    )


def test_parallel_requests_wait_once_and_parallel_sweeps_notify_once() -> None:
    honey = make_product(name="Mật ong", on_hand=0)
    results = run_in_threads([requesting(honey)] * 8)
    assert {type(result) for result in results} == {BackInStockRequest}, results
    assert BackInStockRequest.objects.count() == 1
    restock(honey)

    counts = run_in_threads([partial(send_back_in_stock_notifications, channel=make_channel(), now=NOW)] * 6)

    assert sorted(counts) == [0, 0, 0, 0, 0, 1], counts
    assert Notification.objects.count() == 1


def test_without_lock_two_sweeps_both_count_a_notification(monkeypatch) -> None:
    """The key of the message still prevents a second message."""
    import threading

    honey = make_product(name="Mật ong", on_hand=0)
    requesting(honey)()
    restock(honey)
    rows = list(BackInStockRequest.objects.select_related("product__cooperative", "variant", "user"))
    read_by_all = threading.Barrier(2, timeout=20)
    run_batch = back_in_stock.run_batch

    def run_batch_once_all_have_read(keys, send, **options):
        found_keys = list(keys)
        read_by_all.wait()
        return run_batch(found_keys, send, **options)

    monkeypatch.setattr(back_in_stock, "run_batch", run_batch_once_all_have_read)
    monkeypatch.setattr(back_in_stock, "lock_rows", lambda _rows: rows)

    assert run_in_threads(
        [partial(send_back_in_stock_notifications, channel=make_channel(), now=NOW)] * 2
    ) == [
        1,
        1,
    ]
    assert Notification.objects.count() == 1


def test_parallel_workers_send_bulletin_once_to_each_follower() -> None:
    channel, week = make_channel(), monday_of(vietnam_date(NOW))
    make_product(name="Quýt")
    for number in range(5):
        user = make_user(email=f"n{number}@example.com")
        request_follow(
            cooperative_slug=None,
            email=user.email,
            user=user,
            language="vi",
            actor=Actor.guest(),
            now=NOW,
        )

    results = run_in_threads([partial(create_weekly_bulletins, week=week, channel=channel, now=NOW)] * 3)
    assert all(isinstance(count, int) for count in results), results
    assert Bulletin.objects.count() == 4  # the market's and the seller's, in two languages
    market = Bulletin.objects.of_market().in_language("vi").get()
    run_in_threads([partial(send_bulletin, bulletin_id=market.pk, now=NOW, batch=2)] * 6)

    assert sorted(Notification.objects.values_list("recipient", flat=True)) == [
        f"n{number}@example.com" for number in range(5)
    ]
    market.refresh_from_db()
    assert market.sent_at == NOW
