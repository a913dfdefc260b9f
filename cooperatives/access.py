"""For whom may this person act, as what: the one gate from a signed-in user to a cooperative's rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet

from cooperatives.models import Cooperative, GroupCooperative, Membership, Role
from cooperatives.states import CooperativeState
from shop.accounts.models import Group, GroupPermission, User
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor, Door
from shop.core.errors import Forbidden, Missing
from shop.core.models import Channel


class Right(StrEnum):
    """What a role may let a member do."""

    SEE = "see"
    LIST = "list"
    COUNT = "count"
    PACK = "pack"
    SELL = "sell"
    CASH = "cash"
    MONEY = "money"
    MANAGE = "manage"


ROLE_RIGHTS: Mapping[str, frozenset[Right]] = {
    Role.MANAGER: frozenset(Right),
    Role.LISTER: frozenset({Right.SEE, Right.LIST, Right.COUNT}),
    Role.PACKER: frozenset({Right.SEE, Right.PACK, Right.COUNT}),
    Role.CASHIER: frozenset({Right.SEE, Right.SELL, Right.CASH, Right.COUNT}),
    Role.BOOKKEEPER: frozenset({Right.SEE, Right.CASH, Right.MONEY}),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """A member acting for one cooperative."""

    user: User
    cooperative: Cooperative
    role: str

    def may(self, right: Right) -> bool:
        return right in ROLE_RIGHTS[self.role]

    def require(self, right: Right) -> None:
        """Raises Forbidden where the role does not hold the right."""
        if not self.may(right):
            raise Forbidden()

    @property
    def actor(self) -> Actor:
        return self.user.acting(Door.MEMBERS)

    @property
    def role_name(self) -> str:
        return str(Role(self.role).label)

    @property
    def is_selling(self) -> bool:
        return self.cooperative.state == CooperativeState.APPROVED


@dataclass(frozen=True, slots=True)
class Reach:
    """The cooperatives and channels that one group's permission holds for.

    Only `is_platform_wide` means every cooperative: no cooperatives are nobody's rows. `channels` is None
    where the group is not restricted to channels.
    """

    cooperatives: frozenset[int] = frozenset()
    channels: frozenset[int] | None = None
    is_platform_wide: bool = False


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows somebody's permission holds for: together what the groups reach that give it."""

    reaches: tuple[Reach, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.reaches)

    @property
    def is_everything(self) -> bool:
        return any(reach.is_platform_wide and reach.channels is None for reach in self.reaches)

    @property
    def is_platforms(self) -> bool:
        """Whether it is the platform's staff who ask, if only in some channels."""
        return any(reach.is_platform_wide for reach in self.reaches)

    def covers_channels(self, channels: frozenset[int] | None) -> bool:
        """Whether it holds for all cooperatives in these channels; None: in every channel."""
        if self.is_everything:
            return True
        wide = [reach.channels or frozenset() for reach in self.reaches if reach.is_platform_wide]
        return channels is not None and bool(wide) and channels <= frozenset().union(*wide)

    def rows(self, *, cooperative: str, channel: str = "") -> Q:
        """The rows within it, by the columns of their cooperative and, where there is one, channel."""
        if self.is_everything:
            return Q()
        found = Q(pk__in=())
        for reach in self.reaches:
            within = Q()
            if not reach.is_platform_wide:
                within &= Q(**{f"{cooperative}__in": reach.cooperatives})
            if reach.channels is not None and channel:
                within &= Q(**{f"{channel}__in": reach.channels})
            if not within:
                return Q()
            found |= within
        return found


EVERYTHING = Scope((Reach(is_platform_wide=True),))


def scope_of(user: User | AnonymousUser | None, permission: Permission) -> Scope:
    """Whose rows a member of staff holds a permission for, by their groups; superusers everybody's.

    Groups that name neither the whole platform nor a cooperative add nothing.
    """
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
        return Scope()
    if user.is_superuser:
        return EVERYTHING
    groups = Group.objects.filter(users=user, permissions__code=permission).order_by("pk")
    reached: dict[tuple[int, bool, bool], tuple[set[int], set[int]]] = {}
    flags = ("pk", "is_platform_wide", "restricted_to_channels")
    rows = groups.values_list(*flags, "cooperative_rows__cooperative", "channels")
    for key, is_wide, is_restricted, cooperative_id, channel_id in rows:
        cooperatives, channels = reached.setdefault((key, is_wide, is_restricted), (set(), set()))
        if cooperative_id is not None:
            cooperatives.add(cooperative_id)
        if channel_id is not None:
            channels.add(channel_id)
    return Scope(
        tuple(
            Reach(
                cooperatives=frozenset() if is_wide else frozenset(cooperatives),
                channels=frozenset(channels) if is_restricted else None,
                is_platform_wide=is_wide,
            )
            for (_key, is_wide, is_restricted), (cooperatives, channels) in reached.items()
            if is_wide or cooperatives
        )
    )


def platform_permissions(user: User) -> frozenset[str]:
    """The codes that a member of staff holds for all cooperatives, if only in some channels."""
    if not user.is_active or not user.is_staff:
        return frozenset()
    if user.is_superuser:
        return frozenset(Permission.values)
    held = GroupPermission.objects.filter(group__users=user, group__is_platform_wide=True)
    return frozenset(held.values_list("code", flat=True))


def effective_group_permissions() -> QuerySet[GroupPermission]:
    """The permissions of groups that hold for somebody's rows."""
    works = GroupCooperative.objects.filter(group=OuterRef("group"))
    return GroupPermission.objects.filter(Q(group__is_platform_wide=True) | Exists(works))


def acts_for(user_ids: Sequence[int]) -> dict[int, list[int]]:
    """The cooperatives that each of these people acts for, in order: as a member, or as staff that works for
    them."""
    found: dict[int, set[int]] = {}
    members = Membership.objects.filter(user__in=user_ids, is_active=True).values_list("user", "cooperative")
    staff = GroupCooperative.objects.filter(group__users__in=user_ids)
    for user_id, cooperative_id in [*members, *staff.values_list("group__users", "cooperative")]:
        found.setdefault(user_id, set()).add(cooperative_id)
    return {user_id: sorted(found.get(user_id, ())) for user_id in user_ids}


def memberships_of(user: User | AnonymousUser) -> list[Membership]:
    """The cooperatives a person acts for, in a steady order."""
    if not isinstance(user, User):
        return []
    return list(
        Membership.objects.filter(user=user, is_active=True)
        .select_related("cooperative", "cooperative__cover")
        .order_by("cooperative__sort_order", "pk")
    )


def acting_for(user: User | AnonymousUser, cooperative_id: int | None = None) -> Standing:
    """The person's standing in that cooperative, or in the first. Raises Missing where they act for none."""
    for membership in memberships_of(user):
        if cooperative_id in (None, membership.cooperative_id):
            assert isinstance(user, User)
            return Standing(user, membership.cooperative, membership.role)
    raise Missing()


def staff_may(user: User | AnonymousUser, permission: Permission, *, channel: Channel | None = None) -> bool:
    """Whether the platform's staff hold a permission by one of their groups.

    Without a `channel` it is asked for what lies in all of them: groups that are restricted to some
    channels do not count, and with one they count where it is among theirs. Only platform-wide groups
    count.
    """
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
        return False
    if user.is_superuser:
        return True
    held = GroupPermission.objects.filter(group__users=user, code=permission)
    held = held.filter(group__is_platform_wide=True)
    everywhere = Q(group__restricted_to_channels=False)
    return held.filter(everywhere | Q(group__channels=channel) if channel else everywhere).exists()


def require_any_staff(user: User | AnonymousUser) -> Actor:
    """Anybody in a platform-wide group, whatever it allows, and superusers. Raises Missing."""
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
        raise Missing()
    if not user.is_superuser and not Group.objects.filter(users=user, is_platform_wide=True).exists():
        raise Missing()
    return user.acting(Door.DESK)


def require_staff(
    user: User | AnonymousUser, permission: Permission, *, channel: Channel | None = None
) -> Actor:
    """The staff member as actor at the desk. Raises Missing, as a foreign page is as a missing one."""
    if not staff_may(user, permission, channel=channel):
        raise Missing()
    assert isinstance(user, User)
    return user.acting(Door.DESK)
