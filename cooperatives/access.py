"""For whom may this person act, as what: the one gate from a signed-in user to a cooperative's rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from cooperatives.models import Cooperative, Membership, Role
from cooperatives.states import CooperativeState
from shop.accounts.models import GroupPermission, User
from shop.accounts.permissions import Permission
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
    channels do not count, and with one they count where it is among theirs.
    """
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
        return False
    if user.is_superuser:
        return True
    held = GroupPermission.objects.filter(group__users=user, code=permission)
    everywhere = Q(group__restricted_to_channels=False)
    return held.filter(everywhere | Q(group__channels=channel) if channel else everywhere).exists()


def require_any_staff(user: User | AnonymousUser) -> Actor:
    """Anybody of the platform's staff, whatever their groups allow. Raises Missing."""
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
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
