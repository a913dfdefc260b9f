"""Sign-in over the API: tokens, their claims, refresh and revocation."""

from __future__ import annotations

import datetime
import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from django.conf import settings
from django.test import Client
from django.utils import timezone
from jwt.algorithms import RSAAlgorithm

from shop.accounts.models import TokenFamily
from shop.accounts.sign_in.login_limits import FAILED_SIGN_INS
from shop.api import tokens
from shop.api.ids import global_id
from shop.api.signing_keys import read_signing_key
from shop.core.models import ShopSettings
from tests.factories import PASSWORD, make_admin, make_user
from tests.shop.api.client import data_of, execute, post

pytestmark = pytest.mark.django_db

CREATE = """
    mutation($email: String!, $password: String!, $audience: String) {
        tokenCreate(email: $email, password: $password, audience: $audience) {
            token refreshToken csrfToken user { id email }
            errors { field code message } accountErrors { code }
        }
    }
"""
REFRESH = """
    mutation($token: String, $csrf: String) {
        tokenRefresh(refreshToken: $token, csrfToken: $csrf) {
            token user { email } errors { field code message }
        }
    }
"""
VERIFY = """
    mutation($token: String!) {
        tokenVerify(token: $token) { isValid payload user { email } errors { field code message } }
    }
"""
ME = "{ me { email } shop { name } }"


def sign_in(user, **variables):
    return data_of(CREATE, email=user.email, password=PASSWORD, **variables)["tokenCreate"]


def error_of(query, field, **variables):
    (error,) = data_of(query, **variables)[field]["errors"]
    return error["field"], error["code"]


def decoded_claims(token):
    """Verify a token as an app does, with the published key named by its `kid`, and return its claims."""
    (key,) = Client().get("/.well-known/jwks.json").json()["keys"]
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT", "kid": key["kid"]}
    public = RSAAlgorithm.from_jwk(key)
    return jwt.decode(token, public, algorithms=["RS256"], options={"verify_aud": False})


def test_tokens_have_the_contract_claims() -> None:
    user = make_user()

    payload = sign_in(user)

    assert payload["errors"] == payload["accountErrors"] == []
    assert payload["user"] == {"id": global_id("User", user.pk), "email": user.email}
    access, refresh = decoded_claims(payload["token"]), decoded_claims(payload["refreshToken"])
    family = TokenFamily.objects.get()
    common = {
        "iss": f"{settings.PUBLIC_URL}/graphql/",
        "owner": "saleor",
        "token": user.revocation_key,
        "email": user.email,
        "user_id": global_id("User", user.pk),
        "is_staff": False,
    }
    assert access == common | {
        "iat": access["iat"],
        "auth_time": access["iat"],
        "exp": access["iat"] + 300,
        "type": "access",
    }
    assert refresh == common | {
        "iat": refresh["iat"],
        "exp": refresh["iat"] + 30 * 24 * 3600,
        "type": "refresh",
        "csrfToken": payload["csrfToken"],
        "family": str(family.pk),
        "jti": family.current_token_id,
    }
    user.refresh_from_db()
    assert user.last_login is not None


def test_kid_is_the_thumbprint_of_the_published_key() -> None:
    (key,) = Client().get("/.well-known/jwks.json").json()["keys"]

    canonical = json.dumps({"e": key["e"], "kty": "RSA", "n": key["n"]}, separators=(",", ":"))

    thumbprint = urlsafe_b64encode(hashlib.sha256(canonical.encode()).digest()).rstrip(b"=").decode()
    assert key["kid"] == thumbprint
    assert urlsafe_b64decode(key["e"] + "==") == b"\x01\x00\x01"


def test_audience_is_in_both_tokens_and_survives_refresh() -> None:
    payload = sign_in(make_user(), audience="tiem")

    refreshed = data_of(REFRESH, token=payload["refreshToken"])["tokenRefresh"]

    assert (
        decoded_claims(payload["token"])["aud"]
        == decoded_claims(payload["refreshToken"])["aud"]
        == "custom:tiem"
    )
    assert decoded_claims(refreshed["token"])["aud"] == "custom:tiem"


@pytest.mark.parametrize(("origins", "same_site"), [([], "Lax"), (["https://tiem.example"], "None")])
def test_refresh_token_cookie_needs_the_csrf_token(settings, origins, same_site) -> None:
    settings.API_ORIGINS = origins
    user, client = make_user(), Client()

    response = post(
        {"query": CREATE, "variables": {"email": user.email, "password": PASSWORD}}, client=client
    )

    cookie = response.cookies["refreshToken"]
    sign_in_payload = response.json()["data"]["tokenCreate"]
    assert cookie.value == sign_in_payload["refreshToken"]
    assert cookie["httponly"]
    assert cookie["secure"]
    assert cookie["samesite"] == same_site
    assert cookie["path"] == "/"
    assert cookie["max-age"] == 30 * 24 * 3600
    for csrf, code in (
        (sign_in_payload["csrfToken"], None),
        ("other", "JWT_INVALID_CSRF_TOKEN"),
        ("mã khác", "JWT_INVALID_CSRF_TOKEN"),
        (None, "JWT_INVALID_CSRF_TOKEN"),
    ):
        refreshed = post({"query": REFRESH, "variables": {"csrf": csrf}}, client=client).json()
        payload = refreshed["data"]["tokenRefresh"]
        if code is None:
            assert (payload["errors"], payload["user"]) == ([], {"email": user.email})
        else:
            assert (payload["token"], payload["errors"][0]["field"], payload["errors"][0]["code"]) == (
                None,
                "csrfToken",
                code,
            )


@pytest.mark.parametrize("email", ["nobody@example.com", None])
def test_unknown_email_and_wrong_password_get_the_same_error(email) -> None:
    user = make_user()

    payload = data_of(CREATE, email=email or user.email, password="wrong")["tokenCreate"]

    assert payload == {
        "token": None,
        "refreshToken": None,
        "csrfToken": None,
        "user": None,
        "errors": [
            {
                "field": "email",
                "code": "INVALID_CREDENTIALS",
                "message": "Email (hoặc số điện thoại) và mật khẩu không khớp,"
                " hoặc tài khoản chưa được xác nhận bằng liên kết trong email.",
            }
        ],
        "accountErrors": [{"code": "INVALID_CREDENTIALS"}],
    }


def test_inactive_account_is_revealed_only_with_the_right_password() -> None:
    closed, waiting_user = make_user(is_active=False), make_user(is_confirmed=False)

    assert error_of(CREATE, "tokenCreate", email=closed.email, password=PASSWORD) == ("email", "INACTIVE")
    assert error_of(CREATE, "tokenCreate", email=closed.email, password="x") == (
        "email",
        "INVALID_CREDENTIALS",
    )
    assert error_of(CREATE, "tokenCreate", email=waiting_user.email, password=PASSWORD) == (
        "email",
        "INVALID_CREDENTIALS",
    )
    ShopSettings.objects.create(allow_login_without_confirmation=True)
    assert sign_in(waiting_user)["errors"] == []


@pytest.mark.parametrize(
    ("mode", "customer", "staff"),
    [("enabled", True, True), ("customers_only", True, False), ("disabled", False, False)],
)
def test_password_login_mode_restricts_sign_in(mode, customer, staff) -> None:
    ShopSettings.objects.create(password_login_mode=mode)
    for user, allowed in ((make_user(), customer), (make_admin(), staff)):
        codes = [error["code"] for error in sign_in(user)["errors"]]
        assert codes == ([] if allowed else ["DISABLED_AUTHENTICATION_METHOD"])


def test_failed_sign_ins_are_rate_limited() -> None:
    user = make_user()
    for _ in range(FAILED_SIGN_INS.max_tries):
        data_of(CREATE, email=user.email, password="wrong")

    assert error_of(CREATE, "tokenCreate", email=user.email, password=PASSWORD) == (
        "email",
        "LOGIN_ATTEMPT_DELAYED",
    )


def test_token_headers_authenticate() -> None:
    user = make_user()
    token = sign_in(user)["token"]

    for header in (
        {"authorization": f"Bearer {token}"},
        {"authorization": f"JWT {token}"},
        {"authorization-bearer": token},
    ):
        assert post({"query": ME}, **header).json()["data"]["me"] == {"email": user.email}
    assert execute(ME)["data"]["me"] is None
    assert post({"query": ME}, authorization=f"Basic {token}").json()["data"]["me"] is None


def make_token(user, token_type=tokens.ACCESS, *, at=None, key=None, **claims):
    """Return a token with other claims, or signed by another key."""
    now = at or timezone.now()
    payload = {
        "iat": now,
        "exp": now + datetime.timedelta(minutes=5),
        "owner": "saleor",
        "type": token_type,
        "token": user.revocation_key,
        "user_id": global_id("User", user.pk),
    } | claims
    return jwt.encode(payload, key or read_signing_key().private, algorithm="RS256")


LONG_AGO = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)


def bad_tokens(user):
    stranger = generate_private_key(public_exponent=65537, key_size=2048)
    unsigned = jwt.encode({"owner": "saleor", "user_id": global_id("User", user.pk)}, None, algorithm="none")
    symmetric = jwt.encode(
        {"owner": "saleor", "user_id": global_id("User", user.pk)}, "x" * 32, algorithm="HS256"
    )
    return [
        (make_token(user, at=LONG_AGO), "ExpiredSignatureError", "Signature has expired"),
        (make_token(user, key=stranger), "InvalidSignatureError", "Signature verification failed"),
        (make_token(user, token="revoked"), "InvalidTokenError", "Invalid token: it was revoked."),
        (make_token(user, tokens.REFRESH), "InvalidTokenError", "Invalid token: its type is another one."),
        (make_token(user, user_id="abc"), "DecodeError", "Invalid token: it names no user."),
        (unsigned, "InvalidAlgorithmError", "The specified alg value is not allowed"),
        (symmetric, "InvalidAlgorithmError", "The specified alg value is not allowed"),
    ]


@pytest.mark.parametrize("index", range(7))
def test_invalid_token_fails_only_fields_that_need_the_user(index) -> None:
    token, code, message = bad_tokens(make_user())[index]

    response = execute(ME, token)

    assert response["data"] == {"me": None, "shop": {"name": "Chợ Phiên"}}
    (error,) = response["errors"]
    assert (error["path"], error["message"]) == (["me"], message)
    assert error["extensions"] == {"code": code, "exception": {"code": code}}
    assert "errors" not in execute("{ shop { name } }", token)


@pytest.mark.parametrize(
    "token", ["abc", "a.b.c", jwt.encode({"owner": "other"}, "x" * 32, algorithm="HS256"), "x" * 30]
)
def test_foreign_token_is_anonymous(token) -> None:
    assert execute(ME, token) == execute(ME)


def test_refresh_returns_a_new_access_token() -> None:
    user = make_user()
    payload = sign_in(user)

    refreshed = data_of(REFRESH, token=payload["refreshToken"])["tokenRefresh"]

    assert refreshed["user"] == {"email": user.email}
    assert decoded_claims(refreshed["token"])["type"] == "access"


@pytest.mark.parametrize(
    ("broken", "field", "code"),
    [
        (lambda user: None, "refreshToken", "JWT_MISSING_TOKEN"),
        (lambda user: "abc", "refreshToken", "JWT_DECODE_ERROR"),
        (lambda user: make_token(user, tokens.REFRESH, at=LONG_AGO), "refreshToken", "JWT_SIGNATURE_EXPIRED"),
        (lambda user: make_token(user, tokens.ACCESS), "refreshToken", "JWT_INVALID_TOKEN"),
        (lambda user: make_token(user, tokens.REFRESH, token="revoked"), "refreshToken", "JWT_INVALID_TOKEN"),
    ],
)
def test_invalid_refresh_token_is_refused(broken, field, code) -> None:
    assert error_of(REFRESH, "tokenRefresh", token=broken(make_user())) == (field, code)


def test_token_verify() -> None:
    user = make_user()
    token = sign_in(user)["token"]

    payload = data_of(VERIFY, token=token)["tokenVerify"]
    assert payload["isValid"]
    assert payload["user"] == {"email": user.email}
    assert payload["errors"] == []
    assert payload["payload"] == decoded_claims(token)
    for broken, code in (
        (make_token(user, at=LONG_AGO), "JWT_SIGNATURE_EXPIRED"),
        ("abc", "JWT_DECODE_ERROR"),
    ):
        payload = data_of(VERIFY, token=broken)["tokenVerify"]
        assert not payload["isValid"]
        assert payload["payload"] is None
        assert payload["user"] is None
        assert [(error["field"], error["code"]) for error in payload["errors"]] == [("token", code)]


def test_tokens_deactivate_all_revokes_every_token() -> None:
    user = make_user()
    payload = sign_in(user)

    data_of("mutation { tokensDeactivateAll { errors { code } } }", payload["token"])

    assert execute(ME, payload["token"])["errors"][0]["extensions"]["code"] == "InvalidTokenError"
    assert error_of(REFRESH, "tokenRefresh", token=payload["refreshToken"]) == (
        "refreshToken",
        "JWT_INVALID_TOKEN",
    )


@pytest.mark.parametrize(
    "name", ["externalAuthenticationUrl", "externalObtainAccessTokens", "externalRefresh", "externalLogout"]
)
def test_external_authentication_is_not_found(name) -> None:
    query = f'mutation {{ {name}(input: "{{}}", pluginId: "oidc") {{ errors {{ field code }} }} }}'

    assert data_of(query)[name]["errors"] == [{"field": "pluginId", "code": "NOT_FOUND"}]


def test_user_is_loaded_once_per_request(django_assert_num_queries) -> None:
    token = sign_in(make_admin())["token"]

    with django_assert_num_queries(1):
        data_of("{ a: me { email } b: me { firstName isStaff } }", token)


def test_very_long_or_odd_sign_in_names_are_refused() -> None:
    for name in ("x" * 5_000, "a\u0007b\u009b@example.com", "người mua " * 40):
        assert data_of(CREATE, email=name, password="x")["tokenCreate"]["errors"][0]["code"] == (
            "INVALID_CREDENTIALS"
        )
