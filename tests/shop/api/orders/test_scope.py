"""Staff of one cooperative see their part of each order only."""

from __future__ import annotations

import pytest
from django.urls import reverse

from cooperatives.models import GroupCooperative, Membership, Role
from orders.actions.fulfilment.pack_parcels import accept_part, pack_parcel
from orders.actions.refunds.refund_decisions import LineRefund, RefundDecision, decide_refund
from orders.models import CostBearer, Order
from shop.accounts.models import Address, Group, GroupPermission
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.core.actors import Actor
from shop.core.models import Change
from tests.factories import (
    NOW,
    make_admin,
    make_member,
    make_order,
    make_seller,
    make_staff,
    make_user,
    make_variant,
    make_zone,
)
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of
from tests.without_triggers import without_triggers

pytestmark = pytest.mark.django_db

ORDERS = """
query($cooperative: ID) {
  orders(first: 10, cooperative: $cooperative) { totalCount edges { node { number } } }
}
"""
ORDER = """
query($id: ID!) { order(id: $id) {
  id token number userEmail user { email } privateMetadata { key }
  shippingAddress { streetAddress1 } billingAddress { streetAddress1 }
  total { gross { amount } } subtotal { gross { amount } } shippingPrice { gross { amount } }
  undiscountedTotal { gross { amount } } undiscountedShippingPrice { amount }
  totalBalance { amount } totalChargePending { amount } totalGrantedRefund { amount }
  lines { productName cooperative { name } }
  fulfillments { fulfillmentOrder cooperative { name } }
  grantedRefunds { amount { amount } }
  cooperativeParts {
    number state cooperative { name } subtotal { gross { amount } } total { gross { amount } }
  }
  events { type }
} }
"""


@pytest.fixture
def two_parts():
    """Return a pillow (320,000) from one cooperative and tea (50,000) from another, each sent for 30,000."""
    thien_an, yen_duong = make_seller("HTX Thiên An"), make_seller("HTX Yến Dương")
    pillow = make_variant(thien_an, name="Gối thảo dược", price=320_000)
    tea = make_variant(yen_duong, name="Trà", price=50_000)
    order = make_order((pillow, 1), (tea, 1))
    return order, thien_an, yen_duong


def read_order_as(user, order):
    (edge,) = data_of("{ orders(first: 5) { edges { node { id } } } }", token_of(user))["orders"]["edges"]
    return data_of(ORDER, token_of(user), id=edge["node"]["id"])["order"]


def test_cooperative_staff_see_their_part_with_its_sums(two_parts) -> None:
    order, thien_an, yen_duong = two_parts
    for part in order.parts.all():
        accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
        lines = {line.pk: 1 for line in part.lines.all()}
        pack_parcel(part_id=part.pk, quantities=lines, actor=Actor.system(), now=NOW)
    theirs = order.parts.get(cooperative=yen_duong)
    line = theirs.lines.get()
    decide_refund(
        order_id=order.pk,
        part_id=theirs.pk,
        decision=RefundDecision(CostBearer.COOPERATIVE, "Hỏng", {line.pk: LineRefund(amount=10_000)}),
        actor=Actor.system(),
        now=NOW,
    )
    staff = make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,))

    order_data = read_order_as(staff, order)

    assert order_data["number"] == str(order.number)
    assert order_data["total"]["gross"]["amount"] == 350_000
    assert order_data["subtotal"]["gross"]["amount"] == 320_000
    assert order_data["shippingPrice"]["gross"]["amount"] == 30_000
    assert order_data["undiscountedTotal"]["gross"]["amount"] == 350_000
    assert order_data["undiscountedShippingPrice"]["amount"] == 30_000
    assert order_data["totalBalance"]["amount"] == -350_000
    assert order_data["totalGrantedRefund"]["amount"] == 0
    assert order_data["lines"] == [{"productName": "Gối thảo dược", "cooperative": {"name": "HTX Thiên An"}}]
    assert order_data["fulfillments"] == [{"fulfillmentOrder": 1, "cooperative": {"name": "HTX Thiên An"}}]
    assert order_data["grantedRefunds"] == []
    assert order_data["cooperativeParts"] == [
        {
            "number": 1,
            "state": "ACCEPTED",
            "subtotal": {"gross": {"amount": 320_000}},
            "total": {"gross": {"amount": 350_000}},
            "cooperative": {"name": "HTX Thiên An"},
        }
    ]
    assert [event["type"] for event in order_data["events"]] == ["PLACED", "EXTERNAL_SERVICE_NOTIFICATION"]
    staff_of_both = make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an, yen_duong))
    assert read_order_as(staff_of_both, order)["total"]["gross"]["amount"] == 430_000
    assert read_order_as(staff_of_both, order)["totalBalance"]["amount"] == -420_000
    assert read_order_as(make_admin(), order)["grantedRefunds"] == [{"amount": {"amount": 10_000}}]


def test_delivery_address_is_shown_after_the_part_is_accepted(two_parts) -> None:
    order, thien_an, yen_duong = two_parts
    staff = make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,))
    Order.objects.filter(pk=order.pk).update(private_metadata={"secret": "x"})

    before = read_order_as(staff, order)
    accept_part(part_id=order.parts.get(cooperative=yen_duong).pk, actor=Actor.system(), now=NOW)
    after_foreign_acceptance = read_order_as(staff, order)
    accept_part(part_id=order.parts.get(cooperative=thien_an).pk, actor=Actor.system(), now=NOW)
    after = read_order_as(staff, order)

    assert before["shippingAddress"] is None
    assert after_foreign_acceptance["shippingAddress"] is None
    assert after["shippingAddress"] == {"streetAddress1": "Số 5, ngõ 12"}
    for order_data in (before, after):
        assert (order_data["userEmail"], order_data["user"], order_data["billingAddress"]) == (
            None,
            None,
            None,
        )
        assert order_data["privateMetadata"] == []
    assert read_order_as(make_admin(), order)["privateMetadata"] == [{"key": "secret"}]


def test_cooperative_staff_do_not_see_the_guest_order_id(two_parts) -> None:
    order, thien_an, _yen_duong = two_parts
    staff = make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,))

    order_data = read_order_as(staff, order)

    assert str(order.pk) not in (order_data["token"], order_data["id"])
    assert order_data["id"] != global_id("Order", order.pk)
    assert data_of(
        ORDER.replace("grantedRefunds { amount { amount } }", "")
        .replace("events { type }", "")
        .replace("privateMetadata { key }", ""),
        id=order_data["id"],
    ) == {"order": None}
    assert data_of(ORDER, token_of(staff), id=global_id("Order", order.pk)) == {"order": None}


def test_order_of_other_cooperatives_is_not_found(two_parts) -> None:
    order, thien_an, yen_duong = two_parts
    stranger = make_staff(Permission.MANAGE_ORDERS, works_for=(make_seller("HTX Khác"),))
    packer = make_staff(Permission.MANAGE_PRODUCTS, works_for=(thien_an,))
    number = global_id("Order", f"00000000-0000-0000-0000-{order.number:012x}")

    assert data_of(ORDERS, token_of(stranger))["orders"] == {"totalCount": 0, "edges": []}
    assert data_of(ORDER, token_of(stranger), id=number) == {"order": None}
    refused = execute(ORDERS, token_of(packer))
    assert refused["data"] == {"orders": None}
    assert refused["errors"][0]["extensions"]["exception"]["code"] == "PermissionDenied"
    theirs = {"totalCount": 1, "edges": [{"node": {"number": str(order.number)}}]}
    staff = make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,))
    for cooperative in (thien_an, yen_duong):
        key = global_id("Cooperative", cooperative.pk)
        assert data_of(ORDERS, token_of(make_admin()), cooperative=key)["orders"] == theirs
    assert (
        data_of(ORDERS, token_of(staff), cooperative=global_id("Cooperative", thien_an.pk))["orders"]
        == theirs
    )


def test_unconfirmed_order_is_hidden_from_cooperative_staff(two_parts) -> None:
    order, thien_an, _yen_duong = two_parts
    Order.objects.filter(pk=order.pk).update(confirmed_at=None)
    staff = make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,))

    assert data_of(ORDERS, token_of(staff))["orders"]["totalCount"] == 0


def test_part_list_queries_do_not_grow_with_orders(two_parts, django_assert_num_queries) -> None:
    order, thien_an, _yen_duong = two_parts
    accept_part(part_id=order.parts.get(cooperative=thien_an).pk, actor=Actor.system(), now=NOW)
    token = token_of(make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,)))
    query = """{ orders(first: 20) { edges { node {
      number status total { gross { amount } } totalBalance { amount } shippingAddress { city }
      lines { quantity quantityToFulfill productName } fulfillments { status } cooperativeParts { state }
    } } } }"""
    query_count = 8  # user, groups, orders, addresses, lines, packed quantities, parcels, parts

    with django_assert_num_queries(query_count):
        data_of(query, token)
    make_order((make_variant(thien_an), 1), (make_variant(thien_an, name="Khăn"), 2))
    with django_assert_num_queries(query_count):
        data_of(query, token)


def test_group_cooperatives_are_assigned(client) -> None:
    thien_an = make_seller("HTX Thiên An")
    member = make_user(is_staff=True)
    group = Group.objects.create(name="Phần của hợp tác xã")
    group.users.add(member)
    GroupPermission.objects.create(group=group, code=Permission.MANAGE_ORDERS)
    mutation = """mutation($id: ID!, $to: [ID!]!, $wide: Boolean) {
      permissionGroupCooperativesUpdate(id: $id, cooperatives: $to, platformWide: $wide) {
        errors { field code } group { name cooperatives { name } }
      } }"""
    key, cooperative_id = global_id("Group", group.pk), global_id("Cooperative", thien_an.pk)
    me = "{ me { cooperatives { name } userPermissions { code } } }"

    data = data_of(mutation, token_of(make_admin()), id=key, to=[cooperative_id])

    assert data["permissionGroupCooperativesUpdate"] == {
        "errors": [],
        "group": {"name": "Phần của hợp tác xã", "cooperatives": [{"name": "HTX Thiên An"}]},
    }
    assert data_of(me, token_of(member))["me"] == {
        "cooperatives": [{"name": "HTX Thiên An"}],
        "userPermissions": [{"code": "MANAGE_ORDERS"}],
    }
    nobody = global_id("Cooperative", thien_an.pk + 99)
    refused = data_of(mutation, token_of(make_admin()), id=key, to=[nobody])
    assert refused["permissionGroupCooperativesUpdate"]["errors"] == [
        {"field": "cooperatives", "code": "REQUIRED"}
    ]
    assert GroupCooperative.objects.filter(group=group).count() == 1
    denied = execute(mutation, token_of(member), id=key, to=[])
    assert denied["data"] == {"permissionGroupCooperativesUpdate": None}
    client.force_login(member)
    assert client.get(reverse("desk:orders")).status_code == 404
    widened = data_of(mutation, token_of(make_admin()), id=key, to=[], wide=True)
    assert widened["permissionGroupCooperativesUpdate"]["group"] == {
        "name": "Phần của hợp tác xã",
        "cooperatives": [],
    }
    assert client.get(reverse("desk:orders")).status_code == 200


def test_cooperative_staff_do_not_see_the_buyer(two_parts) -> None:
    _order, thien_an, _yen_duong = two_parts
    buyer = make_user()
    theirs = make_order((make_variant(thien_an, name="Khăn"), 1), user=buyer)
    with without_triggers():
        Change.objects.filter(root_key=str(theirs.pk)).update(actor_kind="person", actor_key=str(buyer.pk))
    query = "{ orders(first: 1) { edges { node { user { email } events { user { email } } } } } }"

    def values(user):
        (edge,) = data_of(query, token_of(user))["orders"]["edges"]
        return edge["node"]["user"], edge["node"]["events"][0]["user"]

    staff = make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,))
    assert values(make_admin()) == ({"email": buyer.email}, {"email": buyer.email})
    assert values(staff) == (None, None)
    Membership.objects.create(cooperative=make_seller("HTX Khác"), user=buyer, role=Role.MANAGER)
    assert values(staff) == (None, None)


def test_cooperative_staff_see_only_names_of_each_other(two_parts) -> None:
    order, thien_an, _yen_duong = two_parts
    home_address = {"street_address_1": "Nhà riêng", "city": "Xã Phủ Thông", "country_area": "Thái Nguyên"}
    member = make_member(thien_an, first_name="Mai")
    member.default_shipping_address = Address.objects.create(user=member, **home_address)
    member.save()
    make_order((make_variant(thien_an, name="Khăn"), 1), user=member)
    with without_triggers():
        Change.objects.filter(root_key=str(order.pk)).update(actor_kind="person", actor_key=str(member.pk))
    query = """query($id: ID!) { order(id: $id) { events { user {
      id firstName addresses { city } defaultShippingAddress { city } orders(first: 1) { totalCount }
      checkoutIds permissionGroups { name } cooperatives { name }
    } } } }"""
    number = global_id("Order", f"00000000-0000-0000-0000-{order.number:012x}")

    staff = make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,))
    (user,) = (event["user"] for event in data_of(query, token_of(staff), id=number)["order"]["events"])

    assert user == {
        "id": "",
        "firstName": "Mai",
        "addresses": [],
        "defaultShippingAddress": None,
        "orders": None,
        "checkoutIds": [],
        "permissionGroups": [],
        "cooperatives": [],
    }


def test_staff_cannot_handle_their_own_purchase(two_parts) -> None:
    _order, thien_an, yen_duong = two_parts
    staff = make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,))
    bought = make_order((make_variant(yen_duong, name="Mật ong", price=90_000), 1), user=staff)
    part = bought.parts.get()
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    line = bought.lines.get()
    parcel = pack_parcel(part_id=part.pk, quantities={line.pk: 1}, actor=Actor.system(), now=NOW)
    key, box = global_id("Order", bought.pk), global_id("Fulfillment", parcel.pk)
    warehouse = global_id("Warehouse", yen_duong.warehouses.get().pk)
    sent = (
        f'[{{orderLineId: "{global_id("OrderLine", line.pk)}", '
        f'stocks: [{{warehouse: "{warehouse}", quantity: 1}}]}}]'
    )
    before = all_rows()

    for attempt in (
        f'orderGrantRefundCreate(id: "{key}", input: {{amount: 10000}})',
        f'orderFulfill(order: "{key}", input: {{lines: {sent}}})',
        f'orderFulfillmentApprove(id: "{box}", notifyCustomer: false)',
        f'orderFulfillmentUpdateTracking(id: "{box}", input: {{trackingNumber: "1"}})',
        f'orderFulfillmentCancel(id: "{box}", input: {{}})',
    ):
        (payload,) = data_of(f"mutation {{ {attempt} {{ errors {{ code }} }} }}", token_of(staff)).values()
        assert payload == {"errors": [{"code": "NOT_FOUND"}]}, attempt

    assert all_rows() == before
    query = """query($id: ID!) {
      order(id: $id) { number cooperativeParts { commission { amount } payout { amount } } }
      orders(first: 5) { totalCount } }"""
    assert data_of(query, token_of(staff), id=key) == {
        "order": {
            "number": str(bought.number),
            "cooperativeParts": [{"commission": None, "payout": None}],
        },
        "orders": {"totalCount": 1},
    }
    theirs = make_staff(Permission.MANAGE_ORDERS, works_for=(yen_duong,))
    assert data_of(query, token_of(theirs), id=key) == {"order": None, "orders": {"totalCount": 2}}


def test_hidden_fields_cannot_be_used_as_filters(two_parts) -> None:
    order, thien_an, yen_duong = two_parts
    buyer = make_user()
    Order.objects.filter(pk=order.pk).update(user=buyer, email="hoa@example.com")
    theirs = order.parts.get(cooperative=yen_duong)
    accept_part(part_id=theirs.pk, actor=Actor.system(), now=NOW)
    lines = {line.pk: 1 for line in theirs.lines.all()}
    pack_parcel(part_id=theirs.pk, quantities=lines, actor=Actor.system(), now=NOW)
    staff, admin = make_staff(Permission.MANAGE_ORDERS, works_for=(thien_an,)), make_admin()
    hidden = [
        'filter: {customer: "hoa@"}',
        'filter: {search: "hoa@example"}',
        'search: "hoa@example"',
        'where: {userEmail: {eq: "hoa@example.com"}}',
        f'where: {{user: {{eq: "{global_id("User", buyer.pk)}"}}}}',
        'where: {shippingAddress: {phoneNumber: {eq: "+84987654321"}}}',
        "where: {hasFulfillments: true}",
        "where: {fulfillments: [{status: {eq: WAITING_FOR_APPROVAL}}]}",
        "where: {linesCount: {eq: 2}}",
        "where: {events: [{type: {eq: EXTERNAL_SERVICE_NOTIFICATION}}]}",
    ]

    def total_count(argument, user):
        return data_of(f"{{ orders(first: 5, {argument}) {{ totalCount }} }}", token_of(user))["orders"][
            "totalCount"
        ]

    for argument in hidden:
        assert (total_count(argument, staff), total_count(argument, admin)) == (0, 1), argument
    for argument in (f'search: "{order.code}"', 'filter: {customer: "Hoa"}', "where: {linesCount: {eq: 1}}"):
        assert total_count(argument, staff) == 1, argument


def test_buyer_sees_only_the_warehouse_of_a_parcel(two_parts) -> None:
    order, thien_an, _yen_duong = two_parts
    part = order.parts.get(cooperative=thien_an)
    accept_part(part_id=part.pk, actor=Actor.system(), now=NOW)
    lines = {line.pk: 1 for line in part.lines.all()}
    pack_parcel(part_id=part.pk, quantities=lines, actor=Actor.system(), now=NOW)
    thien_an.warehouses.get().zones.add(make_zone(order.channel))
    query = """query($id: ID!) { order(id: $id) { fulfillments { warehouse { name shippingZones(first: 1) {
        edges { node { warehouses { name } } } } } } } }"""

    def values(token=None):
        (parcel,) = data_of(query, token, id=global_id("Order", order.pk))["order"]["fulfillments"]
        (zone,) = parcel["warehouse"]["shippingZones"]["edges"]
        return parcel["warehouse"]["name"], len(zone["node"]["warehouses"])

    name = thien_an.warehouses.get().name
    assert values() == (name, 0)
    assert values(token_of(make_admin())) == (name, make_zone(order.channel).warehouses.count())
