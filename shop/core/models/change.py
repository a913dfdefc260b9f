from __future__ import annotations

import datetime
import uuid
from collections.abc import Mapping, Sequence

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from shop.core.actors import KNOWN_SYSTEMS, Actor, ActorKind, EntryPoint
from shop.core.errors import Refused


class KeyReused(Refused):
    """The idempotency key was already used for a different request."""

    code = "key_reused"
    default_message = _("This form has already been sent. Open the page again.")


class ChangeQuerySet(models.QuerySet["Change"]):
    def of_row(self, row: models.Model) -> ChangeQuerySet:
        """Return changes of this row alone."""
        return self.filter(kind=row._meta.label_lower, key=str(row.pk))

    def of_row_and_parts(self, root: models.Model) -> ChangeQuerySet:
        """Return changes of this row and everything below it, such as an order with its parts and parcels."""
        return self.filter(root_kind=root._meta.label_lower, root_key=str(root.pk))

    def oldest_first(self) -> ChangeQuerySet:
        return self.order_by("created_at", "pk")

    def newest_first(self) -> ChangeQuerySet:
        return self.order_by("-created_at", "-pk")


class Change(models.Model):
    """One entry of the change log, written in the transaction it describes and never edited.

    `action` is a dotted word ("part.accepted"). `kind` and `key` identify the row. `root_kind` and `root_key`
    identify the order, product or cooperative that the row belongs to. `cooperative` is the row's
    cooperative, for scoping. Keys are text without foreign keys, because a change outlives its row.

    `idempotency_key` is unique. If a change with a request's key exists, the request was done
    and the change is its answer.
    """

    created_at = models.DateTimeField()
    action = models.CharField(max_length=60)
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=40)
    root_kind = models.CharField(max_length=60)
    root_key = models.CharField(max_length=40)
    cooperative = models.PositiveBigIntegerField(null=True, blank=True)
    actor_kind = models.CharField(max_length=10, choices=ActorKind)
    actor_key = models.CharField(max_length=40, blank=True, default="")
    actor_name = models.CharField(max_length=250, blank=True, default="")
    entry_point = models.CharField(max_length=10, choices=EntryPoint)
    reason = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict, blank=True)
    snapshot = models.JSONField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=120, unique=True, null=True, blank=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name = pgettext_lazy("model", "change")
        verbose_name_plural = pgettext_lazy("models", "changes")
        indexes = [
            models.Index(fields=["root_kind", "root_key", "created_at"], name="change_by_root"),
            models.Index(fields=["kind", "key"], name="change_by_row"),
            models.Index(fields=["created_at"], name="change_by_time"),
            models.Index(
                fields=["cooperative", "-created_at", "-id"],
                condition=models.Q(cooperative__isnull=False),
                name="change_by_cooperative",
            ),
            # People without an account whom the members' app named. Their names are deleted after some time.
            models.Index(
                fields=["created_at", "id"],
                condition=models.Q(actor_kind=ActorKind.GUEST, entry_point=EntryPoint.MEMBERS)
                & ~models.Q(actor_name=""),
                name="change_named_guest",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.key}"

    @property
    def actor_label(self) -> str:
        """The actor's name as shown to people."""
        if self.actor_kind == ActorKind.SYSTEM:
            return str(KNOWN_SYSTEMS.get(self.actor_name, ActorKind.SYSTEM.label))
        return self.actor_name or str(ActorKind(self.actor_kind).label)


def record_change(
    action: str,
    row: models.Model,
    *,
    actor: Actor,
    now: datetime.datetime,
    root: models.Model | None = None,
    cooperative_id: int | None = None,
    reason: str = "",
    data: Mapping[str, object] | None = None,
    snapshot: Mapping[str, object] | None = None,
    idempotency_key: str | None = None,
) -> Change:
    """Record that `action` happened to `row`, in the caller's transaction."""
    return Change.objects.create(
        **change_values(
            action,
            row,
            actor=actor,
            now=now,
            root=root,
            cooperative_id=cooperative_id,
            reason=reason,
            data=data,
            snapshot=snapshot,
            idempotency_key=idempotency_key,
        )
    )


def bind_idempotency_key(submitted_key: str, *bound_values: object) -> str | None:
    """Bind a page's idempotency key to its subject, or None if it is not a UUID."""
    try:
        return ":".join(str(value) for value in (*bound_values, uuid.UUID(submitted_key)))
    except ValueError:
        return None


def was_done_with_key(idempotency_key: str | None, action: str, row: models.Model) -> bool:
    """Return whether `action` was done to `row` under this idempotency key. Lock the row first.

    Raises KeyReused if the key was used for something else.
    """
    first = _find_change_with_key(idempotency_key, action)
    if first is None:
        return False
    if (first.kind, first.key) != (row._meta.label_lower, str(row.pk)):
        raise KeyReused()
    return True


def was_changed_with_key(idempotency_key: str | None, actions: Sequence[str], *, root: models.Model) -> bool:
    """Return whether any of the actions was done to a row of `root` under this key. Lock `root` first.

    Raises KeyReused if the key was used for something else.
    """
    first = _find_change_with_key(idempotency_key, *actions)
    if first is None:
        return False
    if (first.root_kind, first.root_key) != (root._meta.label_lower, str(root.pk)):
        raise KeyReused()
    return True


def find_key_of_created_row(
    idempotency_key: str | None, action: str, *, cooperative_id: int, root: models.Model | None = None
) -> str | None:
    """Return the key of the row that a cooperative already created under this idempotency key, or None.

    Call it under the lock of the root or cooperative. Raises KeyReused if the key was used for something
    else.
    """
    first = _find_change_with_key(idempotency_key, action)
    if first is None:
        return None
    is_elsewhere = root is not None and (first.root_kind, first.root_key) != (
        root._meta.label_lower,
        str(root.pk),
    )
    if first.cooperative != cooperative_id or is_elsewhere:
        raise KeyReused()
    return first.key


def _find_change_with_key(idempotency_key: str | None, *actions: str) -> Change | None:
    change = (
        Change.objects.filter(idempotency_key=idempotency_key).first()
        if idempotency_key is not None
        else None
    )
    if change is not None and change.action not in actions:
        raise KeyReused()
    return change


def change_values(
    action: str,
    row: models.Model,
    *,
    actor: Actor,
    now: datetime.datetime,
    root: models.Model | None = None,
    cooperative_id: int | None = None,
    reason: str = "",
    data: Mapping[str, object] | None = None,
    snapshot: Mapping[str, object] | None = None,
    idempotency_key: str | None = None,
) -> dict[str, object]:
    """Return the columns of a Change, for bulk inserts."""
    root = root or row
    return {
        "action": action,
        "kind": row._meta.label_lower,
        "key": str(row.pk),
        "root_kind": root._meta.label_lower,
        "root_key": str(root.pk),
        "cooperative": cooperative_id,
        "actor_kind": actor.kind,
        "actor_key": actor.key,
        "actor_name": actor.name,
        "entry_point": actor.entry_point,
        "reason": reason,
        "data": data or {},
        "snapshot": snapshot,
        "idempotency_key": idempotency_key,
        "created_at": now,
    }
