"""Requests about personal data, and the data exports created for them."""

from __future__ import annotations

import datetime
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.accounts.states import RequestState
from shop.core.actors import EntryPoint
from shop.notifications.models import ContactMethod


class RequestKind(models.TextChoices):
    """The rights under Law 91/2025 that can be requested here."""

    ACCESS = "access", _("a copy of my data")
    CORRECTION = "correction", _("correcting my data")
    DELETION = "deletion", _("deleting my data")
    WITHDRAWAL = "withdrawal", _("withdrawing my consent")
    OBJECTION = "objection", _("restricting or stopping the use of my data")


class DataRequestQuerySet(models.QuerySet["DataRequest"]):
    def open(self) -> DataRequestQuerySet:
        """Return open requests, most urgent first."""
        return self.filter(state=RequestState.OPEN).order_by("due_at", "pk")

    def at_state(self, state: str) -> DataRequestQuerySet:
        """Return requests in a state, newest first. Open ones are sorted by urgency."""
        return self.open() if state == RequestState.OPEN else self.filter(state=state).newest_first()

    def of_person(self, user_id: int) -> DataRequestQuerySet:
        return self.filter(user=user_id).newest_first()

    def due_deletions(self, now: datetime.datetime) -> DataRequestQuerySet:
        """Return deletions whose waiting time is over."""
        return self.open().filter(kind=RequestKind.DELETION, deletion_due_at__lte=now)

    def newest_first(self) -> DataRequestQuerySet:
        return self.order_by("-created_at", "-pk")


class DataRequest(models.Model):
    """One request about personal data: requester, deadline, and the answer.

    `contact` is a phone number or email address that its owner has confirmed, because guests have no account.
    `deletion_due_at` is when a deletion runs automatically. Erasure clears contact, name and message.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=RequestKind)
    state = models.CharField(max_length=12, choices=RequestState, default=RequestState.OPEN)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="data_requests", null=True, blank=True
    )
    contact_method = models.CharField(max_length=10, choices=ContactMethod, blank=True, default="")
    contact = models.CharField(max_length=254, blank=True, default="")
    name = models.CharField(max_length=256, blank=True, default="")
    message = models.TextField(blank=True, default="")
    language = models.CharField(max_length=16, default="vi")
    entry_point = models.CharField(max_length=10, choices=EntryPoint)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField(help_text=_("Legal deadline for the answer."))
    deletion_due_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.CharField(max_length=250, blank=True, default="")
    answer = models.TextField(blank=True, default="")
    obstacle = models.TextField(
        blank=True, default="", help_text=_("Reason why it could not be completed automatically.")
    )

    objects = DataRequestQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "data request")
        verbose_name_plural = pgettext_lazy("models", "data requests")
        indexes = [
            models.Index(fields=["state", "due_at", "id"], name="data_request_by_state"),
            models.Index(fields=["user", "-created_at"], name="data_request_by_user"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state=RequestState.OPEN) | Q(answered_at__isnull=False),
                name="data_request_closed_has_time",
            ),
            models.UniqueConstraint(
                fields=["user"],
                condition=Q(state=RequestState.OPEN, kind=RequestKind.DELETION, user__isnull=False),
                name="data_request_one_deletion",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.created_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.state == RequestState.OPEN


class DataExportQuerySet(models.QuerySet["DataExport"]):
    def not_ready(self) -> DataExportQuerySet:
        """Return exports that no job has created yet."""
        return self.filter(ready_at=None).order_by("created_at", "pk")

    def visible_to(self, user_id: int | None, now: datetime.datetime) -> DataExportQuerySet:
        """Return unexpired exports that a user may download: their own, or a guest's by its id."""
        return self.filter(Q(user=user_id) | Q(user=None), ready_at__isnull=False, expires_at__gt=now)


class DataExport(models.Model):
    """A copy of a person's data, as JSON and a workbook.

    A job creates the export, which is kept for some days.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.OneToOneField(DataRequest, models.CASCADE, related_name="export")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="data_exports", null=True, blank=True
    )
    created_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()
    as_json = models.BinaryField(default=bytes)
    as_workbook = models.BinaryField(default=bytes)

    objects = DataExportQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d}"
