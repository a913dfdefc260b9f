"""The migration that moves passkeys out of django-allauth's tables, forwards and backwards."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from shop.accounts.models import Passkey, SignIn
from tests.doubles.authenticator import Authenticator
from tests.factories import fixed_now, make_user

pytestmark = pytest.mark.django_db(transaction=True)
SIGN_IN = "/en/tai-khoan/dang-nhap/"
migration = importlib.import_module("shop.accounts.migrations.0006_move_passkeys")


@pytest.fixture
def old_apps() -> Any:
    state = MigrationExecutor(connection).loader.project_state(("accounts", "0005_second_factors"))
    return state.apps


@pytest.fixture
def allauths_table(old_apps: Any) -> Iterator[Any]:
    """Yield django-allauth's table of passkeys, as an upgraded shop still has it."""
    model = migration._authenticator(old_apps)
    with connection.schema_editor() as editor:
        editor.create_model(model)
    yield model
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS mfa_authenticator")
    MigrationRecorder(connection).migration_qs.filter(app="mfa").delete()


def test_moved_passkey_signs_in_and_moves_back(client: Client, old_apps: Any, allauths_table: Any) -> None:
    user, device = make_user(), Authenticator()
    credential = json.loads(device.make({"publicKey": {"challenge": "AAAA"}}))
    allauths_table.objects.create(
        user_id=user.pk,
        type="webauthn",
        data={"name": "Máy của Hoa", "credential": credential},
        created_at=fixed_now(),
    )

    with connection.schema_editor() as editor:
        migration.move_passkeys(old_apps, editor)
    options = client.get(f"{SIGN_IN}khoa/").json()
    client.post(f"{SIGN_IN}khoa/", {"credential": device.sign(options)})

    assert "mfa_authenticator" not in connection.introspection.table_names()
    passkey = Passkey.objects.get()
    assert (passkey.user_id, passkey.name, passkey.created_at) == (user.pk, "Máy của Hoa", fixed_now())
    assert SignIn.objects.get().user_id == user.pk

    with connection.schema_editor() as editor:
        migration.move_back(old_apps, editor)
    row = allauths_table.objects.get()
    Passkey.objects.all().delete()
    with connection.schema_editor() as editor:
        migration.move_passkeys(old_apps, editor)

    assert (row.user_id, row.data["name"]) == (user.pk, "Máy của Hoa")
    moved_back = Passkey.objects.get()
    assert moved_back.credential_id == passkey.credential_id
    assert bytes(moved_back.public_key) == bytes(passkey.public_key)
    assert moved_back.sign_count == passkey.sign_count == 1


def test_new_shop_has_no_passkeys_to_move(old_apps: Any) -> None:
    with connection.schema_editor() as editor:
        migration.move_passkeys(old_apps, editor)

    assert not Passkey.objects.exists()
