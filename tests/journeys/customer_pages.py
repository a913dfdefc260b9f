"""A cooperative's customers, and the pages about them."""

from __future__ import annotations

import datetime

from cooperatives.models import Cooperative
from orders.models import PriceTier
from tests.orders.customers.customer_factories import make_customer, pay_debt, sell_on_account


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
    sell_on_account(customer, 480_000, age=100, note="Gừng 12 kg")
    sell_on_account(customer, 420_000, age=40)
    pay_debt(customer, 200_000)
    book = f"/xa-vien/so-no/{customer.pk}/"
    return [
        "/xa-vien/so-no/",
        *(f"{book}{page}" for page in ("", "ghi-no/", "thu-tien/", "sua/", "sao-ke/")),
        "/xa-vien/khach/",
        "/xa-vien/khach/?tim=zalo",
        "/xa-vien/khach/moi/",
        f"/xa-vien/khach/{customer.pk}/",
    ]
