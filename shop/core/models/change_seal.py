from __future__ import annotations

from django.db import models


class ChangeSeal(models.Model):
    """A batch of changes and their hash, chained to the seal before it. Written once, never changed.

    `digest` covers the previous seal's digest, the number and time of this one, and the rows of
    `SealedChange` that belong to it. `last_id` is the highest change in it: a change that was committed late
    belongs to a later seal than its neighbours.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    sealed_at = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()
    last_id = models.PositiveBigIntegerField()
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.number}:{self.digest}"


class SealedChange(models.Model):
    """What a change said when it was sealed, as hashes; it stays when the change is gone.

    `facts` covers the columns that never change. Name and content may hold personal data: each is hashed
    with a salt of its own, which goes when the law asks for the words to go. Without the salt the hash tells
    nothing about them, and the chain over the hashes holds.
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
