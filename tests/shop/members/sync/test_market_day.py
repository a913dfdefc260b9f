"""A market day without a network: ten listings with photos, thirty orders, a stock-take, then online."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from catalog.models import Listing, Product, Variant
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
from tests.shop.members.sync.phone import Phone
from tests.shop.members.sync.test_in_the_background import NONE_IN_STATE
from tests.shop.members.sync.test_products_without_network import CHOICES_ARE_KEPT, PHOTOS_KEPT
from tests.shop.members.sync.test_two_phones import HOLDS_EXACTLY, pull_all_rows
from tests.shop.members.sync.test_without_network import HOLDS, sign_in
from tests.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.once, pytest.mark.django_db(transaction=True)]

AT_ONCE = 20  # commands in one push
# In milliseconds. A phone sends again once a minute what a busy machine did not answer in 20 seconds.
PATIENCE = 600_000
READ_KEYS = """async () => (await (await import("member/store")).readOutbox()).map(({ key }) => key)"""


@pytest.mark.parametrize(
    ("listing_count", "order_count"), [(1, 3), pytest.param(10, 30, marks=pytest.mark.long)]
)
def test_market_day_without_network_is_on_the_market_once_and_in_its_order(
    phone_with_workers: Page, seller, tmp_path: Path, monkeypatch, listing_count: int, order_count: int
) -> None:
    phone = phone_with_workers
    make_product_type()
    make_category("Rau, củ, quả tươi")
    Cooperative.objects.update(hamlet="Nà Ít", province_name="Thái Nguyên")
    squash, pillow = make_variant_sold_by_weight(seller, on_hand=80), make_variant(seller, on_hand=80)
    parts = [make_order((squash, 2)).parts.get() for _order in range(order_count)]
    sign_in(phone, seller, Role.MANAGER)
    assert phone.evaluate(HOLDS, order_count + 2)
    wait_until(phone, CHOICES_ARE_KEPT)

    phone.context.set_offline(True)
    phone.goto("/xa-vien/offline/#today")
    for part in parts:
        pack(phone, part)
    for number in range(listing_count):
        list_product(phone, f"Rau số {number}", tmp_path)
    count_warehouse(phone, {pillow.product.name: 70, squash.product.name: 79})
    assert not PhoneCommand.objects.exists()

    phone.goto("/xa-vien/offline/#unsent")
    given = {key: place for place, key in enumerate(phone.evaluate(READ_KEYS))}
    other_tab = phone.context.new_page()
    other_tab.goto("/xa-vien/offline/#unsent")
    with monkeypatch.context() as patch:
        patch.setattr(views, "run_commands", None)  # the server answers 500
        phone.context.set_offline(False)
        expect(phone.get_by_text("Chưa gửi được tới chợ")).to_be_visible()
    assert not PhoneCommand.objects.exists()
    phone.get_by_role("button", name="Gửi ngay").click()
    expect(other_tab.get_by_text("Đã lên", exact=True).first).to_be_visible(timeout=PATIENCE)
    phone.close()  # in the middle
    other_tab.reload()
    expect(other_tab.get_by_text("Đã gửi hết").first).to_be_visible(timeout=PATIENCE)
    wait_until(other_tab, NONE_IN_STATE, "waiting")
    wait_until(other_tab, f"async () => (await ({PHOTOS_KEPT})()) === 0")

    outcomes = Counter(PhoneCommand.objects.values_list("outcome", flat=True))
    assert outcomes == {CommandOutcome.DONE: order_count * 4 + listing_count * 2 + 2}
    assert len(given) == outcomes[CommandOutcome.DONE]
    check_goods(parts, listing_count, {pillow: 70, squash: 79})
    check_order_of_changes(parts, listing_count, given)
    wait_until(other_tab, HOLDS_EXACTLY, pull_all_rows(Phone(seller, Role.MANAGER)))
    check_everything()
    review_warehouse(other_tab, {pillow.product.name: 70, squash.product.name: 79})


def check_goods(parts: list[OrderPart], listing_count: int, counted: dict[Variant, int]) -> None:
    """Check that orders, pictures and stock are as entered."""
    assert {part.state for part in OrderPart.objects.all()} == {PartState.ACCEPTED}
    parcels = Parcel.objects.order_by("part")
    assert [(row.part_id, row.state) for row in parcels] == [(part.pk, ParcelState.PACKED) for part in parts]
    assert [row.lines.get().grams for row in parcels] == [4600] * len(parts)
    products = Product.objects.filter(name__startswith="Rau số").order_by("name")
    assert [product.name for product in products] == [f"Rau số {number}" for number in range(listing_count)]
    assert [product.media.count() for product in products] == [1] * listing_count
    assert Listing.objects.filter(product__in=products, state=ListingState.IN_REVIEW).count() == listing_count
    assert {variant: get_stock(variant).on_hand for variant in counted} == counted


def check_order_of_changes(parts: list[OrderPart], listing_count: int, given: dict[str, int]) -> None:
    """Check that each command was done once and in its order.

    Only commands of the push that the killed tab had begun may follow later ones, of other orders.
    """
    sent = Change.objects.filter(idempotency_key__startswith="phone:").order_by("pk")
    assert Counter(sent.values_list("action", flat=True)) == {
        "part.accepted": len(parts),
        "line.weighed": len(parts),
        "parcel.packed": len(parts),
        "product.created": listing_count,
        "listing.in_review": listing_count,
    }
    keys = list(sent.values_list("idempotency_key", flat=True))
    places = [given[key.rpartition(":")[2]] for key in keys]
    late = [place for number, place in enumerate(places) if place < max(places[: number + 1])]
    assert len(late) < AT_ONCE, places
    timelines: dict[str, list[str]] = {}
    for order_key, action in sent.values_list("root_key", "action"):
        timelines.setdefault(order_key, []).append(action)
    for part in parts:
        assert timelines[str(part.order_id)] == ["part.accepted", "line.weighed", "parcel.packed"]


def pack(phone: Page, part: OrderPart) -> None:
    """Accept an order, weigh what is sold by weight, and pack it."""
    phone.goto(f"/xa-vien/offline/#part-{part.pk}")
    phone.get_by_role("heading", name=part.order.code).wait_for()
    phone.get_by_role("button", name="Nhận đơn").click()
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


def count_warehouse(phone: Page, counts: dict[str, int]) -> None:
    """Enter what is there of every product that was in the warehouse, and save all at once."""
    phone.goto("/xa-vien/offline/#stock")
    for name, count in counts.items():
        phone.get_by_label(f"Số đếm được: {name}").fill(str(count))
    phone.get_by_role("button", name="Lưu số đếm").click()
    for count in counts.values():
        expect(phone.get_by_text(f"Trên sổ: {count}")).to_be_visible()


def review_warehouse(phone: Page, counts: dict[str, int]) -> None:
    """Take stock again on the page with a network: the books say what was counted."""
    phone.goto("/xa-vien/kho/kiem-ke/")
    for name, count in counts.items():
        phone.get_by_label(re.compile(name)).fill(str(count))
    with phone.expect_navigation():
        phone.locator("main form button.big-action").click()
    expect(phone.get_by_text("0 dòng lệch sổ.")).to_be_visible()
