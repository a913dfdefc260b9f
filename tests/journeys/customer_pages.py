"""A cooperative's customers, and the pages about them."""

from __future__ import annotations

import datetime

from cooperatives.models import Cooperative
from orders.models import PriceTier
from tests.orders.customers.customer_factories import make_customer


def customer_paths(cooperative: Cooperative) -> list[str]:
    customer = make_customer(
        "Quán phở Bà Lan",
        cooperative=cooperative,
        group="Quán ăn",
        price_tier=PriceTier.WHOLESALE,
        birthday=datetime.date(1970, 5, 20),
        note="Lấy hàng thứ Năm.",
    )
    make_customer("Trường mầm non Phủ Thông", cooperative=cooperative)
    return [
        "/xa-vien/khach/",
        "/xa-vien/khach/?tim=zalo",
        "/xa-vien/khach/moi/",
        f"/xa-vien/khach/{customer.pk}/",
    ]
