"""Registration over the API, confirmation by email, and deletion of an account."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from django.test import override_settings

from shop.accounts.models import User
from shop.accounts.sign_in.login_limits import API_REGISTRATIONS
from shop.api.ids import global_id
from shop.core.models import Change, ShopSettings
from shop.notifications.models import Notification
from tests.factories import PASSWORD, make_admin, make_channel, make_order, make_user
from tests.refusals import all_rows
from tests.shop.api.client import data_of, execute
from tests.shop.api.tokens import token_of

pytestmark = pytest.mark.django_db

REGISTER = """
    mutation($input: AccountRegisterInput!) {
        accountRegister(input: $input) {
            requiresConfirmation
            user { id email firstName isActive isConfirmed dateJoined addresses { id } }
            errors { field code }
        }
    }
"""
CONFIRM = """
    mutation($email: String!, $token: String!) {
        confirmAccount(email: $email, token: $token) { user { email isConfirmed } errors { field code } }
    }
"""
REDIRECT = "http://localhost:3000/xac-nhan?kenh=viet-nam"


@pytest.fixture(autouse=True)
def _channel(settings):
    settings.API_CLIENT_HOSTS = ["localhost", "127.0.0.1"]
    make_channel()


def registration(**changes):
    return {
        "email": "Moi@Example.com",
        "password": PASSWORD,
        "firstName": "Bàn Thị Hoa",
        "languageCode": "EN",
        "metadata": [{"key": "tu", "value": "tiem"}],
        "redirectUrl": REDIRECT,
        "channel": "viet-nam",
    } | changes


def link_in_last_email():
    notification = Notification.objects.latest("pk")
    (address,) = [line for line in notification.text.splitlines() if line.startswith("http://localhost:3000")]
    return notification, dict(parse_qsl(urlsplit(address).query)), urlsplit(address).path


def without_times(payload):
    return payload | {"user": payload["user"] | {"dateJoined": None}}


def test_registration_is_confirmed_by_emailed_link() -> None:
    payload = data_of(REGISTER, input=registration())["accountRegister"]

    user = User.objects.get(email="moi@example.com")
    assert (user.first_name, user.language, user.metadata) == ("Bàn Thị Hoa", "en", {"tu": "tiem"})
    assert not user.is_confirmed
    assert user.check_password(PASSWORD)
    assert without_times(payload) == {
        "requiresConfirmation": True,
        "user": {
            "id": "",
            "email": "moi@example.com",
            "firstName": "Bàn Thị Hoa",
            "isActive": True,
            "isConfirmed": False,
            "dateJoined": None,
            "addresses": [],
        },
        "errors": [],
    }
    notification, values, path = link_in_last_email()
    assert (notification.recipient, notification.language, path) == ("moi@example.com", "en", "/xac-nhan")
    assert notification.subject == "Confirm your Chợ Phiên account"
    assert (values["email"], values["kenh"]) == ("moi@example.com", "viet-nam")

    confirmed = data_of(CONFIRM, email=values["email"], token=values["token"])["confirmAccount"]
    confirmed_again = data_of(CONFIRM, email=values["email"], token=values["token"])["confirmAccount"]

    assert confirmed == {"user": {"email": "moi@example.com", "isConfirmed": True}, "errors": []}
    assert confirmed_again == {"user": None, "errors": [{"field": "token", "code": "INVALID"}]}
    assert list(Change.objects.of_row(user).oldest_first().values_list("action", "entry_point")) == [
        ("user.registered", "api"),
        ("user.confirmed", "api"),
    ]


def test_registration_does_not_reveal_whether_account_exists() -> None:
    new = data_of(REGISTER, input=registration())["accountRegister"]
    make_user(email="cu@example.com")
    count_before = Notification.objects.count()

    existing = data_of(REGISTER, input=registration(email="cu@example.com"))["accountRegister"]

    assert without_times(existing) == without_times(new) | {
        "user": new["user"] | {"email": "cu@example.com", "dateJoined": None}
    }
    assert User.objects.count() == 2
    assert Notification.objects.count() == count_before + 1
    assert Notification.objects.order_by("pk").last().key.startswith("registration:")


def test_repeated_registration_sends_another_confirmation_email() -> None:
    data_of(REGISTER, input=registration())
    data_of(REGISTER, input=registration(password="another-password-2026"))

    assert Notification.objects.count() == 2
    assert User.objects.count() == 1


def test_account_is_confirmed_at_once_without_email_confirmation() -> None:
    ShopSettings.objects.create(enable_account_confirmation_by_email=False)

    payload = data_of(REGISTER, input={"email": "moi@example.com", "password": PASSWORD})["accountRegister"]

    assert not payload["requiresConfirmation"]
    assert payload["errors"] == []
    assert User.objects.get().is_confirmed
    assert Notification.objects.count() == 0


@pytest.mark.parametrize(
    ("invalid_values", "errors"),
    [
        ({"email": "moi"}, [("email", "INVALID")]),
        ({"password": "ngan"}, [("password", "PASSWORD_TOO_SHORT")]),
        ({"password": "password"}, [("password", "PASSWORD_TOO_COMMON")]),
        ({"password": "moi@example"}, [("password", "PASSWORD_TOO_SIMILAR")]),
        ({"redirectUrl": None}, [("redirectUrl", "REQUIRED")]),
        ({"redirectUrl": "https://la.example/"}, [("redirectUrl", "INVALID")]),
        ({"redirectUrl": "javascript:alert(1)"}, [("redirectUrl", "INVALID")]),
        ({"redirectUrl": "http://[x"}, [("redirectUrl", "INVALID")]),
        ({"channel": None}, [("channel", "MISSING_CHANNEL_SLUG")]),
        ({"channel": "la"}, [("channel", "NOT_FOUND")]),
        ({"channel": "dong"}, [("channel", "CHANNEL_INACTIVE")]),
    ],
)
def test_invalid_registration_is_refused_and_saves_nothing(invalid_values, errors) -> None:
    make_channel(slug="dong", is_active=False)

    before = all_rows()

    payload = data_of(REGISTER, input=registration(**invalid_values))["accountRegister"]

    assert all_rows() == before
    assert payload["user"] is None
    assert [(error["field"], error["code"]) for error in payload["errors"]] == errors


@override_settings(API_CLIENT_HOSTS=["*"])
def test_wildcard_client_host_allows_any_redirect_url() -> None:
    payload = data_of(REGISTER, input=registration(redirectUrl="https://la.example/"))["accountRegister"]

    assert payload["errors"] == []


def test_registrations_are_rate_limited_per_network() -> None:
    for _ in range(API_REGISTRATIONS.max_tries - 1):
        API_REGISTRATIONS.count_try("127.0.0.1")

    last = data_of(REGISTER, input=registration(email="cuoi@example.com"))["accountRegister"]
    payload = data_of(REGISTER, input=registration())["accountRegister"]

    assert last["errors"] == []
    assert payload["errors"] == [{"field": None, "code": "LOGIN_ATTEMPT_DELAYED"}]
    assert User.objects.count() == 1


def test_confirmation_email_can_be_sent_again() -> None:
    query = """mutation($to: String!) {
        sendConfirmationEmail(redirectUrl: $to, channel: "viet-nam") { errors { field code } }
    }"""
    waiting_user, confirmed = make_user(is_confirmed=False), make_user()

    def errors(user, redirect_url=REDIRECT):
        payload = data_of(query, token_of(user), to=redirect_url)["sendConfirmationEmail"]
        return [(error["field"], error["code"]) for error in payload["errors"]]

    assert errors(waiting_user, "https://la.example/") == [("redirectUrl", "INVALID")]
    assert errors(confirmed) == [(None, "ACCOUNT_CONFIRMED")]
    assert [errors(waiting_user) for _ in range(4)] == [
        [],
        [],
        [],
        [(None, "CONFIRMATION_ALREADY_REQUESTED")],
    ]
    _email, values, _path = link_in_last_email()
    assert (
        data_of(CONFIRM, **{key: values[key] for key in ("email", "token")})["confirmAccount"]["errors"] == []
    )


DELETION = "mutation($to: String!) { accountRequestDeletion(redirectUrl: $to) { errors { field code } } }"
DELETE = (
    "mutation($token: String!) { accountDelete(token: $token) { user { id } errors { field code message } } }"
)


def test_account_is_deleted_by_emailed_link() -> None:
    user, stranger = make_user(), make_user()
    token = token_of(user)

    assert data_of(DELETION, token, to=REDIRECT)["accountRequestDeletion"] == {"errors": []}
    notification, values, _path = link_in_last_email()
    assert notification.recipient == user.email
    stolen = data_of(DELETE, token_of(stranger), token=values["token"])["accountDelete"]["errors"]
    assert [(error["field"], error["code"]) for error in stolen] == [("token", "INVALID")]
    payload = data_of(DELETE, token, token=values["token"])["accountDelete"]

    assert payload == {"user": {"id": global_id("User", user.pk)}, "errors": []}
    user.refresh_from_db()
    assert user.email is None
    assert not user.is_active
    assert user.erased_at is not None


def test_account_with_an_open_order_cannot_be_deleted() -> None:
    user = make_user()
    order = make_order()
    order.user = user
    order.save()
    data_of(DELETION, token_of(user), to=REDIRECT)
    _email, values, _path = link_in_last_email()

    (error,) = data_of(DELETE, token_of(user), token=values["token"])["accountDelete"]["errors"]

    assert (error["field"], error["code"]) == (None, "INVALID")
    assert error["message"] == "Còn đơn hàng chưa giao xong. Hãy yêu cầu lại sau khi nhận hàng."
    user.refresh_from_db()
    assert user.is_active


def test_staff_cannot_request_their_own_deletion() -> None:
    payload = data_of(DELETION, token_of(make_admin()), to=REDIRECT)["accountRequestDeletion"]

    assert payload["errors"] == [{"field": None, "code": "DELETE_STAFF_ACCOUNT"}]


@pytest.mark.parametrize(
    "query",
    [
        'accountRequestDeletion(redirectUrl: "x")',
        'accountDelete(token: "x")',
        'sendConfirmationEmail(redirectUrl: "x", channel: "x")',
        'passwordChange(oldPassword: "x", newPassword: "x")',
        'requestEmailChange(password: "x", newEmail: "x", redirectUrl: "x")',
        'confirmEmailChange(token: "x")',
        "accountUpdate(input: {})",
        "accountAddressCreate(input: {})",
        'accountAddressUpdate(id: "x", input: {})',
        'accountAddressDelete(id: "x")',
        'accountSetDefaultAddress(id: "x", type: BILLING)',
        "tokensDeactivateAll",
    ],
)
def test_anonymous_is_denied(query) -> None:
    response = execute(f"mutation {{ {query} {{ errors {{ code }} }} }}")

    (error,) = response["errors"]
    assert list(response["data"].values()) == [None]
    assert error["message"] == "Permission denied: this needs one of AUTHENTICATED_USER."
    assert error["extensions"]["exception"]["code"] == "PermissionDenied"


def test_confirmation_drops_passwords_set_before_it() -> None:
    data_of(REGISTER, input=registration(password="mat-khau-cua-ke-gian-2026"))
    data_of(REGISTER, input=registration())
    _email, sent, _path = link_in_last_email()

    payload = data_of(CONFIRM, email=sent["email"], token=sent["token"])["confirmAccount"]

    assert payload == {"user": {"email": "moi@example.com", "isConfirmed": True}, "errors": []}
    user = User.objects.get()
    assert not user.check_password("mat-khau-cua-ke-gian-2026")
    assert not user.has_usable_password()
    notification = Notification.objects.latest("pk")
    assert (notification.recipient, notification.key.partition(":")[0]) == ("moi@example.com", "password")
