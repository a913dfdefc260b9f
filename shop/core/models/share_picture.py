from __future__ import annotations

from django.db import models


class SharePictureQuerySet(models.QuerySet["SharePicture"]):
    def path_of(self, row: models.Model) -> str:
        """Return the storage path of the row's picture, or ""."""
        path = self.filter(kind=row._meta.label_lower, key=row.pk).values_list("path", flat=True).first()
        return path or ""


class SharePicture(models.Model):
    """The preview picture that chat apps show for a row's page.

    `catalog.actions.marketing.share_pictures` draws it. `kind` is the model's label ("catalog.product").
    `content_digest` changes with the drawn content, so that nothing is drawn twice. The file name contains
    it, so caches may keep the file forever.
    """

    kind = models.CharField(max_length=60)
    key = models.PositiveBigIntegerField()
    content_digest = models.CharField(max_length=64)
    path = models.CharField(max_length=200)

    objects = SharePictureQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="share_picture_once")]

    def __str__(self) -> str:
        return self.path
