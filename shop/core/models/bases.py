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


class WithSeo(models.Model):
    """What search engines are told; null where the name and the description serve.

    Nullable also because SQLite then adds the columns without rebuilding tables that have triggers.
    """

    seo_title = models.CharField(max_length=70, null=True, blank=True)
    seo_description = models.CharField(max_length=300, null=True, blank=True)

    class Meta:
        abstract = True


class WithTimes(models.Model):
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
