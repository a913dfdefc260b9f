"""The activity log of a cooperative."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cooperatives.models import Role
from orders.actions.fulfilment.deliver_parcels import hand_over_parcel
from orders.actions.fulfilment.delivery_runs import (
    create_run,
    deliver_run_parcel,
    dispatch_details_of_run,
)
from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.fulfilment.undo_run_reports import undo_run_report
from orders.actions.refunds.report_shortage import report_shortage
from orders.models import Parcel
from shop.core.actors import Actor, ActorKind, EntryPoint
from shop.core.models import Change, record_change
from shop.core.texts.formatting import format_money
from shop.history.areas import area_condition
from shop.members.cooperative.activity import ActivitySearch
from tests.factories import make_admin, make_member, make_order, make_seller, make_user, make_variant
from tests.markup import html_of
from tests.shop.members.part_factories import accepted_part, closed_parcel

pytestmark = [pytest.mark.django_db, pytest.mark.both]
ADDRESS = "/en/xa-vien/nhat-ky/"


def accept_order(seller, actor):
    now = timezone.now()
    part = make_order((make_variant(seller, on_hand=9), 1), now=now).parts.get()
    accept_part(part_id=part.pk, actor=actor, now=now)
    return part.order.code


def test_log_says_who_did_what_and_nothing_of_other_cooperatives(manager, seller) -> None:
    hoa = make_member(seller, Role.PACKER, first_name="Lò Thị Hoa")
    own = accept_order(seller, hoa.as_actor(EntryPoint.MEMBERS))
    foreign = accept_order(make_seller("HTX Nậm Cắt"), Actor.system("test"))

    page = html_of(manager.get(ADDRESS))

    assert f"Order {own}" in page
    assert "Lò Thị Hoa ·" in page
    assert foreign not in page
    assert "/quan-tri/" not in page


def test_log_is_filtered_by_member_area_and_days(manager, seller) -> None:
    hoa = make_member(seller, Role.PACKER, first_name="Lò Thị Hoa")
    code = accept_order(seller, hoa.as_actor(EntryPoint.MEMBERS))

    assert f"Order {code}" in html_of(manager.get(ADDRESS, {"ai": hoa.pk, "loai": "orders"}))
    assert f"Order {code}" not in html_of(manager.get(ADDRESS, {"loai": "discounts"}))
    refused = manager.get(ADDRESS, {"tu": "01/01/2026", "den": "01/11/2026"})
    assert refused.status_code == 422
    assert "Choose at most three months." in html_of(refused)


def test_staff_and_buyers_are_not_named(manager, seller) -> None:
    staff = make_admin(first_name="Trần Quản Trị")
    record_change(
        "cooperative.suspended",
        seller,
        actor=staff.as_actor(EntryPoint.DESK),
        now=timezone.now(),
        cooperative_id=seller.pk,
    )

    page = html_of(manager.get(ADDRESS))

    assert "The market ·" in page
    assert "Trần Quản Trị" not in page


@pytest.mark.parametrize(
    ("is_signed_in", "who"), [(False, "The driver or receiver"), (True, "Someone who is not a member now")]
)
def test_drivers_and_receivers_are_not_shown_as_the_market(manager, seller, is_signed_in, who) -> None:
    stranger = make_user(first_name="Nguyễn Thị Lan").as_actor(EntryPoint.MEMBERS)
    driver = Actor(ActorKind.GUEST, EntryPoint.MEMBERS, name="Vàng A Páo")
    record_change(
        "parcel.delivered",
        seller,
        actor=stranger if is_signed_in else driver,
        now=timezone.now(),
        cooperative_id=seller.pk,
    )

    page = html_of(manager.get(ADDRESS))

    assert f"{who} ·" in page
    for name in ("The market ·", "Nguyễn Thị Lan", "Vàng A Páo"):
        assert name not in page


def test_missing_items_and_what_they_cost_are_one_entry(manager, seller) -> None:
    variant = make_variant(seller, on_hand=9)
    order = make_order((variant, 3))
    part = accept_part(part_id=order.parts.get().pk, actor=Actor.system("test"), now=timezone.now())
    line = part.lines.get()
    report_shortage(part_id=part.pk, available={line.pk: 1}, actor=Actor.system("test"), now=timezone.now())

    page = html_of(manager.get(ADDRESS))

    assert f"2 × {line.product_name}" in page
    assert f"Amount: {format_money(line.total_gross * 2 // 3)}" in page
    assert "Amount due reduced" not in page
    assert "Refund decided" not in page


def test_delivery_of_a_run_names_driver_and_cash_once(manager, seller) -> None:
    now = timezone.now()
    parcel = closed_parcel(accepted_part(seller))
    run = create_run(
        cooperative=seller,
        parcel_ids=[parcel.pk],
        name="Phủ Thông",
        driver_name="Hoàng Văn Sơn",
        actor=Actor.system("test"),
        now=now,
    )
    parcel.refresh_from_db()
    hand_over_parcel(
        parcel_id=parcel.pk,
        dispatch=dispatch_details_of_run(run),
        actor=Actor.system("test"),
        now=timezone.now(),
    )
    deliver_run_parcel(run_id=run.pk, parcel_id=parcel.pk, is_cash_collected=True, now=timezone.now())
    undo_run_report(run_id=run.pk, parcel_id=parcel.pk, now=timezone.now())
    cash = format_money(Parcel.objects.get().cod_expected)

    page = html_of(manager.get(ADDRESS.removeprefix("/en")))

    assert "Lái xe: Hoàng Văn Sơn" in page
    assert "Hoàng Văn Sơn ·" in page
    assert f"Tiền mặt đã thu: {cash}" in page
    assert f"Tiền mặt tính là chưa thu: {cash}" in page
    assert "Đã đóng gói" in page
    assert "Bắt đầu đóng gói" not in page


@pytest.mark.parametrize("action", ["run.created", "run.ended", "run.reopened"])
def test_delivery_runs_belong_to_orders_and_parcels(seller, action) -> None:
    record_change(action, seller, actor=Actor.system("test"), now=timezone.now(), cooperative_id=seller.pk)

    assert [row.action for row in Change.objects.filter(area_condition("orders"))] == [action]


def test_packers_do_not_see_the_log(packer) -> None:
    assert packer.get(ADDRESS).status_code == 403


@pytest.mark.once
def test_log_is_read_by_index_without_sorting(seller) -> None:
    """Otherwise SQLite reads, for each page, the changes of the whole market in those days."""
    form = ActivitySearch(people={})
    assert form.is_valid()

    plan = form.changes(seller)[:30].explain()

    assert "change_by_cooperative" in plan
    assert "TEMP B-TREE" not in plan


def test_query_count_does_not_depend_on_the_number_of_changes(manager, seller) -> None:
    accept_order(seller, Actor.system("test"))
    with CaptureQueriesContext(connection) as few:
        manager.get(ADDRESS)
    for _order in range(3):
        accept_order(seller, Actor.system("test"))

    with CaptureQueriesContext(connection) as many:
        manager.get(ADDRESS)

    assert len(many) == len(few)
