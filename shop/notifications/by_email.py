from __future__ import annotations

from django.core.mail import EmailMultiAlternatives

from shop.notifications.models import Notification


def deliver(row: Notification) -> None:
    """Hand one message to the mail server. Raises OSError or SMTPException when it does not take it."""
    mail = EmailMultiAlternatives(
        row.subject,
        row.text,
        to=[row.to],
        headers={"Message-ID": f"<{row.pk}.{row.created_at:%Y%m%d%H%M%S}@cho-phien>"},
    )
    if row.html:
        mail.attach_alternative(row.html, "text/html")
    mail.send()
