"""Manage staff, their groups, and buyers' accounts."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from shop.accounts.models import Group, GroupPermission, User
from shop.accounts.registration.accounts import EmailTaken
from shop.accounts.sign_in.sessions import sign_out_everywhere
from shop.accounts.staff.last_admin import keep_an_administrator
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.database.row_values import require_column_limits
from shop.core.database.transactions import lock_row
from shop.core.errors import Missing, ReasonRequired, Refused
from shop.core.models import record_change


class GroupNameTaken(Refused):
    code = "group_name_taken"
    default_message = _("Another group already has this name.")


class NotStaff(Refused):
    """A user is not staff. `details["user_ids"]` lists those users."""

    code = "not_staff"
    default_message = _("Only staff can be added to a group.")


class ReferenceTaken(Refused):
    code = "reference_taken"
    default_message = _("This reference is already in use.")


@dataclass(frozen=True, slots=True)
class GroupChange:
    """Changes of a group. None leaves a column unchanged."""

    name: str | None = None
    is_platform_wide: bool | None = None
    is_restricted_to_channels: bool | None = None
    add_permissions: Collection[str] = ()
    remove_permissions: Collection[str] = ()
    add_user_ids: Collection[int] = ()
    remove_user_ids: Collection[int] = ()
    add_channel_ids: Collection[int] = ()
    remove_channel_ids: Collection[int] = ()


@transaction.atomic(durable=True)
def add_staff(
    *,
    email: str,
    values: Mapping[str, object],
    group_ids: Collection[int],
    actor: Actor,
    now: datetime.datetime,
) -> User:
    """Make a user staff, creating the account if the address has none.

    A new account has no password until the person sets one through an emailed link. Raises
    InvalidColumnValue,
    ReferenceTaken, and EmailTaken if the user is already staff.
    """
    user = lock_row(User.objects.filter(email=email, erased_at=None))
    if user is not None and user.is_staff:
        raise EmailTaken(field="email")
    user = user or User.objects.create_user(email=email)
    user.is_staff = True
    for column, value in values.items():
        setattr(user, column, value)
    _save_person(user)
    user.permission_groups.add(*Group.objects.filter(pk__in=group_ids).order_by("pk"))
    record_change("user.hired", user, actor=actor, now=now, data={"groups": sorted(group_ids)})
    return user


@transaction.atomic(durable=True)
def change_user(
    *,
    user_id: int,
    values: Mapping[str, object],
    add_group_ids: Collection[int] = (),
    remove_group_ids: Collection[int] = (),
    reason: str = "",
    actor: Actor,
    now: datetime.datetime,
) -> User:
    """Change a user's columns, and a staff member's groups.

    The change records old and new values except personal data. Raises InvalidColumnValue, EmailTaken,
    LastAdmin, Missing, ReferenceTaken.
    """
    with keep_an_administrator():
        user = lock_row(User.objects.filter(pk=user_id, erased_at=None))
        if user is None:
            raise Missing(field="id")
        before = _recorded_values(user)
        for column, value in values.items():
            setattr(user, column, value)
        if not user.is_active:
            sign_out_everywhere(user)
        _save_person(user)
        user.permission_groups.add(*Group.objects.filter(pk__in=add_group_ids).order_by("pk"))
        user.permission_groups.remove(*Group.objects.filter(pk__in=remove_group_ids).order_by("pk"))
    after = _recorded_values(user)
    data = {
        "fields": sorted(values),
        "from": {name: value for name, value in before.items() if value != after[name]},
        "to": {name: value for name, value in after.items() if value != before[name]},
    }
    record_change("user.changed", user, actor=actor, now=now, reason=reason.strip(), data=data)
    return user


def _recorded_values(user: User) -> dict[str, object]:
    """Return the user's values for the change log, none of which identifies the person."""
    names = user.permission_groups.order_by("name").values_list("name", flat=True)
    return {"is_active": user.is_active, "is_staff": user.is_staff, "groups": list(names)}


@transaction.atomic(durable=True)
def add_customer(*, email: str, values: Mapping[str, object], actor: Actor, now: datetime.datetime) -> User:
    """Create an account without a password on behalf of a buyer.

    Raises InvalidColumnValue, EmailTaken, ReferenceTaken.
    """
    user = User(email=email, **values)
    user.set_unusable_password()
    _save_person(user)
    record_change("user.created", user, actor=actor, now=now)
    return user


@transaction.atomic(durable=True)
def set_customer_active(
    *, user_id: int, is_active: bool, reason: str, actor: Actor, now: datetime.datetime
) -> None:
    """Lock a buyer's account, which signs it out everywhere, or unlock it.

    Raises Missing (also for staff) and ReasonRequired.
    """
    user = _lock_customer(user_id)
    if not reason.strip():
        raise ReasonRequired(field="reason")
    if user.is_active == is_active:
        return
    user.is_active = is_active
    if not is_active:
        sign_out_everywhere(user)
    user.save()
    action = "user.unlocked" if is_active else "user.locked"
    record_change(action, user, actor=actor, now=now, reason=reason.strip())


@transaction.atomic(durable=True)
def set_customer_note(*, user_id: int, note: str, actor: Actor, now: datetime.datetime) -> None:
    """Save the staff's note on a buyer. The change keeps no text of it. Raises Missing."""
    user = _lock_customer(user_id)
    user.note = note.strip()
    user.save(update_fields=["note", "updated_at"])
    record_change("user.note_changed", user, actor=actor, now=now, data={"fields": ["note"]})


def _lock_customer(user_id: int) -> User:
    user = lock_row(User.objects.filter(pk=user_id, is_staff=False, erased_at=None))
    if user is None:
        raise Missing()
    return user


@transaction.atomic(durable=True)
def create_group(*, change: GroupChange, actor: Actor, now: datetime.datetime) -> Group:
    """Create a permission group. A group that is not platform-wide grants nothing yet.

    Raises GroupNameTaken, NotStaff.
    """
    group = Group(name=change.name or "")
    _save_group(group, change)
    record_change("group.created", group, actor=actor, now=now, data=_change_data(change))
    return group


@transaction.atomic(durable=True)
def change_group(*, group_id: int, change: GroupChange, actor: Actor, now: datetime.datetime) -> Group:
    """Change a group's permissions, members and channels.

    Raises Missing, GroupNameTaken, LastAdmin, NotStaff.
    """
    with keep_an_administrator():
        group = lock_row(Group.objects.filter(pk=group_id))
        if group is None:
            raise Missing(field="id")
        before = _read_group_values(group)
        _save_group(group, change)
    after = _read_group_values(group)
    data = _change_data(change) | {
        "from": {name: value for name, value in before.items() if value != after[name]},
        "to": {name: value for name, value in after.items() if value != before[name]},
    }
    record_change("group.changed", group, actor=actor, now=now, data=data)
    return group


@transaction.atomic(durable=True)
def delete_group(*, group_id: int, actor: Actor, now: datetime.datetime) -> None:
    """Delete a group. Its members keep the permissions of their other groups. Raises LastAdmin, Missing."""
    with keep_an_administrator():
        group = lock_row(Group.objects.filter(pk=group_id))
        if group is None:
            raise Missing(field="id")
        record_change("group.deleted", group, actor=actor, now=now, snapshot={"name": group.name})
        group.delete()


def _read_group_values(group: Group) -> dict[str, object]:
    codes = GroupPermission.objects.filter(group=group).order_by("code").values_list("code", flat=True)
    return {"name": group.name, "permissions": list(codes), "is_platform_wide": group.is_platform_wide}


def _save_person(user: User) -> None:
    require_column_limits(user)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as taken:
        if User.objects.filter(email=user.email).exclude(pk=user.pk).exists():
            raise EmailTaken(field="email") from taken
        raise ReferenceTaken(field="externalReference") from taken


def _save_group(group: Group, change: GroupChange) -> None:
    group.name = group.name if change.name is None else change.name
    if change.is_platform_wide is not None:
        group.is_platform_wide = change.is_platform_wide
    if change.is_restricted_to_channels is not None:
        group.is_restricted_to_channels = change.is_restricted_to_channels
    non_staff = User.objects.filter(pk__in=change.add_user_ids, is_staff=False)
    if non_staff.exists():
        raise NotStaff(field="addUsers", user_ids=list(non_staff.order_by("pk").values_list("pk", flat=True)))
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as taken:
        raise GroupNameTaken(field="name") from taken
    GroupPermission.objects.filter(group=group, code__in=change.remove_permissions).delete()
    codes = [code for code in Permission.values if code in change.add_permissions]
    GroupPermission.objects.bulk_create(
        [GroupPermission(group=group, code=code) for code in codes], ignore_conflicts=True
    )
    group.users.add(*change.add_user_ids)
    group.users.remove(*change.remove_user_ids)
    group.channels.add(*change.add_channel_ids)
    group.channels.remove(*change.remove_channel_ids)


def _change_data(change: GroupChange) -> dict[str, object]:
    return {
        "gained": sorted(change.add_permissions),
        "lost": sorted(change.remove_permissions),
        "joined": sorted(change.add_user_ids),
        "left": sorted(change.remove_user_ids),
        **({"is_platform_wide": change.is_platform_wide} if change.is_platform_wide is not None else {}),
    }
