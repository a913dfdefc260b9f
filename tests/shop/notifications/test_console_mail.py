"""Mails on the console of `make run`: readable, without HTML."""

from __future__ import annotations

import io

from django.core.mail import EmailMultiAlternatives

from shop.notifications.console_mail import EmailBackend


def test_mail_is_printed_as_plain_text() -> None:
    stream = io.StringIO()
    mail = EmailMultiAlternatives(
        "Đơn TTP4GRM", "Chào chị Hoa,\n\nĐơn đã gửi.\n", "cho@example.com", ["hoa@example.com"]
    )
    mail.attach_alternative("<p>Chào chị Hoa</p>", "text/html")

    sent_count = EmailBackend(stream=stream).send_messages([mail])

    printed = stream.getvalue()
    assert sent_count == 1
    assert printed.strip("─\n") == (
        "From: cho@example.com\nTo: hoa@example.com\nSubject: Đơn TTP4GRM\n\nChào chị Hoa,\n\nĐơn đã gửi."
    )
