"""Erasing a person: what identifies them goes, what happened stays (Law 91/2025 on personal data).

It stands here because orders know all of a person's rows.
"""

from __future__ import annotations

import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from catalog.actions.back import end_back_requests_of
from catalog.models import WishedProduct
from cooperatives.actions.follow import end_follows_of
from cooperatives.models import Membership, Producer
from orders.models import (
    BankTransfer,
    Basket,
    Complaint,
    InvoiceDetails,
    Order,
    OrderPart,
    Payout,
    VoucherUse,
)
from orders.states import OrderStatus, PayoutState
from shop.accounts.models import Address, User
from shop.core.actors import Actor
from shop.core.db import locked_one
from shop.core.errors import Missing, Refused
from shop.core.models import Change, record_change
from shop.notifications.models import Notification


class StillOnTheWay(Refused):
    """The carrier still needs the address of an order. `details["codes"]` names the orders."""

    code = "still_on_the_way"
    default_words = _("Some of your orders have not arrived yet. Please ask again when they have.")


_OPEN = (OrderStatus.UNCONFIRMED, OrderStatus.PLACED, OrderStatus.IN_HAND, OrderStatus.ON_THE_WAY)


@transaction.atomic(durable=True)
def erase_person(*, user_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Take name, contacts and addresses out of a person's rows; orders keep goods, sums and province.

    Raises Missing, StillOnTheWay.
    """
    user = locked_one(User.objects.filter(pk=user_id, erased_at=None))
    if user is None:
        raise Missing()
    orders = Order.objects.filter(user=user)
    waiting = list(orders.filter(status__in=_OPEN).order_by("number").values_list("code", flat=True))
    if waiting:
        raise StillOnTheWay(codes=waiting)
    _blank_orders(orders)
    Basket.objects.filter(user=user).delete()
    WishedProduct.objects.filter(user=user).delete()
    end_follows_of(user, actor=actor, now=now)
    end_back_requests_of(user)
    # Of a household whose account this is, the cooperative keeps its own note; buyers no longer read it.
    Producer.objects.filter(user=user).update(user=None, agreed_on=None, phone="")
    Notification.objects.filter(user=user).delete()
    VoucherUse.objects.filter(user=user).update(buyer="")
    Membership.objects.filter(user=user).update(is_active=False)
    Change.objects.filter(actor_kind="person", actor_key=str(user.pk)).update(actor_name="")
    _blank_user(user, now)
    record_change("person.erased", user, actor=actor, now=now)


def _blank_orders(orders: QuerySet[Order]) -> None:
    pairs = orders.values_list("shipping_address", "billing_address")
    addresses = [key for pair in pairs for key in pair if key]
    Address.objects.filter(pk__in=addresses).update(
        first_name="",
        last_name="",
        company_name="",
        street_address_1="",
        street_address_2="",
        landmark="",
        phone="",
        metadata={},
        private_metadata={},
    )
    Complaint.objects.filter(part__order__in=orders).update(words="")
    Complaint.pictures.through.objects.filter(complaint__part__order__in=orders).delete()
    Payout.objects.filter(refund__order__in=orders, state=PayoutState.PAID).update(
        bank_bin="", bank_account="", bank_holder=""
    )
    BankTransfer.objects.filter(shares__payment__order__in=orders).update(
        payer_bin="", payer_account="", payer_holder=""
    )
    InvoiceDetails.objects.filter(order__in=orders).delete()
    # Keys that integrations keep there may say who it was, too.
    OrderPart.objects.filter(order__in=orders).update(note="", metadata={}, private_metadata={})
    orders.update(
        buyer_name="",
        folded_name="",
        email="",
        phone="",
        note="",
        metadata={},
        private_metadata={},
    )


def _blank_user(user: User, now: datetime.datetime) -> None:
    user.addresses.all().delete()
    user.email = user.phone = user.phone_confirmed_at = None
    user.first_name = user.last_name = user.note = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.metadata, user.private_metadata = {}, {}
    user.erased_at = now
    user.set_unusable_password()
    user.save()
