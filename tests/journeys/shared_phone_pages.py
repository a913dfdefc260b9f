"""A shared phone: locked, opened by a member, and used by a member who has no PIN on it yet."""

from __future__ import annotations

import time
from typing import Any

from django.utils import translation

from cooperatives.models import Cooperative, Role
from tests.factories import make_member
from tests.phone_factories import give_pin, make_phone_browser, open_with_pin, register_phone

PHONES = "/xa-vien/may-chung/"


class SharedPhonePages:
    """The rows, the cookies of each visitor and the pages."""

    def __init__(self, cooperative: Cooperative) -> None:
        self.phone, self.secret = register_phone(cooperative)
        self.pin = give_pin(self.phone, make_member(cooperative, Role.PACKER, first_name="Lò Thị Hoa"))
        self.newcomer = make_member(cooperative, Role.PACKER, first_name="Vàng A Minh")

    def cookies(self) -> dict[str, dict[str, str]]:
        client = make_phone_browser(self.phone, self.secret)
        locked = {"shared_phone": client.cookies["shared_phone"].value}
        with translation.override("vi"):  # a request changes the language of the thread
            open_with_pin(client, self.pin)
        session = client.session
        session["phone_seen_at"] = time.time() + 36_000
        session.save()
        opened = {name: cookie.value for name, cookie in client.cookies.items()}
        return {"locked phone": locked, "packer at the phone": opened, "new at the phone": locked}

    def visits(self) -> list[tuple[str, str, int, dict[str, Any] | None]]:
        """Return each address with its visitor, the expected status and the data sent."""
        switch = f"{PHONES}doi-nguoi/"
        return [
            (PHONES, "manager", 200, None),
            (switch, "locked phone", 200, None),
            (f"{switch}?ai={self.pin.pk}", "locked phone", 200, None),
            (switch, "locked phone", 200, {"member": str(self.pin.pk), "pin": "x"}),
            (f"{PHONES}ma-pin/", "new at the phone", 200, None),
            (f"{PHONES}ma-pin/", "new at the phone", 200, {"pin": "1234", "repeated_pin": "1234"}),
            ("/xa-vien/", "packer at the phone", 200, None),
        ]
