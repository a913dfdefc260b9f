"""What was sent to a number, as its owner reads it."""

from shop.core.database.encryption import decrypt_secret
from shop.notifications.models import Notification

SENDING, CODE, NAME = (f"/en/tai-khoan/dang-nhap/{page}/" for page in ("gui-ma", "ma", "ten"))


def last_code(to):
    """The newest code that is on its way to a number or an address."""
    row = Notification.objects.filter(to=to, key__startswith="code:").order_by("-pk").first()
    return decrypt_secret(row.sealed)


def wrong(code):
    """Six digits that are not these."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def by_code(client, phone, **contact_methods):
    """Have a code sent and enter it; the answer to that."""
    from shop.core.identifiers.phones import normalise_phone

    client.post(SENDING, {"phone": phone, **contact_methods})
    return client.post(CODE, {"code": last_code(normalise_phone(phone))})
