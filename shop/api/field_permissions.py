"""Check the rights that fields require, once per field, however many objects there are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from shop.accounts.staff.permissions import Permission


class FieldAccess(StrEnum):
    """Kinds of requester, for fields that need no specific permission."""

    USER = "AUTHENTICATED_USER"
    STAFF = "AUTHENTICATED_STAFF_USER"
    APP = "AUTHENTICATED_APP"


@dataclass(frozen=True, slots=True)
class CooperativeScoped:
    """A permission that may be held for some cooperatives only. The resolver must filter its rows by it."""

    permission: Permission


FieldPermission: TypeAlias = Permission | FieldAccess | CooperativeScoped


def permission_name(right: FieldPermission) -> str:
    """Return the name of a right as the schema spells it."""
    named_right = right.permission if isinstance(right, CooperativeScoped) else right
    return str(named_right.value).upper()
