"""Access to an order's URLs: the device that placed it, a code, an account, an expired link."""

from __future__ import annotations

import datetime
import time
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.models import Order, OrderLine
from orders.states import PartState
from orders.urls import urlpatterns
from orders.views import order_access
from orders.views.order_access import RULES, AccessRequirement
from orders.views.order_code import mask_contact, order_contacts
from shop.accounts.models import OneTimeCode
from shop.accounts.sign_in.one_time_codes import MAX_TRIES
from shop.core.dates.calendar import VIETNAM
from shop.core.models import ShopSettings
from shop.notifications.models import ContactMethod
from tests.factories import make_order, make_user, make_variant
from tests.markup import html_of
from tests.orders.bank_transfers.transfer_helpers import LATER
from tests.orders.pages.order_proofs import last_sent_code
from tests.orders.refunds.refund_helpers import DESK, deliver_order

pytestmark = pytest.mark.django_db

HOUR = 3600
PART_ROUTES = ("cancel-part", "confirm-receipt", "undo-receipt", "file-complaint")
# Delivered on 24 November 2026: the complaint period of seven days ends with 1 December; 90 days more.
LINK_EXPIRES_AT = datetime.datetime(2026, 12, 2, tzinfo=VIETNAM) + datetime.timedelta(days=90)


def order_url(order: Order, path: str = "") -> str:
    return f"/en/don-hang/{order.pk}/{path}"


def cancel(client: Client, order: Order) -> str:
    """Post the cancellation and return the URL that it redirects to."""
    return client.post(order_url(order, "goi/1/huy/"), {"idempotency_key": uuid.uuid4().hex}).headers[
        "Location"
    ]


def test_every_order_url_has_an_access_rule() -> None:
    routed = {route.name for route in urlpatterns if "<uuid:order_id>" in str(route.pattern)}

    assert routed == RULES.keys()


@pytest.mark.parametrize(
    "name", sorted(name for name, needs in RULES.items() if needs is AccessRequirement.PROOF)
)
def test_url_that_needs_proof_redirects_to_code_page(client: Client, name: str) -> None:
    order = make_order()
    parts = {
        **({"number": 1} if name in PART_ROUTES else {}),
        **({"question_id": uuid.uuid4()} if name == "record-weight-answer" else {}),
        **({"substitute_id": uuid.uuid4()} if name == "record-substitute-answer" else {}),
        **({"complaint_id": uuid.uuid4()} if name in ("add-to-complaint", "withdraw-complaint") else {}),
    }
    address = reverse(f"orders:{name}", kwargs={"order_id": order.pk, **parts})

    responses = [client.post(address)]
    response = client.get(address)
    if response.status_code != 405:  # a POST-only button
        responses.append(response)

    code_page = reverse("orders:order-code", args=[order.pk])
    assert {response.headers["Location"].partition("?")[0] for response in responses} == {code_page}
    assert all("no-store" in response.headers["Cache-Control"] for response in responses)


def test_proof_expires_after_one_hour(client: Client, monkeypatch) -> None:
    order = make_order(email="hoa@example.com")
    client.post(order_url(order, "ma/"), {"send": "email"})
    client.post(order_url(order, "ma/"), {"code": last_sent_code(contact="hoa@example.com")})
    now = time.time()

    monkeypatch.setattr(order_access.time, "time", lambda: now + HOUR - 60)
    within = client.get(order_url(order, "tai-khoan-nhan-tien/")).status_code
    monkeypatch.setattr(order_access.time, "time", lambda: now + HOUR + 1)

    assert within == 200
    assert cancel(client, order) == order_url(order, "ma/")
    assert order.parts.get().state == PartState.NEW


def test_code_page_redirects_to_requested_form(client: Client) -> None:
    order = make_order(email="hoa@example.com")
    form = order_url(order, "tai-khoan-nhan-tien/")

    redirect = client.get(form)
    sent = client.post(redirect.headers["Location"], {"send": "email"})
    entered = client.post(sent.headers["Location"], {"code": last_sent_code(contact="hoa@example.com")})

    assert entered.headers["Location"] == form
    assert client.get(form).status_code == 200


@pytest.mark.parametrize(
    "next_url", ["https://evil.example/", "//evil.example/", "/quan-tri/", "/en/don-hang/x/../../", ""]
)
def test_code_page_does_not_redirect_outside_order(client: Client, next_url: str) -> None:
    order = make_order(email="hoa@example.com")
    address = f"{order_url(order, 'ma/')}?next={next_url}"
    client.post(address, {"send": "email"})

    entered = client.post(address, {"code": last_sent_code(contact="hoa@example.com")})

    assert entered.headers["Location"] == order_url(order)


def test_wrong_code_is_refused_and_five_invalidate_it(client: Client) -> None:
    order = make_order(email="hoa@example.com")
    client.post(order_url(order, "ma/"), {"send": "email"})
    right = last_sent_code(contact="hoa@example.com")
    wrong_code = f"{(int(right) + 1) % 1_000_000:06}"

    pages = [html_of(client.post(order_url(order, "ma/"), {"code": wrong_code})) for _try in range(MAX_TRIES)]
    late_response = client.post(order_url(order, "ma/"), {"code": right})

    assert "4 attempts left" in pages[0]
    assert late_response.status_code == 200
    assert cancel(client, order) == order_url(order, "ma/")
    assert OneTimeCode.objects.get().used_at is None


def test_code_page_masks_contacts(client: Client) -> None:
    order = make_order(email="hoa@example.com")

    html = html_of(client.get(order_url(order, "ma/")))

    assert "Text a code to ••• 321" in html
    assert "Email a code to h•••@example.com" in html
    assert "hoa@example.com" not in html
    assert "0987" not in html
    assert [mask_contact(contact) for contact in ("+84987654321", "hoa@example.com")] == [
        "••• 321",
        "h•••@example.com",
    ]


def test_code_page_names_operator_when_no_code_can_be_sent(client: Client, settings) -> None:
    settings.PHONE_CODES = False
    ShopSettings.objects.create(pk=1, operator_phone="1900 1234")
    order = make_order(email="")

    html = html_of(client.get(order_url(order, "ma/")))
    response = client.post(order_url(order, "ma/"), {"send": "sms"})

    assert order_contacts(order) == {}
    assert "We cannot send you a code for this order." in html
    assert 'href="tel:19001234"' in html
    assert (response.status_code, OneTimeCode.objects.count()) == (200, 0)


@pytest.mark.parametrize("phone", ["", "113", "19001234"])
def test_sms_is_offered_only_for_mobile_numbers(phone: str) -> None:
    assert order_contacts(Order(phone=phone, email="a@example.com")) == {ContactMethod.EMAIL: "a@example.com"}


def test_code_page_of_account_order_links_to_sign_in(client: Client) -> None:
    order = make_order(user=make_user())

    html = html_of(client.get(order_url(order, "ma/")))

    assert f'href="/en/tai-khoan/dang-nhap/?next={order_url(order)}"' in html


def test_link_expires_ninety_days_after_complaint_period() -> None:
    order = make_order()
    assert order.link_expires_at is None

    deliver_order(order)

    assert Order.objects.get().link_expires_at == LINK_EXPIRES_AT


def test_link_expiry_uses_longest_complaint_period() -> None:
    order = make_order((make_variant(), 1))
    OrderLine.objects.update(return_days=30)

    deliver_order(order)

    assert Order.objects.get().link_expires_at == LINK_EXPIRES_AT + datetime.timedelta(days=23)


def test_link_of_cancelled_order_expires() -> None:
    order = make_order()

    cancel_order(order_id=order.pk, reason="Đổi ý", actor=DESK, now=LATER)

    assert Order.objects.get().link_expires_at == LINK_EXPIRES_AT


def expired_order(**fields) -> Order:
    order = make_order(**fields)
    Order.objects.update(link_expires_at=LATER)
    return order


def test_expired_link_requires_code_before_showing_order(client: Client) -> None:
    order = expired_order(email="hoa@example.com")

    responses = [client.get(order_url(order, path)) for path in ("", "tien/", "vietqr.png")]
    reordered = client.post(order_url(order, "dat-lai/"))
    html = html_of(client.get(order_url(order, "ma/")))

    assert {response.headers["Location"] for response in (*responses, reordered)} == {order_url(order, "ma/")}
    assert "This link is old and no longer opens the order directly." in html
    assert order.code not in html
    assert order.buyer_name not in html
    client.post(order_url(order, "ma/"), {"send": "email"})
    entered = client.post(
        order_url(order, "ma/"), {"code": last_sent_code(contact="hoa@example.com")}, follow=True
    )
    assert order.code in html_of(entered)


def test_expired_link_opens_for_signed_in_buyer(client: Client) -> None:
    user = make_user()
    order = expired_order(user=user)

    guest_response = client.get(order_url(order))
    client.force_login(user)

    assert guest_response.status_code == 302
    assert client.get(order_url(order)).status_code == 200


def test_order_with_expired_link_is_visible_only_to_its_user() -> None:
    order, user = expired_order(), make_user()
    later = LATER + datetime.timedelta(seconds=1)

    assert Order.objects.visible_to(None, LATER - datetime.timedelta(seconds=1)).get() == order
    assert not Order.objects.visible_to(None, later).exists()
    assert not Order.objects.visible_to(user, later).exists()
    Order.objects.update(user=user)
    assert Order.objects.visible_to(user, later).get() == order
