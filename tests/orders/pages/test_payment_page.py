"""Paying an order by bank transfer, as its buyer sees it: what to write, until when, and what has come."""

from __future__ import annotations

import datetime
import html
import re
from functools import partial

import pytest
from django.test import Client
from django.utils import timezone

from orders.actions.bank_transfers.transfer_review import assign_transfer
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.payments.order_payments import change_payment_method
from orders.actions.placement.order_sweeps import expire_order
from orders.models import Order, Payment, PaymentMethod
from orders.payments.vietqr import qr_png
from orders.views.payment_page import payment_view
from shop.core.actors import Actor
from shop.core.models import Channel, ShopSettings
from shop.notifications.models import Notification
from tests.factories import make_bank_account, make_gourd, make_order, make_user, make_variant, nobody
from tests.kept import kept
from tests.markup import html_of
from tests.orders.bank_transfers.transfers_at_hand import take, waiting_order
from tests.orders.pages.order_codes import BuyersBrowser
from tests.orders.payments.vietqr_reader import QrTransfer, read_payload

pytestmark = pytest.mark.django_db
DESK = Actor.system("desk")
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture
def client() -> Client:
    return BuyersBrowser()


@kept
def waiting(**fields) -> Order:
    """Waits for 120,000 ₫, from this moment on."""
    return waiting_order(now=timezone.now(), **fields)


def arrives(note: str, amount: int = 120_000):
    now = timezone.now()
    return take(note, amount, at=now, now=now)


def page_of(client: Client, order: Order, path: str = "") -> str:
    response = client.get(f"/en/don-hang/{order.pk}/{path}")
    assert response.status_code == 200
    told = html.unescape(re.sub(r"<[^>]+>", " ", html_of(response)))
    return re.sub(r"[ \n]+", " ", told)


def steps(client: Client, order: Order) -> list[tuple[str, str]]:
    page = html_of(client.get(f"/en/don-hang/{order.pk}/"))
    return re.findall(
        r'<li(?: class="(\w+)")?(?: aria-current="step")?><span class="dot">.*?</span><span>(.*?)<', page
    )


def mark_on(client: Client, order: Order) -> str:
    page = html_of(client.get(f"/en/don-hang/{order.pk}/"))
    return re.search(r"tien/\?seen=(\w+)", page)[1]


def asked_of(order: Order):
    order.refresh_from_db()
    paying = payment_view(order, now=timezone.now())
    return paying and paying.asked


def test_the_page_says_what_to_transfer(client: Client) -> None:
    order = waiting()

    page = page_of(client, order)

    told = ["Bank Vietcombank", "Account number 0011223344556", "Account holder CHO PHIEN"]
    told += ["Sum to transfer 120.000\xa0₫", f"Note {order.code}"]
    assert [each for each in told if each not in page] == []
    assert "Time left: 24 h" in page
    assert read_payload(asked_of(order).payload) == QrTransfer("970436", "0011223344556", 120_000, order.code)


def test_all_of_it_is_copied_at_once() -> None:
    order = waiting()

    assert asked_of(order).as_text == f"Vietcombank\n0011223344556\nCHO PHIEN\n120000\n{order.code}"


def test_the_code_is_drawn_without_styles_of_its_own_and_kept_as_a_picture(client: Client) -> None:
    order = waiting()

    drawn = html_of(client.get(f"/don-hang/{order.pk}/"))
    picture = client.get(f"/don-hang/{order.pk}/vietqr.png")

    assert drawn.count('<svg role="img"') == 1
    assert "style=" not in drawn
    assert picture.content == qr_png(asked_of(order).payload)
    assert picture.content.startswith(b"\x89PNG")
    assert picture["Content-Type"] == "image/png"
    assert picture["Content-Disposition"] == f'inline; filename="vietqr-{order.code}.png"'


def test_the_list_of_orders_says_that_one_waits_for_its_money(client: Client) -> None:
    order = waiting()
    buyer = make_user()
    Order.objects.filter(pk=order.pk).update(user=buyer)
    client.force_login(buyer)

    before = html_of(client.get("/en/tai-khoan/"))
    arrives(order.code)
    after = html_of(client.get("/en/tai-khoan/"))

    assert "waiting for payment" in before
    assert "to be confirmed" not in before
    assert "waiting for payment" not in after


def test_while_nothing_happens_an_open_page_is_told_nothing_in_few_queries(
    django_assert_num_queries,
) -> None:
    order, client = waiting(), Client()
    address = f"/don-hang/{order.pk}/tien/?seen={mark_on(client, order)}"

    with django_assert_num_queries(4):
        answer = client.get(address)

    assert (answer.status_code, answer.content) == (204, b"")
    assert "no-store" in answer["Cache-Control"]


def test_once_the_money_is_seen_the_open_page_is_told_and_asks_no_more(client: Client) -> None:
    order = waiting()
    seen = mark_on(client, order)

    arrives(order.code)

    path = f"tien/?seen={seen}"
    assert "The money has come: 120.000\xa0₫. Thank you." in page_of(client, order, path)
    assert 'hx-trigger="every' not in html_of(client.get(f"/don-hang/{order.pk}/{path}"))
    reloaded = page_of(client, order)
    assert "Paid: 120.000\xa0₫" in reloaded
    assert "Scan the code" not in reloaded
    assert client.get(f"/don-hang/{order.pk}/vietqr.png").status_code == 404


def test_a_transfer_in_doubt_is_seen_by_whoever_sent_it(client: Client) -> None:
    order = waiting()
    seen = mark_on(client, order)

    arrives(order.code, 100_000)

    page = page_of(client, order, f"tien/?seen={seen}")
    assert "A transfer of yours has come. Somebody looks at it today." in page
    assert "We have seen your transfer of 100.000\xa0₫" in page
    assert "It is less than the order costs." in page
    assert steps(client, order)[0] == ("now", "We are looking at your transfer")


def test_somebody_elses_transfer_is_not_shown(client: Client) -> None:
    order, other = (
        waiting(),
        make_order((make_variant(), 1), method=PaymentMethod.TRANSFER, now=timezone.now()),
    )

    arrives(f"{order.code} {other.code}", 100_000)
    arrives("tien hang", 50_000)

    assert "We have seen" not in page_of(client, order)


def test_of_an_order_that_is_partly_paid_the_rest_is_asked_for(client: Client) -> None:
    order = waiting()
    transfer = arrives(order.code, 100_000)
    seen = mark_on(client, order)

    assign_transfer(transfer_id=transfer.pk, shares={order.pk: 100_000}, actor=DESK, now=timezone.now())

    page = page_of(client, order, f"tien/?seen={seen}")
    assert "100.000\xa0₫ has come, 20.000\xa0₫ is still missing." in page
    assert "Scan the code to pay 20.000\xa0₫" in page
    assert "100.000\xa0₫ of 120.000\xa0₫ has come; this is the rest." in page
    assert "Pay another way" not in page
    assert asked_of(order).amount == 20_000


def test_when_the_time_is_over_nothing_is_asked_for_until_the_buyer_wants_to(client: Client) -> None:
    order = waiting()
    seen = mark_on(client, order)
    Payment.objects.update(expires_at=timezone.now() - MINUTE)

    page = page_of(client, order, f"tien/?seen={seen}")

    assert "The time to pay is over." in page
    assert "Scan the code" not in page
    assert client.get(f"/don-hang/{order.pk}/vietqr.png").status_code == 404

    client.post(f"/don-hang/{order.pk}/cach-tra/", {"payment": "transfer"})

    assert "Scan the code to pay 120.000\xa0₫" in page_of(client, order)


def test_who_has_paid_late_is_not_asked_to_pay_again(client: Client) -> None:
    order = waiting()
    Payment.objects.update(expires_at=timezone.now() - MINUTE)
    arrives(order.code)

    page = page_of(client, order)

    assert "It came after the time." in page
    assert "We are looking at your transfer" in page
    assert [words for words in ("To pay:", "Pay now") if words in page] == []


def test_an_order_that_lapsed_says_so_to_the_open_page(client: Client) -> None:
    order = waiting()
    seen = mark_on(client, order)
    Payment.objects.update(expires_at=timezone.now() - MINUTE)

    expire_order(order_id=order.pk, actor=DESK, now=timezone.now())

    page = page_of(client, order, f"tien/?seen={seen}")
    assert "The order was not paid in time and has lapsed." in page
    assert "Pay now" not in page


def test_before_cash_on_delivery_is_chosen_for_good_the_page_says_what_it_means(client: Client) -> None:
    order = waiting()
    final = "After that the order cannot be paid another way."

    page = page_of(client, order)
    Channel.objects.update(automatically_confirm_all_new_orders=False)
    page_of_a_market_that_confirms_itself = page_of(client, order)

    assert f"{final} Yes, pay 120.000\xa0₫ on receipt" in page
    assert final not in page_of_a_market_that_confirms_itself
    assert "Cash on delivery" in page_of_a_market_that_confirms_itself


def test_no_cooperative_has_begun_before_the_money_has_come(client: Client) -> None:
    order = waiting()

    before = steps(client, order)
    arrives(order.code)
    after = steps(client, order)

    assert before[:2] == [("now", "Waiting for your payment"), ("", "The cooperative accepts the order")]
    assert after[0] == ("now", "The cooperative accepts the order")


def test_two_tabs_that_pay_by_two_ways_end_in_one(client: Client) -> None:
    order = waiting()
    seen = mark_on(client, order)

    client.post(f"/don-hang/{order.pk}/cach-tra/", {"payment": "cod"})
    late = arrives(order.code)

    assert "The order is paid on receipt now." in page_of(client, order, f"tien/?seen={seen}")
    order.refresh_from_db()
    assert (order.charged, late.reason) == (0, "other_way")


def test_the_first_tab_paid_the_second_cannot_choose_another_way(client: Client) -> None:
    order = waiting()
    arrives(order.code)

    answer = client.post(f"/en/don-hang/{order.pk}/cach-tra/", {"payment": "cod"}, follow=True)

    assert "This order is not waiting for a payment any more." in html_of(answer)
    assert [payment.method for payment in order.payments.all()] == [PaymentMethod.TRANSFER]


def test_what_the_scale_added_to_a_paid_order_is_asked_for(client: Client) -> None:
    make_bank_account()
    order = make_order((make_gourd(), 3), method=PaymentMethod.TRANSFER, now=timezone.now())
    arrives(order.code, order.due_gross)
    part, line = order.parts.get(), order.lines.get()
    accept_part(part_id=part.pk, actor=DESK, now=timezone.now())

    weigh_line(
        part_id=part.pk,
        line_id=line.pk,
        grams=line.bound_grams,
        key="a",
        actor=DESK,
        now=timezone.now(),
    )

    asked, before = asked_of(order), order.charged
    assert asked.amount == order.due_gross - before > 0
    page = page_of(client, order)
    assert "this is the rest." in page
    assert "Waiting for your payment" in page
    assert "Time left" not in page


def test_what_the_scale_took_off_a_paid_order_is_promised_back(client: Client) -> None:
    make_bank_account()
    order = make_order((make_gourd(price=40_000), 1), method=PaymentMethod.TRANSFER, now=timezone.now())
    arrives(order.code, order.due_gross)
    part, line = order.parts.get(), order.lines.get()
    accept_part(part_id=part.pk, actor=DESK, now=timezone.now())
    paid = page_of(client, order)

    grams = line.estimate_grams * 3 // 4
    weigh_line(part_id=part.pk, line_id=line.pk, grams=grams, key="a", actor=DESK, now=timezone.now())

    told = "10.000\xa0₫ was paid beyond what the order costs. It goes back to you once the goods"
    assert told in page_of(client, order)
    assert "beyond what the order costs" not in paid


def test_without_an_account_nothing_is_asked_for(client: Client) -> None:
    order = waiting()
    ShopSettings.objects.update(bank_account="")

    assert asked_of(order) is None
    assert "To pay: 120.000\xa0₫" in page_of(client, order)


def test_an_order_paid_in_cash_asks_nothing(client: Client) -> None:
    make_bank_account()
    order = make_order(now=timezone.now())

    assert payment_view(order, now=timezone.now()) is None
    assert 'hx-trigger="every' not in html_of(client.get(f"/don-hang/{order.pk}/"))


@pytest.mark.parametrize("path", ["tien/", "vietqr.png"])
def test_nobody_asks_about_an_order_that_is_not_there(client: Client, path: str) -> None:
    assert client.get(f"/don-hang/{nobody()}/{path}").status_code == 404


def test_the_letter_says_what_to_transfer_and_where_the_code_is() -> None:
    order = waiting(email="hoa@example.com")

    letter = Notification.objects.get(key__startswith="order_placed:")

    for text in (letter.text, html.unescape(letter.html)):
        for part in ("120.000\xa0₫", "Vietcombank", "0011223344556", "CHO PHIEN", order.code, str(order.pk)):
            assert part in text


def test_whoever_has_no_mail_reads_it_in_the_message() -> None:
    order = waiting(email="")

    text = Notification.objects.get(key__startswith="order_placed:").text

    assert "120.000\xa0₫" in text
    assert "Vietcombank 0011223344556" in text
    assert order.code in text


def test_a_letter_about_cash_asks_for_no_transfer() -> None:
    make_bank_account()
    make_order(email="hoa@example.com", now=timezone.now())

    assert "0011223344556" not in Notification.objects.get(key__startswith="order_placed:").text


def test_a_way_chosen_again_is_as_it_was() -> None:
    order = waiting()
    again = partial(
        change_payment_method,
        order_id=order.pk,
        method=PaymentMethod.TRANSFER,
        actor=DESK,
        now=timezone.now(),
    )

    assert again() == again() == order.payments.get()
