"""Cash collected short stays on a list until the buyer pays or staff decide who bears it."""

from __future__ import annotations

import pytest
from django.test import Client

from orders.actions.cash_on_delivery.cash_collection import CollectedCash
from orders.actions.fulfilment.deliver_parcels import deliver_parcel, hand_over_parcel
from orders.actions.refunds.cash_shortfalls import NoCashShortfall, resolve_cash_shortfall
from orders.models import CostBearer, Order, Parcel, Refund
from shop.core.errors import ReasonRequired
from shop.core.models import Change
from tests.factories import NOW, make_admin, make_order, make_variant
from tests.invariants import check_everything
from tests.orders.refunds.refund_helpers import ACTOR_AND_NOW, DESK, LATER, pack_open_lines, refund_first_line

pytestmark = pytest.mark.django_db


def make_short_parcel(missing: int = 20_000) -> Parcel:
    """Make a delivered parcel of 110,000 ₫ (80,000 and delivery), collected less `missing`."""
    order = make_order((make_variant(price=80_000), 1))
    parcel = pack_open_lines(order.parts.get())
    hand_over_parcel(parcel_id=parcel.pk, actor=DESK, now=NOW)
    cash = CollectedCash(110_000 - missing, "Khách thiếu tiền")
    deliver_parcel(parcel_id=parcel.pk, is_cash_collected=True, cash=cash, actor=DESK, now=LATER)
    return Parcel.objects.get(pk=parcel.pk)


def listed_parcels() -> list[int]:
    return list(Parcel.objects.with_cash_shortfall().values_list("pk", flat=True))


@pytest.mark.parametrize("bearer", CostBearer)
def test_decision_waives_the_rest_and_takes_the_parcel_off_the_list(bearer: CostBearer) -> None:
    parcel = make_short_parcel()
    before = listed_parcels()

    refund = resolve_cash_shortfall(
        parcel_id=parcel.pk, bearer=bearer, reason="Đã gọi khách", **ACTOR_AND_NOW
    )

    order = Order.objects.get()
    assert before == [parcel.pk]
    assert listed_parcels() == []
    assert (refund.amount, refund.repayment, refund.bearer) == (20_000, 0, bearer)
    assert (order.current_total_gross, order.charged) == (90_000, 90_000)
    assert Change.objects.filter(action="parcel.cash_shortfall_resolved").get().reason == "Đã gọi khách"
    check_everything()


def test_refused_decisions_change_nothing() -> None:
    parcel = make_short_parcel()
    arguments = {"parcel_id": parcel.pk, "bearer": CostBearer.PLATFORM, **ACTOR_AND_NOW}

    with pytest.raises(ReasonRequired):
        resolve_cash_shortfall(reason=" ", **arguments)

    assert (listed_parcels(), Refund.objects.count()) == ([parcel.pk], 0)
    resolve_cash_shortfall(reason="Sàn chịu", **arguments)
    with pytest.raises(NoCashShortfall):
        resolve_cash_shortfall(reason="Lần nữa", **arguments)
    assert Refund.objects.count() == 1


def test_desk_lists_the_parcel_and_records_the_decision(client: Client) -> None:
    parcel = make_short_parcel()
    client.force_login(make_admin())

    home, page = client.get("/quan-tri/"), client.get("/quan-tri/tien-mat/thu-thieu/")
    order, address = Order.objects.get(), f"/quan-tri/tien-mat/thu-thieu/{parcel.pk}/"
    review = client.post(address, {"bearer": "platform", "reason": "Đã gọi khách"})
    refund_first_line(parcel.part, 5_000)
    stale = client.post(address, dict(review.context["fields"]) | {"reviewed": "1"})
    undecided = listed_parcels()
    response = client.post(address, dict(stale.context["fields"]) | {"reviewed": "1"})

    assert review.context["label"] == "Bỏ qua 20.000\u00a0₫"
    assert stale.context["label"] == "Bỏ qua 15.000\u00a0₫"
    assert undecided == [parcel.pk]
    assert "Tiền thu hộ thu thiếu" in home.content.decode()
    assert f"{order.code}-{parcel.label_code}" in page.content.decode()
    assert "thiếu 20.000\u00a0₫" in page.content.decode()
    assert (response.status_code, response.url) == (302, "/quan-tri/tien-mat/thu-thieu/")
    assert listed_parcels() == []


@pytest.mark.parametrize("template", ["{code}-1", "{code} - 1", "{lower}-1", "{code}"])
def test_order_search_reads_what_stands_on_a_label(client: Client, template: str) -> None:
    order = make_order()
    text = template.format(code=order.code, lower=order.code.lower())

    assert list(Order.objects.matching(text)) == [order]


def test_order_search_reads_emails_and_tracking_numbers() -> None:
    order = make_order(email="hoa.nguyen@example.com")
    make_order(email="lan@example.com")
    parcel = pack_open_lines(order.parts.get())
    Parcel.objects.filter(pk=parcel.pk).update(tracking_number="VTP123456789")

    assert list(Order.objects.matching("Hoa.Nguyen@example.com ")) == [order]
    assert list(Order.objects.matching("hoa.nguyen@")) == [order]
    assert list(Order.objects.matching("VTP123456789")) == [order]
    assert list(Order.objects.matching("khac@example.com")) == []
