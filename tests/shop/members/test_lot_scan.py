"""The label of a lot, scanned by the camera on the pick list and the list of lots, or entered by hand."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from catalog.actions.stock.lots import LotDetails, receive_lot
from catalog.models import Lot
from cooperatives.models import Role
from orders.trace_links import lot_trace_address
from shop.core.actors import Actor
from tests.camera import show_to_camera
from tests.factories import fixed_now, get_stock, make_seller, make_variant
from tests.markup import html_of
from tests.shop.members.sync.test_without_network import sign_in
from tests.shop.members.test_bulk_packing import accepted_order

pytestmark = pytest.mark.django_db


def lot_of(seller) -> Lot:
    variant = make_variant(seller, on_hand=0)
    return receive_lot(
        cooperative=seller,
        variant_id=variant.pk,
        warehouse_id=get_stock(variant).warehouse_id,
        quantity=5,
        details=LotDetails(),
        actor=Actor.system(),
        now=fixed_now(),
    )


def test_entered_code_opens_the_own_lot_and_no_foreign_one(lister, seller) -> None:
    own, foreign = lot_of(seller), lot_of(make_seller("HTX khác"))

    found = lister.get("/xa-vien/lo/", {"ma": f" {own.code.lower()} "})
    page = html_of(lister.get("/xa-vien/lo/", {"ma": foreign.code}))

    assert found["Location"] == f"/xa-vien/lo/{own.pk}/"
    assert "Hợp tác xã không có lô mang mã này." in page


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_scanned_label_shows_its_items_or_opens_its_lot(phone_with_workers: Page, seller) -> None:
    phone = phone_with_workers
    picked, other = lot_of(seller), lot_of(seller)
    accepted_order((picked.variant, 1))
    sign_in(phone, seller, Role.MANAGER)
    phone.goto("/xa-vien/goi/lay-hang/")
    scan = phone.get_by_role("button", name="Quét tem lô")

    show_to_camera(lot_trace_address(other))
    scan.click()
    expect(phone.get_by_text("Lô này không có trên trang này.")).to_be_visible()
    show_to_camera(lot_trace_address(picked))
    scan.click()
    expect(phone.locator(f"[data-lots~='{picked.code}']")).to_be_focused()
    phone.goto("/xa-vien/lo/")
    scan.click()

    expect(phone).to_have_url(re.compile(f"/xa-vien/lo/{picked.pk}/$"))
