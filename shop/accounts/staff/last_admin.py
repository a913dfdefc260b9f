"""Keep the last administrator's rights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from shop.accounts.models import GroupPermission, User
from shop.accounts.staff.permissions import Permission
from shop.core.database.transactions import lock_row
from shop.core.errors import Refused
from shop.core.models import ShopSettings


class LastAdmin(Refused):
    code = "last_admin"
    default_message = _("Nobody could manage staff any more. Give another person this right first.")


def administrators() -> QuerySet[User]:
    """Return active staff who may manage staff on the whole platform."""
    grants = GroupPermission.objects.filter(
        group__users=OuterRef("pk"),
        code=Permission.MANAGE_STAFF,
        group__is_platform_wide=True,
        group__is_restricted_to_channels=False,
    )
    return User.objects.filter(Q(is_superuser=True) | Exists(grants), is_active=True, is_staff=True)


@contextmanager
def keep_an_administrator() -> Iterator[None]:
    """In a transaction: raise LastAdmin if nobody may manage staff any more once the block has run.

    The lock on the settings makes such changes take turns, so that two administrators cannot remove each
    other at the same time.
    """
    ShopSettings.objects.get_or_create(pk=1)
    lock_row(ShopSettings.objects.filter(pk=1))
    had_administrator = administrators().exists()
    yield
    if had_administrator and not administrators().exists():
        raise LastAdmin()
