from __future__ import annotations

from django.core.mail import EmailMultiAlternatives

from shop.notifications.models import Notification


def deliver(row: Notification) -> None:
    """Hand one message to the mail server. Raises OSError or SMTPException when it does not take it.

    What can be ended says so in its headers, for the mail program's own button: one POST ends it (RFC 8058).
    """
    headers = {"Message-ID": f"<{row.pk}.{row.created_at:%Y%m%d%H%M%S}@cho-phien>"}
    if row.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{row.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail = EmailMultiAlternatives(
        row.subject,
        row.text,
        to=[row.to],
        headers=headers,
    )
    if row.html:
        mail.attach_alternative(row.html, "text/html")
    mail.send()
