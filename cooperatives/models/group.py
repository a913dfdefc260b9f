from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from cooperatives.models.cooperative import Cooperative
from shop.accounts.models import Group


class GroupCooperative(models.Model):
    """Assigns a staff group to a cooperative.

    Unless the group is platform-wide, its permissions hold only for rows of its cooperatives.
    """

    group = models.ForeignKey(Group, models.CASCADE, related_name="cooperative_rows")
    cooperative = models.ForeignKey(Cooperative, models.CASCADE, related_name="group_rows")

    class Meta:
        verbose_name = pgettext_lazy("model", "group cooperative")
        verbose_name_plural = pgettext_lazy("models", "group cooperatives")
        constraints = [
            models.UniqueConstraint(fields=["group", "cooperative"], name="group_cooperative_once"),
        ]

    def __str__(self) -> str:
        return f"{self.group_id} {self.cooperative_id}"
