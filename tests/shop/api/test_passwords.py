"""New passwords and email addresses over the API."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from shop.accounts.sign_in.login_limits import FAILED_SIGN_INS, PASSWORD_LINKS
from shop.notifications.models import Notification
from tests.factories import PASSWORD, make_channel, make_user
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

REDIRECT = "http://127.0.0.1:3000/mat-khau"
NEW_PASSWORD = "mat-khau-moi-cua-toi-2026"
RESET = """
    mutation($email: String!, $to: String!) {
        requestPasswordReset(email: $email, redirectUrl: $to, channel: "viet-nam") { errors { field code } }
    }
"""
SET_PASSWORD = """
    mutation($email: String!, $token: String!, $password: String!) {
        setPassword(email: $email, token: $token, password: $password) {
            token refreshToken csrfToken user { email isConfirmed } errors { field code }
        }
    }
"""
CHANGE_PASSWORD = """
    mutation($old: String, $new: String!) {
        passwordChange(oldPassword: $old, newPassword: $new) { user { email } errors { field code } }
    }
"""
REQUEST_EMAIL_CHANGE = """
    mutation($password: String!, $email: String!, $to: String!) {
        requestEmailChange(password: $password, newEmail: $email, redirectUrl: $to) {
            user { email } errors { field code }
        }
    }
"""
CONFIRM_EMAIL = """
    mutation($token: String!) { confirmEmailChange(token: $token) { user { email } errors { field code } } }
"""
ME = "{ me { email } }"


@pytest.fixture(autouse=True)
def _channel(settings):
    settings.API_CLIENT_HOSTS = ["localhost", "127.0.0.1"]
    make_channel()


def link_values_in_last_email():
    email = Notification.objects.latest("pk")
    (address,) = [line for line in email.text.splitlines() if line.startswith(REDIRECT)]
    return email, dict(parse_qsl(urlsplit(address).query))


def errors_of(payload):
    return [(error["field"], error["code"]) for error in payload["errors"]]


def test_password_reset_by_emailed_link() -> None:
    user = make_user(is_confirmed=False)
    before = token_of(user)

    assert data_of(RESET, email=user.email.upper(), to=REDIRECT)["requestPasswordReset"]["errors"] == []
    email, values = link_values_in_last_email()
    assert (email.recipient, values["email"]) == (user.email, user.email)
    payload = data_of(SET_PASSWORD, email=user.email, token=values["token"], password=NEW_PASSWORD)[
        "setPassword"
    ]

    assert (payload["user"], payload["errors"]) == ({"email": user.email, "isConfirmed": True}, [])
    assert data_of(ME, payload["token"])["me"] == {"email": user.email}
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)
    assert execute(ME, before)["errors"][0]["extensions"]["code"] == "InvalidTokenError"
    repeated = data_of(SET_PASSWORD, email=user.email, token=values["token"], password=PASSWORD)[
        "setPassword"
    ]
    assert (errors_of(repeated), repeated["token"]) == ([("token", "INVALID")], None)


def test_password_reset_does_not_reveal_whether_account_exists() -> None:
    known_result = data_of(RESET, email=make_user().email, to=REDIRECT)
    unknown = data_of(RESET, email="la@example.com", to=REDIRECT)

    assert known_result == unknown == {"requestPasswordReset": {"errors": []}}
    assert Notification.objects.count() == 1


@pytest.mark.parametrize("known", [True, False])
def test_password_reset_emails_are_rate_limited(known) -> None:
    email = make_user().email if known else "la@example.com"
    for _ in range(PASSWORD_LINKS.max_tries):
        data_of(RESET, email=email, to=REDIRECT)

    refused = data_of(RESET, email=email, to=REDIRECT)["requestPasswordReset"]

    assert errors_of(refused) == [("email", "PASSWORD_RESET_ALREADY_REQUESTED")]


def test_password_reset_refuses_a_foreign_redirect_url() -> None:
    refused = data_of(RESET, email=make_user().email, to="https://la.example/")["requestPasswordReset"]

    assert errors_of(refused) == [("redirectUrl", "INVALID")]
    assert Notification.objects.count() == 0


def test_password_reset_validates_the_new_password() -> None:
    user = make_user()
    data_of(RESET, email=user.email, to=REDIRECT)
    _email, values = link_values_in_last_email()

    refused = data_of(SET_PASSWORD, email=user.email, token=values["token"], password="qwerty")["setPassword"]

    assert errors_of(refused) == [
        ("password", "PASSWORD_TOO_SHORT"),
        ("password", "PASSWORD_TOO_COMMON"),
    ]


def test_password_change_with_the_old_password() -> None:
    user = make_user()
    token = token_of(user)

    payload = data_of(CHANGE_PASSWORD, token, old=PASSWORD, new=NEW_PASSWORD)["passwordChange"]

    assert payload == {"user": {"email": user.email}, "errors": []}
    user.refresh_from_db()
    assert user.check_password(NEW_PASSWORD)
    assert execute(ME, token)["errors"][0]["extensions"]["code"] == "InvalidTokenError"


@pytest.mark.parametrize(
    ("old_password", "new_password", "errors"),
    [
        ("wrong", NEW_PASSWORD, [("oldPassword", "INVALID_CREDENTIALS")]),
        (None, NEW_PASSWORD, [("oldPassword", "INVALID_CREDENTIALS")]),
        (PASSWORD, "ngan", [("newPassword", "PASSWORD_TOO_SHORT")]),
    ],
)
def test_invalid_password_change_is_refused(old_password, new_password, errors) -> None:
    token = token_of(make_user())
    before = all_rows()

    payload = data_of(CHANGE_PASSWORD, token, old=old_password, new=new_password)["passwordChange"]

    assert errors_of(payload) == errors
    assert all_rows() == before


def test_email_change_is_confirmed_by_link_to_the_new_address() -> None:
    user = make_user()
    token = token_of(user)

    request_data = data_of(
        REQUEST_EMAIL_CHANGE, token, password=PASSWORD, email="Moi@Example.com", to=REDIRECT
    )
    email, values = link_values_in_last_email()
    assert request_data["requestEmailChange"] == {"user": {"email": user.email}, "errors": []}
    assert email.recipient == "moi@example.com"
    payload = data_of(CONFIRM_EMAIL, token, token=values["token"])

    assert payload["confirmEmailChange"] == {"user": {"email": "moi@example.com"}, "errors": []}
    assert execute(ME, token)["errors"][0]["extensions"]["code"] == "InvalidTokenError"
    user.refresh_from_db()
    assert user.email == "moi@example.com"


def test_email_change_token_is_personal_and_single_use() -> None:
    user, stranger = make_user(), make_user()
    data_of(REQUEST_EMAIL_CHANGE, token_of(user), password=PASSWORD, email="moi@example.com", to=REDIRECT)
    _email, values = link_values_in_last_email()

    def errors(person, text):
        return errors_of(data_of(CONFIRM_EMAIL, token_of(person), token=text)["confirmEmailChange"])

    assert errors(stranger, values["token"]) == [("token", "INVALID")]
    assert errors(user, "abc") == [("token", "INVALID")]
    assert errors(user, values["token"]) == []
    assert errors(user, values["token"]) == [("token", "INVALID")]


def test_email_change_is_refused_if_address_was_taken_meanwhile() -> None:
    user = make_user()
    data_of(REQUEST_EMAIL_CHANGE, token_of(user), password=PASSWORD, email="moi@example.com", to=REDIRECT)
    _email, values = link_values_in_last_email()
    make_user(email="moi@example.com")

    payload = data_of(CONFIRM_EMAIL, token_of(user), token=values["token"])["confirmEmailChange"]

    assert errors_of(payload) == [("newEmail", "UNIQUE")]


@pytest.mark.parametrize(
    ("invalid_values", "errors"),
    [
        ({"password": "wrong"}, [("password", "INVALID_CREDENTIALS")]),
        ({"email": "moi"}, [("newEmail", "INVALID")]),
        ({"to": "https://la.example/"}, [("redirectUrl", "INVALID")]),
    ],
)
def test_invalid_email_change_is_refused(invalid_values, errors) -> None:
    make_user(email="cu@example.com")
    token = token_of(make_user())
    before = all_rows()

    variables = {"password": PASSWORD, "email": "moi@example.com", "to": REDIRECT} | invalid_values
    payload = data_of(REQUEST_EMAIL_CHANGE, token, **variables)["requestEmailChange"]

    assert errors_of(payload) == errors
    assert all_rows() == before


def test_old_password_attempts_are_rate_limited() -> None:
    token = token_of(make_user())
    for _ in range(FAILED_SIGN_INS.max_tries):
        data_of(CHANGE_PASSWORD, token, old="wrong", new=NEW_PASSWORD)

    changed = data_of(CHANGE_PASSWORD, token, old=PASSWORD, new=NEW_PASSWORD)["passwordChange"]
    request_data = data_of(
        REQUEST_EMAIL_CHANGE, token, password=PASSWORD, email="moi@example.com", to=REDIRECT
    )

    assert errors_of(changed) == [("oldPassword", "LOGIN_ATTEMPT_DELAYED")]
    assert errors_of(request_data["requestEmailChange"]) == [("password", "LOGIN_ATTEMPT_DELAYED")]
