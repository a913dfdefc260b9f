from __future__ import annotations

import datetime
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from cooperatives.models.cooperative import Cooperative
from cooperatives.states import DocumentState


class DocumentKind(models.TextChoices):
    REGISTRATION = "registration", pgettext_lazy("document", "registration certificate")
    REPRESENTATIVE = "representative", pgettext_lazy("document", "ID card or mandate of the representative")
    BANK_ACCOUNT = "bank_account", pgettext_lazy("document", "proof of the bank account")
    FOOD_SAFETY = "food_safety", pgettext_lazy("document", "food safety certificate")


class DocumentContentType(models.TextChoices):
    """File types that every browser shows, so that staff see exactly the files sent."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    PDF = "application/pdf"


class ApplicationDocumentQuerySet(models.QuerySet["ApplicationDocument"]):
    def for_cooperative(self, cooperative: Cooperative) -> ApplicationDocumentQuerySet:
        return self.filter(cooperative=cooperative)

    def due_on(self, day: datetime.date) -> ApplicationDocumentQuerySet:
        """Return documents to delete on this day."""
        return self.filter(delete_on__lte=day).order_by("pk")


class ApplicationDocument(models.Model):
    """A document that proves a part of a cooperative's application. Only its managers and staff see it.

    It is deleted on `delete_on`. An approved cooperative has no such date, and its documents are kept.
    """

    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="documents")
    kind = models.CharField(max_length=20, choices=DocumentKind)
    state = models.CharField(max_length=10, choices=DocumentState, default=DocumentState.IN_REVIEW)
    state_reason = models.TextField(blank=True, default="")
    submitted_at = models.DateTimeField()
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, related_name="+", null=True, blank=True
    )
    delete_on = models.DateField(null=True, blank=True)

    objects = ApplicationDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "document of an application")
        verbose_name_plural = pgettext_lazy("models", "documents of applications")
        constraints = [
            models.UniqueConstraint(fields=["cooperative", "kind"], name="document_once_per_kind"),
            models.CheckConstraint(
                condition=~Q(state=DocumentState.RETURNED) | ~Q(state_reason=""),
                name="document_returned_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["delete_on"], condition=Q(delete_on__isnull=False), name="document_due")
        ]

    def __str__(self) -> str:
        return f"{self.cooperative_id} {self.kind}"

    @property
    def is_accepted(self) -> bool:
        return self.state == DocumentState.ACCEPTED

    @property
    def is_returned(self) -> bool:
        return self.state == DocumentState.RETURNED

    def is_unchanged_since(self, seen_submitted_at: datetime.datetime) -> bool:
        """Return whether the document is still the one that the reviewer opened."""
        return self.submitted_at == seen_submitted_at


class DocumentFile(models.Model):
    """A page or file of a document. `content` is encrypted. No copy exists outside the database.

    `size` is the size of the uploaded file in bytes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    document = models.ForeignKey(ApplicationDocument, models.CASCADE, related_name="files")
    content = models.BinaryField()
    content_type = models.CharField(max_length=20, choices=DocumentContentType)
    size = models.PositiveIntegerField()
    sort_order = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "sort_order"], name="document_file_in_order"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_picture(self) -> bool:
        return self.content_type != DocumentContentType.PDF
