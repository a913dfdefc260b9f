"""Shared phones, members' PINs on them, and browsers that hold a phone's secret."""

from __future__ import annotations

from django.test import Client

from cooperatives.actions.phone_pins import set_pin
from cooperatives.actions.shared_phones import register_shared_phone
from cooperatives.models import Cooperative, Membership, PhonePin, Role, SharedPhone
from shop.accounts.models import User
from shop.core.actors import EntryPoint
from tests.factories import NOW, make_member

PIN = "2580"
SWITCH = "/en/xa-vien/may-chung/doi-nguoi/"


def register_phone(seller: Cooperative) -> tuple[SharedPhone, str]:
    manager = make_member(seller, Role.MANAGER)
    return register_shared_phone(
        cooperative_id=seller.pk,
        name="Máy ở bàn đóng hàng",
        registered_by=manager,
        actor=manager.as_actor(EntryPoint.MEMBERS),
        now=NOW,
    )


def give_pin(phone: SharedPhone, user: User, pin: str = PIN) -> PhonePin:
    membership = Membership.objects.select_related("user").get(cooperative=phone.cooperative, user=user)
    return set_pin(
        phone=phone, membership=membership, pin=pin, actor=user.as_actor(EntryPoint.MEMBERS), now=NOW
    )


def make_phone_browser(phone: SharedPhone, secret: str) -> Client:
    """Return the browser of a shared phone. Nobody has opened it."""
    client = Client()
    client.cookies["shared_phone"] = f"{phone.pk}.{secret}"
    return client


def open_with_pin(client: Client, row: PhonePin, pin: str = PIN) -> None:
    """Open the phone as a member does on its page."""
    response = client.post(SWITCH, {"member": row.pk, "pin": pin})
    assert response.status_code == 302, response.content
