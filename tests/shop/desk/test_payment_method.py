"""The desk changes an order's payment method for a buyer who calls and cannot receive a code."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from orders.models import PaymentMethod
from shop.core.models import Change
from tests.factories import make_admin, make_bank_account, make_order
from tests.markup import html_of

pytestmark = pytest.mark.django_db


def test_desk_changes_the_payment_method_of_a_waiting_order(client: Client) -> None:
    make_bank_account()
    order = make_order(method=PaymentMethod.TRANSFER, now=timezone.now())
    client.force_login(make_admin())
    page = f"/en/quan-tri/don-hang/{order.pk}/"
    assert 'name="payment" value="cod"' in html_of(client.get(page))

    response = html_of(client.post(f"{page}cach-tra/", {"payment": "cod"}, follow=True))

    assert "Payment method changed." in response
    assert order.payments.current().method == PaymentMethod.COD
    assert Change.objects.latest("pk").entry_point == "desk"
    assert 'name="payment"' not in response


def test_buyer_cannot_change_the_payment_method_at_the_desk(client: Client) -> None:
    make_bank_account()
    order = make_order(method=PaymentMethod.TRANSFER, now=timezone.now())

    response = client.post(f"/en/quan-tri/don-hang/{order.pk}/cach-tra/", {"payment": "cod"})

    assert response.status_code == 302
    assert order.payments.current().method == PaymentMethod.TRANSFER
