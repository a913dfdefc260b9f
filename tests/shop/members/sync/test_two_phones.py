"""Two phones of one cooperative that worked without a network, and what both show afterwards."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from catalog.models import Price, Product
from cooperatives.models import Role
from orders.models import OrderPart, Parcel
from orders.states import PartState
from shop.members.sync.models import CommandOutcome, PhoneCommand
from tests.factories import get_stock, make_order, make_variant
from tests.invariants import check_everything
from tests.shop.members.sync.phone import Phone
from tests.shop.members.sync.test_without_network import HOLDS, open_order, sign_in
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

# Whether the phone's database holds these rows and no others, whatever the order of rows and fields.
HOLDS_EXACTLY = """async (expected) => {
  const sortFields = (_name, value) =>
    value && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort())
      : value;
  const comparable = (rows) => rows.map((row) => JSON.stringify(row, sortFields)).sort().join();
  const rows = await new Promise((done) => {
    const opening = indexedDB.open("cho-phien-members");
    opening.onsuccess = () => {
      const reading = opening.result.transaction("rows").objectStore("rows").getAll();
      reading.onsuccess = () => { opening.result.close(); done(reading.result); };
    };
  });
  return comparable(rows) === comparable(expected);
}"""


def test_two_phones_agree_after_working_on_the_same_goods_without_network(
    phone_with_workers: Page, second_phone_with_workers: Page, seller
) -> None:
    phones = (phone_with_workers, second_phone_with_workers)
    first, second = phones
    pillow = make_variant(seller)
    both_packed, only_second = (make_order((pillow, 2)).parts.get() for _ in range(2))
    for phone in phones:
        sign_in(phone, seller, Role.MANAGER)
        assert phone.evaluate(HOLDS, 3)
        phone.context.set_offline(True)

    for phone in phones:
        _accept_and_pack(phone, both_packed)
    _accept_and_pack(second, only_second)
    _receive_stock(first, pillow.product, "5")
    _receive_stock(second, pillow.product, "3")
    _change_price(first, pillow.product, "330000")
    _change_price(second, pillow.product, "340000")
    assert not PhoneCommand.objects.exists()

    first.context.set_offline(False)
    _expect_sent(first, done=4)
    second.context.set_offline(False)
    second.goto("/xa-vien/offline/#unsent")
    expect(second.get_by_text("Cần xem lại")).to_have_count(2)  # the same order accepted, and another price
    expect(second.get_by_text(re.compile("Trên chợ hiện nay: 330.000"))).to_be_visible()
    second.get_by_role("button", name=re.compile("Bán 340.000")).click()
    expect(second.get_by_text("Cần xem lại")).to_have_count(1)
    second.get_by_role("button", name="Giữ như trên chợ").click()
    expect(second.get_by_text("Đang chờ")).to_have_count(0)
    expect(second.get_by_text("Số lượng không khớp với phần còn phải đóng gói.")).to_be_visible()
    expect(second.get_by_text("Trên chợ hiện nay: Đã lấy hàng, chưa dán tem.")).to_be_visible()
    second.get_by_role("button", name="Giữ như trên chợ").click()
    expect(second.get_by_text("Cần xem lại")).to_have_count(0)
    _expect_sent(second, done=4)

    assert [
        (parcel.part_id, parcel.lines.get().quantity) for parcel in Parcel.objects.order_by("part_id")
    ] == [(both_packed.pk, 2), (only_second.pk, 2)]
    assert {part.state for part in OrderPart.objects.all()} == {PartState.ACCEPTED}
    assert get_stock(pillow).on_hand == 10 + 5 + 3
    assert Price.objects.get(variant=pillow).amount == 340_000
    outcomes = PhoneCommand.objects.values_list("outcome", flat=True)
    assert sorted(outcomes) == [CommandOutcome.DONE] * 8 + [CommandOutcome.REFUSED] * 3
    market_rows = pull_all_rows(Phone(seller, Role.MANAGER))
    for phone in phones:
        phone.reload()
        wait_until(phone, HOLDS_EXACTLY, market_rows)
    check_everything()


def pull_all_rows(phone: Phone) -> list[dict[str, Any]]:
    rows, cursor, has_more = [], "", True
    while has_more:
        page = phone.pull(cursor)
        rows, cursor, has_more = rows + page["rows"], page["cursor"], page["has_more"]
    return rows


def _accept_and_pack(phone: Page, part: OrderPart) -> None:
    open_order(phone, part)
    phone.get_by_role("button", name="Nhận đơn").click()
    phone.get_by_label("Lấy rồi").check()
    phone.get_by_role("button", name="Xong, sang dán tem").click()
    expect(phone.get_by_role("button", name="Dán tem xong")).to_be_visible()


def _receive_stock(phone: Page, product: Product, quantity: str) -> None:
    phone.goto(f"/xa-vien/hang/{product.listings.get().pk}/")
    phone.get_by_label("Số lượng nhập").fill(quantity)
    phone.get_by_role("button", name="Ghi nhận hàng nhập").click()
    expect(phone.get_by_label("Số lượng nhập")).to_have_value("")


def _change_price(phone: Page, product: Product, amount: str) -> None:
    phone.locator("summary", has_text="Sửa giá").click()
    phone.get_by_label("Giá mỗi đơn vị bán").fill(amount)
    phone.get_by_role("button", name="Lưu thay đổi").click()
    expect(phone.get_by_label("Giá mỗi đơn vị bán")).to_be_hidden()


def _expect_sent(phone: Page, *, done: int) -> None:
    phone.goto("/xa-vien/offline/#unsent")
    expect(phone.get_by_text("Đã lên", exact=True)).to_have_count(done)
