from __future__ import annotations

from django.db import models


class ChangeSeal(models.Model):
    """A batch of changes with their hash, chained to the seal before it. Written once, never changed.

    `digest` covers the previous seal's digest, this seal's number and time, and its `SealedChange` rows.
    `last_id` is the highest id of its changes. A change that was committed late is in a later seal than its
    neighbours.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    sealed_at = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()
    last_id = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


class SealedChange(models.Model):
    """The hashes of a change when it was sealed. The row stays after the change is deleted.

    `facts` covers the columns that never change. Name and content may hold personal data, so each hash has
    its own salt, which is deleted on redaction. Without the salt the hash reveals nothing, and the chain of
    hashes still verifies.
    """

    change_id = models.PositiveBigIntegerField(primary_key=True)
    seal = models.ForeignKey(ChangeSeal, models.PROTECT, related_name="rows")
    facts = models.CharField(max_length=64)
    name_digest = models.CharField(max_length=64, blank=True)
    name_salt = models.CharField(max_length=32, blank=True)
    content_digest = models.CharField(max_length=64, blank=True)
    content_salt = models.CharField(max_length=32, blank=True)

    def __str__(self) -> str:
        return f"{self.change_id} in {self.seal_id}"
