"""What many rows share: metadata, references of other systems, times."""

from __future__ import annotations

from django.db import models


class WithMetadata(models.Model):
    """Free keys for integrations: the public ones anybody may read, the private ones staff and apps.

    Both map non-empty strings to strings, as Saleor's clients expect.
    """

    metadata = models.JSONField(default=dict, blank=True)
    private_metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True


class WithExternalReference(models.Model):
    """The id that another system knows this row by."""

    external_reference = models.CharField(max_length=250, unique=True, null=True, blank=True)

    class Meta:
        abstract = True


class WithTimes(models.Model):
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
