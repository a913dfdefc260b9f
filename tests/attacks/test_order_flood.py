"""Limits on orders and text messages per number, network and shop, over pages and API."""

from __future__ import annotations

import datetime
import re
from functools import partial
from typing import Any

import pytest
from django.test import Client

from catalog.models import Variant
from orders.actions.order_records.order_limits import PhoneCodeRequired, count_against_order_limits
from orders.models import Basket, Order, PaymentMethod
from shop.accounts.staff.api_apps import create_app
from shop.core.actors import Actor
from shop.core.database.encryption import decrypt_secret
from shop.core.models import Channel, LimitCounter
from shop.notifications.models import ContactMethod, Notification
from shop.notifications.send import deliver, queue_notification
from shop.notifications.text_allowance import FOREIGN_NUMBER, NUMBER_USED_UP, SHOP_USED_UP
from tests.factories import (
    NOW,
    get_stock,
    make_admin,
    make_bank_account,
    make_divisions,
    make_order,
    make_user,
    make_variant,
)
from tests.invariants import check_everything
from tests.markup import html_of
from tests.orders.pages.test_checkout_page import add_to_basket, submit_checkout
from tests.races.parallel import run_in_threads
from tests.shop.api.checkout.operations import COMPLETE_CHECKOUT, prepare_checkout
from tests.shop.api.client import data_of
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db
PHONE = "+84987654321"


@pytest.fixture
def variant() -> Variant:
    make_divisions()
    return make_variant(on_hand=500)


def place_order(variant: Variant, client: Client | None = None, **fields: Any) -> Any:
    client = client or Client()
    if not Basket.objects.exists():
        add_to_basket(client, variant)
        client.get("/en/dat-hang/")
    return submit_checkout(client, **fields)


def place_orders(variant: Variant, count: int, **fields: Any) -> None:
    for number in range(count):
        draft = {name: value % number if "%" in value else value for name, value in fields.items()}
        assert place_order(variant, **draft).status_code == 302


def text_of(response: Any) -> str:
    return re.sub(r"\s+", " ", html_of(response))


def sent_code() -> str:
    """Return the digits of the newest code."""
    row = Notification.objects.filter(key__startswith="code:").latest("pk")
    return decrypt_secret(row.sealed_secret)


def test_order_beyond_the_phone_limit_needs_a_code(variant: Variant, settings: Any) -> None:
    settings.ORDERS_PER_PHONE = 2
    place_orders(variant, 2)
    client = Client()

    response = place_order(variant, client)

    page = text_of(response)
    assert (response.status_code, Order.objects.count()) == (200, 2)
    assert "Confirm your phone number with a code to place your order." in page
    assert 'name="phone-code"' in page
    wrong_code = place_order(variant, client, **{"phone-code": "000000"})
    assert wrong_code.status_code == 200
    assert 'aria-describedby="phone-code-error"' in text_of(wrong_code)
    assert Order.objects.count() == 2
    assert Notification.objects.filter(key__startswith="code:").count() == 1

    done = place_order(variant, client, **{"phone-code": sent_code()})

    assert (done.status_code, Order.objects.count()) == (302, 3)
    assert place_order(variant, client).status_code == 302  # the phone stays confirmed on this device
    check_everything()


def test_tries_to_learn_a_strangers_orders_are_counted(variant: Variant, settings: Any) -> None:
    settings.ORDERS_PER_NETWORK = 3
    for number in range(4):
        make_order((variant, 2), phone=f"+8498765430{number}")
    Variant.objects.update(quantity_limit_per_customer=2)
    client = Client()

    pages = [text_of(place_order(variant, client, phone=f"0987 654 30{number}")) for number in range(4)]

    for page in pages[:3]:
        assert "Each buyer can order at most 2 × piece. Orders with the same phone number" in page
        assert "You have already ordered" not in page
    assert "Confirm your phone number with a code to place your order." in pages[3]
    assert "Each buyer can order" not in pages[3]
    assert Order.objects.count() == 4
    assert LimitCounter.objects.get(key__startswith="orders-day:").count == 0


def test_other_phones_of_the_network_are_counted_too(variant: Variant, settings: Any) -> None:
    settings.ORDERS_PER_NETWORK = 3
    place_orders(variant, 3, phone="0987 654 %03d")

    assert place_order(variant, phone="0912 345 678").status_code == 200
    settings.ORDERS_PER_NETWORK = 4
    assert place_order(variant, phone="0912 345 678").status_code == 302
    assert Order.objects.count() == 4


def test_all_orders_of_a_day_are_counted_across_networks(variant: Variant, settings: Any) -> None:
    settings.ORDERS_PER_DAY = 2
    for number in range(2):
        client = Client(REMOTE_ADDR=f"203.0.113.{number}")
        assert place_order(variant, client, phone=f"0987 654 00{number}").status_code == 302

    assert place_order(variant, Client(REMOTE_ADDR="203.0.113.9"), phone="0912 345 678").status_code == 200
    assert Order.objects.count() == 2


def test_page_asks_for_a_call_when_no_code_can_be_sent(variant: Variant, settings: Any) -> None:
    settings.ORDERS_PER_PHONE, settings.PHONE_CODES = 1, False
    place_orders(variant, 1)

    page = text_of(place_order(variant))

    assert "call us: we are happy to take your order by phone" in page
    assert 'name="phone-code"' not in page
    assert Order.objects.count() == 1


def test_confirmed_number_of_an_account_needs_no_code(variant: Variant, settings: Any) -> None:
    settings.ORDERS_PER_PHONE, settings.CONFIRMED_ORDERS_PER_PHONE = 1, 3
    client = Client()
    client.force_login(make_user(email="hanh@example.com", phone=PHONE, phone_confirmed_at=NOW))
    for _ in range(3):
        assert place_order(variant, client).status_code == 302

    page = text_of(place_order(variant, client))

    assert "This phone number has placed many orders today." in page
    assert Order.objects.count() == 3


def test_refused_order_does_not_count(variant: Variant, settings: Any) -> None:
    settings.ORDERS_PER_PHONE = 1
    client = Client()
    assert place_order(variant, client, shown_total="1").status_code == 200

    assert [counter.count for counter in LimitCounter.objects.filter(key__startswith="orders-")] == [0, 0, 0]
    assert place_order(variant, client).status_code == 302


def complete_by_api(variant: Variant, token: str | None = None) -> tuple[bool, list[str]]:
    """Return whether the API placed an order of one item, and its error codes."""
    response = data_of(COMPLETE_CHECKOUT, token, id=prepare_checkout((variant, 1)))["checkoutComplete"]
    return response["order"] is not None, [error["code"] for error in response["errors"]]


def test_api_buyer_beyond_the_limit_is_told_to_confirm_the_phone(variant: Variant, settings: Any) -> None:
    settings.ORDERS_PER_PHONE = 1
    Channel.objects.update(allow_unpaid_orders=True)
    confirmed = make_user(email="hanh@example.com", phone=PHONE, phone_confirmed_at=NOW)
    _app, key = create_app(name="POS", identifier="pos", permissions=[], actor=Actor.system("test"), now=NOW)

    assert complete_by_api(variant) == (True, [])
    assert complete_by_api(variant) == (False, ["PHONE_CODE_NEEDED"])
    assert Order.objects.count() == 1

    assert complete_by_api(variant, token_of(make_user(email="mai@example.com"))) == (
        False,
        ["PHONE_CODE_NEEDED"],
    )
    assert complete_by_api(variant, token_of(confirmed)) == (True, [])
    assert complete_by_api(variant, token_of(make_admin())) == (True, [])
    assert complete_by_api(variant, key) == (True, [])
    settings.CONFIRMED_ORDERS_PER_PHONE = 1
    assert complete_by_api(variant, token_of(confirmed)) == (False, ["TOO_MANY_ORDERS"])
    assert Order.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_concurrent_orders_of_one_phone_stay_within_the_limit(settings: Any) -> None:
    settings.ORDERS_PER_PHONE = 5
    placed: list[int] = []

    def order_basket(number: int) -> None:
        with count_against_order_limits(phone=PHONE, network="203.0.113.9", is_confirmed=False):
            placed.append(number)

    results = run_in_threads([partial(order_basket, number) for number in range(40)])

    assert len(placed) == 5
    assert [type(response) for response in results if response is not None] == [PhoneCodeRequired] * 35
    counts = {row.key.partition(":")[0]: row.count for row in LimitCounter.objects.all()}
    assert counts == {"orders-phone": 5, "orders-network": 5, "orders-day": 5}


def test_new_guest_has_less_time_while_many_guests_have_not_paid(settings: Any) -> None:
    settings.UNPAID_GUEST_ORDERS, settings.UNPAID_GUEST_MINUTES = 3, 60
    make_bank_account()
    variant = make_variant(on_hand=50)
    waiting_orders = [make_order((variant, 1), method=PaymentMethod.TRANSFER) for _ in range(3)]
    buyer = make_user(email="hanh@example.com")

    late_order = make_order((variant, 1), method=PaymentMethod.TRANSFER)
    known_order = make_order((variant, 1), method=PaymentMethod.TRANSFER, user=buyer)

    usual = datetime.timedelta(minutes=late_order.channel.payment_deadline_minutes)
    ends = [order.payments.get().expires_at - NOW for order in [*waiting_orders, late_order, known_order]]
    assert ends == [usual, usual, usual, datetime.timedelta(minutes=60), usual]
    assert get_stock(variant).allocated == 5


def send_text(number: int, phone: str = PHONE, **fields: Any) -> Notification:
    queue_notification(
        key=f"order:{number}:sms",
        contact_method=ContactMethod.SMS,
        recipient=phone,
        text="Cảm ơn bà con.",
        now=NOW,
        **fields,
    )
    row = Notification.objects.get(key=f"order:{number}:sms")
    deliver(row, now=NOW)
    row.refresh_from_db()
    return row


def test_texts_per_number_and_day_are_limited(settings: Any, capsys: Any) -> None:
    settings.TEXTS_PER_NUMBER = 3

    rows = [send_text(number) for number in range(5)]

    assert [row.sent_at is not None for row in rows] == [True, True, True, False, False]
    assert [row.last_error for row in rows[3:]] == [NUMBER_USED_UP] * 2
    assert all(row.given_up_at is not None for row in rows[3:])
    assert capsys.readouterr().out.count("text to") == 3
    assert send_text(6, "+84912345678").sent_at is not None


def test_last_fifth_of_the_shops_texts_is_reserved_for_codes(settings: Any) -> None:
    settings.TEXTS_PER_DAY = 5

    rows = [send_text(number, f"+8498765432{number}") for number in range(5)]
    code = send_text(
        9, "+84912345678", secret="123456", secret_expires_at=NOW + datetime.timedelta(minutes=5)
    )
    none_left = send_text(
        10, "+84912345679", secret="123456", secret_expires_at=NOW + datetime.timedelta(minutes=5)
    )

    assert [row.last_error for row in rows] == ["", "", "", "", SHOP_USED_UP]
    assert code.sent_at is not None
    assert (none_left.sent_at, none_left.last_error, none_left.sealed_secret) == (None, SHOP_USED_UP, "")


def test_foreign_numbers_get_texts_only_in_configured_countries(settings: Any) -> None:
    assert send_text(1, "+12025550100").last_error == FOREIGN_NUMBER
    assert send_text(2, "113").last_error == FOREIGN_NUMBER

    settings.TEXT_COUNTRIES = ["84", "1"]

    assert send_text(3, "+12025550100").sent_at is not None


def test_email_is_sent_when_texts_are_used_up(settings: Any, mailoutbox: Any) -> None:
    settings.TEXTS_PER_DAY = 1
    send_text(1)
    queue_notification(
        key="letter",
        contact_method=ContactMethod.EMAIL,
        recipient="hanh@example.com",
        subject="Đơn",
        text="Cảm ơn.",
        now=NOW,
    )

    assert deliver(Notification.objects.get(key="letter"), now=NOW) is True


def test_no_code_is_promised_that_would_not_be_sent(settings: Any) -> None:
    settings.TEXTS_PER_NUMBER = 1
    send_text(1)

    response = Client().post("/en/tai-khoan/dang-nhap/gui-ma/", {"phone": "0987 654 321"})

    assert response.status_code == 429
    assert "We cannot text this number right now." in html_of(response)
    assert not Notification.objects.filter(key__startswith="code:").exists()


def test_desk_shows_texts_that_were_not_sent(client: Client, settings: Any) -> None:
    settings.TEXTS_PER_NUMBER = 1
    for number in range(3):
        send_text(number)
    Notification.objects.filter(sent_at=None).update(given_up_at=datetime.datetime.now(datetime.UTC))
    client.force_login(make_admin())

    home_page = text_of(client.get("/en/quan-tri/"))
    page = text_of(client.get("/en/quan-tri/viec-nen/"))

    assert "Text messages not sent" in home_page
    assert "2 text messages were not sent in the last 24 hours" in page
