"""Without cache and broker the shop still sells, signs people in, takes payments and reports the outage."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from orders.models import BankTransfer, Order, PaymentMethod
from shop.notifications.models import Notification
from tests.attacks.outages import broken_queue_folder, redis_at, silent_redis, stopped_redis
from tests.doubles.bank_webhooks import sepay_webhook
from tests.factories import PASSWORD, fixed_now, make_divisions, make_order, make_user, make_variant
from tests.invariants import check_everything
from tests.orders.bank_transfers.transfer_helpers import make_transfer_order
from tests.orders.gateway.card_order_helpers import get_call, stripe
from tests.orders.pages.test_checkout_page import add_to_basket, submit_checkout

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["stopped Redis", "silent Redis", "broken queue folder"])
def outage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "stopped Redis":
        with redis_at(stopped_redis()):
            yield request.param
    elif request.param == "silent Redis":
        with silent_redis() as url, redis_at(url):
            yield request.param
    else:
        with broken_queue_folder(tmp_path / "queue"):
            yield request.param


@pytest.fixture
def broker_gone(tmp_path: Path) -> Iterator[None]:
    with redis_at(stopped_redis()):
        yield


def test_order_is_placed_in_less_than_two_seconds(outage: str) -> None:
    make_divisions()
    client = Client()
    add_to_basket(client, make_variant(on_hand=5), 2)
    client.get("/en/dat-hang/")

    begun = time.monotonic()
    response = submit_checkout(client)
    seconds = time.monotonic() - begun

    order = Order.objects.get()
    assert (response.status_code, response.headers["Location"]) == (302, f"/en/don-hang/{order.pk}/")
    assert seconds < 2, outage
    assert Notification.objects.filter(sent_at=None).exists()  # the sweep sends it when the broker is back
    assert client.get(f"/en/don-hang/{order.pk}/").status_code == 200
    check_everything()


def test_people_sign_in_and_read_pages(outage: str) -> None:
    user = make_user(email="hanh@example.com")
    make_order((make_variant(), 1), user=user)
    client = Client()

    response = client.post("/en/tai-khoan/dang-nhap/", {"name": "hanh@example.com", "password": PASSWORD})
    assert response.status_code == 302
    paths = ["/", "/en/tai-khoan/", "/en/san-pham/", "/en/don-hang/", "/sitemap.xml", "/sitemap-pages-vi.xml"]
    assert {path: client.get(path).status_code for path in paths} == dict.fromkeys(paths, 200)


def test_orders_are_found_by_code_and_phone(outage: str) -> None:
    order = make_order((make_variant(), 1))

    response = Client().post("/en/don-hang/", {"code": order.code, "phone": order.phone})

    assert response.status_code in (200, 302)


def test_transfer_is_booked_although_its_notification_cannot_be_queued(
    broker_gone: None, settings: Any
) -> None:
    settings.SEPAY_SECRET, settings.SEPAY_API_KEY = "a-secret-of-the-service", ""
    order = make_transfer_order(now=fixed_now())
    body, headers = sepay_webhook(
        settings.SEPAY_SECRET,
        timezone.now(),
        id=1,
        accountNumber="0011223344556",
        content=order.code,
        transferAmount=order.total_gross,
        referenceCode="FT1",
        transactionDate=f"{timezone.localtime():%Y-%m-%d %H:%M:%S}",
    )

    response = Client().post("/webhooks/sepay/", body, content_type="application/json", headers=headers)

    order.refresh_from_db()
    assert response.status_code == 200
    assert BankTransfer.objects.count() == 1
    assert order.charged == order.total_gross
    assert order.confirmed_at is not None
    check_everything()


def test_card_payment_succeeds(broker_gone: None, stripe: Any) -> None:
    order = make_order((make_variant(price=45_000), 2), method=PaymentMethod.CARD, now=fixed_now())
    assert Client().post(f"/don-hang/{order.pk}/the/").status_code == 200
    stripe.buyer_pays(get_call(order).reference)

    response = Client().get(f"/don-hang/{order.pk}/?from-payment=1")

    order.refresh_from_db()
    assert response.status_code == 302
    assert order.charged == 120_000
    assert order.confirmed_at is not None
    check_everything()


def test_sign_in_code_is_sent_although_it_cannot_be_queued(broker_gone: None, capsys: Any) -> None:
    response = Client().post("/en/tai-khoan/dang-nhap/gui-ma/", {"phone": "0987 654 321"})

    assert response.status_code == 302
    assert "text to +84987654321" in capsys.readouterr().out
    assert Notification.objects.get().sent_at is not None


def test_health_names_failing_services_and_stays_ok(broker_gone: None) -> None:
    response = Client().get("/health/")

    report = response.json()
    assert response.status_code == 200
    assert not report["cache"]["ok"]
    assert not report["broker"]["ok"]
    assert report["database"]["ok"]
    assert report["failing"] == ["cache", "broker", "jobs"]


def test_health_answers_quickly_beside_a_silent_server() -> None:
    with silent_redis() as url, redis_at(url):
        begun = time.monotonic()
        first = Client().get("/health/")
        between = time.monotonic()
        second = Client().get("/health/")
        ended_at = time.monotonic()

    assert first.json()["failing"] == second.json()["failing"] == ["cache", "broker", "jobs"]
    assert between - begun < 2
    assert ended_at - between < 0.5  # the result is reused for some seconds


def test_health_reports_an_unwritable_queue_folder(tmp_path: Path) -> None:
    with broken_queue_folder(tmp_path / "queue"):
        response = Client().get("/health/")

    assert response.status_code == 200
    assert "broker" in response.json()["failing"]
