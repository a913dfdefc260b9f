"""Who may ask for what: one decision for a field, whatever the number of objects."""

from __future__ import annotations

from enum import StrEnum
from typing import TypeAlias

from shop.accounts.permissions import Permission


class Standing(StrEnum):
    """What somebody is, where no permission decides."""

    USER = "AUTHENTICATED_USER"
    STAFF = "AUTHENTICATED_STAFF_USER"
    APP = "AUTHENTICATED_APP"


Right: TypeAlias = Permission | Standing


def written(right: Right) -> str:
    """The name of a permission or standing as the contract spells it."""
    return str(right.value).upper()
