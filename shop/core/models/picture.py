from __future__ import annotations

import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PictureState(models.TextChoices):
    WAITING = "waiting", _("being made")
    READY = "ready", _("ready")
    REFUSED = "refused", _("not usable")


CLAIM_LIFETIME = datetime.timedelta(minutes=5)  # longer than the decoder's time limit


class PictureQuerySet(models.QuerySet["Picture"]):
    def waiting(self) -> PictureQuerySet:
        return self.filter(state=PictureState.WAITING).order_by("pk")

    def claimable(self, now: datetime.datetime) -> PictureQuerySet:
        """Return waiting pictures without a valid claim. A dead process's claim expires."""
        return self.waiting().filter(Q(claimed_at=None) | Q(claimed_at__lt=now - CLAIM_LIFETIME))

    def claim(self, picture_id: int, now: datetime.datetime) -> bool:
        """Claim a picture, or False if another process has it or its renditions exist."""
        return bool(self.claimable(now).filter(pk=picture_id).order_by().update(claimed_at=now))


class Picture(models.Model):
    """A photo or drawing with its renditions. Pages show a placeholder until they exist.

    `renditions` maps a width to its files: {"320": {"webp": path, "jpeg": path, "height": 240}}. `digest` is
    the SHA-256 of the upload. Until the renditions exist, `width` and `height` come from the file's header.
    `claimed_at` is when a worker began to create them.
    """

    original = models.FileField(upload_to="pictures/original/", max_length=200)
    digest = models.CharField(max_length=64, blank=True, default="")
    alt = models.CharField(max_length=250, blank=True, default="")
    state = models.CharField(max_length=10, choices=PictureState, default=PictureState.WAITING)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    renditions = models.JSONField(default=dict, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PictureQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "picture")
        verbose_name_plural = pgettext_lazy("models", "pictures")
        indexes = [
            models.Index(
                fields=["id"], condition=models.Q(state=PictureState.WAITING), name="picture_waiting"
            ),
        ]

    def __str__(self) -> str:
        return self.alt or str(self.original)
