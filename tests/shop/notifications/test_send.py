"""Messages are sent once per key and retried until they are delivered."""

from __future__ import annotations

import datetime
import socket
import threading
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.core import mail
from django.test import override_settings

from orders.models import Order
from shop.core.models import ShopSettings
from shop.notifications.models import ContactMethod, Notification
from shop.notifications.send import deliver, queue_notification
from tests.factories import NOW, make_order
from tests.races.parallel import run_in_threads

SMTP = "django.core.mail.backends.smtp.EmailBackend"
MINUTE = datetime.timedelta(minutes=1)


def message(key="order:1:email", **fields):
    """Queue a message and return its row."""
    defaults = {
        "contact_method": ContactMethod.EMAIL,
        "recipient": "hoa@example.com",
        "subject": "Đơn hàng",
        "text": "Cảm ơn bà con.",
    }
    queue_notification(key=key, now=NOW, **(defaults | fields))
    return Notification.objects.get(key=key)


@pytest.fixture
def refusing_server():
    """Yield a mail server that refuses every connection and counts them."""
    listener = socket.create_server(("127.0.0.1", 0))
    knocks = []

    def refuse() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            with connection:
                knocks.append(1)
                connection.sendall(b"554 5.3.2 closed for the night\r\n")

    thread = threading.Thread(target=refuse, daemon=True)
    thread.start()
    host, port = listener.getsockname()
    with override_settings(EMAIL_BACKEND=SMTP, EMAIL_HOST=host, EMAIL_PORT=port, EMAIL_USE_TLS=False):
        yield knocks
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


@pytest.mark.django_db
def test_equal_keys_make_one_message() -> None:
    message(text="lần đầu")
    message(text="lần sau")

    assert [row.text for row in Notification.objects.all()] == ["lần đầu"]


@pytest.mark.django_db
def test_message_is_sent_with_both_its_texts_to_its_one_reader() -> None:
    row = message(html="<p>Cảm ơn bà con.</p>")

    assert deliver(row, now=NOW)

    (sent,) = mail.outbox
    assert (sent.to, sent.subject, sent.body) == (["hoa@example.com"], "Đơn hàng", "Cảm ơn bà con.")
    assert sent.alternatives[0].content == "<p>Cảm ơn bà con.</p>"
    row.refresh_from_db()
    assert (row.sent_at, row.attempts, row.last_error) == (NOW, 1, "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "sender"),
    [
        ("cho-phien@shop.example", '"Chợ Phiên" <cho-phien@shop.example>'),
        ("Đơn hàng <don@shop.example>", "Đơn hàng <don@shop.example>"),
    ],
)
def test_sender_has_the_name_of_the_market(settings: Any, address: str, sender: str) -> None:
    settings.DEFAULT_FROM_EMAIL = address
    ShopSettings.objects.update_or_create(pk=1, defaults={"name": 'Chợ\n"Phiên"'})

    assert deliver(message(), now=NOW)

    assert mail.outbox[0].from_email == sender
    assert "shop.example" in mail.outbox[0].message()["From"]


@pytest.mark.django_db
def test_sent_message_is_not_sent_again() -> None:
    row = message()
    deliver(row, now=NOW)
    row.refresh_from_db()

    assert not deliver(row, now=NOW + MINUTE)

    assert len(mail.outbox) == 1
    assert not Notification.objects.due(NOW + datetime.timedelta(days=1)).exists()


@pytest.mark.django_db
def test_line_breaks_in_a_name_add_no_header() -> None:
    row = message(subject="HTX Thiên An\r\nBcc: ai-do@example.com")

    assert deliver(row, now=NOW)

    assert mail.outbox[0].subject == "HTX Thiên An Bcc: ai-do@example.com"
    assert mail.outbox[0].recipients() == ["hoa@example.com"]


@pytest.mark.django_db
def test_refusing_server_is_retried_with_growing_waits(refusing_server) -> None:
    row = message()
    waits, now = [], NOW

    for _try in range(20):
        assert not deliver(row, now=now)
        row.refresh_from_db()
        waits.append((row.due_at - now) // MINUTE)
        now = row.due_at

    assert waits == [1, 2, 4, 8, 16, 32, 64, *[120] * 13]
    assert len(refusing_server) == 20
    assert "closed for the night" in row.last_error
    assert (row.sent_at, row.given_up_at, row.attempts) == (None, now - 120 * MINUTE, 20)
    assert not Notification.objects.due(now + datetime.timedelta(days=9)).exists()


@pytest.mark.django_db
def test_message_is_due_again_only_after_its_wait(refusing_server) -> None:
    row = message()
    deliver(row, now=NOW)

    assert not Notification.objects.due(NOW + MINUTE - datetime.timedelta(seconds=1)).exists()
    assert Notification.objects.due(NOW + MINUTE).get() == row


@pytest.mark.django_db
def test_message_is_sent_once_the_server_is_back() -> None:
    row = message()
    closed = socket.create_server(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()
    with override_settings(EMAIL_BACKEND=SMTP, EMAIL_HOST="127.0.0.1", EMAIL_PORT=port, EMAIL_USE_TLS=False):
        assert not deliver(row, now=NOW)
    row.refresh_from_db()

    assert deliver(row, now=NOW + MINUTE)

    row.refresh_from_db()
    assert (len(mail.outbox), row.sent_at, row.last_error) == (1, NOW + MINUTE, "")


@pytest.mark.django_db
def test_order_is_placed_while_the_mail_server_refuses(refusing_server) -> None:
    order = make_order(email="hoa@example.com")

    for row in Notification.objects.order_by("pk"):
        deliver(row, now=NOW)

    assert Order.objects.get() == order
    assert Notification.objects.filter(sent_at=None, given_up_at=None, attempts=1).count() == 2


@pytest.mark.django_db
def test_text_message_is_printed_until_a_provider_is_configured(capsys) -> None:
    row = message(contact_method=ContactMethod.SMS, recipient="+84987654321", text="Gói hàng đang đến.")
    assert settings.SMS_URL == ""

    assert deliver(row, now=NOW)

    assert capsys.readouterr().out == "text to +84987654321: Gói hàng đang đến.\n"


@pytest.mark.django_db(transaction=True)
def test_concurrent_workers_send_a_message_once() -> None:
    row = message()

    answers = run_in_threads([partial(deliver, row, now=NOW)] * 8)

    assert sorted(answers) == [False] * 7 + [True]
    assert len(mail.outbox) == 1
    assert Notification.objects.get().attempts == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_senders_make_one_message() -> None:
    run_in_threads([partial(message)] * 8)

    assert Notification.objects.count() == 1
