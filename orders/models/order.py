from __future__ import annotations

import datetime
import re
import uuid
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from orders.models.payment_state import PaymentState, derive_payment_state
from orders.states import (
    ARRIVED_PROGRESS,
    FINISHED_ORDER_STATUSES,
    IN_TRANSIT_PROGRESS,
    OUTCOME_UNKNOWN_STATES,
    Coverage,
    DerivedStatus,
    OrderStatus,
    Progress,
    SaleorStatus,
    TransferState,
)
from shop.accounts.models import Address, User
from shop.core.dates.calendar import start_of_day
from shop.core.identifiers.phones import normalise_phone
from shop.core.models import Channel, WithExternalReference, WithMetadata, WithTimes
from shop.core.texts.folding import query_words

if TYPE_CHECKING:
    from orders.models.payment import Payment

# A parcel's label: the order's code, a separator, and the parcel's own code.
_LABEL = re.compile(r"(?P<code>[0-9A-Z]+)\s*[-–/ ]\s*(?:\d{1,3}|[A-Z]{4})")
_MIN_TRACKING_NUMBER_LENGTH = 6  # shorter words are names or codes


class OrderSource(models.TextChoices):
    """Where the buyer ordered, such as web or counter. It is not the sales channel."""

    WEB = "web", _("web")
    API = "api", _("API")
    COUNTER = "counter", _("counter")
    PHONE = "phone", _("phone")
    ZALO = "zalo", _("Zalo")
    FACEBOOK = "facebook", _("Facebook")
    LIVESTREAM = "livestream", _("livestream")


RECEIVED_SOURCES = (OrderSource.ZALO, OrderSource.FACEBOOK, OrderSource.PHONE, OrderSource.LIVESTREAM)


class SaleorOrigin(models.TextChoices):
    """How the order came about: the values of Saleor's OrderOriginEnum."""

    CHECKOUT = "checkout", "CHECKOUT"
    DRAFT = "draft", "DRAFT"
    REISSUE = "reissue", "REISSUE"
    BULK_CREATE = "bulk_create", "BULK_CREATE"


class OrderNumber(models.Model):
    """The single sequence of order numbers, drafts included. Each issued number is one row."""

    id = models.BigAutoField(primary_key=True)

    def __str__(self) -> str:
        return str(self.pk)


class OrderCode(models.Model):
    """The sequence from which the short order codes for buyers and bank notes are derived."""

    id = models.BigAutoField(primary_key=True)

    def __str__(self) -> str:
        return str(self.pk)


class OrderCodeKey(models.Model):
    """The secret from which order codes are derived. It is created with the first order and never changes.

    It is stored here and not derived from SECRET_KEY, so that a new SECRET_KEY changes no code and a restored
    database continues the same sequence.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    key = models.CharField(max_length=64, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="order_code_key_is_one_row")]

    def __str__(self) -> str:
        return f"key {self.pk}"


class OrderQuerySet(models.QuerySet["Order"]):
    def placed(self) -> OrderQuerySet:
        return self.filter(placed_at__isnull=False)

    def drafts(self) -> OrderQuerySet:
        """Return drafts, newest first."""
        return self.filter(placed_at=None).order_by("-number")

    def of_buyer(self, user_id: int) -> OrderQuerySet:
        return self.placed().filter(user=user_id)

    def of_guest(self, contact: str) -> OrderQuerySet:
        """Return guest orders with this normalised phone or email, or none if the contact is empty."""
        if not contact:
            return self.none()
        return self.placed().filter(Q(phone=contact) | Q(email__iexact=contact), user=None)

    def by_link_id(self, order_id: uuid.UUID) -> OrderQuerySet:
        """Return the order with this unguessable id, which is the only access check."""
        return self.placed().filter(pk=order_id)

    def visible_to(self, user: User | None, now: datetime.datetime) -> OrderQuerySet:
        """Return placed orders that `user` may open by their unguessable ids.

        A signed-in user may open their own orders, and guests' orders whose link is open. If no user is
        given, these are all orders whose link is open, also an account's, because the id is the secret.
        """
        placed, open_links = self.placed(), Q(link_expires_at=None) | Q(link_expires_at__gt=now)
        if user is None:
            return placed.filter(open_links)
        return placed.filter(Q(user=None) & open_links | Q(user=user.pk))

    def changeable_by(self, user: User | None, now: datetime.datetime) -> OrderQuerySet:
        """Return orders of this user, and guest orders whose link is open, for callers who hold their ids."""
        return self.visible_to(user, now).filter(Q(user=None) | Q(user=user.pk if user else None))

    def from_basket(self, basket_id: uuid.UUID, user_id: int | None) -> OrderQuerySet:
        """Return the order placed from a basket, for its user or for a guest who holds the basket's id."""
        return self.placed().filter(Q(user=None) | Q(user=user_id), basket_key=basket_id)

    def found_by(self, phone: str, code: str) -> OrderQuerySet:
        """Return the order with both this normalised phone and this tidied code.

        Order numbers are not accepted. They are sequential, so a phone number alone would reveal the orders.
        """
        return self.placed().filter(code=code, phone=phone) if phone else self.none()

    def placed_on_day(self, day: datetime.date) -> OrderQuerySet:
        """Return orders placed on a calendar day in Vietnam."""
        return self.filter(
            placed_at__gte=start_of_day(day), placed_at__lt=start_of_day(day + datetime.timedelta(days=1))
        )

    def matching(self, text: str) -> OrderQuerySet:
        """Return orders found by the text of a label, a bank note or a buyer.

        The text may be an order code, alone or with a parcel's code ("TTP4GRM-1"), a tracking number, or
        the order number. It may also be the phone number or its last six digits, the email address, or words
        of the buyer's name.
        """
        text = text.strip()
        if "@" in text:
            buyers = User.objects.filter(email__istartswith=text)
            return self.filter(Q(email__istartswith=text) | Q(user__in=buyers))
        match_filter = Q()
        for term in query_words(text):
            match_filter &= Q(folded_name__startswith=term) | Q(folded_name__contains=f" {term}")
        code_text = "".join(character for character in text.upper() if character.isalnum())
        match_filter |= Q(code=code_text)
        if label := _LABEL.fullmatch(text.upper()):
            match_filter |= Q(code=label["code"])
        if len(code_text) >= _MIN_TRACKING_NUMBER_LENGTH:
            match_filter |= Q(pk__in=Order.objects.filter(parts__parcels__tracking_number=text).values("pk"))
        digits = "".join(character for character in text if character in "0123456789")
        if code_text and digits == code_text.lstrip("+"):
            if len(digits) < 16:
                match_filter |= Q(number=int(digits))
            if len(digits) >= 6:
                match_filter |= Q(phone=normalise_phone(text)) | Q(phone__endswith=digits)
        return self.filter(match_filter)

    def newest_first(self) -> OrderQuerySet:
        return self.order_by("-placed_at", "-number")

    def waiting_for_transfer(self) -> OrderQuerySet:
        """Return active orders that are payable by bank transfer and not fully paid."""
        open_ones = self.filter(placed_at__isnull=False, cancelled_at=None, expired_at=None)
        return open_ones.filter(current_total_gross__gt=F("charged"), payments__method="transfer").distinct()

    def lapsed(self, now: datetime.datetime) -> OrderQuerySet:
        """Return unconfirmed, unpaid orders whose payment deadlines (if any) have passed.

        Excludes orders named by a bank transfer that still waits for review.
        """
        return (
            self.unpaid()
            .filter(
                ~Q(transfers__state__in=[TransferState.NEW, TransferState.REVIEW]),
                ~Q(payments__expires_at__gt=now),
                ~Q(payments__method="cod"),
                ~Q(payments__calls__state__in=OUTCOME_UNKNOWN_STATES),
            )
            .order_by("placed_at", "pk")
        )

    def unpaid(self) -> OrderQuerySet:
        """Return placed orders that are unconfirmed and have received no money yet."""
        return self.filter(
            placed_at__isnull=False,
            confirmed_at=None,
            expired_at=None,
            cancelled_at=None,
            charged=0,
            authorize_coverage=Coverage.NONE,
        )


class Order(WithMetadata, WithExternalReference, WithTimes):
    """An order, or a draft of one.

    Facts are stored (`placed_at` is null in a draft). `status`, `saleor_status`, `link_expires_at`, the
    coverages and the sums are derived from them, only by `orders.actions.order_records.recalculate_order`.
    Sums are minor units. `total_*` is the sum over all parts, and `current_total_gross` is the total of the
    active parts less what was refunded.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.BigIntegerField(unique=True)
    code = models.CharField(max_length=12, unique=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="orders", null=True, blank=True
    )
    channel = models.ForeignKey(Channel, models.PROTECT, related_name="orders")
    currency = models.CharField(max_length=3)
    source = models.CharField(max_length=10, choices=OrderSource, default=OrderSource.WEB)
    saleor_origin = models.CharField(max_length=12, choices=SaleorOrigin, default=SaleorOrigin.CHECKOUT)
    idempotency_key = models.CharField(max_length=80, unique=True, null=True, blank=True)
    basket_key = models.UUIDField(unique=True, null=True, blank=True)

    placed_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    expired_at = models.DateTimeField(null=True, blank=True)
    link_expires_at = models.DateTimeField(
        null=True, blank=True, help_text=_("The time until which the order's link opens it without a code.")
    )
    status = models.CharField(max_length=20, choices=OrderStatus, default=OrderStatus.DRAFT)
    saleor_status = models.CharField(max_length=20, choices=SaleorStatus, default=SaleorStatus.DRAFT)
    authorize_coverage = models.CharField(max_length=12, choices=Coverage, default=Coverage.NONE)
    charge_coverage = models.CharField(max_length=12, choices=Coverage, default=Coverage.NONE)

    buyer_name = models.CharField(max_length=256, blank=True, default="")
    folded_name = models.CharField(
        max_length=520,
        blank=True,
        default="",
        help_text=_("The buyer's name without diacritics, for search."),
    )
    email = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=40, blank=True, default="")
    language = models.CharField(max_length=16, default="vi")
    note = models.TextField(blank=True, default="")
    billing_address = models.ForeignKey(Address, models.PROTECT, related_name="+", null=True, blank=True)
    shipping_address = models.ForeignKey(Address, models.PROTECT, related_name="+", null=True, blank=True)
    province_code = models.CharField(max_length=10, blank=True, default="")
    voucher_code = models.CharField(max_length=255, blank=True, default="")

    list_net = models.BigIntegerField(default=0)
    list_gross = models.BigIntegerField(default=0)
    goods_net = models.BigIntegerField(default=0)
    goods_gross = models.BigIntegerField(default=0)
    delivery_net = models.BigIntegerField(default=0)
    delivery_gross = models.BigIntegerField(default=0)
    total_net = models.BigIntegerField(default=0)
    total_gross = models.BigIntegerField(default=0)
    current_total_gross = models.BigIntegerField(default=0)
    charged = models.BigIntegerField(default=0)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "order")
        verbose_name_plural = pgettext_lazy("models", "orders")
        constraints = [
            models.CheckConstraint(
                condition=Q(total_gross=F("goods_gross") + F("delivery_gross"))
                & Q(total_net=F("goods_net") + F("delivery_net")),
                name="order_total_is_goods_and_delivery",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_at=None) | Q(placed_at__isnull=False),
                name="order_confirmed_was_placed",
            ),
        ]
        indexes = [
            models.Index(fields=["-placed_at", "-number"], name="order_newest"),
            models.Index(fields=["status", "-placed_at", "-number"], name="order_by_status"),
            models.Index(fields=["user", "-placed_at"], name="order_by_user"),
            models.Index(fields=["phone", "number"], name="order_by_phone"),
            models.Index(Upper("email"), "number", name="order_by_email"),
            models.Index(fields=["channel", "placed_at"], name="order_by_channel"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def is_draft(self) -> bool:
        return self.placed_at is None

    @property
    def is_received(self) -> bool:
        """Whether the buyer wrote or called, and a person entered the order."""
        return self.source in RECEIVED_SOURCES

    @property
    def is_finished(self) -> bool:
        """Whether the order has reached a final status."""
        return self.status in FINISHED_ORDER_STATUSES

    def has_expired_link(self, now: datetime.datetime) -> bool:
        """Return whether the order's link has expired, so that opening it also takes a code."""
        return self.link_expires_at is not None and self.link_expires_at <= now

    @property
    def shown_status(self) -> OrderStatus | DerivedStatus:
        """The status as people see it.

        `orders.models.shown_status.shown_status_condition` finds orders by it. Prefetch `parts` for orders on
        the way and `payments` for unconfirmed ones.
        """
        if self.status == OrderStatus.UNCONFIRMED and self._waits_for_money():
            return DerivedStatus.WAITING_FOR_PAYMENT
        if self.status == OrderStatus.ON_THE_WAY and all(
            part.is_pickup and part.progress in ARRIVED_PROGRESS | {Progress.DISPATCHED}
            for part in self.parts.all()
            if part.is_active
        ):
            return DerivedStatus.READY_FOR_PICKUP
        if self.status == OrderStatus.ON_THE_WAY and not any(
            part.is_active and part.progress in IN_TRANSIT_PROGRESS for part in self.parts.all()
        ):
            return DerivedStatus.PARTLY_DELIVERED
        return OrderStatus(self.status)

    @property
    def status_label(self) -> str:
        """The label of `shown_status`, the same in every interface."""
        return str(self.shown_status.label)

    @property
    def payment_state(self) -> PaymentState:
        """The state of the order's payment as staff see it. Prefetch `payments`."""
        return derive_payment_state(self, self._last_payment)

    @property
    def _last_payment(self) -> Payment | None:
        """The latest of the prefetched payments."""
        return max(self.payments.all(), key=lambda payment: (payment.created_at, payment.pk), default=None)

    def _waits_for_money(self) -> bool:
        """Return whether the buyer must pay before the order is confirmed.

        It is neither cash on delivery nor authorised in full on a card.
        """
        if not self.amount_due or self.authorize_coverage in (Coverage.FULL, Coverage.OVER):
            return False
        return self._last_payment is None or not self._last_payment.is_cash_on_delivery

    @property
    def amount_due(self) -> int:
        """The current total less the charged amount, in minor units, or 0 if more was charged."""
        return max(0, self.current_total_gross - self.charged)

    @property
    def overpaid_amount(self) -> int:
        """The charged amount less the current total, in minor units, or 0 if less was charged."""
        return max(0, self.charged - self.current_total_gross)

    def find_awaited_transfer_payment(self) -> Payment | None:
        """Return the bank transfer that an unconfirmed order waits for.

        Returns None once some money has arrived.
        """
        if self.confirmed_at or self.charged or not self.amount_due:
            return None
        payment = self.payments.current()
        return payment if payment is not None and payment.method == "transfer" else None

    @property
    def cancelled_or_refunded_amount(self) -> int:
        """The amount of the order that was cancelled or refunded, in minor units."""
        return self.total_gross - self.current_total_gross

    @property
    def required_placed_at(self) -> datetime.datetime:
        """The time at which it was placed. Raises ValueError for a draft."""
        if self.placed_at is None:
            raise ValueError("a draft has not been placed")
        return self.placed_at
