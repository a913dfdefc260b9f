"""A market day without a network: ten listings with photos, thirty orders, a stock-take, then online."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from catalog.models import Listing, Product, Stock
from catalog.states import ListingState
from cooperatives.models import Cooperative, Role
from orders.models import OrderPart, Parcel
from orders.states import ParcelState, PartState
from shop.core.models import Change
from shop.members.sync import views
from shop.members.sync.models import CommandOutcome, PhoneCommand
from tests.factories import (
    get_stock,
    make_category,
    make_order,
    make_product_type,
    make_variant,
    make_variant_sold_by_weight,
)
from tests.invariants import check_everything
from tests.shop.members.sync.test_in_the_background import NONE_IN_STATE
from tests.shop.members.sync.test_products_without_network import CHOICES_ARE_KEPT, PHOTOS_KEPT
from tests.shop.members.sync.test_without_network import HOLDS, sign_in
from tests.waiting import wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.once,
    pytest.mark.long,
    pytest.mark.django_db(transaction=True),
]

LISTINGS, ORDERS, WEIGHED = 10, 30, 10


def test_market_day_without_network_is_on_the_market_once_and_in_its_order(
    phone_with_workers: Page, seller, tmp_path: Path, monkeypatch
) -> None:
    phone = phone_with_workers
    make_product_type()
    make_category("Rau, củ, quả tươi")
    Cooperative.objects.update(hamlet="Nà Ít", province_name="Thái Nguyên")
    squash, pillow = make_variant_sold_by_weight(seller, on_hand=40), make_variant(seller, on_hand=80)
    parts = [make_order((squash if number < WEIGHED else pillow, 2)).parts.get() for number in range(ORDERS)]
    sign_in(phone, seller, Role.MANAGER)
    assert phone.evaluate(HOLDS, ORDERS + 2)
    wait_until(phone, CHOICES_ARE_KEPT)

    phone.context.set_offline(True)
    phone.goto("/xa-vien/offline/#today")
    for number, part in enumerate(parts):
        pack(phone, part, is_weighed=number < WEIGHED)
    for number in range(LISTINGS):
        list_product(phone, f"Rau số {number}", tmp_path)
    count_stock(phone, pillow.product.name, 70)
    assert not PhoneCommand.objects.exists()

    phone.goto("/xa-vien/offline/#unsent")
    other_tab = phone.context.new_page()
    other_tab.goto("/xa-vien/offline/#unsent")
    with monkeypatch.context() as patch:
        patch.setattr(views, "run_commands", None)  # the server answers 500
        phone.context.set_offline(False)
        expect(phone.get_by_text("Chưa gửi được tới chợ")).to_be_visible()
    assert not PhoneCommand.objects.exists()
    phone.get_by_role("button", name="Gửi ngay").click()
    expect(other_tab.get_by_text("Đã lên", exact=True).first).to_be_visible()
    phone.close()  # in the middle
    other_tab.reload()
    wait_until(other_tab, NONE_IN_STATE, "waiting")
    wait_until(other_tab, f"async () => (await ({PHOTOS_KEPT})()) === 0")

    outcomes = Counter(PhoneCommand.objects.values_list("outcome", flat=True))
    assert outcomes == {CommandOutcome.DONE: ORDERS * 3 + WEIGHED + LISTINGS * 2 + 1}
    assert {part.state for part in OrderPart.objects.all()} == {PartState.ACCEPTED}
    parcels = Parcel.objects.order_by("part")
    assert [(row.part_id, row.state) for row in parcels] == [(part.pk, ParcelState.PACKED) for part in parts]
    assert [row.lines.get().grams for row in parcels] == [4600] * WEIGHED + [None] * (ORDERS - WEIGHED)
    products = Product.objects.filter(name__startswith="Rau số").order_by("name")
    assert [product.name for product in products] == [f"Rau số {number}" for number in range(LISTINGS)]
    assert [product.media.count() for product in products] == [1] * LISTINGS
    assert Listing.objects.filter(product__in=products, state=ListingState.IN_REVIEW).count() == LISTINGS
    assert Stock.objects.get(pk=get_stock(pillow).pk).on_hand == 70
    sent = Change.objects.filter(idempotency_key__startswith="phone:")
    assert Counter(sent.values_list("action", flat=True)) == {
        "part.accepted": ORDERS,
        "line.weighed": WEIGHED,
        "parcel.packed": ORDERS,
        "product.created": LISTINGS,
        "listing.in_review": LISTINGS,
    }
    # What the killed tab had begun is done after other orders, but each order's steps keep their order.
    timelines: dict[str, list[str]] = {}
    for order_key, action in sent.order_by("pk").values_list("root_key", "action"):
        timelines.setdefault(order_key, []).append(action)
    steps = ["part.accepted", "line.weighed", "parcel.packed"]
    for number, part in enumerate(parts):
        assert timelines[str(part.order_id)] == (steps if number < WEIGHED else [steps[0], steps[2]])
    check_everything()


def pack(phone: Page, part: OrderPart, *, is_weighed: bool) -> None:
    """Accept an order, weigh what is sold by weight, and pack it."""
    phone.goto(f"/xa-vien/offline/#part-{part.pk}")
    phone.get_by_role("heading", name=part.order.code).wait_for()
    phone.get_by_role("button", name="Nhận đơn").click()
    if is_weighed:
        phone.get_by_label("Số cân của Bí xanh thơm").fill("4,6")
        phone.get_by_role("button", name="Ghi số cân").click()
        expect(phone.get_by_text("4,6 kg")).to_be_visible()
    phone.get_by_label("Lấy rồi").check()
    phone.get_by_role("button", name="Xong, sang dán tem").click()
    phone.get_by_role("button", name="Dán tem xong").click()
    expect(phone.get_by_text("Đã đóng gói", exact=True)).to_be_visible()


def list_product(phone: Page, name: str, folder: Path) -> None:
    """Photograph and describe a product, and submit it for review."""
    photo = folder / f"{name}.jpg"
    Image.effect_noise((400, 300), 60).convert("RGB").save(photo)
    phone.goto("/xa-vien/offline/#new")
    phone.get_by_label("Chọn ảnh có sẵn").set_input_files(photo)
    expect(phone.get_by_text("Ảnh bìa")).to_be_visible()
    phone.get_by_label("Tên sản phẩm").fill(name)
    phone.locator("label.filter", has_text="mớ").click()
    phone.get_by_label("Giá mỗi đơn vị bán").fill("12.000")
    phone.get_by_label("Số lượng tồn kho").fill("20")
    phone.get_by_label("Hạn dùng").fill("3 ngày")
    phone.get_by_role("button", name="Gửi duyệt").click()
    expect(phone.get_by_role("heading", name=name)).to_be_visible()


def count_stock(phone: Page, name: str, count: int) -> None:
    phone.goto("/xa-vien/offline/#stock")
    phone.get_by_label(f"Số đếm được: {name}").fill(str(count))
    phone.get_by_role("button", name="Lưu số đếm").click()
    expect(phone.get_by_text(f"Trên sổ: {count}")).to_be_visible()
