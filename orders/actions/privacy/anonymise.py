"""Anonymise a person, but keep the records of orders and money (Law 91/2025).

This module belongs to `orders`, which may import the models of all other rows of a person.
"""

from __future__ import annotations

import datetime
from contextlib import nullcontext

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from catalog.actions.marketing.back_in_stock import (
    delete_back_in_stock_requests_of_contact,
    delete_back_in_stock_requests_of_user,
)
from catalog.models import WishedProduct
from cooperatives.actions.application_documents import delete_documents_of_person
from cooperatives.actions.followers import unfollow_address, unfollow_all_of_user
from cooperatives.actions.members import LastManager
from cooperatives.models import Membership, PhonePin, Producer, Role
from cooperatives.states import CooperativeState
from orders import locks
from orders.actions.customers.customer_records import erase_customers_of_phone
from orders.actions.gift_cards.gift_card_users import forget_gift_card_user
from orders.actions.payouts.surplus_refunds import overpaid_orders
from orders.actions.privacy.handover_names import delete_handover_names_of
from orders.models import (
    BankTransfer,
    Basket,
    Complaint,
    HandoverRecord,
    HandoverStep,
    InvoiceDetails,
    Order,
    OrderPart,
    Parcel,
    Payout,
    Refund,
    VoucherUse,
)
from orders.models.handover import REDACTED
from orders.states import OrderStatus, PayoutState
from shop.accounts.models import (
    Address,
    Consent,
    DataExport,
    DataRequest,
    OneTimeCode,
    RequestKind,
    User,
)
from shop.accounts.personal.consents import end_consents
from shop.accounts.personal.data_requests import close_request, record_done_request
from shop.accounts.second_factor.factors import remove_factors
from shop.accounts.sign_in.sessions import sign_out_everywhere
from shop.accounts.staff.last_admin import keep_an_administrator
from shop.accounts.states import RequestState
from shop.core.actors import Actor, ActorKind
from shop.core.change_log.seal_changes import redact_contents, redact_names
from shop.core.database.transactions import lock_row, lock_rows
from shop.core.errors import Missing, Refused
from shop.core.models import Change, record_change
from shop.notifications.models import Notification, PushSubscription


class UnsettledOrders(Refused):
    """Money is owed by us or to us, or a complaint is open. `details["codes"]` lists the orders."""

    code = "unsettled_orders"
    default_message = _(
        "Some of your orders still have an open payment or complaint. Ask again once it is settled."
    )


class UndeliveredOrders(Refused):
    """The carrier still needs the address of an order. `details["codes"]` lists the orders."""

    code = "undelivered_orders"
    default_message = _("Some of your orders have not arrived yet. Please ask again once they have.")


_OPEN = (OrderStatus.UNCONFIRMED, OrderStatus.PLACED, OrderStatus.IN_PREPARATION, OrderStatus.ON_THE_WAY)


@transaction.atomic(durable=True)
def anonymise_person(*, user_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Remove name, contacts and addresses from a person's rows. Orders keep products, amounts and province.

    Raises Missing, UndeliveredOrders, UnsettledOrders, LastAdmin, LastManager.
    """
    was_requested = DataRequest.objects.open().filter(user=user_id, kind=RequestKind.DELETION).exists()
    user = anonymise_user(user_id=user_id, actor=actor, now=now)
    if not was_requested:
        record_done_request(RequestKind.DELETION, user, actor=actor, now=now)


def anonymise_user(*, user_id: int, actor: Actor, now: datetime.datetime) -> User:
    """In a transaction: anonymise a person, as `anonymise_person` does."""
    is_staff = User.objects.filter(pk=user_id, is_staff=True).exists()
    with keep_an_administrator() if is_staff else nullcontext():
        return _anonymise_user(user_id, actor, now)


def _anonymise_user(user_id: int, actor: Actor, now: datetime.datetime) -> User:
    user = lock_row(User.objects.filter(pk=user_id, erased_at=None))
    if user is None:
        raise Missing()
    require_erasable(user)
    orders = Order.objects.filter(user=user)
    _anonymise_orders(orders, actor, now)
    Basket.objects.filter(user=user).delete()
    WishedProduct.objects.filter(user=user).delete()
    unfollow_all_of_user(user, actor=actor, now=now)
    delete_back_in_stock_requests_of_user(user)
    # The cooperative keeps its own note about a producer with this account. Buyers can no longer read it.
    Producer.objects.filter(user=user).update(user=None, agreed_on=None, phone="", portrait=None)
    Notification.objects.filter(user=user).delete()
    PushSubscription.objects.filter(user=user).delete()
    _close_data_requests(DataRequest.objects.filter(user=user), actor, now)
    _remove_sign_in_means(user)
    VoucherUse.objects.filter(user=user).update(buyer="")
    if user.phone and user.phone_confirmed_at is not None:
        erase_customers_of_phone(user.phone, actor=actor, now=now)
    forget_gift_card_user(user, actor=actor, now=now)
    delete_documents_of_person(user, actor=actor, now=now)
    delete_handover_names_of(user)
    Membership.objects.filter(user=user).update(is_active=False)
    PhonePin.objects.filter(membership__user=user).delete()
    redact_names(Change.objects.filter(actor_kind="person", actor_key=str(user.pk)), actor=actor, now=now)
    _anonymise_user_row(user, now)
    end_consents(Consent.objects.filter(user=user, withdrawn_at=None), now=now)
    record_change("person.anonymised", user, actor=actor, now=now)
    return user


def anonymise_guest(*, contact: str, actor: Actor, now: datetime.datetime) -> int:
    """In a transaction: anonymise the guest orders of a phone number or email address. Return how many.

    Raises UndeliveredOrders, UnsettledOrders.
    """
    orders = Order.objects.of_guest(contact)
    _require_nothing_open(orders)
    locked_orders = list(locks.lock_orders(orders.values_list("pk", flat=True)).values())
    anonymised = Order.objects.filter(pk__in=[order.pk for order in locked_orders])
    VoucherUse.objects.filter(order__in=anonymised).update(buyer="")
    _anonymise_orders(anonymised, actor, now)
    Basket.objects.filter(Q(phone=contact) | Q(email__iexact=contact), user=None).delete()
    Notification.objects.filter(recipient=contact, user=None).delete()
    OneTimeCode.objects.filter(recipient=contact).delete()
    unfollow_address(contact, actor=actor, now=now)
    delete_back_in_stock_requests_of_contact(contact)
    erase_customers_of_phone(contact, actor=actor, now=now)
    _close_data_requests(DataRequest.objects.filter(contact=contact, user=None), actor, now)
    for order in locked_orders:
        record_change("order.anonymised", order, actor=actor, now=now)
    return len(locked_orders)


def require_erasable(user: User) -> None:
    """Check that a person can be anonymised now. Raises UndeliveredOrders, UnsettledOrders, LastManager."""
    _require_nothing_open(Order.objects.filter(user=user))
    other_managers = Membership.objects.filter(
        cooperative=OuterRef("cooperative"), role=Role.MANAGER, is_active=True
    ).exclude(user=user)
    managed = Membership.objects.filter(user=user, role=Role.MANAGER, is_active=True)
    if managed.filter(~Exists(other_managers), cooperative__state=CooperativeState.APPROVED).exists():
        raise LastManager()


def _require_nothing_open(orders: QuerySet[Order]) -> None:
    def order_codes(matching: QuerySet[Order]) -> list[str]:
        return list(matching.order_by("number").values_list("code", flat=True))

    open_codes = order_codes(orders.filter(status__in=_OPEN))
    if open_codes:
        raise UndeliveredOrders(codes=open_codes)
    order_ids = orders.values("pk")
    unpaid = order_codes(
        orders.filter(
            Q(status=OrderStatus.DELIVERED, current_total_gross__gt=F("charged"))
            | Q(pk__in=Refund.objects.filter(order__in=order_ids).unpaid().values("order"))
            | Q(pk__in=overpaid_orders().filter(pk__in=order_ids).values("pk"))
            | Q(
                pk__in=Complaint.objects.open()
                .order_by()
                .filter(part__order__in=order_ids)
                .values("part__order")
            )
        )
    )
    if unpaid:
        raise UnsettledOrders(codes=unpaid)


def _close_data_requests(requests: QuerySet[DataRequest], actor: Actor, now: datetime.datetime) -> None:
    """Close all data requests of the person. The rows stay without personal data."""
    for row in lock_rows(requests.filter(state=RequestState.OPEN)):
        close_request(row, RequestState.DONE, actor=actor, now=now)
    requests.update(contact="", contact_method="", name="", message="", answer="", obstacle="")


def _remove_sign_in_means(user: User) -> None:
    """Remove everything that lets the person sign in, and the copies of their data."""
    remove_factors(user)
    sign_out_everywhere(user)
    contacts = [contact for contact in (user.email, user.phone) if contact]
    OneTimeCode.objects.filter(recipient__in=contacts).delete()
    DataExport.objects.filter(user=user).delete()


def _changes_about_buyers(orders: QuerySet[Order], payouts: QuerySet[Payout]) -> QuerySet[Change]:
    """Return changes whose text may identify the buyer, which are staff notes and payout accounts."""
    order_keys = [str(key) for key in orders.values_list("pk", flat=True)]
    payout_keys = [str(key) for key in payouts.values_list("pk", flat=True).distinct()]
    noted = Q(
        kind=Order._meta.label_lower,
        key__in=order_keys,
        action__in=("order.note_added", "order.note_changed"),
    )
    return Change.objects.filter(
        noted | Q(kind=Payout._meta.label_lower, key__in=payout_keys, action="payout.account_changed")
    )


def _changes_by_guests(orders: QuerySet[Order]) -> QuerySet[Change]:
    """Return changes of these orders by people without account: receivers and drivers."""
    order_keys = [str(key) for key in orders.values_list("pk", flat=True)]
    return Change.objects.filter(
        root_kind=Order._meta.label_lower, root_key__in=order_keys, actor_kind=ActorKind.GUEST
    )


def _anonymise_orders(orders: QuerySet[Order], actor: Actor, now: datetime.datetime) -> None:
    address_ids = orders.values_list("shipping_address", "billing_address")
    addresses = [key for ids in address_ids for key in ids if key]
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
    Complaint.objects.filter(part__order__in=orders).update(text="")
    Complaint.pictures.through.objects.filter(complaint__part__order__in=orders).delete()
    _anonymise_payments(orders, actor, now)
    InvoiceDetails.objects.filter(order__in=orders).delete()
    # Metadata that integrations store may identify the buyer, too.
    OrderPart.objects.filter(order__in=orders).update(note="", metadata={}, private_metadata={})
    _anonymise_parcels(orders)
    redact_names(_changes_by_guests(orders), actor=actor, now=now)
    orders.update(
        buyer_name="",
        folded_name="",
        email="",
        phone="",
        note="",
        metadata={},
        private_metadata={},
    )


def _anonymise_payments(orders: QuerySet[Order], actor: Actor, now: datetime.datetime) -> None:
    """Remove the payer's account from transfers and payouts, and from the changes that name it."""
    order_filter = Q(shares__payment__order__in=orders) | Q(shares=None, order__in=orders)
    transfers = BankTransfer.objects.filter(order_filter).values("pk")
    buyer_filter = Q(refund__order__in=orders) | Q(transfer__in=transfers)
    paid_payouts = Payout.objects.filter(buyer_filter, state=PayoutState.PAID)
    redact_contents(_changes_about_buyers(orders, paid_payouts), actor=actor, now=now)
    paid_payouts.update(bank_bin="", bank_account="", bank_holder="")
    BankTransfer.objects.filter(pk__in=transfers).update(payer_bin="", payer_account="", payer_holder="")


def _anonymise_parcels(orders: QuerySet[Order]) -> None:
    """Remove the photos of slips, and the receiver from records of hand-overs."""
    # The slip of a run names all its receivers and belongs to other buyers' parcels, too.
    slip_ids = Parcel.objects.filter(part__order__in=orders, slip__isnull=False).values_list(
        "slip", flat=True
    )
    Parcel.objects.filter(slip__in=list(slip_ids)).update(slip=None)
    to_buyers = HandoverRecord.objects.filter(parcel__part__order__in=orders, step=HandoverStep.TO_BUYER)
    to_buyers.update(receiver_name=REDACTED, place=REDACTED)


def _anonymise_user_row(user: User, now: datetime.datetime) -> None:
    user.addresses.all().delete()
    user.email = user.phone = user.phone_confirmed_at = None
    user.first_name = user.last_name = user.note = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.metadata, user.private_metadata = {}, {}
    user.erased_at = now
    user.set_unusable_password()
    user.save()
