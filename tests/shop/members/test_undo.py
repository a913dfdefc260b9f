"""Undoing a step on the member's page, within ten minutes of it."""

from __future__ import annotations

import datetime
import re

import pytest

from orders.models import OrderPart, Parcel
from tests.factories import make_seller
from tests.markup import html_of
from tests.shop.members.part_factories import new_part, parcel_of

pytestmark = pytest.mark.django_db


def undo_labels(page: str) -> list[str]:
    """Return the labels of the page's undo buttons, without the time."""
    return re.findall(r"(Hoàn tác [^(]+) \(đến", " ".join(page.split()))


def part_page(packer, part: OrderPart) -> str:
    return html_of(packer.get(f"/xa-vien/goi/{part.pk}/"))


def test_each_step_is_undone_on_the_part_page(packer, seller) -> None:
    part = new_part(seller)
    packer.post(f"/xa-vien/goi/{part.pk}/nhan/")
    assert undo_labels(part_page(packer, part)) == ["Hoàn tác nhận đơn"]

    packer.post(f"/xa-vien/goi/{part.pk}/hoan-tac/")
    part.refresh_from_db()
    assert part.state == "new"

    packer.post(f"/xa-vien/goi/{part.pk}/nhan/")
    parcel = parcel_of(part)
    assert undo_labels(part_page(packer, part)) == []
    address = f"/xa-vien/kien/{parcel.pk}/"
    packer.post(f"{address}dong-goi/")
    packer.post(f"{address}ra-xe/")
    assert undo_labels(part_page(packer, part)) == ["Hoàn tác bàn giao"]
    packer.post(f"{address}da-giao/", {f"delivery-{parcel.pk}-cash": "yes"})
    assert undo_labels(part_page(packer, part)) == ["Hoàn tác giao hàng", "Hoàn tác thu tiền"]

    states = []
    for step in ("cash", "delivery", "handover"):
        packer.post(f"{address}hoan-tac/{step}/")
        parcel.refresh_from_db()
        states.append((parcel.state, parcel.cod_state))
    assert states == [("delivered", "expected"), ("handed_over", "expected"), ("packed", "expected")]


def test_failed_delivery_is_undone_on_the_part_page(packer, seller) -> None:
    part = new_part(seller)
    packer.post(f"/xa-vien/goi/{part.pk}/nhan/")
    parcel = parcel_of(part)
    address = f"/xa-vien/kien/{parcel.pk}/"
    for step in ("dong-goi", "ra-xe"):
        packer.post(f"{address}{step}/")
    packer.post(f"{address}chua-giao-duoc/", {"choice": "0"})
    assert undo_labels(part_page(packer, part)) == ["Hoàn tác báo chưa giao được"]

    packer.post(f"{address}hoan-tac/failure/")

    parcel.refresh_from_db()
    assert (parcel.state, parcel.failed_at, parcel.failure_reason) == ("handed_over", None, "")
    assert undo_labels(part_page(packer, part)) == ["Hoàn tác bàn giao"]


def test_reported_shortage_is_undone_on_the_part_page(packer, seller) -> None:
    part = new_part(seller, quantity=3)
    packer.post(f"/xa-vien/goi/{part.pk}/nhan/")
    line = part.lines.get()
    packer.post(f"/xa-vien/goi/{part.pk}/thieu/", {f"available-{line.pk}": "2", "reviewed": "1"})
    assert undo_labels(part_page(packer, part)) == ["Hoàn tác báo thiếu"]

    packer.post(f"/xa-vien/goi/{part.pk}/thieu/hoan-tac/")

    part.refresh_from_db()
    assert part.order.current_total_gross == part.total_gross
    assert undo_labels(part_page(packer, part)) == ["Hoàn tác nhận đơn"]


def test_orders_accepted_by_one_press_are_undone_by_one(packer, seller) -> None:
    parts = [new_part(seller) for _number in range(2)]
    foreign = new_part(make_seller("HTX Tài Hoan"))
    ids = [part.pk for part in parts]

    accepted = packer.post("/xa-vien/goi/nhan/", {"part": ids}, follow=True)
    page = html_of(accepted)
    undone = packer.post("/xa-vien/goi/nhan/hoan-tac/", {"part": [*ids, foreign.pk]})

    assert accepted.redirect_chain[0][0] == f"/xa-vien/goi/?viec=dong&vua-nhan={ids[0]},{ids[1]}"
    assert "Hoàn tác nhận 2 đơn" in page
    assert undone.headers["Location"] == "/xa-vien/"
    assert list(OrderPart.objects.filter(pk__in=ids).values_list("state", flat=True)) == ["new", "new"]
    assert "Hoàn tác nhận" not in html_of(packer.get(accepted.redirect_chain[0][0]))


def test_after_ten_minutes_there_is_no_button_and_a_late_one_is_refused_in_words(packer, seller) -> None:
    part = new_part(seller)
    packer.post(f"/xa-vien/goi/{part.pk}/nhan/")
    part.refresh_from_db()
    OrderPart.objects.filter(pk=part.pk).update(accepted_at=part.accepted_at - datetime.timedelta(minutes=11))

    assert undo_labels(part_page(packer, part)) == []
    response = packer.post(f"/xa-vien/goi/{part.pk}/hoan-tac/", follow=True)

    part.refresh_from_db()
    assert part.state == "accepted"
    assert "Chỉ hoàn tác được trong mười phút. Hãy gọi cho chợ." in html_of(response)


def test_foreign_parcel_and_unknown_step_are_not_found(packer, seller) -> None:
    foreign = new_part(make_seller("HTX Khác"))
    part = new_part(seller)
    packer.post(f"/xa-vien/goi/{part.pk}/nhan/")
    parcel = parcel_of(part)

    assert packer.post(f"/xa-vien/goi/{foreign.pk}/hoan-tac/").status_code == 404
    assert packer.post(f"/xa-vien/kien/{parcel.pk}/hoan-tac/closing/").status_code == 404
    assert Parcel.objects.get().state == "packing"
