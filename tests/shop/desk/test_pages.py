"""Access to the desk, the contents of each page, and query counts that do not grow with rows."""

from __future__ import annotations

import datetime
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from catalog.models import Listing
from catalog.states import ListingState
from cooperatives.models import Cooperative, DocumentKind
from cooperatives.states import CooperativeState
from orders.models import Order, OrderPart, OrderSource, Parcel, WeightQuestion
from orders.states import ParcelState
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.models import record_change
from shop.desk.urls import urlpatterns
from shop.staff_menu import MenuEntry
from tests.factories import (
    COMPLETE_APPLICATION,
    fixed_now,
    make_admin,
    make_channel,
    make_cooperative,
    make_member,
    make_order,
    make_product,
    make_seller,
    make_staff,
    make_user,
    make_variant,
    make_variant_sold_by_weight,
    send_document,
    unknown_uuid,
)
from tests.markup import html_of

pytestmark = [pytest.mark.django_db, pytest.mark.both]

PAGES = ("", "hop-tac-xa/", "hang/", "don-hang/", "don-nhap/")
DESK = "/quan-tri/"


@pytest.fixture
def admin(client: Client) -> Client:
    make_channel()
    client.force_login(make_admin())
    return client


@pytest.mark.parametrize("page", PAGES)
def test_desk_is_for_staff_only(client: Client, page: str) -> None:
    signed_out = client.get(DESK + page)
    client.force_login(make_member(make_cooperative()))

    assert (signed_out.status_code, signed_out.url) == (302, f"/tai-khoan/dang-nhap/?next={DESK}{page}")
    assert client.get(DESK + page).status_code == 404


def test_staff_see_what_their_group_permits(client: Client) -> None:
    user = make_staff(Permission.MANAGE_PRODUCTS)
    client.force_login(user)

    statuses = {page: client.get(DESK + page).status_code for page in PAGES}

    assert statuses == {"": 200, "hop-tac-xa/": 404, "hang/": 200, "don-hang/": 404, "don-nhap/": 404}
    kinds = [task.kind for task in client.get(DESK).context["waiting"]]
    assert kinds == ["listing", "revision", "certificate", "price"]


def test_menu_holds_the_pages_that_the_user_may_open_and_marks_the_current_one(client: Client) -> None:
    make_channel()

    def menu_of(*permissions: Permission) -> list[MenuEntry]:
        client.force_login(make_staff(*permissions))
        groups = client.get(DESK).context["staff_menu"]
        return [entry for group in groups for entry in group.entries]

    nothing, products, everything = menu_of(), menu_of(Permission.MANAGE_PRODUCTS), menu_of(*Permission)

    assert [entry.url_name for entry in nothing] == ["desk:home"]
    assert [entry.url_name for entry in products] == [
        "desk:home",
        "desk:listings",
        "desk:certificates",
        "desk:prices",
        "desk:recalls",
    ]
    assert len(everything) == 22
    for entry in everything:
        page = client.get(reverse(entry.url_name), follow=True)
        assert (page.status_code, html_of(page).count('aria-current="page"') > 0) == (200, True), (
            entry.url_name
        )
        current = [
            row.url_name for group in page.context["staff_menu"] for row in group.entries if row.is_current
        ]
        assert current == [entry.url_name]


@pytest.mark.parametrize("permission", Permission)
def test_menu_leads_to_the_reports_whoever_may_open_any(client: Client, permission: Permission) -> None:
    make_channel()
    client.force_login(make_staff(permission))

    menu = html_of(client.get(DESK))
    reports = client.get("/quan-tri/bao-cao/")

    assert ('href="/quan-tri/bao-cao/"' in menu) == (reports.status_code == 200)
    assert (reports.status_code == 200) == (
        permission in (Permission.MANAGE_ORDERS, Permission.HANDLE_PAYMENTS)
    )


def test_menu_names_pages_that_exist(admin: Client) -> None:
    names = {f"desk:{pattern.name}" for pattern in urlpatterns}
    names |= {"reports:index", "reports:sales", "reports:report"}

    entries = [entry for group in admin.get(DESK).context["staff_menu"] for entry in group.entries]

    assert {name for entry in entries for name in (entry.url_name, *entry.further_url_names)} <= names


@pytest.mark.parametrize("kind", ["hop-tac-xa", "hang", "don-hang", "don-nhap"])
def test_unknown_rows_are_not_found(admin: Client, kind: str) -> None:
    key = unknown_uuid() if kind.startswith("don") else 999_999

    assert admin.get(f"{DESK}{kind}/{key}/").status_code == 404


def test_buyer_cannot_decide_or_cancel(client: Client) -> None:
    order = make_order()
    cooperative = make_cooperative(state=CooperativeState.APPLIED)
    client.force_login(make_user())

    cancelled = client.post(f"{DESK}don-hang/{order.pk}/huy/", {"reason": "x"})
    approved_response = client.post(f"{DESK}hop-tac-xa/{cooperative.pk}/tra-loi/", {"answer": "approved"})

    assert cancelled.status_code == approved_response.status_code == 404
    order.refresh_from_db()
    cooperative.refresh_from_db()
    assert order.cancelled_at is None
    assert cooperative.state == CooperativeState.APPLIED


def test_home_counts_open_tasks(admin: Client) -> None:
    make_cooperative(state=CooperativeState.APPLIED)
    make_product(state=ListingState.IN_REVIEW)
    unanswered = make_order().parts.get()
    OrderPart.objects.filter(pk=unanswered.pk).update(escalated_at=timezone.now())
    failed = make_order(now=fixed_now()).parts.get()
    Parcel.objects.create(
        part=failed,
        number=1,
        label_code="1",
        state=ParcelState.FAILED_DELIVERY,
        failure_reason="Không ai nhận",
    )

    response = admin.get(DESK)

    assert {task.kind: task.count for task in response.context["waiting"]} == {
        "cooperative": 1,
        "listing": 1,
        "certificate": 0,
        "price": 0,
        "revision": 0,
        "approval": 0,
        "second_person": 0,
        "data_request": 0,
        "sweep_failure": 0,
        "unsent_messages": 0,
        "transfer": 0,
        "gateway_call": 0,
        "dispute": 0,
        "payout": 0,
        "statement_row": 0,
        "remittance": 0,
        "remittance_difference": 0,
        "outstanding_cash": 0,
        "complaint": 0,
        "cash_shortfall": 0,
        "refund": 0,
        "overpaid_order": 0,
        "part": 1,
        "weight_question": 0,
        "parcel": 1,
    }
    assert response.context["orders_today"] == 1
    assert "Không ai nhận" in html_of(response)
    assert "1 đơn hàng hôm nay" in " ".join(html_of(response).split())
    assert 'class="stat' not in html_of(response)  # each task is listed once


def test_home_without_tasks_says_so(admin: Client) -> None:
    assert admin.get(DESK).context["has_no_tasks"]


def test_cooperatives_are_filtered_by_state_and_searched_without_diacritics(admin: Client) -> None:
    applied = make_cooperative("Tổ hợp tác nấm rừng", state=CooperativeState.APPLIED)
    selling = make_cooperative("HTX Tài Hoan")

    def listed_cooperatives(**query: str) -> list[Cooperative]:
        return list(admin.get(f"{DESK}hop-tac-xa/", query).context["page"].object_list)

    assert listed_cooperatives() == [applied]
    assert listed_cooperatives(state="approved") == [selling]
    assert listed_cooperatives(q="tai hoan") == [selling]
    assert listed_cooperatives(q="hoan", state="applied") == []
    assert listed_cooperatives(q="nam rung") == [applied]


def test_phone_numbers_are_shown_in_local_format(admin: Client) -> None:
    applied = make_cooperative("HTX Nấm", state=CooperativeState.APPLIED, phone="+842093000001")
    make_member(applied, phone="+84987654321")

    pages = [html_of(admin.get(f"{DESK}{path}")) for path in ("hop-tac-xa/", f"hop-tac-xa/{applied.pk}/")]

    assert "0209 300 0001" in pages[0]
    assert "0987 654 321" in pages[1]
    assert "+84987654321" not in pages[1]


def test_application_says_when_it_was_submitted_and_by_when_to_answer(admin: Client) -> None:
    friday = datetime.datetime(2026, 11, 20, 8, 0, tzinfo=datetime.UTC)
    cooperative = make_cooperative("HTX Bằng Thành", state=CooperativeState.APPLIED)
    for action, now in (
        ("applied", friday),
        ("application_resubmitted", friday + datetime.timedelta(days=3)),
    ):
        record_change(f"cooperative.{action}", cooperative, actor=Actor.system(), now=now)

    lists = [admin.get(f"{DESK}hop-tac-xa/"), admin.get(f"{DESK}hop-tac-xa/{cooperative.pk}/")]

    for page in lists:
        assert "23/11/2026 <span" in html_of(page)
        assert "trả lời trước thứ Năm 26/11" in html_of(page)


def test_orders_are_searched_by_code_number_phone_and_name(admin: Client) -> None:
    variant = make_variant(on_hand=50)
    requested = make_order((variant, 1), name="Đặng Thị Hoa", phone="+84912000111")
    make_order((variant, 1), name="Lê Văn Nam", phone="+84912000222")

    def listed_orders(text: str) -> list[str]:
        return [row.code for row in admin.get(f"{DESK}don-hang/", {"q": text}).context["page"].object_list]

    code = requested.code
    for text in (
        code,
        code.lower(),
        f"{code[:3]} {code[3:]}",
        str(requested.number),
        "0912 000 111",
        "000111",
    ):
        assert listed_orders(text) == [code]
    assert listed_orders("dang hoa") == listed_orders("Đặng") == listed_orders("THỊ hoa") == [code]
    buyer = make_user(email="dang.thi.hoa@example.com")
    Order.objects.filter(pk=requested.pk).update(user=buyer, email="")
    assert listed_orders("dang.thi.hoa@example.com") == listed_orders("DANG.thi.hoa@exam") == [code]
    assert listed_orders("nam@example.com") == []
    assert listed_orders("ang") == listed_orders("Đặng Nam") == listed_orders("999999") == []


def test_orders_are_filtered_by_status_source_cooperative_and_day(admin: Client) -> None:
    variant = make_variant(on_hand=50)
    now = timezone.now()
    order = make_order((variant, 1), now=now)
    other_order = make_order((make_variant(make_seller()), 1))
    Order.objects.filter(pk=other_order.pk).update(source=OrderSource.PHONE)

    def listed_orders(**query: object) -> set[object]:
        return {row.pk for row in admin.get(f"{DESK}don-hang/", query).context["page"].object_list}

    assert listed_orders() == {order.pk, other_order.pk}
    assert listed_orders(source="phone") == {other_order.pk}
    assert listed_orders(cooperative=variant.cooperative_id) == {order.pk}
    assert listed_orders(day="24/11/2026") == {other_order.pk}
    assert listed_orders(status="delivered") == set()
    assert listed_orders(status="placed") == {order.pk, other_order.pk}
    assert listed_orders(payment="cod") == {order.pk, other_order.pk}
    Order.objects.filter(pk=order.pk).update(charge_coverage="full", charged=order.current_total_gross)
    assert listed_orders(payment="paid") == {order.pk}
    assert listed_orders(payment="cod", status="placed") == {other_order.pk}
    assert 'class="tag good">Đã trả<' in html_of(admin.get(f"{DESK}don-hang/", {"payment": "paid"}))
    assert listed_orders(status="nonsense", day="hôm qua") == {order.pk, other_order.pk}


def test_order_shows_parts_payments_consents_and_history(admin: Client) -> None:
    order = make_order((make_variant(price=320_000), 2), name="Nguyễn Thị Hoa")

    page = admin.get(f"{DESK}don-hang/{order.pk}/")

    text = html_of(page)
    assert "670.000\u00a0₫" in text
    assert "Nguyễn Thị Hoa" in text
    assert [payment["sums"].charge_pending for payment in page.context["payments"]] == [670_000]
    assert [change_view.change.action for change_view in page.context["history"]] == ["order.placed"]
    assert [consent.purpose for consent in page.context["consents"]] == ["order"]


def test_draft_has_no_order_page(admin: Client) -> None:
    order = make_order()
    Order.objects.filter(pk=order.pk).update(placed_at=None, confirmed_at=None)

    assert admin.get(f"{DESK}don-hang/{order.pk}/").status_code == 404


def test_queries_do_not_grow_with_rows(admin: Client, django_assert_max_num_queries: Any) -> None:
    pages = ["", "hop-tac-xa/", "hang/", "don-hang/", "don-nhap/"]
    _some_of_everything()
    baseline_queries = []
    for page in pages:
        with django_assert_max_num_queries(51) as captured_queries:
            admin.get(DESK + page)
        baseline_queries.append(len(captured_queries))
    for _n in range(3):
        _some_of_everything()

    for page, maximum in zip(pages, baseline_queries, strict=True):
        with django_assert_max_num_queries(maximum):
            admin.get(DESK + page)


def test_order_queries_do_not_grow_with_parts(admin: Client, django_assert_max_num_queries: Any) -> None:
    one_part_order = make_order((make_variant(), 1))
    large = make_order(*[(make_variant(make_seller()), 1) for _n in range(4)])
    with django_assert_max_num_queries(40) as baseline_queries:
        admin.get(f"{DESK}don-hang/{one_part_order.pk}/")

    with django_assert_max_num_queries(len(baseline_queries)):
        admin.get(f"{DESK}don-hang/{large.pk}/")


def test_django_admin_is_for_admins_and_sends_others_to_sign_in(admin: Client) -> None:
    order = make_order()
    listing = Listing.objects.get()

    for page in (
        "",
        "orders/order/",
        f"orders/order/{order.pk}/change/",
        f"catalog/product/{listing.product_id}/change/",
    ):
        assert admin.get(f"{DESK}du-lieu/{page}").status_code == 200
    written_response = admin.post(f"{DESK}du-lieu/orders/order/{order.pk}/change/", {"total_gross": "1"})
    admin.logout()

    assert written_response.status_code in (200, 302)
    assert Order.objects.get(pk=order.pk).total_gross == order.total_gross
    redirected = admin.get(f"{DESK}du-lieu/", follow=True)
    assert redirected.redirect_chain[-1][0].startswith("/tai-khoan/dang-nhap/")


def test_django_admin_names_models_in_vietnamese(admin: Client) -> None:
    page = html_of(admin.get(f"{DESK}du-lieu/"))

    for name in ("Đơn hàng", "Phần của hợp tác xã", "Kiện hàng", "Khoản thanh toán", "Mã giảm giá"):
        assert f">{name}<" in page, name


def _some_of_everything() -> None:
    make_cooperative(state=CooperativeState.APPLIED)
    make_product(state=ListingState.IN_REVIEW)
    part = make_order((make_variant(make_seller()), 1), now=timezone.now()).parts.get()
    OrderPart.objects.filter(pk=part.pk).update(escalated_at=timezone.now())
    Parcel.objects.create(part=part, number=1, label_code="1", state=ParcelState.FAILED_DELIVERY)
    draft = make_order((make_variant(make_seller()), 1))
    Order.objects.filter(pk=draft.pk).update(placed_at=None, confirmed_at=None)


def test_unanswered_weight_question_is_on_the_home_page(admin: Client) -> None:
    order = make_order((make_variant_sold_by_weight(), 2))
    line = order.lines.get()
    question = WeightQuestion.objects.create(
        line=line, grams=6000, cost_before=72_000, cost_after=90_000, created_at=timezone.now()
    )
    fresh = admin.get(DESK).context["waiting"]
    WeightQuestion.objects.update(created_at=timezone.now() - datetime.timedelta(days=1))

    page = admin.get(DESK)

    assert "weight_question" not in {task.kind for task in fresh if task.count}
    weights = [task.first_rows for task in page.context["waiting"] if task.kind == "weight_question"]
    assert weights == [[question]]
    assert f'href="{DESK}don-hang/{order.pk}/"' in html_of(page)


def test_checks_of_an_application_tell_what_is_missing_sent_or_not_provided(admin: Client) -> None:
    fields = COMPLETE_APPLICATION | {"tax_code": "", "phone": "12", "representative": ""}
    cooperative = make_cooperative(state=CooperativeState.APPLIED, **fields)
    send_document(cooperative, DocumentKind.REGISTRATION)
    document = cooperative.documents.get()

    page = html_of(admin.get(f"{DESK}hop-tac-xa/{cooperative.pk}/"))

    for text in (
        "Mã số thuế: không khai",
        "Điện thoại: chưa đúng",
        "Người đại diện: còn thiếu",
        "Kho: chưa có",
        "Cách giao hàng: chưa có",
    ):
        assert text in page
    assert (
        page.index("Cần để duyệt") < page.index("Hợp tác xã làm sau khi duyệt") < page.index("Kho: chưa có")
    )
    assert page.count("chờ bạn xem") == 1
    assert page.count(f'href="/quan-tri/hop-tac-xa/{cooperative.pk}/giay/{document.pk}/"') == 1
    assert 'value="approved" disabled>' in page
    assert "mục nữa mới duyệt được: " in page


def test_approved_cooperative_without_products_is_not_called_selling(admin: Client) -> None:
    waiting = make_cooperative("HTX Mới")
    selling = make_seller("HTX Cũ")
    make_product(selling)
    pages = [html_of(admin.get(f"{DESK}hop-tac-xa/{row.pk}/")) for row in (waiting, selling)]

    listed = " ".join(html_of(admin.get(f"{DESK}hop-tac-xa/?state=approved")).split())

    states = [re.search(r'<span class="tag (\w+)">([^<]+)<', page).groups() for page in pages]
    assert states == [("wait", "Đã duyệt, chưa bán"), ("good", "Đang bán")]
    assert "Hợp tác xã còn phải làm để bán được" in pages[0]
    assert "Sản phẩm đang bán: chưa có" in pages[0]
    assert listed.count("Đã duyệt, chưa bán") == listed.count('<span class="tag good">Đang bán</span>') == 1
    assert "Đã duyệt 2" in listed


def test_sign_in_page_of_the_workplaces_says_so_without_hints_for_buyers(client: Client) -> None:
    make_channel()
    desk, members = (html_of(client.get(address, follow=True)) for address in (DESK, "/xa-vien/"))

    assert "Đăng nhập trang quản trị" in desk
    assert "Đăng nhập để bán hàng" in members
    assert all("Mua hàng không cần tài khoản" not in page for page in (desk, members))
    assert "Mua hàng không cần tài khoản" in html_of(client.get("/tai-khoan/dang-nhap/"))
