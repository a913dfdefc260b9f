"""The desk's page of card payments: unanswered calls, refusals and disputes."""

from __future__ import annotations

import json
import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.gateway.send_gateway_calls import send_call
from orders.actions.ledger.ledger_postings import record_payment_event
from orders.actions.order_changes.finish_order_change import finish_order_change
from orders.models import Dispute, EventKind, GatewayCall, GatewayOperation, Order, WebhookEvent
from orders.states import CallState
from shop.core.actors import Actor
from shop.core.models import Change
from tests.doubles.stripe import Fault
from tests.factories import NOW, make_admin, make_user, make_variant_sold_by_weight
from tests.markup import html_of
from tests.orders.gateway.card_order_helpers import (
    get_call,
    make_card_order,
    make_paid_card_order,
    make_started_card_order,
    send_order_call,
    stripe,
)
from tests.orders.gateway_requests.test_intended_calls import request_refund_of_order
from tests.orders.payouts.test_stripe_payouts import close, latest_call, part
from tests.refusals import all_rows

__all__ = ["part", "stripe"]
pytestmark = pytest.mark.django_db
PAGE = "/quan-tri/the/"


@pytest.fixture
def desk() -> Client:
    client = Client()
    client.force_login(make_admin())
    return client


def page_text(desk: Client, query: str = "") -> str:
    return html_of(desk.get(PAGE + query))


def refused_release(stripe):
    order = make_paid_card_order(stripe, (make_variant_sold_by_weight(), 2))
    cancel_order(order_id=order.pk, reason="Thôi", actor=Actor.system(), now=NOW)
    stripe.faults.plan("payment_intents.cancel", Fault.REFUSE, status=400, code="odd")
    stripe.faults.plan("payment_intents.retrieve", Fault.CUT_BEFORE)
    send_order_call(order, GatewayOperation.VOID)
    return order


def test_unanswered_call_is_listed_and_checked_at_the_gateway(stripe, desk) -> None:
    order = make_card_order()
    stripe.faults.plan("payment_intents.create", Fault.CUT_AFTER)
    send_order_call(order)

    assert order.code in page_text(desk)
    assert "chưa rõ" in page_text(desk)
    response = desk.post(f"{PAGE}{get_call(order).pk}/xem/")

    assert (response.status_code, response.headers["Location"]) == (302, PAGE)
    assert get_call(order).state == CallState.NEEDS_BUYER
    assert order.code not in page_text(desk)


def test_refused_call_is_shown_on_the_home_page_and_retried_once(stripe, desk) -> None:
    order = refused_release(stripe)
    first = get_call(order, GatewayOperation.VOID)

    assert order.code in html_of(desk.get("/quan-tri/"))
    assert order.code in page_text(desk, "?xem=hong")
    for _time in range(2):
        response = desk.post(f"{PAGE}{first.pk}/lai/", {"xem": "hong"})

    assert response.headers["Location"] == f"{PAGE}?xem=hong"
    assert GatewayCall.objects.filter(operation=GatewayOperation.VOID).count() == 2
    assert order.code not in page_text(desk, "?xem=hong")


def test_failed_refund_is_listed_as_refused(stripe, desk) -> None:
    order = make_paid_card_order(stripe)
    request_refund_of_order(order, 20_000)
    stripe.faults.plan("refunds.create", Fault.REFUSE, status=400, code="charge_already_refunded")
    send_order_call(order, GatewayOperation.REFUND)

    assert [call.amount for call in GatewayCall.objects.awaiting_staff()] == [20_000]
    assert order.code in page_text(desk, "?xem=hong")


def test_refused_payout_is_switched_to_bank_transfer(stripe, part, desk) -> None:
    stripe.account.connected.clear()
    payout = close()
    send_call(call_id=latest_call(payout).pk, now=NOW)
    assert part.cooperative.name in page_text(desk, "?xem=hong")

    desk.post(f"{PAGE}chi/{payout.pk}/ngan-hang/", {"xem": "hong"})

    payout.refresh_from_db()
    assert payout.method == "bank"
    assert part.cooperative.name not in page_text(desk, "?xem=hong")


def test_disputes_and_unprocessed_events_are_shown(stripe, desk) -> None:
    order = make_paid_card_order(stripe)
    Dispute.objects.create(
        payment=order.payments.get(),
        amount=120_000,
        currency="VND",
        reference="du_1",
        reason="fraudulent",
        evidence_by=NOW.replace(year=2099),
        received_at=NOW,
    )
    WebhookEvent.objects.create(
        provider="stripe", event_id="evt_1", kind="transfer.reversed", received_at=NOW, problem="by hand"
    )

    pages = [page_text(desk), html_of(desk.get("/quan-tri/"))]
    pages.append(html_of(desk.get(f"/quan-tri/don-hang/{order.pk}/")))

    assert all(f"/quan-tri/don-hang/{order.pk}/" in page for page in pages[:2])
    assert all("gửi bằng chứng trước 10:00, thứ Ba 24/11" in page for page in pages)
    assert "du_1" in pages[0]
    assert "by hand" in pages[0]


def test_ledger_shows_disputed_amounts_within_buyers_debt(stripe, desk) -> None:
    order = make_paid_card_order(stripe)
    payment, context = order.payments.get(), {"actor": Actor.system("stripe"), "now": NOW}
    Dispute.objects.create(payment=payment, amount=120_000, currency="VND", reference="du_1", received_at=NOW)
    record_payment_event(
        payment, EventKind.CHARGE_BACK, 120_000, idempotency_key="du_1", reference="du_1", **context
    )
    finish_order_change(Order.objects.get(pk=order.pk), now=NOW)

    ledger = html_of(desk.get("/en/quan-tri/so-cai/"))
    buyers = html_of(desk.get(f"/en/don-hang/{order.pk}/"))

    assert "The amount buyers owe includes 120,000\xa0₫ that banks took back in disputes." in ledger
    assert "Your bank reversed 120,000\xa0₫" in buyers
    assert "To pay" not in buyers


def test_refused_call_is_dismissed_once_with_a_reason_and_can_still_be_retried(stripe, desk) -> None:
    order = refused_release(stripe)
    call = get_call(order, GatewayOperation.VOID)
    address = f"{PAGE}{call.pk}/gac-lai/"

    before = all_rows()
    desk.post(address, {"reason": " "})
    assert all_rows() == before
    for reason in ("Đã nhả ở trang Stripe", "khác"):
        desk.post(address, {"reason": reason, "xem": "hong"})

    call.refresh_from_db()
    assert call.dismissal_reason == "Đã nhả ở trang Stripe"
    assert [change.reason for change in Change.objects.filter(action="call.dismissed")] == [
        "Đã nhả ở trang Stripe"
    ]
    assert order.code not in html_of(desk.get("/quan-tri/"))
    assert order.code not in page_text(desk, "?xem=hong")
    assert "Đã nhả ở trang Stripe" in page_text(desk, "?xem=tat-ca")
    assert f"{PAGE}{call.pk}/lai/" in page_text(desk, "?xem=tat-ca")
    assert "Stripe không thực hiện yêu cầu này." in page_text(desk, "?xem=tat-ca")


def test_successful_call_cannot_be_dismissed(stripe, desk) -> None:
    order = make_paid_card_order(stripe)
    before = all_rows()

    desk.post(f"{PAGE}{get_call(order).pk}/gac-lai/", {"reason": "x"})

    assert all_rows() == before


def test_abandoned_webhook_event_is_processed_again(stripe, desk) -> None:
    order = make_started_card_order()
    reference = get_call(order).reference
    stripe.buyer_pays(reference)
    body = {
        "id": "evt_1",
        "type": "payment_intent.succeeded",
        "created": 1_790_000_000,
        "data": {"object": {"object": "payment_intent", "id": reference}},
    }
    event = WebhookEvent.objects.create(
        provider="stripe", event_id="evt_1", body=json.dumps(body), received_at=NOW, tries=20
    )
    address = f"{PAGE}tin/{event.pk}/"
    before = address in page_text(desk)

    desk.post(address)

    order.refresh_from_db()
    assert before
    assert address not in page_text(desk)
    assert (order.charged, desk.post(f"{PAGE}tin/999999/").status_code) == (120_000, 404)


def test_queries_do_not_grow_with_calls(stripe, desk) -> None:
    counts = []
    for _round in range(2):
        for _order in range(2):
            make_paid_card_order(stripe)
        with CaptureQueriesContext(connection) as captured_queries:
            page_text(desk, "?xem=tat-ca")
        counts.append(len(captured_queries))
    assert counts[0] == counts[1]


def test_cards_are_hidden_from_buyers_and_visitors() -> None:
    client = Client()
    assert client.get(PAGE).status_code == 302
    client.force_login(make_user())
    assert client.get(PAGE).status_code == 404
    assert client.post(f"{PAGE}{uuid.uuid4()}/xem/").status_code == 404


def test_unknown_call_is_not_found(desk) -> None:
    for address in (f"{uuid.uuid4()}/xem/", f"{uuid.uuid4()}/lai/", f"chi/{uuid.uuid4()}/ngan-hang/"):
        assert desk.post(PAGE + address).status_code == 404
