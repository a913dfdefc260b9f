"""Collect everything the shop stores about a person as plain values, with one query for each list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from django.db import models
from django.db.models import Q, QuerySet

from catalog.models import BackInStockRequest, WishedProduct
from cooperatives.models import ApplicationDocument, Follow, Membership, PhonePin
from orders.models import (
    BankTransfer,
    Basket,
    BasketLine,
    Complaint,
    CooperativeCustomer,
    DeliveryRun,
    HandoverRecord,
    HandoverStep,
    InvoiceDetails,
    Order,
    OrderLine,
    OrderPart,
    Payment,
    Payout,
    Refund,
)
from shop.accounts.models import (
    Address,
    AuthenticatorApp,
    Consent,
    DataRequest,
    Passkey,
    RecoveryCode,
    SignIn,
    TokenFamily,
    User,
)
from shop.core.models import Change
from shop.notifications.models import Notification, PushSubscription

Rows: TypeAlias = Sequence[Mapping[str, object]]
PersonalData: TypeAlias = dict[str, Rows]
_ADDRESS = (
    "first_name",
    "last_name",
    "company_name",
    "street_address_1",
    "street_address_2",
    "city",
    "country_area",
    "postal_code",
    "country",
    "phone",
    "landmark",
)
_ORDER_COLUMNS = (
    "code",
    "number",
    "placed_at",
    "status",
    "source",
    "currency",
    "total_gross",
    "charged",
    "buyer_name",
    "phone",
    "email",
    "note",
    "voucher_code",
)
_LINE_COLUMNS = (
    "order__code",
    "product_name",
    "variant_name",
    "sku",
    "quantity",
    "unit",
    "unit_price",
    "total_gross",
    "cooperative__name",
    "weighed_grams",
)
_PART_COLUMNS = (
    "order__code",
    "number",
    "cooperative__name",
    "state",
    "progress",
    "delivery_name",
    "carrier",
    "pickup_place",
    "pickup_day",
    "delivery_gross",
    "total_gross",
    "note",
)
_COMPLAINT_COLUMNS = (
    "part__order__code",
    "created_at",
    "text",
    "requested_remedy",
    "state",
    "answer",
    "answered_at",
)
_PAYMENT_COLUMNS = (
    "order__code",
    "method",
    "currency",
    "events__kind",
    "events__amount",
    "events__created_at",
)
_TRANSFER_COLUMNS = (
    "booked_at",
    "amount",
    "currency",
    "note",
    "payer_bin",
    "payer_account",
    "payer_holder",
)
_PAYOUT_COLUMNS = (
    "refund__order__code",
    "transfer__order__code",
    "method",
    "amount",
    "currency",
    "created_at",
    "paid_at",
    "bank_bin",
    "bank_account",
    "bank_holder",
)

_HANDOVER_COLUMNS = ("parcel__part__order__code", "step", "place", "happened_at")

_MAX_NEWEST_CHANGES = 10_000  # a staff member may have made more than a worksheet can hold


def read_personal_data_of_user(user_id: int) -> PersonalData:
    """Return an account's data by list name. Money is in minor units beside its currency."""
    return {
        "account": _read_account(user_id),
        "addresses": _read_rows(Address.objects.filter(user=user_id), *_ADDRESS),
        **_read_order_data(Order.objects.of_buyer(user_id)),
        "follows": _read_follows(Follow.objects.filter(user=user_id)),
        "wishes": _read_rows(WishedProduct.objects.filter(user=user_id), "product__name", "added_at"),
        "waiting_for": _read_back_in_stock_requests(BackInStockRequest.objects.filter(user=user_id)),
        "baskets": _read_baskets(Basket.objects.filter(user=user_id)),
        "basket_lines": _read_rows(
            BasketLine.objects.filter(basket__user=user_id),
            "variant__product__name",
            "quantity",
            "created_at",
        ),
        "consents": _read_consents(Consent.objects.filter(user=user_id)),
        "requests": _read_requests(DataRequest.objects.filter(user=user_id)),
        **_read_sign_in_data(user_id),
        "customer_of": _read_customers(_read_confirmed_phone(user_id)),
        "memberships": _read_rows(
            Membership.objects.filter(user=user_id), "cooperative__name", "role", "is_active", "joined_at"
        ),
        "shared_phones": _read_rows(
            PhonePin.objects.filter(membership__user=user_id), "phone__name", "set_at", "ended_at"
        ),
        **_read_handover_data(user_id),
        "documents": _read_rows(
            ApplicationDocument.objects.filter(submitted_by=user_id),
            "cooperative__name",
            "kind",
            "state",
            "state_reason",
            "submitted_at",
            "delete_on",
            "files__content_type",
            "files__size",
        ),
        "messages": _read_messages(Notification.objects.filter(user=user_id)),
        "done_by_me": _read_own_changes(user_id),
    }


def read_personal_data_of_guest(contact: str) -> PersonalData:
    """Return the data left with a phone number or email address without signing in."""
    orders = Order.objects.of_guest(contact)
    consent_keys = [f"order:{key}" for key in orders.values_list("pk", flat=True)]
    contact_filter = Q(phone=contact) | Q(email__iexact=contact)
    return {
        **_read_order_data(orders),
        "follows": _read_follows(Follow.objects.filter(user=None, email=contact)),
        "waiting_for": _read_back_in_stock_requests(
            BackInStockRequest.objects.filter(user=None, contact=contact)
        ),
        "baskets": _read_baskets(Basket.objects.filter(contact_filter, user=None)),
        "consents": _read_consents(Consent.objects.filter(user=None, subject__in=consent_keys)),
        "requests": _read_requests(DataRequest.objects.filter(user=None, contact=contact)),
        "customer_of": _read_customers(contact),
        "messages": _read_messages(Notification.objects.filter(user=None, recipient=contact)),
    }


def _read_account(user_id: int) -> Rows:
    return _read_rows(
        User.objects.filter(pk=user_id),
        "first_name",
        "last_name",
        "email",
        "phone",
        "phone_confirmed_at",
        "language",
        "date_joined",
        "last_login",
        "second_factor_since",
        "metadata",
    )


def _read_confirmed_phone(user_id: int) -> str:
    """Return the number that the person has shown to be theirs, or "" without one."""
    users = User.objects.filter(pk=user_id, phone_confirmed_at__isnull=False)
    return users.values_list("phone", flat=True).first() or ""


def _read_customers(phone: str) -> Rows:
    """Return what cooperatives keep about the customer with this number."""
    return _read_rows(
        CooperativeCustomer.objects.filter(phone=phone),
        "cooperative__name",
        "phone",
        "name",
        "group",
        "price_tier",
        "birthday",
        "note",
        "created_at",
    )


def _read_sign_in_data(user_id: int) -> dict[str, Rows]:
    device = ("created_at", "last_seen_at", "ip_address", "user_agent")
    return {
        "signed_in_over_api": _read_rows(TokenFamily.objects.filter(user=user_id), *device),
        "signed_in": _read_rows(SignIn.objects.filter(user=user_id), "method", *device),
        "passkeys": _read_rows(Passkey.objects.filter(user=user_id), "name", "created_at", "last_used_at"),
        "authenticator_apps": _read_rows(
            AuthenticatorApp.objects.filter(user=user_id), "created_at", "last_used_at"
        ),
        "alert_devices": _read_rows(
            PushSubscription.objects.filter(user=user_id), "created_at", "user_agent", "endpoint"
        ),
        "recovery_codes": _read_rows(RecoveryCode.objects.filter(user=user_id), "created_at", "used_at"),
    }


def _read_own_changes(user_id: int) -> Rows:
    changes = Change.objects.filter(actor_kind="person", actor_key=str(user_id))
    columns = ("created_at", "action", "kind", "key", "entry_point")
    return list(changes.order_by("-created_at", "-pk").values(*columns)[:_MAX_NEWEST_CHANGES])


def _read_handover_data(user_id: int) -> dict[str, Rows]:
    """Return the hand-overs and runs of the member's cooperatives that have the name of the account."""
    user = User.objects.get(pk=user_id)
    names = {user.name, user.first_name} - {""}
    cooperatives = user.memberships.values("cooperative")
    records = HandoverRecord.objects.filter(parcel__part__cooperative__in=cooperatives)
    return {
        "handed_over": _read_rows(records.filter(giver_name__in=names), "giver_name", *_HANDOVER_COLUMNS),
        "received": _read_rows(records.filter(receiver_name__in=names), "receiver_name", *_HANDOVER_COLUMNS),
        "driven": _read_rows(
            DeliveryRun.objects.filter(cooperative__in=cooperatives, driver_name__in=names),
            "name",
            "driver_name",
            "driver_phone",
            "vehicle",
            "created_at",
            "ended_at",
        ),
    }


def _read_order_data(orders: QuerySet[Order]) -> dict[str, Rows]:
    order_ids = orders.values("pk")
    return {
        "orders": _read_rows(
            orders,
            *_ORDER_COLUMNS,
            *(f"shipping_address__{name}" for name in _ADDRESS),
            *(f"billing_address__{name}" for name in _ADDRESS),
        ),
        "order_lines": _read_rows(OrderLine.objects.filter(order__in=order_ids), *_LINE_COLUMNS),
        "invoices": _read_rows(
            InvoiceDetails.objects.filter(order__in=order_ids),
            "order__code",
            "company",
            "tax_code",
            "address",
            "email",
        ),
        "order_parts": _read_rows(OrderPart.objects.filter(order__in=order_ids), *_PART_COLUMNS),
        "parcels_received": _read_rows(
            HandoverRecord.objects.filter(parcel__part__order__in=order_ids, step=HandoverStep.TO_BUYER),
            "receiver_name",
            *_HANDOVER_COLUMNS,
        ),
        "complaints": _read_rows(Complaint.objects.filter(part__order__in=order_ids), *_COMPLAINT_COLUMNS),
        **_read_money_data(order_ids),
    }


def _read_money_data(order_ids: QuerySet[Order, Mapping[str, object]]) -> dict[str, Rows]:
    """Return what was paid for these orders and what was paid back."""
    incoming_filter = Q(shares__payment__order__in=order_ids) | Q(shares=None, order__in=order_ids)
    outgoing_filter = Q(refund__order__in=order_ids) | Q(transfer__shares=None, transfer__order__in=order_ids)
    return {
        "payments": _read_rows(
            Payment.objects.filter(order__in=order_ids, events__isnull=False), *_PAYMENT_COLUMNS
        ),
        "transfers": _read_rows(BankTransfer.objects.filter(incoming_filter).distinct(), *_TRANSFER_COLUMNS),
        "paid_back": _read_rows(Payout.objects.filter(outgoing_filter), *_PAYOUT_COLUMNS),
        "refunds": _read_rows(
            Refund.objects.filter(order__in=order_ids),
            "order__code",
            "decided_at",
            "amount",
            "repayment",
            "currency",
            "reason",
        ),
    }


def _read_baskets(baskets: QuerySet[Basket]) -> Rows:
    return _read_rows(baskets, "name", "phone", "email", "note", "changed_at")


def _read_consents(consents: QuerySet[Consent]) -> Rows:
    return _read_rows(consents, "purpose", "version", "given_at", "withdrawn_at", "entry_point", "subject")


def _read_requests(data_requests: QuerySet[DataRequest]) -> Rows:
    return _read_rows(
        data_requests, "kind", "state", "message", "created_at", "due_at", "answered_at", "answer"
    )


def _read_follows(follows: QuerySet[Follow]) -> Rows:
    return _read_rows(follows, "cooperative__name", "email", "created_at", "confirmed_at")


def _read_back_in_stock_requests(back_in_stock_requests: QuerySet[BackInStockRequest]) -> Rows:
    return _read_rows(
        back_in_stock_requests, "product__name", "contact_method", "contact", "created_at", "notified_at"
    )


def _read_messages(notifications: QuerySet[Notification]) -> Rows:
    return _read_rows(notifications, "contact_method", "recipient", "subject", "created_at", "sent_at")


def _read_rows(rows: QuerySet[models.Model], *columns: str) -> Rows:
    return list(rows.order_by("pk").values(*columns))
