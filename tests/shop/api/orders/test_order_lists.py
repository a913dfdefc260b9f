"""Order lists as the Dashboard filters, searches and sorts them."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.order_records.recalculate_order import recalculate_columns
from orders.models import Order, PaymentMethod
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.actors import Actor
from tests.factories import (
    NOW,
    make_admin,
    make_bank_account,
    make_channel,
    make_order,
    make_staff,
    make_user,
    make_variant,
)
from tests.shop.api.client import data_of, execute
from tests.shop.api.orders.test_fulfillment import fulfil
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

ORDERS = """
query($where: OrderWhereInput, $filter: OrderFilterInput, $sort: OrderSortingInput, $search: String,
      $channel: String, $first: Int, $after: String, $last: Int, $before: String) {
  orders(where: $where, filter: $filter, sortBy: $sort, search: $search, channel: $channel,
         first: $first, after: $after, last: $last, before: $before) {
    totalCount edges { node { number } } pageInfo { hasNextPage endCursor startCursor }
  }
}
"""


@pytest.fixture
def three_orders():
    """Return one fulfilled order, one cancelled, one awaiting payment, an hour apart."""
    make_bank_account()
    pillow, buyer = make_variant(on_hand=20, price=320_000), make_user(email="hoa@example.com")
    first = make_order((pillow, 1), now=NOW, user=buyer)
    second = make_order((pillow, 2), now=NOW + datetime.timedelta(hours=1), email="lan@example.com")
    third = make_order((pillow, 3), now=NOW + datetime.timedelta(hours=2), method=PaymentMethod.TRANSFER)
    token = token_of(make_admin())
    fulfil(first, token)
    cancel_order(order_id=second.pk, reason="Hết hàng", actor=Actor.system(), now=NOW)
    return first, second, third, token


def test_orders_are_filtered_searched_and_sorted(three_orders) -> None:
    first, second, third, token = three_orders
    name = {order.number: label for order, label in ((first, "1"), (second, "2"), (third, "3"))}

    def listed_orders(**arguments):
        edges = data_of(ORDERS, token, first=10, **arguments)["orders"]["edges"]
        return "".join(name[int(edge["node"]["number"])] for edge in edges)

    at = (NOW + datetime.timedelta(minutes=30)).isoformat()
    day = NOW.date().isoformat()
    cases = [
        ({}, "321"),
        ({"channel": "viet-nam"}, "321"),
        ({"channel": "khac"}, ""),
        ({"where": {"status": {"eq": "FULFILLED"}}}, "1"),
        ({"where": {"status": {"oneOf": ["UNCONFIRMED", "CANCELED"]}}}, "32"),
        ({"where": {"number": {"eq": first.number}}}, "1"),
        ({"where": {"number": {"range": {"gte": second.number}}}}, "32"),
        ({"where": {"createdAt": {"gte": at}}}, "32"),
        ({"where": {"user": {"eq": global_id("User", first.user_id)}}}, "1"),
        ({"where": {"userEmail": {"eq": "lan@example.com"}}}, "2"),
        ({"where": {"ids": [global_id("Order", third.pk), global_id("Order", first.pk)]}}, "31"),
        ({"where": {"channelId": {"eq": global_id("Channel", first.channel_id)}}}, "321"),
        ({"where": {"totalGross": {"amount": {"range": {"gte": 700_000}}}}}, "3"),
        ({"where": {"totalGross": {"currency": "USD", "amount": {"range": {"gte": 0}}}}}, ""),
        ({"where": {"hasFulfillments": True}}, "1"),
        ({"where": {"hasFulfillments": False}}, "32"),
        ({"where": {"fulfillments": [{"status": {"eq": "FULFILLED"}}]}}, "1"),
        ({"where": {"fulfillments": [{"status": {"oneOf": ["CANCELED", "RETURNED"]}}]}}, ""),
        ({"where": {"linesCount": {"eq": 1}}}, "321"),
        ({"where": {"linesCount": {"eq": 2}}}, ""),
        ({"where": {"events": [{"type": {"eq": "CANCELED"}}]}}, "2"),
        ({"where": {"events": [{"date": {"lte": at}, "type": {"eq": "PLACED"}}]}}, "1"),
        ({"where": {"shippingAddress": {"country": {"notOneOf": ["VN"]}}}}, ""),
        ({"where": {"shippingAddress": {"phoneNumber": {"eq": "+84987654321"}}}}, "321"),
        ({"where": {"chargeStatus": {"eq": "NONE"}}}, "31"),
        ({"where": {"isClickAndCollect": True}}, ""),
        ({"where": {"isClickAndCollect": False}}, "321"),
        ({"where": {"isGiftCardUsed": True}}, ""),
        ({"where": {"voucherCode": {"eq": "X"}}}, ""),
        ({"where": {"OR": [{"number": {"eq": first.number}}, {"number": {"eq": third.number}}]}}, "31"),
        ({"where": {"AND": [{"status": {"eq": "FULFILLED"}}, {"number": {"eq": third.number}}]}}, ""),
        ({"filter": {"status": ["UNCONFIRMED", "FULFILLED"]}}, "31"),
        ({"filter": {"numbers": [str(second.number), "x"]}}, "2"),
        ({"filter": {"created": {"gte": day, "lte": day}}}, "321"),
        ({"filter": {"customer": "lan@"}}, "2"),
        ({"filter": {"paymentStatus": ["NOT_CHARGED"]}}, "31"),
        ({"filter": {"search": str(first.number)}}, "1"),
        ({"search": "lan@example.com"}, "2"),
        ({"search": first.code}, "1"),
        ({"search": "nguyen hoa"}, "321"),
        ({"sort": {"field": "NUMBER", "direction": "ASC"}}, "123"),
        ({"sort": {"field": "CREATED_AT", "direction": "DESC"}}, "321"),
        ({"sort": {"field": "STATUS", "direction": "ASC"}}, "213"),
    ]

    assert [(arguments, listed_orders(**arguments)) for arguments, _expected in cases] == cases


def test_orders_are_paged_in_both_directions(three_orders) -> None:
    first, second, third, token = three_orders

    page = data_of(ORDERS, token, first=2)["orders"]
    next_page = data_of(ORDERS, token, first=2, after=page["pageInfo"]["endCursor"])["orders"]
    previous_page = data_of(ORDERS, token, last=1, before=page["pageInfo"]["endCursor"])["orders"]

    assert page["totalCount"] == 3
    assert [edge["node"]["number"] for edge in page["edges"]] == [str(third.number), str(second.number)]
    assert page["pageInfo"]["hasNextPage"] is True
    assert [edge["node"]["number"] for edge in next_page["edges"]] == [str(first.number)]
    assert [edge["node"]["number"] for edge in previous_page["edges"]] == [str(third.number)]


def test_invalid_list_arguments_are_errors(three_orders) -> None:
    *_orders, token = three_orders
    for arguments, code in (
        ({"first": 101}, "GraphQLError"),
        ({}, "GraphQLError"),
        ({"first": 1, "where": {}, "filter": {}}, "GraphQLError"),
        ({"first": 1, "after": "x"}, "GraphQLError"),
        ({"first": 1, "where": {"ids": ["x"]}}, "GraphQLError"),
    ):
        response = execute(ORDERS, token, **arguments)
        assert response["data"] == {"orders": None}
        assert response["errors"][0]["extensions"]["exception"]["code"] == code
    assert (
        execute(ORDERS, token_of(make_user()), first=1)["errors"][0]["extensions"]["code"]
        == "PermissionDenied"
    )


def test_staff_restricted_to_a_channel_see_only_its_orders(three_orders) -> None:
    first, _second, _third, _token = three_orders

    staff = make_staff(Permission.MANAGE_ORDERS)
    group = staff.permission_groups.get()
    group.is_restricted_to_channels = True
    group.save()
    query = "{ orders(first: 5) { totalCount edges { node { id number } } } }"

    assert data_of(query, token_of(staff))["orders"]["totalCount"] == 0
    group.channels.add(make_channel())
    visible_orders = data_of(query, token_of(staff))["orders"]
    assert visible_orders["totalCount"] == 3
    assert visible_orders["edges"][-1]["node"] == {
        "id": global_id("Order", first.pk),
        "number": str(first.number),
    }


def test_order_list_queries_do_not_grow_with_orders(django_assert_num_queries) -> None:
    pillow = make_variant(on_hand=50)
    token = token_of(make_admin())
    query = """{ orders(first: 20) { totalCount edges { node {
      number created status paymentStatus chargeStatus userEmail channel { slug }
      total { gross { amount } } billingAddress { city } user { email }
      lines { quantity quantityToFulfill unitPrice { gross { amount } } variant { name product { name } } }
      fulfillments { status lines { quantity } warehouse { name } } events { type }
      totalAuthorized { amount } grantedRefunds { amount { amount } } discounts { total { amount } }
    } } } }"""
    fulfil(make_order((pillow, 1), user=make_user()), token)

    query_count = 17
    with django_assert_num_queries(query_count):
        data_of(query, token)
    for _each in range(3):
        fulfil(make_order((pillow, 1), (make_variant(pillow.cooperative, name="Khăn"), 1)), token)
    with django_assert_num_queries(query_count):
        data_of(query, token)


def test_homepage_events_and_orders_total(three_orders) -> None:
    first, _second, third, token = three_orders
    query = """{ homepageEvents(last: 10) { totalCount edges { node { type orderNumber } } }
      all: ordersTotal(channel: "viet-nam") { gross { amount } net { amount } }
      today: ordersTotal(channel: "viet-nam", period: TODAY) { gross { amount } } }"""

    now = timezone.now()
    Order.objects.update(placed_at=now - datetime.timedelta(days=40))
    Order.objects.filter(pk=first.pk).update(placed_at=now)
    for order in Order.objects.all():
        recalculate_columns(order)

    data = data_of(query, token)

    events = [(edge["node"]["type"], edge["node"]["orderNumber"]) for edge in data["homepageEvents"]["edges"]]
    assert data["homepageEvents"]["totalCount"] == 5
    assert ("PLACED", str(third.number)) in events
    assert ("FULFILLMENT_FULFILLED_ITEMS", str(first.number)) in events
    # The cancelled order and the one that still waits for a transfer do not count as sales.
    assert data["all"] == {"gross": {"amount": 350_000}, "net": {"amount": 350_000}}
    assert data["today"] == {"gross": {"amount": 350_000}}
    denied = execute(query, token_of(make_user()))
    assert denied["data"] == {"homepageEvents": None, "all": None, "today": None}


def test_balance_is_selected_beside_other_fields_of_own_orders() -> None:
    """The balance needs a column and an annotation of the same value."""
    person = make_user()
    order = make_order((make_variant(price=90_000), 2), user=person)
    order.metadata = {"gift": "yes"}
    order.save()
    query = """{ me { orders(first: 2) { edges { node {
        number totalBalance { amount } total { gross { amount } } metadata { key value } created userEmail
    } } } } }"""

    assert data_of(query, token_of(person))["me"]["orders"]["edges"] == [
        {
            "node": {
                "number": str(order.number),
                "totalBalance": {"amount": -210_000},
                "total": {"gross": {"amount": 210_000}},
                "metadata": [{"key": "gift", "value": "yes"}],
                "created": "2026-11-24T03:00:00+00:00",
                "userEmail": "hoa@example.com",
            }
        }
    ]
