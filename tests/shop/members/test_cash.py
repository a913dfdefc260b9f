"""The cash page of a cooperative, and reports of buyers who paid less."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cooperatives.models import Role
from orders.actions.cash_on_delivery.cash_remittance import Remitter, remit_cash
from orders.models import Parcel
from orders.states import CashHolder, CodState, ParcelState
from shop.core.models import ShopSettings
from shop.core.texts.formatting import format_money
from tests.factories import make_member, make_seller
from tests.markup import html_of
from tests.orders.cash_on_delivery.cash_helpers import (
    ACTOR_AND_NOW,
    CARRIER,
    make_delivered_parcel,
    make_dispatched_parcel,
)

pytestmark = pytest.mark.django_db
CASH = "/xa-vien/tien-mat/"


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.MANAGER, 200),
        (Role.CASHIER, 200),
        (Role.BOOKKEEPER, 200),
        (Role.PACKER, 403),
        (Role.LISTER, 403),
    ],
)
def test_only_cash_roles_see_the_cash_page(client: Client, seller, role, status) -> None:
    client.force_login(make_member(seller, role))

    assert client.get(CASH).status_code == status


def test_each_cash_state_shows_its_sum_and_no_foreign_cash(manager: Client, seller) -> None:
    ours = make_delivered_parcel(100_000, cash=True, carrier="", seller=seller)
    carriers = make_delivered_parcel(200_000, cash=True, seller=seller)
    remitted = make_delivered_parcel(300_000, cash=True, seller=seller)
    foreign = make_delivered_parcel(400_000, cash=True, seller=make_seller("HTX Tài Hoan"))
    remitter = Remitter(CashHolder.CARRIER, CARRIER)
    remit_cash(remitter=remitter, parcel_ids=[remitted.pk], idempotency_key="k", **ACTOR_AND_NOW)

    overview = manager.get(CASH)
    groups = [manager.get(f"{CASH}?ai={key}").context["groups"] for key in ("hop-tac-xa", "nha-xe", "da-nop")]

    expected = [(130_000, [ours]), (230_000, [carriers]), (330_000, [remitted])]
    assert [(group.amount, group.parcels) for group in overview.context["groups"]] == expected
    assert [[(group.amount, group.parcels) for group in one] for one in groups] == [[row] for row in expected]
    page = html_of(overview)
    assert foreign.part.order.code not in page
    assert "Chợ trừ số tiền này vào lần chi trả của kỳ này." in page


def test_unreported_cash_is_not_held_yet(manager: Client, seller) -> None:
    held = make_delivered_parcel(100_000, cash=True, carrier="", seller=seller)
    unreported = make_delivered_parcel(200_000, carrier="", seller=seller)

    page = manager.get(CASH)

    assert [(str(group.name), group.amount, group.parcels) for group in page.context["groups"][:2]] == [
        ("Hợp tác xã đang giữ", 130_000, [held]),
        ("Đã giao, chưa báo thu tiền", 230_000, [unreported]),
    ]


def test_first_parcels_of_each_group_are_listed_and_the_rest_on_a_page_of_its_own(
    manager: Client, seller
) -> None:
    parcels = [make_delivered_parcel(cash=True, carrier="", seller=seller) for _ in range(6)]

    first = manager.get(CASH).context["groups"][0]
    rest = manager.get(f"{CASH}?ai=hop-tac-xa").context["groups"][0]

    assert (len(first.parcels), first.has_more) == (5, True)
    assert ([parcel.pk for parcel in rest.parcels], rest.has_more) == ([row.pk for row in parcels], False)


def test_account_for_earlier_payment_is_shown_once_the_market_has_one(manager: Client, seller) -> None:
    make_delivered_parcel(cash=True, carrier="", seller=seller)
    ShopSettings.objects.create(bank_bin="970436", bank_account="0011223344", bank_holder="CHO PHIEN")
    shown = html_of(manager.get(CASH))
    ShopSettings.objects.update(bank_bin="", bank_account="", bank_holder="")

    assert "0011223344" in shown
    assert "Nộp trước" not in html_of(manager.get(CASH))


def test_queries_do_not_grow_with_parcels(manager: Client, seller) -> None:
    make_delivered_parcel(cash=True, carrier="", seller=seller)
    manager.get(CASH)

    with CaptureQueriesContext(connection) as baseline_queries:
        manager.get(CASH)
    for _ in range(3):
        make_delivered_parcel(cash=True, carrier="", seller=seller)
    with CaptureQueriesContext(connection) as grown_queries:
        manager.get(CASH)

    assert len(grown_queries) == len(baseline_queries)


def test_packer_reports_reduced_cash_with_a_reason(packer: Client, seller) -> None:
    parcel = make_dispatched_parcel(seller=seller, carrier="")
    address, prefix = f"/xa-vien/kien/{parcel.pk}/da-giao/", f"delivery-{parcel.pk}"

    without_reason = packer.post(address, {f"{prefix}-cash": "less"})
    too_much = {f"{prefix}-cash": "less", f"{prefix}-amount": "230.001", f"{prefix}-reason": "dư"}
    packer.post(address, too_much)
    assert Parcel.objects.get().state == ParcelState.HANDED_OVER
    recorded = packer.post(
        address, too_much | {f"{prefix}-amount": "200.000", f"{prefix}-reason": "thiếu tiền"}, follow=True
    )

    parcel.refresh_from_db()
    assert without_reason.status_code == 200
    assert html_of(without_reason).count('class="error"') == 2
    assert f"đã thu {format_money(200_000)}, thiếu {format_money(30_000)}" in html_of(recorded)
    assert (parcel.state, parcel.cod_state, parcel.cod_collected, parcel.cash_difference_reason) == (
        ParcelState.DELIVERED,
        CodState.COLLECTED,
        200_000,
        "thiếu tiền",
    )


def test_cash_reported_after_delivery_can_be_reduced_too(packer: Client, seller) -> None:
    parcel = make_delivered_parcel(seller=seller)
    address = f"/xa-vien/kien/{parcel.pk}/tien-mat/"

    without_reason = packer.post(address, {f"cash-{parcel.pk}-amount": "200.000"})
    packer.post(address, {f"cash-{parcel.pk}-amount": "200.000", f"cash-{parcel.pk}-reason": "thiếu tiền"})

    parcel.refresh_from_db()
    assert without_reason.status_code == 200
    assert (parcel.cod_state, parcel.cod_collected) == (CodState.COLLECTED, 200_000)
