"""A spoken name of a product: what the browser hears fills the field, and brings suggestions."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.factories import make_product_type, make_variant
from tests.shop.members.test_on_a_phone import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

# Speech is recognised by a service outside; this one hears the same words each time.
HEAR = """window.SpeechRecognition = class extends EventTarget {
  start() {
    window.heardIn = this.lang;
    const results = [[{ transcript: "Măng khô" }]];
    this.dispatchEvent(Object.assign(new Event("result"), { results }));
    setTimeout(() => this.dispatchEvent(new Event("end")));
  }
}"""


def test_spoken_name_fills_the_field_and_brings_suggestions(phone: Page, seller) -> None:
    make_product_type()
    make_variant(seller, name="Măng khô")
    sign_in(phone, seller, "/xa-vien/hang/moi/")
    speak = phone.get_by_role("button", name="Nói")
    has_recognition = phone.evaluate("Boolean(window.SpeechRecognition || window.webkitSpeechRecognition)")
    expect(speak).to_have_count(int(has_recognition))
    phone.add_init_script(HEAR)
    phone.reload()

    speak.click()

    expect(phone.get_by_label("Tên sản phẩm")).to_have_value("Măng khô")
    expect(phone.locator("#hints")).to_contain_text("Măng khô")
    expect(speak).not_to_have_attribute("aria-pressed", "true")
    assert phone.evaluate("window.heardIn") == "vi-VN"
