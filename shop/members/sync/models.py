from __future__ import annotations

import datetime
import uuid
from collections.abc import Collection, Iterable
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from cooperatives.models import Cooperative
from shop.accounts.models import User
from shop.core.models import Picture

# The longest time that a command may claim to have waited on the phone. Longer waits are cut to this.
MAX_WAITING_PERIOD = datetime.timedelta(days=30)


class CommandOutcome(models.TextChoices):
    DONE = "done", _("done")
    REFUSED = "refused", _("refused")


class PhoneCommandQuerySet(models.QuerySet["PhoneCommand"]):
    def answered(self, user_ids: Collection[int], keys: Iterable[uuid.UUID]) -> dict[uuid.UUID, PhoneCommand]:
        """Return the users' commands that have an answer, by key."""
        rows = self.filter(user__in=user_ids, key__in=list(keys)).exclude(outcome="")
        return {row.key: row for row in rows}

    def find_done(
        self, user_ids: Collection[int], *, name: str, key: uuid.UUID, repeated_as: uuid.UUID | None
    ) -> PhoneCommand | None:
        """Return the users' done command with this name and key.

        If it was refused, return its repeat, which is the same user's done command for the same row under the
        key `repeated_as`.
        """
        named = self.filter(user__in=user_ids, name=name, key=key).exclude(outcome="").first()
        if named is None or named.outcome == CommandOutcome.DONE:
            return named
        if repeated_as is None:
            return None
        repeats = self.filter(user=named.user_id, name=name, key=repeated_as, outcome=CommandOutcome.DONE)
        if named.row_id is not None:
            repeats = repeats.filter(row_kind=named.row_kind, row_id=named.row_id)
        return repeats.first()

    def has_refused(
        self, user_ids: Collection[int], *, names: Collection[str], row_kind: str, row_id: int
    ) -> bool:
        """Return whether any of the users' commands with these names about this row was refused."""
        refused = self.filter(user__in=user_ids, outcome=CommandOutcome.REFUSED, name__in=names)
        return refused.filter(row_kind=row_kind, row_id=row_id).exists()

    def received_before(self, moment: datetime.datetime) -> Self:
        return self.filter(received_at__lt=moment)


class PhoneCommand(models.Model):
    """A command that a member's phone sent, with its first answer. A repeat receives the same answer.

    The payload is not stored, because it may hold personal data. `digest` recognises another payload under
    the same key. `claimed_at` is when a request began to run the command, or None if no request runs it.
    `row_kind` and `row_id` name the row that the command is about.

    `device_time` is when, by the phone's clock, the member gave the command. `clock_difference` is how far
    that clock was behind ours when the command arrived.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="+")
    key = models.UUIDField()
    name = models.CharField(max_length=40)
    digest = models.CharField(max_length=64)
    device_time = models.DateTimeField()
    clock_difference = models.DurationField()
    received_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=8, choices=CommandOutcome, blank=True, default="")
    code = models.CharField(max_length=60, blank=True, default="")
    message = models.TextField(blank=True, default="")
    details = models.JSONField(default=dict, blank=True)
    result = models.JSONField(default=dict, blank=True)
    row_kind = models.CharField(max_length=10, blank=True, default="")
    row_id = models.PositiveBigIntegerField(null=True, blank=True)

    objects = PhoneCommandQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "command from a phone")
        verbose_name_plural = pgettext_lazy("models", "commands from phones")
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="phone_command_once"),
            models.CheckConstraint(
                condition=Q(outcome="", answered_at=None) | (~Q(outcome="") & Q(answered_at__isnull=False)),
                name="phone_command_answer_has_time",
            ),
        ]
        indexes = [models.Index(fields=["received_at"], name="phone_command_by_age")]

    def __str__(self) -> str:
        return f"{self.name} {self.key}"

    @property
    def happened_at(self) -> datetime.datetime:
        """When the member gave the command, by our clock.

        The phone's clock may be wrong, but it measures how long the command waited before it was sent.
        """
        sent_at = self.received_at - self.clock_difference
        waited = sent_at - self.device_time
        return self.received_at - min(max(waited, datetime.timedelta(0)), MAX_WAITING_PERIOD)


class PhonePhotoQuerySet(models.QuerySet["PhonePhoto"]):
    def incomplete(self) -> Self:
        return self.filter(picture=None)

    def created_before(self, moment: datetime.datetime) -> Self:
        return self.filter(created_at__lt=moment)


class PhonePhoto(models.Model):
    """A photo that a phone sends in pieces, in their order. `size` and `received` are in bytes.

    Once all have arrived, `picture` is the stored photo and the pieces are deleted.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="+")
    key = models.UUIDField()
    size = models.PositiveIntegerField()
    received = models.PositiveIntegerField(default=0)
    picture = models.ForeignKey(Picture, models.SET_NULL, related_name="+", null=True, blank=True)
    created_at = models.DateTimeField()

    objects = PhonePhotoQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "photo from a phone")
        verbose_name_plural = pgettext_lazy("models", "photos from phones")
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="phone_photo_once"),
            models.CheckConstraint(
                condition=Q(received__lte=models.F("size")), name="phone_photo_not_longer_than_its_size"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="phone_photo_by_age")]

    def __str__(self) -> str:
        return str(self.key)


class PhonePhotoPiece(models.Model):
    """Bytes of a photo from `start` on, until the photo is complete."""

    photo = models.ForeignKey(PhonePhoto, models.CASCADE, related_name="pieces")
    start = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["photo", "start"], name="phone_photo_piece_once")]

    def __str__(self) -> str:
        return f"{self.photo_id} {self.start}"
