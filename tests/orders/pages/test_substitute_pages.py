"""The buyer's question about a substitute on the order's page, and the desk's answer for them."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.utils import timezone

from orders.actions.fulfilment.pack_parcels import accept_part
from orders.actions.refunds.offer_substitute import SubstituteOffer, offer_substitute
from orders.models import Order, OrderPart, Substitute
from shop.core.actors import Actor
from tests.factories import (
    fixed_now,
    make_admin,
    make_member,
    make_order,
    make_seller,
    make_user,
    make_variant,
)
from tests.markup import html_of
from tests.orders.pages.order_proofs import ProvenOrdersClient
from tests.refusals import all_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def client() -> Client:
    return ProvenOrdersClient()


def offered_part() -> tuple[OrderPart, Substitute]:
    """Return a part of which two of four packs at 100,000 may be replaced by two at 80,000."""
    seller = make_seller()
    first, other = make_variant(seller, name="Miến dong", price=100_000), make_variant(seller)
    part = make_order((first, 4), (other, 1), now=fixed_now()).parts.get()
    accept_part(part_id=part.pk, actor=Actor.system(), now=fixed_now())
    noodles = make_variant(seller, name="Bún khô", price=80_000)
    offer = SubstituteOffer(part.lines.order_by("position")[0].pk, 2, noodles.pk, 2)
    actor, now = Actor.system(), timezone.now()
    return part, offer_substitute(part_id=part.pk, offer=offer, actor=actor, now=now)


def answer_url(part: OrderPart, substitute: Substitute) -> str:
    return f"/don-hang/{part.order_id}/thay/{substitute.pk}/"


@pytest.mark.parametrize(("answer", "less"), [("accepted", 40_000), ("rejected", 200_000)])
def test_buyer_answers_on_the_order_page(client: Client, answer: str, less: int) -> None:
    part, substitute = offered_part()
    due = Order.objects.get().current_total_gross
    page = html_of(client.get(f"/don-hang/{part.order_id}/"))

    response = client.post(answer_url(part, substitute), {"answer": answer})

    assert f'action="{answer_url(part, substitute)}"' in page
    assert "Có nhận 2 chiếc Bún khô thay vào không?" in page
    assert response.url == f"/don-hang/{part.order_id}/"
    assert Order.objects.get().current_total_gross == due - less
    after = html_of(client.get(response.url))
    assert answer_url(part, substitute) not in after
    assert ("Đã đồng ý đổi sang món khác." in after) == (answer == "accepted")


def test_holder_of_the_link_alone_cannot_answer() -> None:
    part, substitute = offered_part()
    before = all_rows()

    response = Client().post(answer_url(part, substitute), {"answer": "accepted"})

    assert response.url == f"/don-hang/{part.order_id}/ma/"
    changed = {table for table, rows in all_rows().items() if rows != before.get(table)}
    assert changed == set()


def test_invalid_answer_is_missing_and_changes_nothing(client: Client) -> None:
    part, substitute = offered_part()
    before = all_rows()

    responses = [
        client.post(f"/don-hang/{uuid.uuid4()}/thay/{substitute.pk}/", {"answer": "accepted"}),
        client.post(f"/don-hang/{part.order_id}/thay/{uuid.uuid4()}/", {"answer": "accepted"}),
        client.post(answer_url(part, substitute), {"answer": "expired"}),
        client.post(answer_url(part, substitute)),
    ]

    assert [response.status_code for response in responses] == [404] * 4
    assert all_rows() == before
    assert client.get(answer_url(part, substitute)).status_code == 405


def test_order_list_marks_order_with_waiting_substitute(client: Client) -> None:
    part, substitute = offered_part()
    buyer = make_user()
    Order.objects.update(user=buyer)
    client.force_login(buyer)

    before = html_of(client.get("/en/tai-khoan/"))
    client.post(answer_url(part, substitute), {"answer": "accepted"})
    after = html_of(client.get("/en/tai-khoan/"))

    question = "Some items are missing. Do you want something else instead?"
    assert question in before
    assert question not in after


def test_staff_see_and_answer_for_the_buyer(client: Client) -> None:
    part, substitute = offered_part()
    client.force_login(make_admin())
    url = f"/quan-tri/don-hang/{part.order_id}/thay/{substitute.pk}/"
    page = html_of(client.get(f"/quan-tri/don-hang/{part.order_id}/"))

    response = client.post(url, {"answer": "accepted"})

    assert f'action="{url}"' in page
    after = html_of(client.get(response.url))
    assert "2 chiếc Bún khô thay cho 2 chiếc Miến dong" in after
    assert "Người mua nhận hàng thay thế" in after


def test_member_cannot_answer_on_the_staff_page(client: Client) -> None:
    part, substitute = offered_part()
    client.force_login(make_member(part.cooperative))

    client.post(f"/quan-tri/don-hang/{part.order_id}/thay/{substitute.pk}/", {"answer": "accepted"})

    assert Substitute.objects.get().state == "waiting"
