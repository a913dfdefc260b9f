"""Anonymise people: their orders stay readable, and their requests, follows and names go."""

from __future__ import annotations

import pytest

from catalog.actions.marketing.back_in_stock import request_back_in_stock
from catalog.models import BackInStockRequest
from cooperatives.actions.followers import request_follow
from cooperatives.models import Follow, Producer
from orders.actions.fulfilment.cancel_parts import cancel_order
from orders.actions.privacy.anonymise import UndeliveredOrders, anonymise_person
from orders.models import Order, OrderPart
from shop.accounts.models import Consent, User
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.notifications.models import ContactMethod
from tests.factories import NOW, make_channel, make_order, make_product, make_user, make_variant

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("test")


def test_anonymised_orders_stay_readable_without_name_and_street() -> None:
    user = make_user(email="hoa@example.com", phone="+84987654321")
    order = make_order((make_variant(name="Mật ong"), 2), user=user)
    cancel_order(order_id=order.pk, reason="thử", actor=SYSTEM, now=NOW)

    anonymise_person(user_id=user.pk, actor=SYSTEM, now=NOW)

    order = Order.objects.get(pk=order.pk)
    anonymised = User.objects.get(pk=user.pk)
    assert anonymised.email is None
    assert anonymised.phone is None
    assert anonymised.first_name == ""
    assert not anonymised.is_active
    assert not anonymised.has_usable_password()
    assert (order.buyer_name, order.phone, order.email) == ("", "", "")
    assert order.shipping_address is not None
    assert order.shipping_address.lines() == ["Phường Nghĩa Đô", "Hà Nội"]
    assert [line.product_name for line in order.lines.all()] == ["Mật ong"]
    assert order.total_gross == 670_000


def test_anonymised_orders_cannot_be_searched_and_lose_notes_and_metadata() -> None:
    user = make_user()
    variant = make_variant()
    order = make_order(
        (variant, 1),
        user=user,
        note="Gọi chị Hoa trước",
        notes={variant.cooperative_id: "Nhà chị Hoa, cổng xanh"},
    )
    metadata = {"zalo": "0987654321"}
    Order.objects.filter(pk=order.pk).update(metadata=metadata, private_metadata=metadata)
    OrderPart.objects.filter(order=order).update(metadata=metadata, private_metadata=metadata)
    cancel_order(order_id=order.pk, reason="thử", actor=SYSTEM, now=NOW)

    anonymise_person(user_id=user.pk, actor=SYSTEM, now=NOW)

    order, part = Order.objects.get(pk=order.pk), OrderPart.objects.get(order=order)
    for words in ("Hoa", "nguyen thi hoa", "0987654321"):
        assert not Order.objects.matching(words).exists()
    assert (order.folded_name, order.note, part.note) == ("", "", "")
    for row in (order, part):
        assert (row.metadata, row.private_metadata) == ({}, {})


def test_person_with_open_order_cannot_be_anonymised() -> None:
    user = make_user()
    order = make_order(user=user)

    with pytest.raises(UndeliveredOrders) as refused:
        anonymise_person(user_id=user.pk, actor=SYSTEM, now=NOW)

    user.refresh_from_db()
    assert refused.value.details["codes"] == [order.code]
    assert user.email is not None


def test_person_cannot_be_anonymised_twice() -> None:
    user = make_user()
    anonymise_person(user_id=user.pk, actor=SYSTEM, now=NOW)

    with pytest.raises(Missing):
        anonymise_person(user_id=user.pk, actor=SYSTEM, now=NOW)


def test_anonymising_removes_requests_follows_and_producer_name() -> None:
    user = make_user(email="hoa@example.com", phone="+84987654321")
    product = make_product(name="Mật ong", on_hand=0)
    context = {"language": "vi", "actor": SYSTEM, "now": NOW}
    for contact, requester in (("hoa@example.com", user), ("+84987654321", None), ("lan@example.com", None)):
        request_back_in_stock(
            product_slug=product.slug,
            variant_id=None,
            contact_method=ContactMethod.EMAIL if "@" in contact else ContactMethod.SMS,
            contact=contact,
            user=requester,
            channel=make_channel(),
            **context,
        )
    follow = request_follow(cooperative_slug=None, email="hoa@example.com", user=user, **context)
    other = request_follow(cooperative_slug=None, email="lan@example.com", user=None, **context)
    household = Producer.objects.create(
        cooperative=product.cooperative, name="Hộ bà Hoa", agreed_on=NOW.date(), user=user
    )

    anonymise_person(user_id=user.pk, actor=SYSTEM, now=NOW)

    assert list(BackInStockRequest.objects.values_list("contact", flat=True)) == ["lan@example.com"]
    assert list(Follow.objects.all()) == [other]
    assert Consent.objects.get(subject=f"follow:{follow.pk}").withdrawn_at == NOW
    household.refresh_from_db()
    assert not household.is_public
    assert household.user is None
    assert household.phone == ""
