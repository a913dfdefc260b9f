"""Reasons of refunds that staff choose from pages."""

from __future__ import annotations

import pytest

from orders.models import Refund
from shop.accounts.staff.permissions import Permission
from shop.api.ids import global_id
from shop.content.models import Page, PageType, ReasonPageType
from tests.factories import make_admin, make_order, make_seller, make_staff, make_variant
from tests.orders.gateway.card_order_helpers import make_paid_card_order, stripe
from tests.refusals import all_rows
from tests.shop.api.client import data_of
from tests.shop.api.test_apps import create_app
from tests.shop.api.tokens import token_of

__all__ = ["stripe"]
pytestmark = pytest.mark.django_db

GRANT = """mutation($id: ID!, $input: OrderGrantRefundCreateInput!) {
  orderGrantRefundCreate(id: $id, input: $input) {
    grantedRefund { reason reasonReference { title }
      lines { quantity reason reasonReference { slug } } }
    errors { field code lines { lineId field code } } } }"""
REQUEST = """mutation($id: ID!, $action: TransactionActionEnum!, $reason: String, $page: ID) {
  transactionRequestAction(
    id: $id, actionType: $action, amount: 10000, refundReason: $reason, refundReasonReference: $page
  ) { errors { field code } } }"""


@pytest.fixture
def torn():
    """A hidden page among the reasons."""
    page_type = PageType.objects.create(slug="ly-do", name="Lý do")
    ReasonPageType.objects.create(kind="refund", page_type=page_type)
    return Page.objects.create(page_type=page_type, slug="rach", title="Rách đường may")


def page_id(page):
    return global_id("Page", page.pk)


def grant(order, token=None, **input_data):
    token = token or token_of(make_staff(Permission.MANAGE_ORDERS))
    return data_of(GRANT, token, id=global_id("Order", order.pk), input=input_data)["orderGrantRefundCreate"]


def test_refund_and_its_lines_name_pages_as_reasons(torn) -> None:
    seller = make_seller()
    order = make_order((make_variant(seller, price=320_000), 2), (make_variant(seller, price=50_000), 2))
    pillow, soap = order.lines.order_by("-total_gross")
    lines = [
        {"id": global_id("OrderLine", pillow.pk), "quantity": 1, "reasonReference": page_id(torn)},
        {"id": global_id("OrderLine", soap.pk), "quantity": 1, "reason": " Bẹp hộp "},
    ]

    payload = grant(order, lines=lines, reasonReference=page_id(torn))

    assert payload == {
        "grantedRefund": {
            "reason": "Rách đường may",
            "reasonReference": {"title": "Rách đường may"},
            "lines": [
                {"quantity": 1, "reason": "", "reasonReference": {"slug": "rach"}},
                {"quantity": 1, "reason": "Bẹp hộp", "reasonReference": None},
            ],
        },
        "errors": [],
    }
    torn.delete()
    assert (Refund.objects.get().reason, Refund.objects.get().reason_page) == ("Rách đường may", None)


def test_app_may_leave_the_reason_page_out(torn) -> None:
    token = create_app("MANAGE_ORDERS")[1]["authToken"]

    payload = grant(make_order(), token, amount=10_000, reason="Dập")

    assert payload["errors"] == []
    assert payload["grantedRefund"]["reason"] == "Dập"


@pytest.mark.parametrize(
    ("input_data", "error"),
    [
        ({"reason": "Rách"}, {"field": "reasonReference", "code": "REQUIRED", "lines": None}),
        ({"reasonReference": "x"}, {"field": "reasonReference", "code": "GRAPHQL_ERROR", "lines": None}),
        ({"reasonReference": "other"}, {"field": "reasonReference", "code": "INVALID", "lines": None}),
    ],
)
def test_refund_without_a_listed_reason_is_refused(torn, input_data, error) -> None:
    other_type = PageType.objects.create(slug="bai-viet", name="Bài viết")
    article = Page.objects.create(page_type=other_type, slug="bai", title="Bài")
    if input_data.get("reasonReference") == "other":
        input_data = {"reasonReference": page_id(article)}
    order, token = make_order(), token_of(make_admin())
    before = all_rows()

    payload = grant(order, token, amount=10_000, **input_data)

    assert payload == {"grantedRefund": None, "errors": [error]}
    assert all_rows() == before


def test_pages_as_reasons_are_refused_unless_they_are_set_up() -> None:
    page_type = PageType.objects.create(slug="ly-do", name="Lý do")
    page = Page.objects.create(page_type=page_type, slug="rach", title="Rách")
    order, token = make_order(), token_of(make_admin())
    line_id = global_id("OrderLine", order.lines.get().pk)
    lines = [{"id": line_id, "quantity": 1, "reasonReference": page_id(page)}]
    before = all_rows()

    answers = [
        grant(order, token, amount=10_000, reasonReference=page_id(page)),
        grant(order, token, lines=lines),
    ]

    line_error = {"lineId": line_id, "field": "reasonReference", "code": "NOT_CONFIGURED"}
    assert [answer["errors"] for answer in answers] == [
        [{"field": "reasonReference", "code": "INVALID", "lines": None}],
        [{"field": "lines", "code": "INVALID", "lines": [line_error]}],
    ]
    assert all_rows() == before


def test_requested_refund_of_a_payment_has_a_reason_page(stripe, torn) -> None:
    payment = make_paid_card_order(stripe).payments.get()
    variables = {"id": global_id("TransactionItem", payment.pk), "action": "REFUND"}
    token = token_of(make_admin())

    missing = data_of(REQUEST, token, reason="Rách", **variables)["transactionRequestAction"]
    refunded = data_of(REQUEST, token, page=page_id(torn), **variables)["transactionRequestAction"]

    assert missing == {"errors": [{"field": "refundReasonReference", "code": "REQUIRED"}]}
    assert refunded == {"errors": []}
    assert list(Refund.objects.values_list("reason", "reason_page")) == [("Rách đường may", torn.pk)]


@pytest.mark.parametrize("action", ["CHARGE", "CANCEL"])
def test_capture_and_void_have_no_refund_reason(stripe, torn, action) -> None:
    payment = make_paid_card_order(stripe).payments.get()
    token = token_of(make_admin())
    variables = {"id": global_id("TransactionItem", payment.pk), "action": action}
    before = all_rows()

    payload = data_of(REQUEST, token, reason="Rách", page=page_id(torn), **variables)

    assert payload["transactionRequestAction"]["errors"] == [
        {"field": "refundReason", "code": "INVALID"},
        {"field": "refundReasonReference", "code": "INVALID"},
    ]
    assert all_rows() == before
