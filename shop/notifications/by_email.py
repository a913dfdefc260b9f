from __future__ import annotations

from django.core.mail import EmailMultiAlternatives

from shop.notifications.models import Notification


def deliver(row: Notification) -> None:
    """Send one message to the mail server. Raises OSError or SMTPException if it is not accepted.

    Subscriptions carry unsubscribe headers, so that mail programs show a button (one POST, RFC 8058).
    """
    headers = {"Message-ID": f"<{row.pk}.{row.created_at:%Y%m%d%H%M%S}@cho-phien>"}
    if row.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{row.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail = EmailMultiAlternatives(
        row.subject,
        row.text,
        to=[row.recipient],
        headers=headers,
    )
    if row.html:
        mail.attach_alternative(row.html, "text/html")
    mail.send()
