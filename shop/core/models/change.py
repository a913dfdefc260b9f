from __future__ import annotations

import datetime
import uuid
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.core.actors import KNOWN_SYSTEMS, Actor, ActorKind, Door
from shop.core.errors import Refused


class KeyReused(Refused):
    """The key was sent with something else before: whoever sends it has mixed up what it asks for."""

    code = "key_reused"
    default_words = _("This was sent once already, for something else. Please open the page again.")


class ChangeQuerySet(models.QuerySet["Change"]):
    def of(self, row: models.Model) -> ChangeQuerySet:
        """What happened to this row alone."""
        return self.filter(kind=row._meta.label_lower, key=str(row.pk))

    def under(self, root: models.Model) -> ChangeQuerySet:
        """What happened to this row and to whatever belongs to it: an order with parts and parcels."""
        return self.filter(root_kind=root._meta.label_lower, root_key=str(root.pk))

    def in_time(self) -> ChangeQuerySet:
        return self.order_by("at", "pk")


class Change(models.Model):
    """One thing that happened: written in the transaction that made it so, never edited.

    `what` says it in a dotted word ("part.accepted"); `kind`/`key` name the row, `root_kind`/`root_key`
    the order, product or cooperative it belongs to; `cooperative` its cooperative's id, for scoping.
    Keys are text without foreign keys because a change outlives what it tells of. `sent_key` is what a
    phone sent with what it asked for: found again, it says that this was done and is the first answer.
    """

    at = models.DateTimeField()
    what = models.CharField(max_length=60)
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=40)
    root_kind = models.CharField(max_length=60)
    root_key = models.CharField(max_length=40)
    cooperative = models.PositiveBigIntegerField(null=True, blank=True)
    actor_kind = models.CharField(max_length=10, choices=ActorKind)
    actor_key = models.CharField(max_length=40, blank=True, default="")
    actor_name = models.CharField(max_length=250, blank=True, default="")
    door = models.CharField(max_length=10, choices=Door)
    why = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict, blank=True)
    snapshot = models.JSONField(null=True, blank=True)
    sent_key = models.CharField(max_length=120, unique=True, null=True, blank=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "change")
        verbose_name_plural = pgettext_lazy("models", "changes")
        indexes = [
            models.Index(fields=["root_kind", "root_key", "at"], name="change_by_root"),
            models.Index(fields=["kind", "key"], name="change_by_row"),
            models.Index(fields=["at"], name="change_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.key}"

    @property
    def who(self) -> str:
        """Who did it, as people call them."""
        if self.actor_kind == ActorKind.SYSTEM:
            return str(KNOWN_SYSTEMS.get(self.actor_name, ActorKind.SYSTEM.label))
        return self.actor_name or str(ActorKind(self.actor_kind).label)


def record_change(
    what: str,
    row: models.Model,
    *,
    actor: Actor,
    now: datetime.datetime,
    root: models.Model | None = None,
    cooperative_id: int | None = None,
    why: str = "",
    data: dict[str, Any] | None = None,
    snapshot: dict[str, Any] | None = None,
    key: str | None = None,
) -> Change:
    """Write down that `what` happened to `row`, in the caller's transaction."""
    return Change.objects.create(
        **change_values(
            what,
            row,
            actor=actor,
            now=now,
            root=root,
            cooperative_id=cooperative_id,
            why=why,
            data=data,
            snapshot=snapshot,
            key=key,
        )
    )


def bound_key(sent: str, *to: object) -> str | None:
    """The key that a page was sent with, bound to what it was sent for; None where it is no key."""
    try:
        return ":".join(str(each) for each in (*to, uuid.UUID(sent)))
    except ValueError:
        return None


def done_before(key: str | None, what: str, row: models.Model) -> bool:
    """Whether `what` was done to `row` already under the key a phone sent; asked under the row's lock.

    Raises KeyReused where something else was done under it.
    """
    first = _first_answer(key, what)
    if first is None:
        return False
    if (first.kind, first.key) != (row._meta.label_lower, str(row.pk)):
        raise KeyReused()
    return True


def made_before(
    key: str | None, what: str, *, cooperative_id: int, root: models.Model | None = None
) -> str | None:
    """The key of the row that a cooperative made already, under `root`, by the key a phone sent.

    Asked under the lock of the root or cooperative. Raises KeyReused where it was sent with something else.
    """
    first = _first_answer(key, what)
    if first is None:
        return None
    is_elsewhere = root is not None and (first.root_kind, first.root_key) != (
        root._meta.label_lower,
        str(root.pk),
    )
    if first.cooperative != cooperative_id or is_elsewhere:
        raise KeyReused()
    return first.key


def _first_answer(key: str | None, what: str) -> Change | None:
    first = Change.objects.filter(sent_key=key).first() if key is not None else None
    if first is not None and first.what != what:
        raise KeyReused()
    return first


def change_values(
    what: str,
    row: models.Model,
    *,
    actor: Actor,
    now: datetime.datetime,
    root: models.Model | None = None,
    cooperative_id: int | None = None,
    why: str = "",
    data: dict[str, Any] | None = None,
    snapshot: dict[str, Any] | None = None,
    key: str | None = None,
) -> dict[str, Any]:
    """The columns of a Change, for writing many at once."""
    root = root or row
    return {
        "what": what,
        "kind": row._meta.label_lower,
        "key": str(row.pk),
        "root_kind": root._meta.label_lower,
        "root_key": str(root.pk),
        "cooperative": cooperative_id,
        "actor_kind": actor.kind,
        "actor_key": actor.key,
        "actor_name": actor.name,
        "door": actor.door,
        "why": why,
        "data": data or {},
        "snapshot": snapshot,
        "sent_key": key,
        "at": now,
    }
