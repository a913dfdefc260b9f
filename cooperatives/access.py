"""Determine the cooperatives that a user may act for, and their rights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, Q, QuerySet

from cooperatives.models import Cooperative, GroupCooperative, Membership, Role
from shop.accounts.models import Group, GroupPermission, User
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor, EntryPoint
from shop.core.database.compiled_query import compiled_query
from shop.core.errors import Forbidden, Missing
from shop.core.models import Channel


class MemberRight(StrEnum):
    """A permission that a member's role may include."""

    SEE_ORDERS = "see"
    LIST = "list"
    COUNT_STOCK = "count"
    PACK = "pack"
    HANDLE_CASH = "cash"
    SELL = "sell"
    SEE_SETTLEMENTS = "money"
    MANAGE = "manage"


ROLE_RIGHTS: Mapping[str, frozenset[MemberRight]] = {
    Role.MANAGER: frozenset(MemberRight),
    Role.LISTER: frozenset({MemberRight.SEE_ORDERS, MemberRight.LIST, MemberRight.COUNT_STOCK}),
    Role.PACKER: frozenset({MemberRight.SEE_ORDERS, MemberRight.PACK, MemberRight.COUNT_STOCK}),
    Role.CASHIER: frozenset(
        {
            MemberRight.SEE_ORDERS,
            MemberRight.SELL,
            MemberRight.HANDLE_CASH,
            MemberRight.COUNT_STOCK,
        }
    ),
    Role.BOOKKEEPER: frozenset(
        {MemberRight.SEE_ORDERS, MemberRight.HANDLE_CASH, MemberRight.SEE_SETTLEMENTS}
    ),
}


@dataclass(frozen=True, slots=True)
class MembershipContext:
    """A signed-in member acting for one cooperative in a role."""

    user: User
    cooperative: Cooperative
    role: str

    def may(self, right: MemberRight) -> bool:
        return right in ROLE_RIGHTS[self.role]

    @property
    def rights(self) -> frozenset[MemberRight]:
        return ROLE_RIGHTS[self.role]

    def require(self, right: MemberRight) -> None:
        """Raise Forbidden if the role lacks the right."""
        if not self.may(right):
            raise Forbidden()

    @property
    def actor(self) -> Actor:
        return self.user.as_actor(EntryPoint.MEMBERS)

    @property
    def role_name(self) -> str:
        return str(Role(self.role).label)


@dataclass(frozen=True, slots=True)
class PermissionGrant:
    """The cooperatives and channels covered by one group's permission.

    Only `is_platform_wide` covers every cooperative. An empty set covers none. `channel_ids` is None if the
    group is not restricted to channels.
    """

    cooperative_ids: frozenset[int] = frozenset()
    channel_ids: frozenset[int] | None = None
    is_platform_wide: bool = False


@dataclass(frozen=True, slots=True)
class PermissionScope:
    """All rows covered by a user's permission, which is the union over the groups that grant it."""

    grants: tuple[PermissionGrant, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.grants)

    @property
    def covers_everything(self) -> bool:
        return any(grant.is_platform_wide and grant.channel_ids is None for grant in self.grants)

    @property
    def has_platform_grant(self) -> bool:
        """Whether any grant is platform-wide, even if restricted to some channels."""
        return any(grant.is_platform_wide for grant in self.grants)

    def covers_channels(self, channel_ids: frozenset[int] | None) -> bool:
        """Return whether the scope covers all cooperatives in these channels. None means every channel."""
        if self.covers_everything:
            return True
        platform_channels = [
            grant.channel_ids or frozenset() for grant in self.grants if grant.is_platform_wide
        ]
        return (
            channel_ids is not None
            and bool(platform_channels)
            and channel_ids <= frozenset().union(*platform_channels)
        )

    def row_filter(self, *, cooperative: str, channel: str = "") -> Q:
        """Return a filter for the covered rows, given the names of their cooperative and channel columns."""
        if self.covers_everything:
            return Q()
        covered_rows = Q(pk__in=())
        for grant in self.grants:
            grant_filter = Q()
            if not grant.is_platform_wide:
                grant_filter &= Q(**{f"{cooperative}__in": grant.cooperative_ids})
            if grant.channel_ids is not None and channel:
                grant_filter &= Q(**{f"{channel}__in": grant.channel_ids})
            if not grant_filter:
                return Q()
            covered_rows |= grant_filter
        return covered_rows


PLATFORM_SCOPE = PermissionScope((PermissionGrant(is_platform_wide=True),))


def load_permission_scope(user: User | AnonymousUser | None, permission: Permission) -> PermissionScope:
    """Return the rows for which a staff user holds a permission. Superusers hold it for all rows.

    Groups that are neither platform-wide nor assigned to a cooperative grant nothing.
    """
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
        return PermissionScope()
    if user.is_superuser:
        return PLATFORM_SCOPE
    groups = Group.objects.filter(users=user, permissions__code=permission).order_by("pk")
    rows_by_group: dict[tuple[int, bool, bool], tuple[set[int], set[int]]] = {}
    flags = ("pk", "is_platform_wide", "is_restricted_to_channels")
    group_rows = groups.values_list(*flags, "cooperative_rows__cooperative", "channels")
    for key, is_wide, is_restricted, cooperative_id, channel_id in group_rows:
        cooperative_ids, channel_ids = rows_by_group.setdefault((key, is_wide, is_restricted), (set(), set()))
        if cooperative_id is not None:
            cooperative_ids.add(cooperative_id)
        if channel_id is not None:
            channel_ids.add(channel_id)
    return PermissionScope(
        tuple(
            PermissionGrant(
                cooperative_ids=frozenset() if is_wide else frozenset(cooperative_ids),
                channel_ids=frozenset(channel_ids) if is_restricted else None,
                is_platform_wide=is_wide,
            )
            for (_key, is_wide, is_restricted), (cooperative_ids, channel_ids) in rows_by_group.items()
            if is_wide or cooperative_ids
        )
    )


def read_platform_permissions(user: User, *, is_in_all_channels: bool = False) -> frozenset[str]:
    """Return the permission codes that a staff user holds platform-wide.

    If `is_in_all_channels` is true, these are the permissions for which `has_staff_permission` is true.
    Otherwise those that are limited to some channels are included.
    """
    if not user.is_active or not user.is_staff:
        return frozenset()
    if user.is_superuser:
        return frozenset(Permission.values)
    grants = GroupPermission.objects.filter(group__users=user, group__is_platform_wide=True)
    if is_in_all_channels:
        grants = grants.filter(group__is_restricted_to_channels=False)
    return frozenset(grants.values_list("code", flat=True))


def effective_group_permissions() -> QuerySet[GroupPermission]:
    """Return permissions of groups that cover at least some rows."""
    assignments = GroupCooperative.objects.filter(group=OuterRef("group"))
    return GroupPermission.objects.filter(Q(group__is_platform_wide=True) | Exists(assignments))


def read_cooperative_ids_by_user(user_ids: Sequence[int]) -> dict[int, list[int]]:
    """Return the ids of the cooperatives each user acts for, as a member or through a staff group, sorted."""
    by_user: dict[int, set[int]] = {}
    members = Membership.objects.filter(user__in=user_ids, is_active=True).values_list("user", "cooperative")
    staff = GroupCooperative.objects.filter(group__users__in=user_ids)
    for user_id, cooperative_id in [*members, *staff.values_list("group__users", "cooperative")]:
        by_user.setdefault(user_id, set()).add(cooperative_id)
    return {user_id: sorted(by_user.get(user_id, ())) for user_id in user_ids}


def find_memberships(user: User | AnonymousUser) -> list[Membership]:
    """Return the user's active memberships, in a stable order."""
    if not isinstance(user, User):
        return []
    return _active_memberships(user.pk)


@compiled_query
def _active_memberships(user_id: int) -> QuerySet[Membership]:
    return (
        Membership.objects.filter(user=user_id, is_active=True)
        .select_related("cooperative", "cooperative__cover")
        .order_by("cooperative__sort_order", "pk")
    )


def load_membership(user: User | AnonymousUser, cooperative_id: int | None = None) -> MembershipContext:
    """Return the user's membership of that cooperative, or the first one. Raises Missing if there is none."""
    for membership in find_memberships(user):
        if cooperative_id in (None, membership.cooperative_id):
            assert isinstance(user, User)
            return MembershipContext(user, membership.cooperative, membership.role)
    raise Missing()


def has_staff_permission(
    user: User | AnonymousUser, permission: Permission, *, channel: Channel | None = None
) -> bool:
    """Return whether a staff user holds a permission through a platform-wide group.

    If `channel` is None, the permission must hold in all channels, so groups restricted to channels do not
    count. Otherwise restricted groups count if they include the channel.
    """
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
        return False
    if user.is_superuser:
        return True
    grants = GroupPermission.objects.filter(group__users=user, code=permission)
    grants = grants.filter(group__is_platform_wide=True)
    in_all_channels = Q(group__is_restricted_to_channels=False)
    return grants.filter(
        in_all_channels | Q(group__channels=channel) if channel else in_all_channels
    ).exists()


def staff_with_permission(permission: Permission) -> QuerySet[User]:
    """Return active staff for whom `has_staff_permission` is true in all channels."""
    grants = GroupPermission.objects.filter(
        group__users=OuterRef("pk"),
        code=permission,
        group__is_platform_wide=True,
        group__is_restricted_to_channels=False,
    )
    return User.objects.filter(Q(is_superuser=True) | Exists(grants), is_active=True, is_staff=True)


def require_any_staff(user: User | AnonymousUser) -> Actor:
    """Require membership of any platform-wide group, or a superuser. Raises Missing."""
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
        raise Missing()
    if not user.is_superuser and not Group.objects.filter(users=user, is_platform_wide=True).exists():
        raise Missing()
    return user.as_actor(EntryPoint.DESK)


def require_staff_permission(
    user: User | AnonymousUser, permission: Permission, *, channel: Channel | None = None
) -> Actor:
    """Require a permission and return the staff user as actor.

    Raises Missing, so that a forbidden page looks like an absent one.
    """
    if not has_staff_permission(user, permission, channel=channel):
        raise Missing()
    assert isinstance(user, User)
    return user.as_actor(EntryPoint.DESK)
