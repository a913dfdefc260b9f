from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PictureState(models.TextChoices):
    WAITING = "waiting", _("being made")
    READY = "ready", _("ready")
    REFUSED = "refused", _("not usable")


class PictureQuerySet(models.QuerySet["Picture"]):
    def waiting(self) -> PictureQuerySet:
        return self.filter(state=PictureState.WAITING).order_by("pk")


class Picture(models.Model):
    """A photo or drawing with the sizes made of it; a placeholder is shown until they are.

    `renditions` maps a width to its files: {"320": {"webp": path, "jpeg": path, "height": 240}}.
    `digest` is the SHA-256 of what was uploaded.
    """

    original = models.FileField(upload_to="pictures/original/", max_length=200)
    digest = models.CharField(max_length=64, blank=True, default="")
    alt = models.CharField(max_length=250, blank=True, default="")
    state = models.CharField(max_length=10, choices=PictureState, default=PictureState.WAITING)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    renditions = models.JSONField(default=dict, blank=True)
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
