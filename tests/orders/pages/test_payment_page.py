"""Paying an order by bank transfer as the buyer sees it: transfer details, deadline, received money."""

from __future__ import annotations

import datetime
import html
import re
from functools import partial

import pytest
from django.test import Client
from django.utils import timezone

from orders.actions.bank_transfers.transfer_review import assign_transfer
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.payments.order_payments import change_payment_method
from orders.actions.placement.order_sweeps import expire_order
from orders.models import Order, Payment, PaymentMethod
from orders.payments.vietqr import qr_png
from orders.views.payment_page import build_payment_display
from shop.core.actors import Actor
from shop.core.models import Channel, ShopSettings
from shop.notifications.models import Notification
from tests.factories import (
    make_bank_account,
    make_order,
    make_seller,
    make_user,
    make_variant,
    make_variant_sold_by_weight,
    unknown_uuid,
)
from tests.markup import html_of
from tests.orders.bank_transfers.transfer_helpers import make_transfer_order, receive_transfer
from tests.orders.pages.order_proofs import ProvenOrdersClient
from tests.orders.payments.vietqr_reader import QrTransfer, read_payload
from tests.row_reuse import reuse_rows

pytestmark = pytest.mark.django_db
DESK = Actor.system("desk")
MINUTE = datetime.timedelta(minutes=1)


@pytest.fixture
def client() -> Client:
    return ProvenOrdersClient()


@reuse_rows
def unpaid_order(**fields) -> Order:
    """Return an order placed now that waits for 120,000 ₫."""
    return make_transfer_order(now=timezone.now(), **fields)


def receive_transfer_now(note: str, amount: int = 120_000):
    now = timezone.now()
    return receive_transfer(note, amount, booked_at=now, now=now)


def page_of(client: Client, order: Order, path: str = "") -> str:
    response = client.get(f"/en/don-hang/{order.pk}/{path}")
    assert response.status_code == 200
    text = html.unescape(re.sub(r"<[^>]+>", " ", html_of(response)))
    return re.sub(r"[ \n]+", " ", text)


def steps(client: Client, order: Order) -> list[tuple[str, str]]:
    page = html_of(client.get(f"/en/don-hang/{order.pk}/"))
    return re.findall(
        r'<li(?: class="(\w+)")?(?: aria-current="step")?><span class="dot">.*?</span><span>(.*?)<', page
    )


def seen_token(client: Client, order: Order) -> str:
    page = html_of(client.get(f"/en/don-hang/{order.pk}/"))
    return re.search(r"tien/\?seen=(\w+)", page)[1]


def current_transfer_instructions(order: Order):
    order.refresh_from_db()
    view = build_payment_display(order, now=timezone.now())
    return view and view.transfer


def test_page_shows_bank_account_amount_and_note(client: Client) -> None:
    order = unpaid_order()

    page = page_of(client, order)

    expected = ["Bank Vietcombank", "Account number 0011223344556", "Account holder CHO PHIEN"]
    expected += ["Amount to transfer 120,000 ₫", f"Note {order.code}"]
    assert [text for text in expected if text not in page] == []
    assert "Your items are reserved until" in page
    assert read_payload(current_transfer_instructions(order).payload) == QrTransfer(
        "970436", "0011223344556", 120_000, order.code
    )


def test_transfer_details_are_available_as_text() -> None:
    order = unpaid_order()

    expected = f"Vietcombank\n0011223344556\nCHO PHIEN\n120000\n{order.code}"
    assert current_transfer_instructions(order).as_text == expected


def test_qr_code_is_inline_svg_without_styles_and_downloadable_png(client: Client) -> None:
    order = unpaid_order()

    drawn = html_of(client.get(f"/don-hang/{order.pk}/"))
    picture = client.get(f"/don-hang/{order.pk}/vietqr.png")

    assert drawn.count('<svg role="img"') == 1
    assert "style=" not in drawn
    assert picture.content == qr_png(current_transfer_instructions(order).payload)
    assert picture.content.startswith(b"\x89PNG")
    assert picture["Content-Type"] == "image/png"
    assert picture["Content-Disposition"] == f'inline; filename="vietqr-{order.code}.png"'


def test_order_list_shows_waiting_for_payment_until_paid(client: Client) -> None:
    order = unpaid_order()
    buyer = make_user()
    Order.objects.filter(pk=order.pk).update(user=buyer)
    client.force_login(buyer)

    before = html_of(client.get("/en/tai-khoan/"))
    receive_transfer_now(order.code)
    after = html_of(client.get("/en/tai-khoan/"))

    assert "Waiting for payment" in before
    assert "To be confirmed" not in before
    assert "Waiting for payment" not in after


def test_poll_without_changes_returns_204_in_four_queries(
    django_assert_num_queries,
) -> None:
    order, client = unpaid_order(), Client()
    address = f"/don-hang/{order.pk}/tien/?seen={seen_token(client, order)}"

    with django_assert_num_queries(4):
        response = client.get(address)

    assert (response.status_code, response.content) == (204, b"")
    assert "no-store" in response["Cache-Control"]


def test_poll_after_payment_shows_thanks_and_stops_polling(client: Client) -> None:
    order = unpaid_order()
    state_hash = seen_token(client, order)

    receive_transfer_now(order.code)

    path = f"tien/?seen={state_hash}"
    assert "We have received your payment of 120,000 ₫. Thank you." in page_of(client, order, path)
    assert 'hx-trigger="every' not in html_of(client.get(f"/don-hang/{order.pk}/{path}"))
    reloaded = page_of(client, order)
    assert "Paid: 120,000\xa0₫" in reloaded
    assert "Scan the code" not in reloaded
    assert client.get(f"/don-hang/{order.pk}/vietqr.png").status_code == 404


def test_transfer_under_review_is_shown_to_buyer(client: Client) -> None:
    order = unpaid_order()
    state_hash = seen_token(client, order)

    receive_transfer_now(order.code, 100_000)

    page = page_of(client, order, f"tien/?seen={state_hash}")
    assert "We have received a transfer from you and will check it today." in page
    assert "We have received your transfer of 100,000\xa0₫" in page
    assert "It is less than what is due for the order." in page
    assert steps(client, order)[0] == ("now", "We are checking your transfer")


def test_ambiguous_or_unmatched_transfer_is_not_shown(client: Client) -> None:
    order, other_order = (
        unpaid_order(),
        make_order((make_variant(), 1), method=PaymentMethod.TRANSFER, now=timezone.now()),
    )

    receive_transfer_now(f"{order.code} {other_order.code}", 100_000)
    receive_transfer_now("tien hang", 50_000)

    assert "We have received your transfer of" not in page_of(client, order)


def test_partly_paid_order_asks_for_remaining_amount(client: Client) -> None:
    order = unpaid_order()
    transfer = receive_transfer_now(order.code, 100_000)
    state_hash = seen_token(client, order)

    assign_transfer(transfer_id=transfer.pk, amounts={order.pk: 100_000}, actor=DESK, now=timezone.now())

    page = page_of(client, order, f"tien/?seen={state_hash}")
    assert "100,000\xa0₫ has been received, 20,000\xa0₫ is still missing." in page
    assert "Scan the code to pay 20,000\xa0₫" in page
    assert "100,000\xa0₫ of 120,000\xa0₫ has been received; this is the rest." in page
    assert "Choose another payment method" not in page
    assert current_transfer_instructions(order).amount == 20_000


def test_expired_payment_is_not_requested_until_buyer_restarts_it(client: Client) -> None:
    order = unpaid_order()
    state_hash = seen_token(client, order)
    Payment.objects.update(expires_at=timezone.now() - MINUTE)

    page = page_of(client, order, f"tien/?seen={state_hash}")

    assert "The time to pay is over." in page
    assert "Scan the code" not in page
    assert client.get(f"/don-hang/{order.pk}/vietqr.png").status_code == 404

    client.post(f"/don-hang/{order.pk}/cach-tra/", {"payment": "transfer"})

    assert "Scan the code to pay 120,000\xa0₫" in page_of(client, order)


def test_late_transfer_is_reviewed_and_not_requested_again(client: Client) -> None:
    order = unpaid_order()
    Payment.objects.update(expires_at=timezone.now() - MINUTE)
    receive_transfer_now(order.code)

    page = page_of(client, order)

    assert "It arrived after the deadline." in page
    assert "We are checking your transfer" in page
    assert [message for message in ("To pay:", "Pay now") if message in page] == []


def test_poll_tells_that_order_has_expired(client: Client) -> None:
    order = unpaid_order()
    state_hash = seen_token(client, order)
    Payment.objects.update(expires_at=timezone.now() - MINUTE)

    expire_order(order_id=order.pk, actor=DESK, now=timezone.now())

    page = page_of(client, order, f"tien/?seen={state_hash}")
    assert "The order was not paid in time and has expired." in page
    assert "Pay now" not in page


def test_switch_to_cash_says_that_the_cooperatives_start_when_auto_confirmed(client: Client) -> None:
    order = unpaid_order()
    final = "Until packing starts, you can still pay by bank transfer."

    page = page_of(client, order)
    Channel.objects.update(automatically_confirm_all_new_orders=False)
    page_with_manual_confirmation = page_of(client, order)

    assert f"{final} Yes, pay 120,000\xa0₫ on receipt" in page
    assert final not in page_with_manual_confirmation
    assert "Cash on delivery" in page_with_manual_confirmation


def test_switch_to_cash_names_the_most_that_weighed_items_cost(client: Client) -> None:
    make_bank_account()
    order = make_order((make_variant_sold_by_weight(), 3), method=PaymentMethod.TRANSFER, now=timezone.now())
    line = order.lines.get()
    most = f"{order.total_gross + line.maximum_gross - line.total_gross:,}\xa0₫"

    before = page_of(client, order)
    client.post(f"/en/don-hang/{order.pk}/cach-tra/", {"payment": "cod"})
    after = page_of(client, order)

    assert line.maximum_gross > line.total_gross
    assert f"Yes, pay at most {most} on receipt" in before
    assert f"Due on receipt: at most {most}" in after


def test_unpaid_order_of_several_cooperatives_has_one_timeline_below_its_goods(client: Client) -> None:
    make_bank_account()
    order = make_order(
        (make_variant(make_seller("HTX Thiên An"), name="Gối thảo dược"), 1),
        (make_variant(make_seller("HTX Tài Hoan"), name="Miến dong"), 1),
        method=PaymentMethod.TRANSFER,
        now=timezone.now(),
    )

    unpaid, page = steps(client, order), page_of(client, order)
    receive_transfer_now(order.code, order.total_gross)
    paid = steps(client, order)

    assert unpaid == [
        ("now", "Waiting for your payment"),
        ("", "The cooperatives accept the order"),
        ("", "Packing"),
        ("", "Delivery"),
        ("", "Arrival"),
    ]
    texts = ("Save image", "Gối thảo dược", "Miến dong", "What happens next", "Order confirmation")
    places = [page.index(text) for text in texts]
    assert places == sorted(places)
    assert len(paid) == 8
    assert paid[0] == ("now", "Waiting for the cooperative to accept")


def test_page_without_scripts_does_not_claim_to_update_itself(client: Client) -> None:
    order = unpaid_order()

    page = html_of(client.get(f"/en/don-hang/{order.pk}/"))

    assert re.search(r'<span class="needs-script">\s*<b>Then wait.</b> This page updates on its own', page)
    without_scripts = re.search(r'<span class="without-script">.*?</span>', page, re.DOTALL)
    assert without_scripts is not None
    assert "updates" not in without_scripts[0]
    assert re.search(rf'<a\s+href="/en/don-hang/{order.pk}/"\s*>Reload the page', without_scripts[0])


def test_cooperative_step_starts_after_payment(client: Client) -> None:
    order = unpaid_order()

    before = steps(client, order)
    receive_transfer_now(order.code)
    after = steps(client, order)

    assert before[:2] == [("now", "Waiting for your payment"), ("", "The cooperative accepts the order")]
    assert after[0] == ("now", "Waiting for the cooperative to accept")


def test_cash_order_is_paid_by_transfer_until_it_is_packed(client: Client) -> None:
    order = unpaid_order()
    state_hash = seen_token(client, order)

    response = client.post(f"/en/don-hang/{order.pk}/cach-tra/", {"payment": "cod"}, follow=True)
    assert "Changed: you pay in cash on receipt." in html_of(response)
    assert "This order is now paid on receipt." in page_of(client, order, f"tien/?seen={state_hash}")
    assert 'href="?tratruoc=1#paying-panel"' in html_of(response)
    page = page_of(client, order, "?tratruoc=1")
    assert "Your order stays cash on delivery until the money arrives." in page
    assert "Scan the code to pay 120,000\xa0₫" in page
    assert client.get(f"/don-hang/{order.pk}/vietqr.png").status_code == 200
    receive_transfer_now(order.code)

    page = page_of(client, order, "?tratruoc=1")
    assert "Paid: 120,000" in page
    assert "bank transfer instead" not in page
    assert "Your order stays" not in page


def test_packed_cash_order_offers_no_transfer(client: Client) -> None:
    make_bank_account()
    order = make_order()
    assert "bank transfer instead" in page_of(client, order)
    part = order.parts.get()
    accept_part(part_id=part.pk, actor=DESK, now=timezone.now())
    prepayment_page = html_of(client.get(f"/en/don-hang/{order.pk}/?tratruoc=1"))
    state_hash = re.search(r"tien/\?seen=(\w+)", prepayment_page)[1]
    polling_address = f"/en/don-hang/{order.pk}/tien/?seen={state_hash}"
    assert client.get(polling_address).status_code == 204

    quantities = {line.pk: line.quantity for line in part.lines.all()}
    pack_parcel(part_id=part.pk, quantities=quantities, actor=DESK, now=timezone.now())

    assert "bank transfer instead" not in page_of(client, order)
    assert "Your order stays" not in page_of(client, order, "?tratruoc=1")
    news = client.get(polling_address)
    assert news.status_code == 200
    assert "Scan the code" not in html_of(news)


def test_paid_order_cannot_switch_payment_method(client: Client) -> None:
    order = unpaid_order()
    receive_transfer_now(order.code)

    response = client.post(f"/en/don-hang/{order.pk}/cach-tra/", {"payment": "cod"}, follow=True)

    assert "This order is no longer waiting for payment." in html_of(response)
    assert [payment.method for payment in order.payments.all()] == [PaymentMethod.TRANSFER]


def test_higher_weight_of_paid_order_requests_difference(client: Client) -> None:
    make_bank_account()
    order = make_order((make_variant_sold_by_weight(), 3), method=PaymentMethod.TRANSFER, now=timezone.now())
    receive_transfer_now(order.code, order.current_total_gross)
    part, line = order.parts.get(), order.lines.get()
    accept_part(part_id=part.pk, actor=DESK, now=timezone.now())

    weigh_line(
        part_id=part.pk,
        line_id=line.pk,
        grams=line.bound_grams,
        idempotency_key="a",
        actor=DESK,
        now=timezone.now(),
    )

    requested, before = current_transfer_instructions(order), order.charged
    assert requested.amount == order.current_total_gross - before > 0
    page = page_of(client, order)
    assert "this is the rest." in page
    assert "Waiting for your payment" in page
    assert "Your items are reserved until" not in page


def test_lower_weight_of_paid_order_promises_refund(client: Client) -> None:
    make_bank_account()
    order = make_order(
        (make_variant_sold_by_weight(price=40_000), 1), method=PaymentMethod.TRANSFER, now=timezone.now()
    )
    receive_transfer_now(order.code, order.current_total_gross)
    part, line = order.parts.get(), order.lines.get()
    accept_part(part_id=part.pk, actor=DESK, now=timezone.now())
    page_before = page_of(client, order)

    grams = line.estimate_grams * 3 // 4
    weigh_line(
        part_id=part.pk, line_id=line.pk, grams=grams, idempotency_key="a", actor=DESK, now=timezone.now()
    )

    message = (
        "10,000\xa0₫ was paid in excess of the order total. It is refunded once your items have been shipped."
    )
    assert message in page_of(client, order)
    assert "was paid in excess of the order total." not in page_before


def test_without_bank_account_no_transfer_is_requested(client: Client) -> None:
    order = unpaid_order()
    ShopSettings.objects.update(bank_account="")

    assert current_transfer_instructions(order) is None
    assert "Amount due: 120,000\xa0₫" in page_of(client, order)


def test_cash_order_requests_no_transfer(client: Client) -> None:
    make_bank_account()
    order = make_order(now=timezone.now())

    assert build_payment_display(order, now=timezone.now()) is None
    assert 'hx-trigger="every' not in html_of(client.get(f"/don-hang/{order.pk}/"))


@pytest.mark.parametrize("path", ["tien/", "vietqr.png"])
def test_payment_urls_of_unknown_order_are_missing(client: Client, path: str) -> None:
    assert client.get(f"/don-hang/{unknown_uuid()}/{path}").status_code == 404


def test_order_email_gives_transfer_details_and_link() -> None:
    order = unpaid_order(email="hoa@example.com")

    notification = Notification.objects.get(key__startswith="order_placed:")

    for text in (notification.text, html.unescape(notification.html)):
        for part in ("120.000\xa0₫", "Vietcombank", "0011223344556", "CHO PHIEN", order.code, str(order.pk)):
            assert part in text


def test_sms_gives_transfer_details() -> None:
    order = unpaid_order(email="")

    text = Notification.objects.get(key__startswith="order_placed:").text

    assert "120.000\xa0₫" in text
    assert "Vietcombank 0011223344556" in text
    assert order.code in text


def test_cash_order_email_gives_no_transfer_details() -> None:
    make_bank_account()
    make_order(email="hoa@example.com", now=timezone.now())

    assert "0011223344556" not in Notification.objects.get(key__startswith="order_placed:").text


def test_choosing_same_payment_method_again_returns_same_payment() -> None:
    order = unpaid_order()
    choose_transfer = partial(
        change_payment_method,
        order_id=order.pk,
        method=PaymentMethod.TRANSFER,
        actor=DESK,
        now=timezone.now(),
    )

    assert choose_transfer() == choose_transfer() == order.payments.get()
