"""A phone whose clock is a day wrong, and two of its tabs that send at once, in a real browser."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from playwright.sync_api import Page, expect

from catalog.models import Movement
from cooperatives.models import Role
from orders.models import Parcel
from orders.states import ParcelState
from shop.core.models import Change
from shop.members.sync.models import CommandOutcome, PhoneCommand
from tests.factories import get_stock, make_order, make_variant
from tests.invariants import check_everything
from tests.shop.members.sync.test_without_network import HOLDS, open_order, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

# A clock that is wrong by the milliseconds in `clock-shift`.
SHIFT_CLOCK = """(() => {
  const shift = Number(globalThis.localStorage?.getItem("clock-shift") ?? 0);
  const RightDate = Date;
  globalThis.Date = class extends RightDate {
    constructor(...values) {
      super(...(values.length ? values : [RightDate.now() + shift]));
    }
    static now() {
      return RightDate.now() + shift;
    }
  };
})()"""
DAY = 24 * 3600 * 1000


def test_phone_whose_clock_is_a_day_wrong_works_and_two_tabs_send_once(
    phone_with_workers: Page, seller
) -> None:
    phone = phone_with_workers
    phone.context.add_init_script(SHIFT_CLOCK)
    variant = make_variant(seller, on_hand=10)
    part = make_order((variant, 2)).parts.get()
    phone.goto("/robots.txt")
    phone.evaluate("(shift) => localStorage.setItem('clock-shift', shift)", DAY)
    sign_in(phone, seller, Role.MANAGER)
    assert phone.evaluate(HOLDS, 2)
    phone.context.set_offline(True)
    open_order(phone, part)
    phone.get_by_role("button", name="Nhận đơn").click()
    phone.get_by_label("Lấy rồi").check()
    phone.get_by_role("button", name="Xong, sang dán tem").click()
    phone.get_by_role("button", name="Dán tem xong").click()
    expect(phone.get_by_text("Đã đóng gói", exact=True)).to_be_visible()
    phone.goto("/xa-vien/kho/")
    phone.get_by_label(re.compile("Số đếm được")).fill("7")
    phone.get_by_role("button", name="Lưu số đếm").click()
    expect(phone.get_by_text("Trên sổ: 7")).to_be_visible()

    phone.goto("/xa-vien/offline/#unsent")
    other_tab = phone.context.new_page()
    other_tab.goto("/xa-vien/offline/#unsent")
    phone.context.set_offline(False)
    for tab in (phone, other_tab):
        expect(tab.get_by_text("Đã lên", exact=True)).to_have_count(4)
    other_tab.close()

    assert Counter(PhoneCommand.objects.values_list("outcome", flat=True)) == {CommandOutcome.DONE: 4}
    counted = Movement.objects.latest("pk")
    assert (counted.reason, counted.quantity, get_stock(variant).on_hand) == ("count", -3, 7)
    now = counted.created_at
    assert not Change.objects.filter(created_at__gt=now.replace(year=now.year + 1)).exists()
    assert Parcel.objects.get().state == ParcelState.PACKED
    check_everything()

    # The clock is set right: what was fetched "tomorrow" is not taken for fresh.
    phone.evaluate("localStorage.removeItem('clock-shift')")
    make_order((variant, 1))
    phone.goto("/xa-vien/")
    assert phone.evaluate(HOLDS, 3)
