"""`manage.py reset_second_factor`: the last administrator has lost every second factor."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from shop.accounts.models import AuthenticatorApp, Passkey, RecoveryCode, SignIn, TokenFamily
from shop.accounts.sign_in.token_families import start_family
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.factories import PASSWORD, fixed_now, make_admin
from tests.shop.accounts.factors import (
    SECOND_STEP,
    SIGN_IN,
    app_code,
    give_app,
    give_password,
    give_recovery_codes,
    is_in,
)

pytestmark = pytest.mark.django_db


def test_factors_are_removed_and_all_sign_ins_end(client: Client, capsys) -> None:
    admin = give_app(make_admin(email="lan@example.vn"))
    give_recovery_codes(admin)
    Passkey.objects.create(user=admin, name="Điện thoại", credential_id="a", created_at=fixed_now())
    start_family(user_id=admin.pk, ip_address=None, user_agent="Dashboard", now=fixed_now())
    give_password(client, admin)
    client.post(SECOND_STEP, {"code": app_code()})
    assert is_in(client)

    call_command("reset_second_factor", "Lan@example.vn", "--reason", "điện thoại rơi xuống suối")

    admin.refresh_from_db()
    change = Change.objects.get(action="user.second_factor_reset")
    assert not admin.has_second_factor
    for model in (AuthenticatorApp, Passkey, RecoveryCode, SignIn, TokenFamily):
        assert not model._default_manager.filter(user=admin).exists()
    assert client.get("/en/tai-khoan/").status_code == 302
    assert (change.key, change.actor_kind, change.reason) == (
        str(admin.pk),
        "system",
        "điện thoại rơi xuống suối",
    )
    assert Notification.objects.filter(recipient="lan@example.vn", text__contains="Quản trị viên").exists()
    assert "lan@example.vn is reset" in capsys.readouterr().out.lower()

    client.post(SIGN_IN, {"name": admin.email, "password": PASSWORD})
    assert is_in(client)


@pytest.mark.parametrize(
    ("name", "reason", "expected"),
    [
        ("nobody@example.vn", "mất máy", "There is no account nobody@example.vn"),
        ("mai@example.vn", "mất máy", "xác thực hai bước"),
        ("lan@example.vn", " ", "lý do"),
    ],
)
def test_invalid_reset_changes_nothing(name, reason, expected) -> None:
    admin = give_app(make_admin(email="lan@example.vn"))
    make_admin(email="mai@example.vn")
    before = Change.objects.count()

    with pytest.raises(CommandError, match=f"(?i){expected}"):
        call_command("reset_second_factor", name, "--reason", reason)

    admin.refresh_from_db()
    assert admin.has_second_factor
    assert AuthenticatorApp.objects.filter(user=admin).exists()
    assert Change.objects.count() == before
