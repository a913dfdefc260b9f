"""Incoming bank transfers and how they were allocated to payments."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models.discount import CostBearer
from orders.models.order import Order
from orders.models.payment import Payment, PaymentEvent
from orders.states import TransferState


class ReviewReason(models.TextChoices):
    """Why a transfer was not matched automatically."""

    NO_ORDER_CODE = "no_code", _("no order code in the note")
    UNKNOWN_CODE = "unknown_code", _("no order has this code")
    TOO_LITTLE = "too_little", _("less than is due")
    TOO_MUCH = "too_much", _("more than is due")
    SEVERAL_ORDERS = "several", _("several orders in one transfer")
    AFTER_DEADLINE = "late", _("after the deadline")
    ALREADY_PAID = "paid", _("the order is paid already")
    ORDER_ENDED = "ended", _("the order was cancelled or has expired")
    OTHER_METHOD = "other_method", _("the order is paid by another method")
    OTHER_ACCOUNT = "other_account", _("to an account that is not ours")
    REPEATED = "repeated", _("possibly a repeated report of a known transfer")
    TAKEN_OFF = "taken_off", _("taken off its order")


@dataclass(frozen=True, slots=True)
class TransferInstructions:
    """Details of a requested transfer: receiver, amount in whole đồng, and the note used for matching.

    `payload` is the text of its QR code.
    """

    bank: str
    account: str
    holder: str
    amount: int
    note: str
    payload: str

    @property
    def as_text(self) -> str:
        """All fields, one a line, for copying at once."""
        return "\n".join(filter(None, (self.bank, self.account, self.holder, str(self.amount), self.note)))


_SOURCE_LABELS = {"sepay": "SePay", "casso": "Casso", "payos": "payOS", "statement": _("bank statement")}


class StatementKind(models.TextChoices):
    BANK = "bank", _("bank statement")
    COD = "cod", _("carrier's cash statement")


class StatementImport(models.Model):
    """An imported statement with its file, column mapping and row counts."""

    kind = models.CharField(max_length=8, choices=StatementKind)
    file_name = models.CharField(max_length=250)
    digest = models.CharField(max_length=64, help_text=_("SHA-256 of the file."))
    column_names = models.JSONField(default=list, blank=True, help_text=_("Column headings of the file."))
    column_mapping = models.JSONField(default=dict, blank=True)
    carrier = models.CharField(max_length=120, blank=True, default="")
    row_count = models.PositiveIntegerField(default=0)
    imported_count = models.PositiveIntegerField(default=0)
    known_count = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list, blank=True)
    fee_bearer = models.CharField(max_length=12, choices=CostBearer, default=CostBearer.PLATFORM)
    confirmed_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the import of its rows was confirmed.")
    )
    imported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["kind", "-created_at", "-id"], name="statement_newest")]

    def __str__(self) -> str:
        return self.file_name


class BankTransferQuerySet(models.QuerySet["BankTransfer"]):
    def in_review(self) -> BankTransferQuerySet:
        """Return transfers that need manual review, longest waiting first."""
        return self.filter(state=TransferState.REVIEW).order_by("first_reported_at", "pk")

    def in_review_for(self, order: Order) -> BankTransferQuerySet:
        """Return transfers in review whose note names only this order."""
        return self.filter(order=order).in_review()

    def newest_first(self) -> BankTransferQuerySet:
        return self.order_by("-booked_at", "-pk")

    def matching(self, text: str) -> BankTransferQuerySet:
        """Return transfers whose note or reference contains the text, or whose amount or order code is it."""
        match_filter = Q(note__icontains=text) | Q(reference__icontains=text)
        alphanumeric = "".join(character for character in text.upper() if character.isalnum())
        if alphanumeric:
            match_filter |= Q(order__code=alphanumeric) | Q(shares__payment__order__code=alphanumeric)
        digits = "".join(character for character in text if character in "0123456789")
        if (
            digits
            and len(digits) < 16
            and not any(character.isalpha() and character not in "đ₫" for character in text)
        ):
            match_filter |= Q(amount=int(digits))
        return self.filter(match_filter).distinct()


class BankTransfer(models.Model):
    """One incoming transfer as reported by the bank or a service. `fingerprint` makes it count once.

    `amount` is whole đồng. `note` is the payer's text as passed on by the bank. `similarity_key` is equal for
    transfers that differ only in the bank's reference. `event_id` is the service's own id. `order` is the
    only order that the note names, even if the money did not go to it. `payer_*` is the payer's account, if
    the bank reported it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=20)
    fingerprint = models.CharField(max_length=190, unique=True)
    similarity_key = models.CharField(max_length=64, blank=True, default="")
    event_id = models.CharField(max_length=190, blank=True, default="")
    order = models.ForeignKey(Order, models.PROTECT, related_name="transfers", null=True, blank=True)
    account = models.CharField(max_length=40, blank=True, default="")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3, default="VND")
    note = models.CharField(max_length=1000, blank=True, default="")
    reference = models.CharField(max_length=120, blank=True, default="")
    booked_at = models.DateTimeField(help_text=_("When the bank booked the transfer."))
    has_time = models.BooleanField(
        default=True, help_text=_("Whether the bank said the time of day, not only the day.")
    )
    first_reported_at = models.DateTimeField()
    state = models.CharField(max_length=20, choices=TransferState, default=TransferState.NEW)
    reason = models.CharField(max_length=16, choices=ReviewReason, blank=True, default="")
    statement = models.ForeignKey(
        StatementImport, models.SET_NULL, related_name="transfers", null=True, blank=True
    )
    payer_bin = models.CharField(max_length=6, blank=True, default="")
    payer_account = models.CharField(max_length=19, blank=True, default="")
    payer_holder = models.CharField(max_length=120, blank=True, default="")

    objects = BankTransferQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="bank_transfer_amount_positive"),
        ]
        indexes = [
            models.Index(fields=["state", "booked_at", "id"], name="bank_transfer_by_state"),
            models.Index(fields=["-booked_at", "-id"], name="bank_transfer_newest"),
            models.Index(fields=["similarity_key"], name="bank_transfer_by_similarity"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.note}"

    @property
    def can_be_taken_off(self) -> bool:
        """Whether a person may take the transfer off its orders.

        Nobody may once some of the money is on its way back to the sender.
        """
        return self.state in (TransferState.ASSIGNED, TransferState.REVIEW)

    @property
    def source_label(self) -> str:
        """The display name of the provider that reported it."""
        return str(_SOURCE_LABELS.get(self.provider, self.provider))


class TransferShare(models.Model):
    """The amount of a transfer allocated to one payment. The shares never exceed the transfer."""

    transfer = models.ForeignKey(BankTransfer, models.PROTECT, related_name="shares")
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="transfer_shares")
    event = models.OneToOneField(PaymentEvent, models.PROTECT, related_name="+")
    amount = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "payment"], name="transfer_share_once"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="transfer_share_amount_positive"),
        ]

    def __str__(self) -> str:
        return str(self.amount)
