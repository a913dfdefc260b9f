"""Emails and text messages about orders, also while the mail server fails."""

from __future__ import annotations

import datetime
import socket
import threading
from collections.abc import Iterator

import pytest
from django.core import mail
from django.test import Client, override_settings
from django.utils import timezone

from catalog.models import Price
from cooperatives.models import DeliveryKind
from orders.actions.fulfilment.cancel_parts import decline_part
from orders.actions.fulfilment.deliver_parcels import (
    DispatchDetails,
    deliver_parcel,
    fail_delivery,
    hand_over_parcel,
)
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.fulfilment.weigh_lines import weigh_line
from orders.actions.placement.order_sweeps import report_unanswered_part
from orders.actions.placement.place_order import place_order
from orders.actions.vouchers.redeem_vouchers import apply_voucher_code
from orders.models import Order, OrderPart
from orders.states import OrderStatus
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from shop.core.models import ShopSettings
from shop.notifications.models import Notification
from shop.notifications.send import deliver
from tests.factories import (
    NOW,
    carrier_deliveries,
    get_stock,
    make_basket,
    make_contact,
    make_divisions,
    make_order,
    make_seller,
    make_variant,
    make_variant_sold_by_weight,
    make_voucher,
)
from tests.markup import collapse

MEMBER = Actor.system("test")
SMTP = "django.core.mail.backends.smtp.EmailBackend"
LATER = NOW + datetime.timedelta(hours=1)


@pytest.fixture
def refusing_server() -> Iterator[int]:
    """Yield the port of a mail server on loopback that refuses every connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse_connections() -> None:
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                with connection:
                    connection.sendall(b"554 no mail today\r\n")

        threading.Thread(target=refuse_connections, daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def place_order_on_pages(client: Client) -> Order:
    """Return an order placed through the pages."""
    variant = make_variant(on_hand=5, price=320_000)
    client.post("/gio-hang/dong/", {"variant": variant.pk, "quantity": 1})
    basket_id = client.session["basket"]
    delivery_method = variant.cooperative.delivery_methods.get()
    response = client.post(
        "/dat-hang/",
        {
            "basket": basket_id,
            "name": "Hoa",
            "phone": "0987654321",
            "email": "hoa@example.com",
            "province": "01",
            "commune": "00613",
            "street": "Số 8",
            "consent": "on",
            f"delivery-{variant.cooperative_id}": delivery_method.pk,
        },
    )
    assert response.status_code == 302
    return Order.objects.get()


@pytest.mark.django_db(transaction=True)
def test_order_is_placed_when_mail_server_refuses_and_email_is_retried(
    client: Client, refusing_server: int
) -> None:
    make_divisions()
    settings = {"EMAIL_BACKEND": SMTP, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": refusing_server}
    with override_settings(**settings, EMAIL_USE_TLS=False, EMAIL_USE_SSL=False):
        order = place_order_on_pages(client)
        notification = Notification.objects.get(recipient="hoa@example.com")
        first_try = deliver(notification, now=timezone.now())

    notification.refresh_from_db()
    assert first_try is False
    assert (notification.sent_at, notification.given_up_at, notification.attempts) == (None, None, 1)
    assert "no mail today" in notification.last_error
    assert (order.status, order.total_gross) == (OrderStatus.PLACED, 350_000)

    retry_at = notification.due_at + datetime.timedelta(seconds=1)
    assert Notification.objects.due(retry_at).filter(pk=notification.pk).exists()
    assert deliver(notification, now=retry_at) is True
    notification.refresh_from_db()
    assert notification.sent_at == retry_at
    assert [notification.to for notification in mail.outbox] == [["hoa@example.com"]]


@pytest.mark.django_db(transaction=True)
def test_order_is_placed_when_mail_server_is_unreachable(client: Client) -> None:
    make_divisions()
    settings = {"EMAIL_BACKEND": SMTP, "EMAIL_HOST": "127.0.0.1", "EMAIL_PORT": unused_port()}
    with override_settings(**settings, EMAIL_USE_TLS=False, EMAIL_USE_SSL=False):
        order = place_order_on_pages(client)
        notification = Notification.objects.get(recipient="hoa@example.com")
        assert deliver(notification, now=timezone.now()) is False

    notification.refresh_from_db()
    assert "refused" in notification.last_error
    assert order.parts.count() == 1


@pytest.mark.django_db
def test_dispatch_and_failed_delivery_emails_give_details() -> None:
    part = make_order((make_variant(price=320_000), 1)).parts.get()
    accept_part(part_id=part.pk, actor=MEMBER, now=LATER)
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, actor=MEMBER, now=LATER)
    close_parcel(parcel_id=parcel.pk, actor=MEMBER, now=LATER)
    dispatch = DispatchDetails(vehicle="20B-123.45", driver_phone="+84912345678", tracking_number="VTP1")
    hand_over_parcel(parcel_id=parcel.pk, dispatch=dispatch, actor=MEMBER, now=LATER)
    fail_delivery(parcel_id=parcel.pk, reason="Không ai ở nhà", actor=MEMBER, now=LATER)

    sent, failed = Notification.objects.filter(recipient="hoa@example.com").order_by("pk")[1:]
    for text in (sent.text, sent.html):
        for words in ("20B-123.45", "0912 345 678", "VTP1", "350.000\u00a0₫"):
            assert words in text
    for text in (failed.text, failed.html):
        assert "Không ai ở nhà" in text


@pytest.mark.django_db
@pytest.mark.parametrize("email", ["hoa@example.com", ""])
def test_pickup_message_gives_place_time_and_code(email: str) -> None:
    part = make_order((make_variant(price=320_000), 1), email=email).parts.get()
    OrderPart.objects.filter(pk=part.pk).update(
        delivery_kind=DeliveryKind.MARKET_DAY,
        delivery_name="Nhận ở chợ phiên Phủ Thông",
        pickup_place="Chợ Phủ Thông, gian 4",
        pickup_day=datetime.date(2026, 11, 29),
        pickup_starts=datetime.time(6),
        pickup_ends=datetime.time(10),
    )
    accept_part(part_id=part.pk, actor=MEMBER, now=LATER)
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, actor=MEMBER, now=LATER)
    close_parcel(parcel_id=parcel.pk, actor=MEMBER, now=LATER)

    handed_over = hand_over_parcel(parcel_id=parcel.pk, actor=MEMBER, now=LATER)

    message = Notification.objects.filter(recipient=email or "+84987654321").latest("pk")
    for text in (message.text, message.html) if email else ():
        for words in ("Chợ Phủ Thông, gian 4", "Chủ nhật 29/11", "06:00–10:00", "350.000\u00a0₫"):
            assert words in text
        assert handed_over.pickup_code in text
    assert handed_over.pickup_code in message.text
    assert message.subject == (f"Đơn {part.order.code} đã sẵn sàng, mời đến nhận" if email else "")


@pytest.mark.django_db
def test_declined_part_email_gives_reason_and_remaining_total() -> None:
    noodles = make_variant(make_seller("HTX Tài Hoan"), price=45_000)
    order = make_order((make_variant(price=320_000), 1), (noodles, 2))
    part = order.parts.get(number=1)

    decline_part(part_id=part.pk, reason="Hết hàng", actor=MEMBER, now=LATER)

    notification = Notification.objects.filter(recipient="hoa@example.com").latest("pk")
    for text in (notification.text, notification.html):
        for words in (
            "HTX Thiên An",
            "Hết hàng",
            "Phần của HTX Tài Hoan vẫn giao",
            "trả khi nhận 120.000\u00a0₫",
        ):
            assert words in text
    seller_message = Notification.objects.get(key=f"part_cancelled:{part.pk}")
    assert "Hết hàng" in seller_message.text
    assert f"/xa-vien/goi/{part.pk}/" in seller_message.text
    assert get_stock(noodles).allocated == 2


@pytest.mark.django_db
def test_text_message_of_cash_order_gives_most_to_pay_and_days() -> None:
    gourd = make_variant_sold_by_weight(make_seller("HTX Tài Hoan"))
    order = make_order((make_variant(price=320_000), 1), (gourd, 2), email="")
    first, second = order.parts.order_by("number")
    decline_part(part_id=first.pk, reason="Hết hàng", actor=MEMBER, now=LATER)
    decline_part(part_id=second.pk, reason="Hết hàng", actor=MEMBER, now=LATER)

    rows = Notification.objects.filter(recipient="+84987654321").order_by("pk")
    texts = [row.text.replace("\u00a0", " ").rpartition(" ")[0] for row in rows]
    assert texts == [
        f"Đơn hàng {order.code} trên Chợ Phiên. Trả tiền mặt khi nhận từng phần: "
        "350.000 ₫ (HTX Thiên An), tối đa 116.400 ₫ (HTX Tài Hoan). "
        "Dự kiến thứ Năm 26/11 – thứ Sáu 27/11.",
        f"Đơn {order.code}: HTX Thiên An không giao được phần của mình. Còn phải trả tối đa 116.400 ₫.",
        f"Đơn {order.code}: HTX Tài Hoan không giao được phần của mình. Không phải trả thêm khoản nào.",
    ]


@pytest.mark.django_db
def test_email_of_cash_order_says_that_cooperatives_still_have_to_accept() -> None:
    noodles = make_variant(make_seller("HTX Tài Hoan"), price=45_000)
    order = make_order((make_variant(price=320_000), 1), (noodles, 2))

    notification = Notification.objects.get(key__startswith=f"order_placed:{order.pk}")
    for text in (collapse(notification.text), collapse(notification.html)):
        assert "đang chờ 2 hợp tác xã xác nhận" in text
        assert "đang chuẩn bị" not in text


@pytest.mark.django_db
def test_text_message_that_asks_ends_with_its_question_mark() -> None:
    part = make_order((make_variant_sold_by_weight(), 2), email="").parts.get()
    accept_part(part_id=part.pk, actor=MEMBER, now=LATER)
    weigh_line(part_id=part.pk, line_id=part.lines.get().pk, grams=6000, actor=MEMBER, now=LATER)

    message = Notification.objects.get(key__startswith="weight_question:")
    assert message.text.startswith(
        f"Đơn {part.order.code}: hàng cân được vượt mức đã hẹn, quý khách có nhận không? http"
    )


@pytest.mark.django_db
def test_declined_part_email_of_partly_paid_order_gives_amount_due() -> None:
    honey = make_variant(make_seller("HTX Mật Ong"), price=90_000)
    noodles = make_variant(make_seller("HTX Tài Hoan"), price=45_000)
    order = make_order((make_variant(price=320_000), 1), (noodles, 2), (honey, 1))
    part = order.parts.get(number=1)
    accept_part(part_id=part.pk, actor=MEMBER, now=LATER)
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, actor=MEMBER, now=LATER)
    close_parcel(parcel_id=parcel.pk, actor=MEMBER, now=LATER)
    hand_over_parcel(parcel_id=parcel.pk, actor=MEMBER, now=LATER)
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, actor=MEMBER, now=LATER)

    decline_part(part_id=order.parts.get(number=2).pk, reason="Hết hàng", actor=MEMBER, now=LATER)

    notification = Notification.objects.filter(recipient="hoa@example.com").latest("pk")
    for text in (notification.text, notification.html):
        assert "Đã thanh toán 350.000\u00a0₫; phần còn lại cần trả thêm 120.000\u00a0₫." in text
        assert "470.000" not in text


@pytest.mark.django_db
def test_platform_is_notified_of_unanswered_part() -> None:
    ShopSettings.objects.create(operator_email="dieu-hanh@example.com")
    order = make_order()

    report_unanswered_part(part_id=order.parts.get().pk, actor=MEMBER, now=LATER)

    notification = Notification.objects.get(recipient="dieu-hanh@example.com")
    assert order.code in notification.text
    assert f"/quan-tri/don-hang/{order.pk}/" in notification.text


@pytest.mark.django_db
def test_order_email_shows_prices_and_discounts_with_bearer(client) -> None:
    make_voucher(starts_at=timezone.now() - datetime.timedelta(days=1))
    variant = make_variant(price=320_000)
    Price.objects.filter(variant=variant).update(discounted=300_000)
    basket = make_basket((variant, 1))
    apply_voucher_code(basket_id=basket.pk, code="CHAO10", now=timezone.now())
    place_order(
        basket_id=basket.pk,
        contact=make_contact(email="hoa@example.com"),
        deliveries=carrier_deliveries(basket),
        consents=frozenset({ConsentPurpose.ORDER}),
        actor=Actor.guest(),
        now=timezone.now(),
    )

    notification = Notification.objects.get(recipient="hoa@example.com")

    text = notification.text.replace("\u00a0", " ")
    assert "1 × 300.000 ₫ = 300.000 ₫ (trước: 320.000 ₫)" in text
    assert "Tiền hàng: 320.000 ₫" in text
    assert "Chào khách mới CHAO10 (chợ giảm): −30.000 ₫" in text
    assert "Tổng cộng: 300.000 ₫" in text
    html = collapse(notification.html).replace("\u00a0", " ")
    assert "<s>320.000 ₫</s> 300.000 ₫" in html
    assert "Chào khách mới CHAO10 (chợ giảm)</td>" in html
    assert ">−30.000 ₫</td>" in html
