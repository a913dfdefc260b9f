"""Sign-in over the API with an account that has, or must have, a second factor."""

from __future__ import annotations

import datetime

import pytest
from django.utils import timezone

from shop.accounts.models import User
from shop.accounts.registration.email_links import PASSWORD as LINK
from shop.accounts.sign_in.login_limits import SECOND_FACTORS
from shop.core.models import Change, ShopSettings
from tests.factories import PASSWORD, fixed_now, make_staff, make_user
from tests.shop.accounts.factors import app_code, give_app, wrong_code
from tests.shop.api.client import data_of

pytestmark = pytest.mark.django_db

CREATE = """
    mutation($email: String!, $password: String!) {
        tokenCreate(email: $email, password: $password) {
            token refreshToken user { email } errors { field code message }
        }
    }
"""
SET_PASSWORD = """
    mutation($email: String!, $token: String!, $password: String!) {
        setPassword(email: $email, token: $token, password: $password) {
            token refreshToken user { email } errors { field code }
        }
    }
"""


def create(user: User, password: str) -> dict:
    return data_of(CREATE, email=user.email, password=password)["tokenCreate"]


def refusal(user: User, password: str) -> tuple[str, str]:
    payload = create(user, password)
    assert payload["token"] is payload["refreshToken"] is None
    (error,) = payload["errors"]
    return error["code"], error["message"]


@pytest.mark.parametrize("space", ["", " "])
def test_code_appended_to_the_password_signs_in(space: str) -> None:
    user = give_app(make_staff())

    payload = create(user, f"{PASSWORD}{space}{app_code()}")

    assert payload["errors"] == []
    assert payload["user"] == {"email": user.email}
    assert payload["token"]


def test_missing_wrong_or_used_code_gives_no_token() -> None:
    user = give_app(make_staff(language="en"))
    used = f"{PASSWORD}{app_code()}"
    create(user, used)

    assert [
        refusal(user, password)[0] for password in (PASSWORD, f"{PASSWORD}{wrong_code()}", used, f"x{used}")
    ] == ["INVALID_CREDENTIALS"] * 4


def test_missing_code_is_explained_in_the_error() -> None:
    assert refusal(give_app(make_user()), PASSWORD) == (
        "INVALID_CREDENTIALS",
        "Nhập sáu số của ứng dụng xác thực liền ngay sau mật khẩu.",
    )


def test_unconfirmed_number_gives_no_token_without_the_code() -> None:
    give_app(make_user(email=None, phone="+84987000222"))
    password_only = data_of(CREATE, email="0987 000 222", password=PASSWORD)["tokenCreate"]

    with_code = data_of(CREATE, email="0987 000 222", password=f"{PASSWORD}{app_code()}")["tokenCreate"]

    assert (password_only["token"], password_only["refreshToken"]) == (None, None)
    assert [error["message"] for error in password_only["errors"]] == [
        "Nhập sáu số của ứng dụng xác thực liền ngay sau mật khẩu."
    ]
    assert with_code["errors"] == []
    assert with_code["token"]


def test_password_chooses_whose_code_a_shared_number_needs() -> None:
    phone = "+84987000222"
    give_app(make_user(email=None, phone=phone))
    make_user(email=None, phone=phone, password="vuon-che-2026")

    protected = data_of(CREATE, email=phone, password=PASSWORD)["tokenCreate"]
    unprotected = data_of(CREATE, email=phone, password="vuon-che-2026")["tokenCreate"]

    assert [error["code"] for error in protected["errors"]] == ["INVALID_CREDENTIALS"]
    assert protected["token"] is None
    assert unprotected["errors"] == []
    assert unprotected["token"]


def test_second_factor_attempts_are_rate_limited() -> None:
    user = give_app(make_staff())
    for _try in range(SECOND_FACTORS.max_tries):
        refusal(user, f"{PASSWORD}{wrong_code()}")

    assert refusal(user, f"{PASSWORD}{app_code()}")[0] == "LOGIN_ATTEMPT_DELAYED"


def test_password_reset_gives_no_token_with_a_second_factor() -> None:
    user = give_app(make_user())

    payload = data_of(SET_PASSWORD, email=user.email, token=LINK.make_token(user), password="mien-dong-2026")[
        "setPassword"
    ]

    assert payload == {"token": None, "refreshToken": None, "user": {"email": user.email}, "errors": []}


def test_staff_without_a_second_factor_sign_in_during_the_grace_period() -> None:
    user = make_staff()
    days_of_grace = datetime.timedelta(days=14)

    earliest = timezone.now() + days_of_grace
    during_grace = create(user, PASSWORD)
    latest = timezone.now() + days_of_grace
    user.refresh_from_db()
    granted = user.second_factor_due_at
    User.objects.update(second_factor_due_at=fixed_now() - datetime.timedelta(days=1))
    after_grace = refusal(user, PASSWORD)
    ShopSettings.objects.update_or_create(pk=1, defaults={"requires_second_factor_of_staff": False})

    assert during_grace["token"]
    assert granted is not None
    assert earliest <= granted <= latest
    assert after_grace[0] == "DISABLED_AUTHENTICATION_METHOD"
    assert create(user, PASSWORD)["token"]
    assert Change.objects.filter(action="user.second_factor_required", key=str(user.pk)).count() == 1
