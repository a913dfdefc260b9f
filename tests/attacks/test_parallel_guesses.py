"""Password guessing: concurrent, from many networks, and with different spellings of the name."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from shop.accounts.models import OneTimeCode, User
from shop.accounts.sign_in.login_limits import FAILED_SIGN_INS, SIGN_INS_PER_ACCOUNT
from shop.core.web.rate_limits import RateLimit
from tests.factories import NOW, PASSWORD, make_user
from tests.races.parallel import run_in_threads
from tests.shop.accounts.sent_codes import last_code
from tests.shop.api.client import post

SIGN_IN = reverse("accounts:sign-in")
CREATE = """mutation($email: String!, $password: String!) {
  tokenCreate(email: $email, password: $password) { token errors { code } } }"""
PARALLEL = 24


def guess(name: str, password: str = "sai-mat-khau", *, network: str = "203.0.113.1", client=None) -> str:
    """Try to sign in over the API and return the error code, empty on success."""
    body = {"query": CREATE, "variables": {"email": name, "password": password}}
    client = client or Client()
    client.defaults["REMOTE_ADDR"] = network
    response = post(body, client=client).json()["data"]["tokenCreate"]
    return response["errors"][0]["code"] if response["errors"] else ""


def sign_in(client: Client, name: str, password: str, network: str = "203.0.113.1"):
    return client.post(SIGN_IN, {"name": name, "password": password}, REMOTE_ADDR=network)


def record_passwords(monkeypatch) -> list[str]:
    tried: list[str] = []
    check = User.check_password

    def noted(self: User, raw: str) -> bool:
        tried.append(raw)
        return check(self, raw)

    monkeypatch.setattr(User, "check_password", noted)
    return tried


@pytest.mark.django_db(transaction=True)
def test_concurrent_guesses_stay_within_the_limit(monkeypatch) -> None:
    user = make_user()
    tried = record_passwords(monkeypatch)

    codes = run_in_threads(
        [lambda n=n: guess(user.email, f"sai-{n}") for n in range(PARALLEL)], thread_count=12
    )

    assert len(tried) == FAILED_SIGN_INS.max_tries == 8
    assert sorted(codes) == ["INVALID_CREDENTIALS"] * 8 + ["LOGIN_ATTEMPT_DELAYED"] * 16


@pytest.mark.django_db(transaction=True)
def test_counting_after_the_check_lets_more_guesses_through(monkeypatch) -> None:
    """Proves that the test above finds the fault: if tries are only looked up, all passwords are compared."""
    user = make_user()
    tried = record_passwords(monkeypatch)
    monkeypatch.setattr(RateLimit, "count_try", RateLimit.check)

    run_in_threads([lambda n=n: guess(user.email, f"sai-{n}") for n in range(PARALLEL)], thread_count=12)

    assert len(tried) == PARALLEL


@pytest.mark.django_db(transaction=True)
def test_pages_and_api_share_a_limit(monkeypatch) -> None:
    user = make_user()
    tried = record_passwords(monkeypatch)

    for _ in range(4):
        guess(user.email)
        sign_in(Client(), user.email, "sai")
    response = sign_in(Client(), user.email, PASSWORD)

    assert response.status_code == 429
    assert guess(user.email, PASSWORD) == "LOGIN_ATTEMPT_DELAYED"
    assert len(tried) == 8


@pytest.mark.django_db
def test_account_has_one_limit_in_any_spelling_of_its_name(monkeypatch) -> None:
    user = make_user(email="lan@example.com", phone="+84912345678", phone_confirmed_at=NOW)
    tried = record_passwords(monkeypatch)
    names = ["lan@example.com", " LAN@example.com", "0912345678", "+84 912 345 678", "84912345678"]

    for name in names * 4:
        guess(name)

    assert len(tried) == 8
    assert user.check_password(PASSWORD)


@pytest.mark.django_db
def test_guesses_from_many_networks_end_at_the_account_limit(monkeypatch) -> None:
    user = make_user()
    tried = record_passwords(monkeypatch)

    codes = [guess(user.email, network=f"198.51.100.{n}") for n in range(SIGN_INS_PER_ACCOUNT.max_tries + 5)]

    assert len(tried) == SIGN_INS_PER_ACCOUNT.max_tries
    assert codes[-5:] == ["LOGIN_ATTEMPT_DELAYED"] * 5


@pytest.mark.django_db
def test_owner_can_still_sign_in_on_a_known_device() -> None:
    user, own_client = make_user(), Client()
    sign_in(own_client, user.email, PASSWORD)
    own_client.post(reverse("accounts:sign-out"))
    for n in range(SIGN_INS_PER_ACCOUNT.max_tries + 1):
        guess(user.email, network=f"198.51.100.{n}")

    response = sign_in(own_client, user.email, PASSWORD)

    assert response.status_code == 302
    assert own_client.session["_auth_user_id"] == str(user.pk)
    assert guess(user.email, PASSWORD, client=own_client) == ""


@pytest.mark.django_db
def test_members_who_share_an_unconfirmed_number_sign_in_on_their_known_device(monkeypatch) -> None:
    number = "0987654321"
    family = [make_user(email=None, phone="+84987654321") for _person in range(2)]
    for n, person in enumerate(family):
        person.set_password(f"mat-khau-{n}")
        person.save()
    own_client = Client()
    for n in range(2):
        sign_in(own_client, number, f"mat-khau-{n}")
        own_client.post(reverse("accounts:sign-out"))
    for n in range(SIGN_INS_PER_ACCOUNT.max_tries + 1):
        guess(number, network=f"198.51.100.{n}")
    tried = record_passwords(monkeypatch)

    signed_in = []
    for n in range(2):
        sign_in(own_client, number, f"mat-khau-{n}")
        signed_in.append(own_client.session["_auth_user_id"])
        own_client.post(reverse("accounts:sign-out"))
    over_the_api = guess(number, "mat-khau-1", client=own_client)
    tried.clear()
    strange = sign_in(Client(), number, "mat-khau-0", network="192.0.2.9")

    assert signed_in == [str(person.pk) for person in family]
    assert (over_the_api, strange.url, tried) == ("", reverse("accounts:enter-device-code"), [])


@pytest.mark.django_db
def test_known_device_of_one_account_makes_no_more_tries_at_another_of_the_number() -> None:
    number = "0987654321"
    victim = make_user(email=None, phone="+84987654321")
    own = make_user(email=None, phone="+84987654321")
    own.set_password("mat-khau-cua-ke-gian")
    own.save()
    devices = [Client() for _device in range(2)]
    for device in devices:
        sign_in(device, number, "mat-khau-cua-ke-gian")
        device.post(reverse("accounts:sign-out"))
    for n in range(SIGN_INS_PER_ACCOUNT.max_tries + 1):
        guess(number, network=f"198.51.100.{n}")

    for device in devices:
        sign_in(device, number, PASSWORD)

    assert victim.check_password(PASSWORD)
    assert all("_auth_user_id" not in device.session for device in devices)


@pytest.mark.django_db
def test_owner_confirms_a_new_device_by_a_code() -> None:
    user, new_device = make_user(), Client()
    for n in range(SIGN_INS_PER_ACCOUNT.max_tries):
        guess(user.email, network=f"198.51.100.{n}")

    response = new_device.post(SIGN_IN, {"name": user.email, "password": PASSWORD, "next": "/gio-hang/"})
    code = last_code(user.email)
    confirmed = new_device.post(response.url, {"code": code})
    entered = new_device.post(confirmed.url, {"name": user.email, "password": PASSWORD, "next": "/gio-hang/"})

    assert (response.status_code, response.url) == (302, reverse("accounts:enter-device-code"))
    assert "_auth_user_id" in new_device.session
    assert confirmed.url == f"{SIGN_IN}?next=%2Fgio-hang%2F"
    assert entered.url == "/gio-hang/"


@pytest.mark.django_db
def test_device_code_signs_nobody_in_and_covers_one_account() -> None:
    user, other, new_device = make_user(), make_user(), Client()
    for n in range(SIGN_INS_PER_ACCOUNT.max_tries):
        guess(user.email, network=f"198.51.100.{n}")
        guess(other.email, network=f"198.51.100.{n}")
    response = sign_in(new_device, user.email, "sai")
    code = last_code(user.email)

    new_device.post(response.url, {"code": code})

    assert "_auth_user_id" not in new_device.session
    assert sign_in(new_device, other.email, PASSWORD).url == reverse("accounts:enter-device-code")


@pytest.mark.django_db
def test_unknown_accounts_are_asked_for_a_code_alike() -> None:
    new_device, name = Client(), "khong-co@example.com"
    for n in range(SIGN_INS_PER_ACCOUNT.max_tries):
        guess(name, network=f"198.51.100.{n}")

    response = sign_in(new_device, name, "sai")
    answered = new_device.post(response.url, {"code": "123456"})

    assert response.url == reverse("accounts:enter-device-code")
    assert answered.status_code == 200
    assert not OneTimeCode.objects.exists()


@pytest.mark.django_db
def test_successful_sign_ins_use_up_no_tries() -> None:
    """A storefront's server signs in all of its buyers from one network."""
    user = make_user()

    codes = [guess(user.email, PASSWORD) for _ in range(SIGN_INS_PER_ACCOUNT.max_tries + 10)]

    assert codes == [""] * (SIGN_INS_PER_ACCOUNT.max_tries + 10)
