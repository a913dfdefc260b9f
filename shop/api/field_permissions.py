"""Who may ask for what: one decision for a field, whatever the number of objects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from shop.accounts.staff.permissions import Permission


class Standing(StrEnum):
    """What somebody is, where no permission decides."""

    USER = "AUTHENTICATED_USER"
    STAFF = "AUTHENTICATED_STAFF_USER"
    APP = "AUTHENTICATED_APP"


@dataclass(frozen=True, slots=True)
class Within:
    """A permission, if only for the rows of some cooperatives: whoever asks for it narrows the rows
    themselves."""

    permission: Permission


Right: TypeAlias = Permission | Standing | Within


def written(right: Right) -> str:
    """The name of a permission or standing as the contract spells it."""
    named = right.permission if isinstance(right, Within) else right
    return str(named.value).upper()
