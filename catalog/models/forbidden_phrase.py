from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy


class ForbiddenPhrase(models.Model):
    """Words that no product's texts may contain, such as a claim to cure. `reason` is shown to the seller."""

    phrase = models.CharField(max_length=80, unique=True)
    reason = models.CharField(max_length=250)

    class Meta:
        verbose_name = pgettext_lazy("model", "forbidden phrase")
        verbose_name_plural = pgettext_lazy("models", "forbidden phrases")
        constraints = [
            models.CheckConstraint(
                condition=~Q(phrase="") & ~Q(reason=""), name="forbidden_phrase_has_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.phrase
