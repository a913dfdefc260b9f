"""Decisions at the desk on cooperatives, listings, parts and orders; and orders entered by staff."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Listing
from catalog.states import ListingState
from cooperatives.states import CooperativeState
from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.pack_parcels import accept_part, close_parcel, pack_parcel
from orders.actions.refunds.report_shortage import report_shortage
from orders.models import LedgerAccount, LedgerEntry, Order, OrderLine, OrderPart, Parcel, Refund
from orders.states import OrderStatus, ParcelState, PartState
from shop.core.actors import Actor
from shop.core.geography.divisions import load_divisions
from shop.core.models import Change, Picture, PictureState
from shop.core.texts.formatting import format_money
from tests.factories import (
    COMPLETE_APPLICATION,
    NOW,
    accept_all_documents,
    get_stock,
    make_admin,
    make_channel,
    make_cooperative,
    make_order,
    make_product,
    make_seller,
    make_variant,
    set_wholesale_prices,
)
from tests.markup import html_of
from tests.orders.refunds.refund_helpers import make_paid_order
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db

DESK = "/quan-tri/"
KEY = str(uuid.UUID(int=7))


@pytest.fixture
def admin(client: Client) -> Client:
    make_channel()
    client.force_login(make_admin())
    return client


def test_application_is_approved_suspended_and_approved_again(admin: Client) -> None:
    cooperative = make_cooperative(state=CooperativeState.APPLIED, **COMPLETE_APPLICATION)
    accept_all_documents(cooperative)
    page = f"{DESK}hop-tac-xa/{cooperative.pk}/tra-loi/"

    states = []
    for response, reason in (("approved", ""), ("suspended", "Hàng không đúng"), ("approved", "")):
        answer = {"answer": response, "reason": reason}
        if response == "suspended":
            review = html_of(admin.post(page, answer))
            assert "Hàng không đúng" in review
            cooperative.refresh_from_db()
            assert cooperative.state == CooperativeState.APPROVED
        admin.post(page, answer | {"reviewed": "1"})
        cooperative.refresh_from_db()
        states.append((cooperative.state, cooperative.state_reason))

    assert states == [("approved", ""), ("suspended", "Hàng không đúng"), ("approved", "")]
    decisions = Change.objects.of_row(cooperative).oldest_first()
    changes = list(decisions.values_list("action", "reason", "entry_point"))
    assert changes == [
        ("cooperative.approved", "", "desk"),
        ("cooperative.suspended", "Hàng không đúng", "desk"),
        ("cooperative.approved", "", "desk"),
    ]


@pytest.mark.parametrize("decision", ["needs_more", "rejected"])
def test_decision_that_needs_a_reason_is_refused_without_one(admin: Client, decision: str) -> None:
    cooperative = make_cooperative(state=CooperativeState.APPLIED)

    refused = admin.post(f"{DESK}hop-tac-xa/{cooperative.pk}/tra-loi/", {"answer": decision, "reason": " "})

    assert refused.status_code == 302
    cooperative.refresh_from_db()
    assert cooperative.state == CooperativeState.APPLIED
    assert not Change.objects.of_row_and_parts(cooperative).exists()


@pytest.mark.parametrize("decision", ["applied", "", "nonsense"])
def test_unknown_decision_is_refused(admin: Client, decision: str) -> None:
    cooperative = make_cooperative(state=CooperativeState.NEEDS_MORE)

    refused = admin.post(f"{DESK}hop-tac-xa/{cooperative.pk}/tra-loi/", {"answer": decision})

    assert refused.status_code == 422
    cooperative.refresh_from_db()
    assert cooperative.state == CooperativeState.NEEDS_MORE


def test_complete_listing_is_published_after_a_look_at_what_is_doubtful(admin: Client) -> None:
    make_product(name="Măng khô vầu", price=120_000)
    product = make_product(name="Măng khô", price=9_500, state=ListingState.IN_REVIEW)
    product.media.create(picture=Picture.objects.create(state=PictureState.READY))
    listing = Listing.objects.get(product=product)
    address = f"{DESK}hang/{listing.pk}/dang-ban/"

    page = admin.get(f"{DESK}hang/{listing.pk}/")
    review = html_of(admin.post(address))
    listing.refresh_from_db()
    reviewed_state = listing.state
    done = admin.post(address, {"reviewed": "1"}, follow=True)

    usual = f"1 loại tương tự đang bán: {format_money(120_000, 'VND')}"
    doubts = [
        "Chưa có danh mục: khách chỉ tìm thấy theo tên.",
        "Chưa có mô tả: khách không biết hàng thế nào.",
        f"Măng khô giá {format_money(9_500, 'VND')}. {usual}.",
    ]
    assert page.context["is_complete"]
    assert page.context["doubts"] == doubts
    assert all(doubt in review for doubt in doubts)
    assert reviewed_state == ListingState.IN_REVIEW
    listing.refresh_from_db()
    assert listing.state == ListingState.PUBLISHED
    assert [str(message) for message in done.context["messages"]] == [
        f"Đã đăng bán Măng khô và báo {product.cooperative.name}."
    ]


def test_listing_without_a_picture_is_not_published(admin: Client) -> None:
    listing = Listing.objects.get(product=make_product(state=ListingState.IN_REVIEW))

    page = admin.get(f"{DESK}hang/{listing.pk}/")
    response = admin.post(f"{DESK}hang/{listing.pk}/dang-ban/")

    assert [str(words) for words, tone in page.context["law"] if tone == "bad"] == ["Có ảnh"]
    assert response.url == f"{DESK}hang/{listing.pk}/"
    listing.refresh_from_db()
    assert listing.state == ListingState.IN_REVIEW


def test_shelf_life_does_not_apply_to_goods_that_keep(admin: Client) -> None:
    product = make_product(state=ListingState.IN_REVIEW)
    type(product).objects.update(shelf_life="")
    type(product.product_type).objects.update(is_perishable=False)

    page = admin.get(f"{DESK}hang/{Listing.objects.get(product=product).pk}/")

    tones = {str(words): tone for words, tone in page.context["law"]}
    assert (tones["Hạn dùng"], tones["Xuất xứ"]) == ("", "good")
    assert html_of(page).count("không áp dụng") == 2


def test_listing_is_returned_with_a_reason_and_withdrawn(admin: Client) -> None:
    listing = Listing.objects.get(product=make_product(state=ListingState.IN_REVIEW))

    admin.post(f"{DESK}hang/{listing.pk}/tra-lai/", {"reason": ""})
    listing.refresh_from_db()
    first = listing.state
    admin.post(f"{DESK}hang/{listing.pk}/tra-lai/", {"reason": "Ảnh mờ"})
    listing.refresh_from_db()
    second = (listing.state, listing.state_reason)
    admin.post(f"{DESK}hang/{listing.pk}/go-xuong/", {"reason": "Hàng cấm"})
    listing.refresh_from_db()

    assert (first, second) == (ListingState.IN_REVIEW, (ListingState.DRAFT, "Ảnh mờ"))
    assert (listing.state, listing.state_reason) == (ListingState.WITHDRAWN, "Hàng cấm")


def reviewed_fields(response: Any) -> dict[str, str]:
    """Return the form that the button of a review page sends."""
    return dict(response.context["fields"]) | {"reviewed": "1"}


def test_one_part_is_cancelled_and_the_other_stays_active(admin: Client) -> None:
    order = make_order((make_variant(make_seller()), 1), (make_variant(make_seller()), 1))

    admin.post(f"{DESK}don-hang/{order.pk}/goi/1/huy/", {"reason": ""})
    unchanged = list(order.parts.order_by("number").values_list("state", flat=True))
    response = admin.post(f"{DESK}don-hang/{order.pk}/goi/1/huy/", {"reason": "Hết hàng"})
    reviewed = list(order.parts.order_by("number").values_list("state", flat=True))
    admin.post(f"{DESK}don-hang/{order.pk}/goi/1/huy/", reviewed_fields(response))

    assert "Khách chưa trả tiền cho phần này nên không phải hoàn." in html_of(response)
    assert reviewed == unchanged
    assert unchanged == [PartState.NEW, PartState.NEW]
    parts = list(order.parts.order_by("number").values_list("state", "end_reason"))
    assert parts == [(PartState.CANCELLED, "Hết hàng"), (PartState.NEW, "")]


def test_paid_order_is_cancelled_once_after_a_review_of_its_money(admin: Client) -> None:
    order = make_paid_order()
    address, amount = f"{DESK}don-hang/{order.pk}/huy/", format_money(order.total_gross, "VND")

    outdated = admin.post(address, {"reason": "Khách đổi ý"})
    accept_part(part_id=order.parts.get().pk, actor=Actor.system(), now=timezone.now())
    before = all_rows()
    response = admin.post(address, reviewed_fields(outdated))
    review, unchanged = html_of(response), all_rows() == before
    order.refresh_from_db()
    status = order.status
    done = admin.post(address, reviewed_fields(response), follow=True)
    listed = html_of(admin.get(f"{DESK}don-hang/?q={order.code}"))

    assert unchanged
    assert "Nội dung này vừa thay đổi. Hãy kiểm tra lại." in review
    assert f"Huỷ đơn, hoàn {amount}" in review
    assert f"<dt>Đã trả</dt><dd>{amount}</dd>" in review
    assert status == OrderStatus.IN_PREPARATION
    order.refresh_from_db()
    assert order.status == OrderStatus.CANCELLED
    (message,) = done.context["messages"]
    expected_message = f"Đã huỷ đơn {order.code}, còn phải hoàn {amount}. Khách và hợp tác xã đã được báo."
    assert str(message) == expected_message
    assert not done.context["may_cancel"]
    assert f'<dt class="total">Còn phải hoàn</dt><dd class="total">{amount}</dd>' in html_of(done)
    assert f"Phải hoàn {amount}" in listed


@pytest.mark.both
def test_order_is_entered_for_a_buyer_on_the_phone(admin: Client) -> None:
    load_divisions()
    variant = make_variant(name="Bí xanh thơm", price=15_000, on_hand=10)
    begun = admin.post(f"{DESK}don-nhap/", {"source": "phone"})
    page = begun.url
    fields = {
        "name": "Hoàng Văn Páo",
        "phone": "0912 345 678",
        "province": "01",
        "street": "Số 5",
        "lines-TOTAL_FORMS": "0",
        "lines-INITIAL_FORMS": "0",
    }

    search_results = admin.post(page, fields | {"q": "bi xanh", "find": "1"}, follow=True).context["found"]
    admin.post(page, fields | {f"add-{variant.pk}": "3"})
    draft_page = admin.get(page)
    delivery_method = draft_page.context["seller_displays"][0]["choices"][0].value
    line = {"lines-0-variant": variant.pk, "lines-0-quantity": "4", "lines-0-price": "14000"}
    counts = {"lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "1"}
    saved = admin.post(page, fields | line | counts | {f"delivery-{variant.cooperative_id}": delivery_method})
    placed = admin.post(f"{page}dat/", {"consent": "on"})

    order = Order.objects.get()
    assert [result.pk for result in search_results] == [variant.pk]
    assert (saved.status_code, placed.url) == (302, f"{DESK}don-hang/{order.pk}/")
    assert (order.source, order.status, order.phone) == ("phone", OrderStatus.PLACED, "+84912345678")
    assert (order.goods_gross, order.delivery_gross, order.current_total_gross) == (56_000, 30_000, 86_000)
    assert (order.folded_name, get_stock(variant).allocated) == ("hoang van pao", 4)


@pytest.mark.both
def test_quantity_of_a_draft_decides_its_price_unless_one_was_entered(admin: Client) -> None:
    variant = make_variant(name="Gừng tươi", price=15_000, unit="kg", on_hand=90)
    set_wholesale_prices(variant, {10: 13_000})
    page = admin.post(f"{DESK}don-nhap/", {"source": "phone"}).url
    counts = {"lines-INITIAL_FORMS": "1", "lines-TOTAL_FORMS": "1"}
    nothing = {"lines-INITIAL_FORMS": "0", "lines-TOTAL_FORMS": "0"}
    admin.post(page, nothing | {f"add-{variant.pk}": "5"})

    def save(**changed: str) -> tuple[int, int, int | None]:
        (row,) = admin.get(page).context["lines"].forms
        shown = {f"lines-0-{name}": row[name].value() for name in row.fields}
        shown["lines-0-shown_price"] = shown["lines-0-shown_price"] or ""
        admin.post(page, shown | {f"lines-0-{name}": value for name, value in changed.items()} | counts)
        line = OrderLine.objects.get()
        return line.unit_price, line.unit_list_price, line.wholesale_from

    assert save(quantity="20") == (13_000, 13_000, 10)
    assert save(quantity="5") == (15_000, 15_000, None)
    assert save(price="12500") == (12_500, 15_000, None)
    assert save(quantity="20") == (12_500, 15_000, None)
    assert re.sub(r"\s+", " ", html_of(admin.get(page))).count("Giá sỉ từ 10 kg: 13.000 ₫") == 1
    found = html_of(admin.get(page, {"q": "gung"}))
    assert re.sub(r"\s+", " ", found).count("Giá sỉ từ 10 kg: 13.000 ₫") == 2


def test_draft_without_name_or_address_is_saved_but_not_placed(admin: Client) -> None:
    variant = make_variant()
    page = admin.post(f"{DESK}don-nhap/", {"source": "zalo"}).url
    admin.post(page, {"lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0", f"add-{variant.pk}": "1"})

    response = admin.post(f"{page}dat/", {"consent": "on"})

    assert response.status_code == 422
    assert response.context["form"].errors.keys() == {"name", "phone", "province"}
    order = Order.objects.get()
    assert order.is_draft
    assert order.lines.count() == 1


@pytest.mark.parametrize("quantity", ["-1", "hai", "9" * 30])
def test_invalid_quantity_is_refused_and_nothing_changes(admin: Client, quantity: str) -> None:
    variant = make_variant()
    page = admin.post(f"{DESK}don-nhap/", {"source": "zalo"}).url
    admin.post(page, {"lines-TOTAL_FORMS": "0", "lines-INITIAL_FORMS": "0", f"add-{variant.pk}": "2"})
    line = {"lines-0-variant": variant.pk, "lines-0-quantity": quantity, "lines-0-price": "1000"}

    response = admin.post(page, line | {"lines-TOTAL_FORMS": "1", "lines-INITIAL_FORMS": "1"})

    assert response.status_code == 422
    assert Order.objects.get().lines.get().quantity == 2


def test_draft_can_be_deleted_but_not_an_order(admin: Client) -> None:
    page = admin.post(f"{DESK}don-nhap/", {"source": "zalo"}).url
    order = make_order()

    admin.post(f"{page}xoa/")
    admin.post(f"{DESK}don-nhap/{order.pk}/xoa/")

    assert list(Order.objects.all()) == [order]


def handed_over(delivery_kind: str) -> Parcel:
    part = make_order((make_variant(price=320_000), 1)).parts.get()
    OrderPart.objects.filter(pk=part.pk).update(delivery_kind=delivery_kind)
    context = {"actor": Actor.system("test"), "now": NOW}
    accept_part(part_id=part.pk, **context)
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, **context)
    close_parcel(parcel_id=parcel.pk, **context)
    return hand_over_parcel(parcel_id=parcel.pk, **context)


def test_pickup_without_the_code_needs_a_reason(admin: Client) -> None:
    parcel = handed_over("pickup")
    page = f"{DESK}don-hang/{parcel.part.order_id}/"
    field = f"delivery-{parcel.pk}"

    order_page = html_of(admin.get(page))
    admin.post(f"{page}kien/{parcel.pk}/da-giao/", {f"{field}-cash": "yes", f"{field}-reason": " "})
    parcel.refresh_from_db()
    without_reason = parcel.state
    admin.post(f"{page}kien/{parcel.pk}/da-giao/", {f"{field}-reason": "Mất điện thoại"})
    parcel.refresh_from_db()
    without_cash = parcel.state
    admin.post(f"{page}kien/{parcel.pk}/da-giao/", {f"{field}-cash": "yes", f"{field}-reason": "Mất máy"})

    parcel.refresh_from_db()
    assert f'name="{field}-reason"' in order_page
    assert (without_reason, without_cash) == (ParcelState.HANDED_OVER, ParcelState.HANDED_OVER)
    assert (parcel.state, parcel.cod_collected) == (ParcelState.DELIVERED, 350_000)
    change = Change.objects.get(action="parcel.delivered")
    assert (change.reason, change.data["cash"]) == ("Mất máy", 350_000)
    assert f"Tiền mặt đã thu: {format_money(350_000, 'VND')}" in html_of(admin.get(page))
    assert "phần 1" not in html_of(admin.get(page))
    assert "da-giao" not in html_of(admin.get(page))


def test_commission_is_charged_only_on_items_that_are_sent(admin: Client) -> None:
    seller = make_seller(commission=5)
    short_variant, whole = make_variant(seller, price=40_000), make_variant(seller, price=135_000)
    order = make_order((short_variant, 3), (whole, 1))
    part = order.parts.get()
    as_system = {"actor": Actor.system("test"), "now": NOW}
    accept_part(part_id=part.pk, **as_system)
    first, second = part.lines.order_by("position")
    report_shortage(part_id=part.pk, available={first.pk: 1}, **as_system)

    page = admin.get(f"{DESK}don-hang/{order.pk}/")

    (part_display,) = page.context["part_displays"]
    assert (part.commission, part_display.commission, part_display.reduction) == (12_750, 8_750, 80_000)
    html = html_of(page)
    reduction, due = format_money(80_000, "VND"), format_money(205_000, "VND")
    assert f"Phí sàn: {format_money(8_750, 'VND')}" in html
    assert f"<dt>Giảm do thiếu hàng</dt><dd>−{reduction}</dd><dt>Phải trả</dt><dd>{due}</dd>" in html
    assert (
        f'Còn lại của phần này</th><td></td><td class="wide-only"></td><td class="number">{due}</td>' in html
    )
    assert [unsent for _line, unsent in part_display.lines] == [2, 0]
    assert "2 không gửi" in html
    parcel = pack_parcel(part_id=part.pk, quantities={first.pk: 1, second.pk: 1}, **as_system)
    close_parcel(parcel_id=parcel.pk, **as_system)
    hand_over_parcel(parcel_id=parcel.pk, **as_system)
    address = f"{DESK}don-hang/{order.pk}/kien/{parcel.pk}/da-giao/"
    admin.post(address, {f"delivery-{parcel.pk}-cash": "yes"})
    charged = LedgerEntry.objects.filter(account=LedgerAccount.COMMISSION)
    assert [-entry.amount for entry in charged] == [8_750]


def test_unpaid_order_is_reduced_rather_than_refunded(admin: Client) -> None:
    order = make_order((make_variant(price=40_000), 3))
    part = order.parts.get()
    accept_part(part_id=part.pk, actor=Actor.system("test"), now=NOW)
    line = part.lines.get()
    address = f"{DESK}don-hang/{order.pk}/hoan-tien/?goi=1"
    form = {
        "idempotency_key": KEY,
        f"amount-{line.pk}": "20.000",
        "bearer": "platform",
        "reason": "Dập",
    }

    listed, page = html_of(admin.get(f"{DESK}don-hang/{order.pk}/")), html_of(admin.get(address))
    preview = html_of(admin.post(address, {**form, "preview": "1"}))
    done = admin.post(address, {**form, "confirmed": "20000"}, follow=True)

    assert all("Giảm số phải trả" in text and "Hoàn tiền cho" not in text for text in (listed, page))
    assert "Chưa thanh toán: không chuyển trả tiền, người mua chỉ trả ít hơn." in page
    assert f"Giảm {format_money(20_000, 'VND')} số phải trả" in preview
    assert [str(message) for message in done.context["messages"]] == [
        f"Đã giảm {format_money(20_000, 'VND')} số phải trả và báo khách."
    ]
    assert Refund.objects.get().repayment == 0


def test_delivery_needs_no_reason_and_a_foreign_parcel_is_not_found(admin: Client) -> None:
    parcel, foreign_parcel = handed_over("coach"), handed_over("coach")
    page = f"{DESK}don-hang/{parcel.part.order_id}/"

    strange = admin.post(
        f"{page}kien/{foreign_parcel.pk}/da-giao/", {f"delivery-{foreign_parcel.pk}-cash": "no"}
    )
    admin.post(f"{page}kien/{parcel.pk}/da-giao/", {f"delivery-{parcel.pk}-cash": "no"})

    parcel.refresh_from_db()
    foreign_parcel.refresh_from_db()
    assert strange.status_code == 404
    assert (parcel.state, parcel.cod_collected) == (ParcelState.DELIVERED, 0)
    assert foreign_parcel.state == ParcelState.HANDED_OVER


def test_desk_undoes_late_handover_with_a_reason(admin: Client) -> None:
    part = make_order((make_variant(), 1)).parts.get()
    system = {"actor": Actor.system(), "now": NOW}
    accept_part(part_id=part.pk, **system)
    parcel = pack_parcel(part_id=part.pk, quantities={part.lines.get().pk: 1}, **system)
    close_parcel(parcel_id=parcel.pk, **system)
    hand_over_parcel(parcel_id=parcel.pk, **system)
    order_page = f"{DESK}don-hang/{part.order_id}/"
    undoing = f"{order_page}kien/{parcel.pk}/hoan-tac/handover/"
    assert undoing in html_of(admin.get(order_page))

    admin.post(undoing, {"reason": ""})
    parcel.refresh_from_db()
    assert parcel.state == "handed_over"
    admin.post(undoing, {"reason": "bấm nhầm"})

    parcel.refresh_from_db()
    assert parcel.state == "packed"
    assert Change.objects.get(action="parcel.handover_undone").reason == "bấm nhầm"
    assert "Hoàn tác bàn giao" in html_of(admin.get(order_page))


def test_desk_undoes_acceptance_with_a_reason(admin: Client) -> None:
    part = make_order((make_variant(), 1)).parts.get()
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)

    admin.post(f"{DESK}don-hang/{part.order_id}/goi/{part.number}/hoan-tac/", {"reason": "nhầm hợp tác xã"})

    part.refresh_from_db()
    assert part.state == PartState.NEW
