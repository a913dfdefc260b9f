"""Payments as transactions: amounts, events and possible actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.db.models import Q

from orders.models import Order, Payment, PaymentEvent, PaymentSums
from shop.accounts.models import App, User
from shop.accounts.staff.permissions import Permission
from shop.api.breadth import Selection
from shop.api.checkout.types import checkout_object
from shop.api.context import Context
from shop.api.errors import PermissionDenied
from shop.api.field_permissions import permission_name
from shop.api.metadata import add_metadata_fields
from shop.api.money import MoneyAmount
from shop.api.object_types import Row, Rows, Type
from shop.api.orders.types import order_object
from shop.api.payment.sums import read_sums_by_key
from shop.core.actors import ActorKind

PAYMENT_OR_ORDER_PERMISSIONS = (Permission.HANDLE_PAYMENTS, Permission.MANAGE_ORDERS)


def _visible_payments(context: Context) -> Rows:
    """Return visible payments: all with HANDLE_PAYMENTS, else those of one's own orders and baskets."""
    if context.may(*PAYMENT_OR_ORDER_PERMISSIONS):
        return Payment.objects.all()
    if context.user is None:
        return Payment.objects.none()
    return Payment.objects.filter(Q(order__user=context.user) | Q(basket__user=context.user))


transaction_item_object = Type("TransactionItem", rows=_visible_payments)
transaction_item_object.id()
transaction_item_object.columns(
    token="id",
    createdAt="created_at",
    modifiedAt="updated_at",
    name="name",
    message="message",
    pspReference="reference",
    externalUrl="external_url",
)
transaction_item_object.related("order", order_object, column="order_id")
transaction_item_object.related("checkout", checkout_object, column="basket_id")
transaction_item_object.unsupported("createdBy", "paymentMethodDetails", "reason", "reasonReference")
add_metadata_fields(transaction_item_object, Payment, permissions=[Permission.HANDLE_PAYMENTS])


def _sum_field(field: str, read: Callable[[PaymentSums], int]) -> None:
    def resolve(
        rows: list[Row], arguments: object, context: Context, selection: Selection
    ) -> list[MoneyAmount]:
        sums = read_sums_by_key(context, [row.id for row in rows])
        return [MoneyAmount(read(sums[row.id]), row.currency) for row in rows]

    transaction_item_object.field(field, needs=("id", "currency"))(resolve)


_sum_field("authorizedAmount", lambda sums: sums.authorised)
_sum_field("authorizePendingAmount", lambda sums: sums.authorise_pending)
_sum_field("refundedAmount", lambda sums: sums.refunded)
_sum_field("refundPendingAmount", lambda sums: sums.refund_pending)
_sum_field("canceledAmount", lambda sums: sums.cancelled)
_sum_field("cancelPendingAmount", lambda sums: sums.cancel_pending)
_sum_field("chargedAmount", lambda sums: sums.charged)
_sum_field("chargePendingAmount", lambda sums: sums.charge_pending)


@transaction_item_object.field(needs="id")
def actions(rows: list[Row], arguments: object, context: Context, selection: Selection) -> list[list[str]]:
    sums = read_sums_by_key(context, [row.id for row in rows])
    return [
        [
            *(["CHARGE", "CANCEL"] if sums[row.id].authorised else []),
            *(["REFUND"] if sums[row.id].charged else []),
        ]
        for row in rows
    ]


transaction_event_object = Type("TransactionEvent", rows=lambda context: PaymentEvent.objects.all())
transaction_event_object.id()
transaction_event_object.columns(
    createdAt="created_at", pspReference="reference", message="message", type="kind"
)
transaction_event_object.column("idempotencyKey", "idempotency_key", permissions=PAYMENT_OR_ORDER_PERMISSIONS)
transaction_event_object.unsupported("externalUrl", value="")
transaction_event_object.unsupported("reasonReference")


@transaction_event_object.field("amount", needs=("amount", "currency"))
def amount_of_transaction_events(rows: list[Row], *_: object) -> list[MoneyAmount]:
    return [MoneyAmount(row.amount, row.currency) for row in rows]


@transaction_event_object.field(needs=("actor_kind", "actor_key"), permissions=PAYMENT_OR_ORDER_PERMISSIONS)
def created_by(
    rows: list[Row], arguments: object, context: Context, selection: Selection
) -> list[User | App | None]:
    """Resolve the user or app, or null for system events."""
    keys: dict[str, set[str]] = {}
    for row in rows:
        keys.setdefault(row.actor_kind, set()).add(row.actor_key)
    people = User.objects.in_bulk([int(key) for key in keys.get(ActorKind.PERSON, ())])
    programs = App.objects.in_bulk([int(key) for key in keys.get(ActorKind.APP, ())])
    by_kind: dict[str, Mapping[int, User | App]] = {ActorKind.PERSON: people, ActorKind.APP: programs}
    return [
        by_kind[row.actor_kind].get(int(row.actor_key)) if row.actor_kind in by_kind else None for row in rows
    ]


transaction_item_object.related_rows(
    "events", transaction_event_object, column="payment", order=["pk"], rows=PaymentEvent.objects.all()
)


@order_object.field("transactions", needs=("id", "is_whole"))
def transactions_of_orders(
    orders: list[Row], arguments: object, context: Context, selection: Selection
) -> Sequence[object]:
    """Resolve payments of whole orders. Cooperatives' staff do not see these payments of the platform."""
    keys = [order_row.id for order_row in orders]
    own_orders = set()
    if not context.may(*PAYMENT_OR_ORDER_PERMISSIONS) and context.user is not None:
        own_orders = set(Order.objects.filter(pk__in=keys, user=context.user).values_list("pk", flat=True))
    rows = Payment.objects.filter(order__in=keys).order_by("created_at", "pk")
    payments_by_order = transaction_item_object.grouped(rows, selection.names(), by="order_id")
    denied = PermissionDenied([permission_name(permission) for permission in PAYMENT_OR_ORDER_PERMISSIONS])
    can_see_all = context.may(*PAYMENT_OR_ORDER_PERMISSIONS)
    return [
        payments_by_order.get(order_row.id, [])
        if can_see_all or order_row.id in own_orders
        else denied
        if order_row.is_whole
        else []
        for order_row in orders
    ]


checkout_object.related_rows(
    "transactions",
    transaction_item_object,
    column="basket",
    order=["created_at", "pk"],
    rows=Payment.objects.all(),
    permissions=[Permission.MANAGE_CHECKOUTS, Permission.HANDLE_PAYMENTS],
)


# Card details are stored at Stripe only.
card_details_object = Type("CardPaymentMethodDetails")
card_details_object.value_fields("name", "brand", "firstDigits", "lastDigits", "expMonth", "expYear")
other_details_object = Type("OtherPaymentMethodDetails")
other_details_object.value_fields("name")

TYPES = (transaction_item_object, transaction_event_object, card_details_object, other_details_object)
