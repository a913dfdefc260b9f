"""Helpers that read sent codes as their receivers do."""

from shop.core.database.encryption import decrypt_secret
from shop.notifications.models import Notification

SENDING, CODE, NAME = (f"/en/tai-khoan/dang-nhap/{page}/" for page in ("gui-ma", "ma", "ten"))


def last_code(recipient):
    """Return the newest code sent to a phone number or an email address."""
    row = Notification.objects.filter(recipient=recipient, key__startswith="code:").order_by("-pk").first()
    return decrypt_secret(row.sealed_secret)


def altered_code(code):
    """Return a code that differs from this one."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def sign_in_by_code(client, phone, **contact_methods):
    """Request a code, enter it, and return the response."""
    from shop.core.identifiers.phones import normalise_phone

    client.post(SENDING, {"phone": phone, **contact_methods})
    return client.post(CODE, {"code": last_code(normalise_phone(phone))})
