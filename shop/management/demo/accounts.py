"""Create the demo's accounts."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from cooperatives.models import Cooperative, Membership, Role
from shop.accounts.models import Address, Group, User
from shop.core.actors import Actor
from shop.core.models import record_change
from shop.management.demo_state.accounts import ACCOUNTS, PUBLISHED_PASSWORDS, Account


def create_demo_accounts(
    *, passwords: Mapping[str, str] = PUBLISHED_PASSWORDS, actor: Actor, now: datetime.datetime
) -> Mapping[str, User]:
    """In a transaction: create missing demo accounts, and return all of them by email."""
    users = {}
    for account in ACCOUNTS:
        user = User.objects.filter(email=account.email).first()
        if user is None:
            user = _create_account(account, passwords[account.email], now)
            if account.cooperative:
                _create_membership(user, account.cooperative, actor=actor, now=now)
        users[account.email] = user
    return users


def _create_account(account: Account, password: str, now: datetime.datetime) -> User:
    is_admin = account.role == "admin"
    user = User.objects.create_user(
        email=account.email,
        password=password,
        first_name=account.name,
        phone=account.phone,
        phone_confirmed_at=now,
        is_staff=is_admin,
        is_superuser=is_admin,
    )
    if is_admin:
        user.permission_groups.add(*Group.objects.order_by("pk"))
    if account.role == "buyer":
        user.default_shipping_address = Address.objects.create(
            user=user,
            first_name=account.name,
            street_address_1="Số nhà 12, tổ 3",
            city="Phường Đức Xuân",
            country_area="Thái Nguyên",
            phone=account.phone,
            province_code="19",
            commune_code="01840",
            landmark="Đối diện nhà văn hoá",
        )
        user.save(update_fields=["default_shipping_address"])
    return user


def _create_membership(user: User, slug: str, *, actor: Actor, now: datetime.datetime) -> None:
    cooperative = Cooperative.objects.get(slug=slug)
    membership = Membership.objects.create(cooperative=cooperative, user=user, role=Role.MANAGER)
    record_change(
        "membership.admitted",
        membership,
        actor=actor,
        now=now,
        root=cooperative,
        cooperative_id=cooperative.pk,
        data={"role": Role.MANAGER, "user": user.pk},
    )
