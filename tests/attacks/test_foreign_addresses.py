"""Registering another person's email address and waiting for its owner to confirm it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from shop.accounts.models import Passkey, User
from shop.accounts.registration.accounts import authenticate_active_user
from shop.accounts.sign_in.phone_accounts import confirm_phone
from shop.core.actors import EntryPoint
from shop.core.models import ShopSettings
from shop.notifications.models import Notification
from tests.factories import NOW, PASSWORD, make_channel
from tests.shop.api.client import data_of
from tests.shop.api.test_registration import CONFIRM, REGISTER, link_in_last_email, registration

pytestmark = pytest.mark.django_db
ADDRESS = "moi@example.com"
STRANGERS, OWNERS = "mat-khau-cua-ke-gian-2026", "mat-khau-cua-chinh-toi-2026"
SIGN_IN = """mutation($email: String!, $password: String!) {
    tokenCreate(email: $email, password: $password) { token refreshToken errors { code } } }"""
REFRESH = "mutation($token: String!) { tokenRefresh(refreshToken: $token) { token errors { code } } }"
ME = "{ me { email } }"


@pytest.fixture(autouse=True)
def _market(settings):
    settings.API_CLIENT_HOSTS = ["localhost"]
    make_channel()


def confirm(token: str | None = None) -> None:
    _email, sent, _path = link_in_last_email()
    response = data_of(CONFIRM, token, email=sent["email"], token=sent["token"])["confirmAccount"]
    assert response == {"user": {"email": ADDRESS, "isConfirmed": True}, "errors": []}


def password_page() -> str:
    """Return the link in the last email that sets a password."""
    notification = Notification.objects.latest("pk")
    assert (notification.recipient, notification.key.partition(":")[0]) == (ADDRESS, "password")
    match = re.search(r"(/en/tai-khoan/mat-khau/\S+/)", notification.text)
    assert match is not None
    return match[1]


def test_password_of_the_registrant_ends_when_the_owner_confirms() -> None:
    data_of(REGISTER, input=registration(password=STRANGERS))

    confirm()

    assert authenticate_active_user(phone_or_email=ADDRESS, password=STRANGERS) is None
    refused = data_of(SIGN_IN, email=ADDRESS, password=STRANGERS)["tokenCreate"]
    assert (refused["token"], refused["errors"]) == (None, [{"code": "INVALID_CREDENTIALS"}])
    Client().post(password_page(), {"password": OWNERS})
    assert authenticate_active_user(phone_or_email=ADDRESS, password=OWNERS) == User.objects.get()


@pytest.mark.parametrize("by", ["confirmation", "password link"])
def test_stranger_cannot_use_the_account_once_it_is_confirmed(by: str) -> None:
    """With sign-in allowed before confirmation."""
    ShopSettings.objects.create(allow_login_without_confirmation=True)
    data_of(REGISTER, input=registration(password=STRANGERS))
    stolen = data_of(SIGN_IN, email=ADDRESS, password=STRANGERS)["tokenCreate"]
    user = User.objects.get()
    confirm_phone(user_id=user.pk, phone="+84987654321", actor=user.as_actor(EntryPoint.MARKET), now=NOW)
    Passkey.objects.create(user=user, name="Khóa", credential_id="abc", created_at=NOW)
    assert data_of(ME, stolen["token"])["me"] == {"email": ADDRESS}

    if by == "confirmation":
        confirm()
    else:  # of a buyer who never registered, or forgot about it
        Client().post("/en/tai-khoan/mat-khau/", {"email": ADDRESS})
    Client().post(password_page(), {"password": OWNERS})

    user.refresh_from_db()
    assert user.is_confirmed
    assert user.phone is None
    assert user.phone_confirmed_at is None
    assert not Passkey.objects.exists()
    assert data_of(REFRESH, token=stolen["refreshToken"])["tokenRefresh"]["token"] is None
    assert user.check_password(OWNERS)


def test_signed_in_registrant_keeps_the_password() -> None:
    ShopSettings.objects.create(allow_login_without_confirmation=True)
    data_of(REGISTER, input=registration())
    token = data_of(SIGN_IN, email=ADDRESS, password=PASSWORD)["tokenCreate"]["token"]

    confirm(token)

    assert User.objects.get().check_password(PASSWORD)
    assert data_of(ME, token)["me"] == {"email": ADDRESS}
    assert Notification.objects.count() == 1


def test_second_registration_changes_nothing_before_confirmation() -> None:
    data_of(REGISTER, input=registration())
    data_of(REGISTER, input=registration(password=STRANGERS))

    user = User.objects.get()
    assert user.check_password(PASSWORD)
    assert not user.is_confirmed
    assert [notification.recipient for notification in Notification.objects.all()] == [ADDRESS] * 2
