from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from shop.core.models import shop_settings
from shop.notifications.models import Notification


def deliver(notification: Notification) -> None:
    """Send one notification to the mail server. Raises OSError or SMTPException if it is not accepted.

    Subscriptions carry unsubscribe headers, so that mail programs show a button (one POST, RFC 8058).
    """
    headers = {"Message-ID": f"<{notification.pk}.{notification.created_at:%Y%m%d%H%M%S}@cho-phien>"}
    if notification.unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{notification.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail = EmailMultiAlternatives(
        notification.subject,
        notification.text,
        from_email=_sender(),
        to=[notification.recipient],
        headers=headers,
    )
    if notification.html:
        mail.attach_alternative(notification.html, "text/html")
    mail.send()


def _sender() -> str:
    """Return the sending address with the market's name, unless the setting states a name itself."""
    address = str(settings.DEFAULT_FROM_EMAIL)
    name = " ".join(shop_settings().name.replace('"', "").replace("\\", "").split())
    return address if "<" in address or not name else f'"{name}" <{address}>'
