"""Texts at the right time: the table of states, and notifications that name the person and the step."""

from __future__ import annotations

import pytest
from django.test import Client

from orders.actions.cash_on_delivery.cash_collection import read_cash_to_collect
from orders.models import Parcel
from orders.states import CodState, OrderStatus, ParcelState, PartState, Progress
from shop.notifications.models import Notification
from tests.factories import NOW, fixed_now, unknown_uuid
from tests.markup import html_of
from tests.orders.gateway.card_order_helpers import stripe
from tests.orders.pages.order_proofs import ProvenOrdersClient
from tests.orders.state_texts.build_states import (
    OrderInSteps,
    read_buyers_page,
    read_desk_page,
    read_members_page,
    text_of,
)
from tests.orders.state_texts.state_texts import STATE_TEXTS, WRONG_TEXTS, StateText

__all__ = ["stripe"]  # the fixture that rows of cards ask for
pytestmark = pytest.mark.once  # the actions are tested on both databases; here it is their texts


@pytest.mark.django_db
@pytest.mark.parametrize("row", STATE_TEXTS, ids=lambda row: row.steps or "placed")
def test_each_door_says_what_is_true(row: StateText, request: pytest.FixtureRequest) -> None:
    double = request.getfixturevalue("stripe") if "card" in row.steps else None
    order = OrderInSteps(row.steps, fixed_now(), double).order
    part = order.parts.get(number=1)

    parcels = part.parcels.order_by("number").values_list("state", "cod_state")
    assert (order.status, part.state, part.progress) == (row.order, row.part, row.progress)
    assert tuple(parcels) == row.parcels
    assert read_buyers_page(order) == row.buyer
    assert (read_members_page(part) if order.confirmed_at else "") == row.member
    assert read_desk_page(order) == row.desk.replace("{number}", str(order.number))


def test_table_covers_every_state() -> None:
    parcels = [parcel for row in STATE_TEXTS for parcel in row.parcels]

    assert {row.order for row in STATE_TEXTS} == set(OrderStatus.values)
    assert {row.part for row in STATE_TEXTS} == set(PartState.values)
    assert {row.progress for row in STATE_TEXTS} == set(Progress.values)
    assert {state for state, _cash in parcels} == set(ParcelState.values)
    assert {cash for _state, cash in parcels} == set(CodState.values)


@pytest.mark.parametrize(("steps", "door", "text"), WRONG_TEXTS)
def test_text_that_was_wrong_is_not_in_its_row(steps: str, door: str, text: str) -> None:
    (row,) = [row for row in STATE_TEXTS if row.steps == steps]

    assert text not in getattr(row, door)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("step", "subject"),
    [
        ("cancel_by_buyer", "đã huỷ phần của HTX Thiên An theo yêu cầu"),
        ("cancel", "phần của HTX Thiên An đã bị huỷ"),
        ("decline", "HTX Thiên An không giao được phần của mình"),
    ],
)
def test_notice_of_ended_part_says_who_ended_it(step: str, subject: str) -> None:
    order = OrderInSteps(step, NOW).order

    notification = Notification.objects.get(key__startswith=f"part_ended:{order.pk}")
    assert notification.subject == f"Đơn {order.code}: {subject}"
    assert subject in notification.html


@pytest.mark.django_db
def test_desk_and_parcel_await_the_same_cash_after_a_refund() -> None:
    order = OrderInSteps("accept, pack, refund", NOW).order

    assert Parcel.objects.get().cod_expected == read_cash_to_collect(order) == order.amount_due == 220_000


@pytest.mark.django_db
def test_complaint_period_that_is_over_is_named_instead_of_a_button() -> None:
    order = OrderInSteps("accept, pack, send, deliver, days_pass", fixed_now()).order

    page = text_of(html_of(ProvenOrdersClient().get(f"/don-hang/{order.pk}/")))
    assert "Đã hết hạn báo hàng có vấn đề" in page
    assert "Đã hết hạn báo hàng có vấn đề trên trang này. Hãy gọi điện để được hỗ trợ." in page
    assert "Hàng hỏng, thiếu hoặc sai" not in page
    assert "[khiếu nại]" not in read_buyers_page(order)


@pytest.mark.django_db
def test_bad_order_link_speaks_of_an_order() -> None:
    response = Client().get(f"/don-hang/{unknown_uuid()}/")

    page = text_of(html_of(response))
    assert response.status_code == 404
    assert "Không tìm thấy đơn hàng này" in page
    assert "không còn bán" not in page
