"""A Bluetooth scale: the standard's weight measurement, and the button where the browser reaches a scale."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from playwright.sync_api import Page, expect

from orders.actions.fulfilment.pack_parcels import accept_part
from shop.core.actors import Actor
from tests.factories import NOW, PASSWORD, make_member, make_order, make_variant_sold_by_weight

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

# Values of all flags, of weights at both ends of the field, and of each length up to one byte too many.
READ_ALL = """async (module) => {
  const { gramsOf } = await import(module);
  const results = [];
  for (let flags = 0; flags < 256; flags += 1)
    for (const steps of [0, 1, 470, 65534, 65535])
      for (let length = 0; length < 17; length += 1) {
        const view = new DataView(new ArrayBuffer(length));
        if (length > 0) view.setUint8(0, flags);
        if (length > 2) view.setUint16(1, steps, true);
        results.push([flags, steps, length, gramsOf(view)]);
      }
  return results;
}"""

# A scale as Web Bluetooth offers it: it first says that it could not weigh, then weighs 2.35 kg.
SCALE = """
  const characteristic = Object.assign(new EventTarget(), {
    async startNotifications() {
      for (const steps of [0xffff, 470]) {
        characteristic.value = new DataView(new Uint8Array([0, steps & 255, steps >> 8]).buffer);
        characteristic.dispatchEvent(new Event("characteristicvaluechanged"));
      }
    },
  });
  const service = { getCharacteristic: async (id) => id === 0x2a9d && characteristic };
  const server = { getPrimaryService: async (id) => id === 0x181d && service };
  const device = Object.assign(new EventTarget(), {
    gatt: { connect: async () => server, disconnect() {} },
  });
  Object.defineProperty(navigator, "bluetooth", {
    value: { requestDevice: async ({ filters }) => {
      if (globalThis.isScaleOff) throw new DOMException("Bluetooth is off", "NetworkError");
      return filters[0].services[0] === 0x181d && device;
    } },
  });
"""


def expected_grams(flags: int, steps: int, length: int) -> int | None:
    """Return what the standard says: 5 g or 0.01 lb for a step, and a length that the flags determine."""
    size = 3 + 7 * bool(flags & 2) + bool(flags & 4) + 4 * bool(flags & 8)
    if length != size or steps == 0xFFFF:
        return None
    return int(steps * 4.5359237 + 0.5) if flags & 1 else steps * 5


def open_part(phone: Page, seller) -> str:
    make_member(seller, email="dong-goi@example.com")
    part = make_order((make_variant_sold_by_weight(seller), 1), now=NOW).parts.get()
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    phone.goto("/tai-khoan/dang-nhap/")
    phone.locator("main [name=name]").fill("dong-goi@example.com")
    phone.locator("main [name=password]").fill(PASSWORD)
    phone.locator("main [name=password]").press("Enter")
    phone.wait_for_url(re.compile("/xa-vien/"))
    return f"/xa-vien/goi/{part.pk}/"


def test_weights_are_read_as_the_standard_says(phone: Page) -> None:
    phone.goto("/tai-khoan/dang-nhap/")

    results = phone.evaluate(READ_ALL, staticfiles_storage.url("js/member/scale.js"))

    assert len(results) == 256 * 5 * 17
    assert [row for row in results if row[3] != expected_grams(*row[:3])] == []
    assert [0, 470, 3, 2350] in results


def test_weight_comes_from_the_scale_or_from_the_hand(phone: Page, seller) -> None:
    address = open_part(phone, seller)
    phone.goto(address)
    expect(phone.get_by_label("Số hiện trên cân")).to_be_visible()
    expect(phone.get_by_role("button", name="Đọc cân Bluetooth")).to_have_count(0)  # no Bluetooth here
    phone.add_init_script(SCALE)
    phone.goto(address)
    field, button = (
        phone.get_by_label("Số hiện trên cân"),
        phone.get_by_role("button", name="Đọc cân Bluetooth"),
    )

    phone.evaluate("globalThis.isScaleOff = true")
    button.click()
    expect(phone.get_by_text("Chưa kết nối được với cân. Hãy nhập số cân bằng tay.")).to_be_visible()
    expect(button).to_be_enabled()
    phone.evaluate("globalThis.isScaleOff = false")
    button.click()

    expect(field).to_have_value("2,35")
    field.fill("2,4")
    expect(field).to_have_value("2,4")
