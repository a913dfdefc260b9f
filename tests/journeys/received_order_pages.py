"""An order from a message: pasted, read, looked at, wrong, and entered."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from cooperatives.models import Cooperative, DeliveryKind
from orders.actions.basket.basket_lines import LineToAdd
from orders.actions.placement.received_orders import place_received_order
from orders.actions.quotes.quote_types import RequestedDelivery
from orders.models import OrderSource, PaymentMethod
from shop.accounts.models import ConsentPurpose
from shop.core.actors import Actor
from tests.factories import make_channel, make_contact, make_variant

PASTE = "/xa-vien/don/dan-tin/"
MESSAGE = """2 gói mộc nhĩ, 1kg hạt dẻ, giao trước 5h. Chị Lan 0912 345 678, 09123,
thôn 3, Bạch Thông, Bắc Kạn (cạnh nhà văn hóa xóm)"""
LIVE = "/xa-vien/don/livestream/"
CODES = "M1 = mộc nhĩ rừng\nM2 = mộc nhĩ"
COMMENTS = "Lan Anh: M1 x2 - 0912 555 777\nHùng: m1\n0988 111 222 hạt dẻ 1kg"


class ReceivedOrderPages:
    """The entered order and the pages."""

    def __init__(self, cooperative: Cooperative, now: datetime.datetime) -> None:
        for name in ("Mộc nhĩ rừng", "Mộc nhĩ trồng"):
            variant = make_variant(cooperative, name=name, price=50_000, on_hand=30, unit="packet")
        carrier = cooperative.delivery_methods.filter(kind=DeliveryKind.CARRIER).order_by("pk")[0]
        self.variant = variant
        self.order = place_received_order(
            key=uuid.UUID("a1f6d7a0-0a52-4c38-9d4a-0e3a1a6f7b20"),
            cooperative=cooperative,
            channel=make_channel(),
            lines=[LineToAdd(variant.pk, 1)],
            contact=make_contact(email=""),
            delivery=RequestedDelivery(carrier.pk),
            source=OrderSource.ZALO,
            method=PaymentMethod.COD,
            consents=frozenset({ConsentPurpose.ORDER}),
            agreed_total=50_000 + carrier.rates.order_by("pk")[0].price,
            actor=Actor.system("test"),
            now=now,
        )

    def visits(self) -> list[tuple[str, str, int, dict[str, Any] | None]]:
        """Return each address with its visitor, the expected status and the data sent."""
        read = {"source": "zalo", "text": MESSAGE}
        chosen = read | {"goods-0": str(self.variant.pk), "goods-0-quantity": "2", "province": "01"}
        return [
            (PASTE, "manager", 200, None),
            (PASTE, "manager", 422, {"source": "zalo", "text": ""}),
            (PASTE, "manager", 200, read),
            (f"{PASTE}xem-lai/", "manager", 200, chosen),
            (f"{PASTE}xem-lai/", "manager", 422, chosen | {"place": "1"}),
            (f"/xa-vien/don/{self.order.pk}/", "manager", 200, None),
            (LIVE, "manager", 200, None),
            (LIVE, "manager", 422, {"codes": "", "comments": ""}),
            (LIVE, "manager", 200, {"codes": CODES, "comments": COMMENTS}),
        ]
