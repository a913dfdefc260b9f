"""Abstract models: metadata, external references, SEO texts, timestamps."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext_lazy as _

from shop.core.errors import Refused

MAX_METADATA_BYTES = 64 * 1024


class MetadataTooLarge(Refused):
    code = "metadata_too_large"
    default_message = _("The metadata of an object can have at most 64 KB.")


class MetadataField(models.JSONField):
    """JSON of bounded size, because buyers write metadata too. Raises MetadataTooLarge when saved."""

    def get_db_prep_save(self, value: object, connection: BaseDatabaseWrapper) -> object:
        json_text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict) and value else ""
        if len(json_text.encode(errors="surrogatepass")) > MAX_METADATA_BYTES:
            raise MetadataTooLarge(field="metadata")
        return super().get_db_prep_save(value, connection)

    def deconstruct(self) -> tuple[str, str, Sequence[object], dict[str, object]]:
        """Return a plain JSONField, so that the bound needs no migration."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs


class WithMetadata(models.Model):
    """Key-value pairs for integrations: public ones for all readers, private ones for staff and apps.

    Both map non-empty texts to texts, as Saleor's clients expect.
    """

    metadata = MetadataField(default=dict, blank=True)
    private_metadata = MetadataField(default=dict, blank=True)

    class Meta:
        abstract = True


class WithExternalReference(models.Model):
    """The id of this row in another system."""

    external_reference = models.CharField(max_length=250, unique=True, null=True, blank=True)

    class Meta:
        abstract = True


class WithSortOrder(models.Model):
    """A position among the rows of one owner. Rows with the same position are in the order of their keys."""

    sort_order = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True


class WithSeo(models.Model):
    """Title and description for search engines. If null, the row's name and description are used."""

    seo_title = models.CharField(max_length=70, null=True, blank=True)
    seo_description = models.CharField(max_length=300, null=True, blank=True)

    class Meta:
        abstract = True


class WithTimes(models.Model):
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True
