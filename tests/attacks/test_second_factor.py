"""Attacks on the second factor: replayed and guessed codes, skipped steps, old and fixed sessions."""

from __future__ import annotations

import datetime
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from shop.accounts.models import AuthenticatorApp, RecoveryCode, User
from shop.accounts.second_factor.factors import SecondFactorUsed, WrongSecondFactor, verify_second_factor
from shop.accounts.sign_in.login_limits import SECOND_FACTORS
from shop.accounts.staff.permissions import Permission
from shop.core.actors import Actor
from shop.core.models import Change, ShopSettings, shop_settings
from shop.core.web.rate_limits import TooManyTries
from tests.factories import fixed_now, make_admin, make_cooperative, make_member, make_staff, make_user
from tests.markup import html_of
from tests.shop.accounts.factors import (
    CHECK,
    FACTOR,
    SECOND_STEP,
    SIGN_IN,
    app_code,
    give_app,
    give_password,
    give_recovery_codes,
    is_in,
    signed_in,
    wrong_code,
)

pytestmark = pytest.mark.django_db
DESK, ADMIN = "/en/quan-tri/", "/en/quan-tri/du-lieu/"
SETTINGS = f"{DESK}cai-dat/"
TIMES = {"complaint_days": "9", "answer_complaints_days": "7"}


def test_used_code_and_older_ones_are_refused(client: Client) -> None:
    user = give_app(make_user())
    newer, older = app_code(1), app_code()
    give_password(client, user)
    client.post(SECOND_STEP, {"code": newer})
    assert is_in(client)

    for code in (newer, older):
        thief = Client()
        give_password(thief, user)
        thief.post(SECOND_STEP, {"code": code})
        assert not is_in(thief)


@pytest.mark.django_db(transaction=True)
def test_concurrent_use_of_one_code_is_accepted_once() -> None:
    user = give_app(make_user())
    code = app_code()

    def accepted(_nth: int) -> bool:
        try:
            verify_second_factor(user_id=user.pk, entered_code=code, actor=Actor.system(), now=timezone.now())
        except SecondFactorUsed:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(accepted, range(4))) == 1


@pytest.mark.django_db(transaction=True)
def test_concurrent_guesses_get_no_more_tries() -> None:
    user = give_app(make_user())
    wrong_codes = wrong_code()

    def status_of_guess(_nth: int) -> type[Exception]:
        try:
            verify_second_factor(
                user_id=user.pk, entered_code=wrong_codes, actor=Actor.system(), now=timezone.now()
            )
        except (WrongSecondFactor, TooManyTries) as refused:
            return type(refused)
        finally:
            connection.close()
        raise AssertionError

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(status_of_guess, range(18)))

    assert outcomes.count(WrongSecondFactor) == SECOND_FACTORS.max_tries == 6
    assert outcomes.count(TooManyTries) == 12


def test_tries_are_counted_per_account_across_networks() -> None:
    user = give_app(make_user())
    for nth in range(SECOND_FACTORS.max_tries):
        thief = Client(REMOTE_ADDR=f"203.0.113.{nth}")
        give_password(thief, user)
        thief.post(SECOND_STEP, {"code": wrong_code()})
    last = Client(REMOTE_ADDR="198.51.100.7")
    give_password(last, user)

    response = last.post(SECOND_STEP, {"code": app_code()})

    assert response.status_code == 429
    assert not is_in(last)


@pytest.mark.parametrize("address", ["/en/tai-khoan/", FACTOR, f"{FACTOR}ung-dung/", DESK, ADMIN, CHECK])
def test_password_alone_opens_nothing(client: Client, address: str) -> None:
    give_password(client, give_app(make_admin()))

    response = client.get(address)

    assert response.headers["Location"].startswith((SIGN_IN, f"{ADMIN}login/"))
    assert not is_in(client)


def test_second_step_without_the_first_leads_to_sign_in() -> None:
    give_app(make_user())

    for response in (Client().get(SECOND_STEP), Client().post(SECOND_STEP, {"code": app_code()})):
        assert response.headers["Location"] == SIGN_IN


def test_planted_session_is_not_signed_in_after_either_step(client: Client) -> None:
    user = give_app(make_user())
    client.get("/en/")
    session = client.session
    session["planted"] = True
    session.save()
    keys = [session.session_key]
    client.cookies["sessionid"] = session.session_key

    give_password(client, user)
    keys.append(client.session.session_key)
    client.post(SECOND_STEP, {"code": app_code()})
    keys.append(client.session.session_key)

    assert len(set(keys)) == 3
    for planted in keys[:2]:
        thief = Client()
        thief.cookies["sessionid"] = planted
        assert thief.get("/en/tai-khoan/").status_code == 302


def test_stolen_session_neither_removes_nor_adds_a_factor() -> None:
    user = give_app(make_user())
    give_recovery_codes(user)
    thief = signed_in(user, minutes=16)
    before = Change.objects.count()

    posts = ["tat/", "ma/", "khoa/", "ung-dung/"]
    answers = [thief.post(f"{FACTOR}{page}") for page in posts]
    answers += [thief.get(f"{FACTOR}ung-dung/"), thief.get("/en/tai-khoan/khoa/moi/")]

    assert all("Verify your identity" in html_of(response) for response in answers[: len(posts)])
    assert all(response.headers["Location"].startswith(CHECK) for response in answers[len(posts) :])
    assert AuthenticatorApp.objects.filter(user=user).exists()
    assert RecoveryCode.objects.unused().count() == 10
    assert Change.objects.count() == before


def test_session_from_before_the_factor_does_not_reach_the_desk() -> None:
    client = signed_in(give_app(make_admin()), second_factor=False)

    assert client.get(DESK).headers["Location"] == f"{CHECK}?{urlencode({'next': DESK})}"
    client.post(CHECK, {"code": app_code()})
    assert client.get(DESK).status_code == 200


def test_htmx_does_not_bypass_the_confirmation() -> None:
    client = signed_in(give_app(make_admin()), minutes=16)
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{SETTINGS}"}

    answers = [
        client.post(f"{SETTINGS}thoi-han/", TIMES, headers=headers),
        client.get(SETTINGS, headers=headers),
    ]

    requested = f"{CHECK}?{urlencode({'next': SETTINGS})}"
    assert [response.headers["HX-Redirect"] for response in answers] == [requested] * 2
    assert all(response.content == b"" for response in answers)
    assert shop_settings().complaint_days == 7


def test_django_admin_does_not_bypass_the_confirmation() -> None:
    admin, other = give_app(make_admin()), make_user()
    client = signed_in(admin, minutes=16)
    address = reverse("admin:accounts_user_change", args=[other.pk])

    answers = [client.get(address), client.post(address, {"note": "x"})]

    assert all("/tai-khoan/xac-nhan/" in response.headers["Location"] for response in answers)
    other.refresh_from_db()
    assert other.note == ""
    assert other.is_active


def test_factor_of_another_account_does_not_confirm() -> None:
    client = signed_in(give_app(make_user()), minutes=16)
    stranger = give_app(make_user())
    code = give_recovery_codes(stranger)[0]

    client.post(CHECK, {"recovery": code})

    assert client.get(f"{FACTOR}ung-dung/").headers["Location"].startswith(CHECK)


def test_factor_is_reset_only_for_others_with_a_reason_and_never_for_superusers() -> None:
    admin = give_app(make_admin())
    staff = give_app(make_staff(Permission.MANAGE_STAFF))
    other = give_app(make_user(email="hoa@example.com", language="en"))

    def reset(by: User, user: User, reason: str) -> None:
        signed_in(by).post(f"{DESK}hai-buoc/{user.pk}/dat-lai/", {"reason": reason})

    reset(admin, admin, "mất máy")
    reset(admin, other, " ")
    reset(staff, admin, "mất máy")
    assert AuthenticatorApp.objects.count() == 3
    session = signed_in(other)
    reset(staff, other, "mất máy, đã gọi lại số trong hồ sơ")

    other.refresh_from_db()
    assert not other.has_second_factor
    assert session.get("/en/tai-khoan/").status_code == 200  # forced in by the test, so no sign-in is kept
    change = Change.objects.get(action="user.second_factor_reset")
    assert (change.key, change.actor_key, change.reason) == (
        str(other.pk),
        str(staff.pk),
        "mất máy, đã gọi lại số trong hồ sơ",
    )


def test_desk_requires_setting_up_a_factor_after_the_grace_period() -> None:
    user = make_admin()
    client = signed_in(user, second_factor=False)

    User.objects.update(second_factor_due_at=None)
    within = client.get(DESK)
    user.refresh_from_db()
    due_at = user.second_factor_due_at
    User.objects.update(second_factor_due_at=fixed_now() - datetime.timedelta(days=1))
    after = [
        client.get(DESK),
        client.get(ADMIN),
        client.get(f"{DESK}bao-cao/"),
        client.post(f"{SETTINGS}thoi-han/", TIMES),
    ]

    assert due_at is not None
    assert 13 <= (due_at - timezone.now()).days <= 14
    assert Change.objects.filter(action="user.second_factor_required", key=str(user.pk)).count() == 1
    assert "Set up two-step sign-in by" in html_of(within)
    assert [response.headers["Location"] for response in after] == [FACTOR] * 4
    assert shop_settings().complaint_days == 7
    assert client.get(FACTOR).status_code == 200


def test_managers_need_a_factor_only_when_the_market_requires_it() -> None:
    cooperative = make_cooperative()
    manager = signed_in(make_member(cooperative), second_factor=False)
    assert "two-step" not in html_of(manager.get("/en/xa-vien/"))

    ShopSettings.objects.update_or_create(
        pk=1, defaults={"requires_second_factor_of_managers": True, "second_factor_grace_days": 0}
    )
    packer = signed_in(make_member(cooperative, role="packer"), second_factor=False)

    assert manager.get("/en/xa-vien/").headers["Location"] == FACTOR
    assert packer.get("/en/xa-vien/").status_code == 200
