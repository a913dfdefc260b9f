"""Abstract models: metadata, external references, SEO texts, timestamps."""

from __future__ import annotations

from django.db import models


class WithMetadata(models.Model):
    """Free key-value pairs for integrations. Anybody may read the public ones, staff and apps the private
    ones.

    Both map non-empty strings to strings, as Saleor's clients expect.
    """

    metadata = models.JSONField(default=dict, blank=True)
    private_metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True


class WithExternalReference(models.Model):
    """The id of this row in another system."""

    external_reference = models.CharField(max_length=250, unique=True, null=True, blank=True)

    class Meta:
        abstract = True


class WithSeo(models.Model):
    """Title and description for search engines; null falls back to the row's name and description.

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
