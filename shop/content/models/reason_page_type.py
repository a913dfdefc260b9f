"""Page types whose pages state the reasons of refunds and returns."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from shop.content.models.page import PageType


class ReasonKind(models.TextChoices):
    REFUND = "refund", pgettext_lazy("reasons", "Refunds")
    RETURN = "return", pgettext_lazy("reasons", "Returns")


class ReasonPageType(models.Model):
    """The page type that staff choose a reason from, at most one for refunds and one for returns."""

    kind = models.CharField(max_length=10, choices=ReasonKind, primary_key=True)
    page_type = models.ForeignKey(PageType, models.CASCADE, related_name="reason_kinds")

    class Meta:
        verbose_name = pgettext_lazy("model", "page type of reasons")
        verbose_name_plural = pgettext_lazy("models", "page types of reasons")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=list(ReasonKind)), name="reason_page_type_kind_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.kind
