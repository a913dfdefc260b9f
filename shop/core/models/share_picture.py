from __future__ import annotations

from django.db import models


class SharePictureQuerySet(models.QuerySet["SharePicture"]):
    def path_of(self, row: models.Model) -> str:
        """Where the row's picture lies in the storage; empty while there is none."""
        found = self.filter(kind=row._meta.label_lower, key=row.pk).values_list("path", flat=True).first()
        return found or ""


class SharePicture(models.Model):
    """What chats show beside a link to a row's page; drawn by a task, see `marketing.share_pictures`.

    `kind` is the model's label ("catalog.product"), `mark` tells what was drawn, so that nothing is drawn
    twice. The file's name holds the mark too: caches may keep it for ever.
    """

    kind = models.CharField(max_length=60)
    key = models.PositiveBigIntegerField()
    mark = models.CharField(max_length=64)
    path = models.CharField(max_length=200)

    objects = SharePictureQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="share_picture_once")]

    def __str__(self) -> str:
        return self.path
