"""Stolen refresh tokens: reuse ends the sign-in, and so does signing out."""

from __future__ import annotations

import copy
import datetime

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from shop.accounts.models import TokenFamily
from shop.accounts.registration.accounts import set_password
from shop.accounts.sign_in import token_families
from shop.accounts.sign_in.token_families import GRACE_PERIOD
from shop.accounts.staff.staff_accounts import change_user
from shop.core.actors import Actor
from shop.core.models import Change
from tests.factories import PASSWORD, make_user
from tests.markup import html_of
from tests.races.parallel import run_in_threads
from tests.shop.api.client import data_of, post

pytestmark = pytest.mark.django_db

CREATE = """mutation($email: String!, $password: String!) {
  tokenCreate(email: $email, password: $password) { token refreshToken csrfToken } }"""
ROTATE = """mutation($token: String) { tokenRefresh(refreshToken: $token) {
  token refreshToken errors { field code } } }"""
SALEOR = """mutation($token: String) { tokenRefresh(refreshToken: $token) { token errors { code } } }"""
BY_COOKIE = """mutation($csrf: String) { tokenRefresh(csrfToken: $csrf) { token errors { code } } }"""
REVOKED = {
    "token": None,
    "refreshToken": None,
    "errors": [{"field": "refreshToken", "code": "JWT_INVALID_TOKEN"}],
}


def signed_in(user, client=None):
    body = {"query": CREATE, "variables": {"email": user.email, "password": PASSWORD}}
    return post(body, client=client).json()["data"]["tokenCreate"]


def refresh(token):
    return data_of(ROTATE, token=token)["tokenRefresh"]


def end_grace_period() -> None:
    TokenFamily.objects.update(rotated_at=timezone.now() - GRACE_PERIOD - datetime.timedelta(seconds=1))


def test_reused_token_ends_its_family() -> None:
    first = signed_in(make_user())["refreshToken"]
    second = refresh(first)["refreshToken"]
    end_grace_period()

    assert refresh(first) == REVOKED
    assert refresh(second) == REVOKED
    assert not TokenFamily.objects.exists()
    assert Change.objects.filter(action="user.token_reused").count() == 1


def test_other_sign_ins_of_the_person_stay_valid() -> None:
    user = make_user()
    first, other = signed_in(user)["refreshToken"], signed_in(user)["refreshToken"]
    refresh(first)
    end_grace_period()
    refresh(first)

    assert refresh(other)["errors"] == []


def test_lost_answer_is_repeated() -> None:
    first = signed_in(make_user())["refreshToken"]

    results = [refresh(first)["refreshToken"] for _ in range(3)]

    assert len(set(results)) == 1
    assert results[0] != first
    assert refresh(results[0])["errors"] == []


def test_saleor_clients_keep_one_token_until_it_expires() -> None:
    token = signed_in(make_user())["refreshToken"]

    for _ in range(3):
        end_grace_period()
        assert data_of(SALEOR, token=token)["tokenRefresh"]["errors"] == []


def test_cookie_is_renewed_and_the_old_one_ends_the_family() -> None:
    user, client = make_user(), Client()
    csrf = signed_in(user, client)["csrfToken"]
    old_token = client.cookies["refreshToken"].value

    def by_cookie():
        body = {"query": BY_COOKIE, "variables": {"csrf": csrf}}
        return post(body, client=client).json()["data"]["tokenRefresh"]["errors"]

    assert by_cookie() == []
    assert client.cookies["refreshToken"].value != old_token
    assert by_cookie() == []
    end_grace_period()
    client.cookies["refreshToken"] = old_token
    assert by_cookie() == [{"code": "JWT_INVALID_TOKEN"}]
    assert not TokenFamily.objects.exists()


@pytest.mark.parametrize("end", ["password", "deactivation", "everywhere", "program"])
def test_signing_out_ends_tokens(end, client: Client) -> None:
    user, now = make_user(), timezone.now()
    token = signed_in(user)["refreshToken"]
    client.force_login(user)

    if end == "password":
        set_password(user_id=user.pk, password="mat-khau-khac-2026", actor=Actor.system(), now=now)
    elif end == "deactivation":
        change_user(user_id=user.pk, values={"is_active": False}, actor=Actor.system(), now=now)
        change_user(user_id=user.pk, values={"is_active": True}, actor=Actor.system(), now=now)
    elif end == "everywhere":
        client.post(reverse("accounts:end-other-sign-ins"))
    else:
        client.post(reverse("accounts:end-api-client", args=[TokenFamily.objects.get().pk]))

    assert refresh(token) == REVOKED
    assert not TokenFamily.objects.exists()


def test_devices_page_lists_api_sign_ins_and_ends_only_ones_own(client: Client) -> None:
    user, other = make_user(), make_user()
    signed_in(user)
    signed_in(other)
    client.force_login(user)

    page = html_of(client.get(reverse("accounts:sign-ins")))
    foreign = client.post(reverse("accounts:end-api-client", args=[TokenFamily.objects.get(user=other).pk]))

    assert page.count("/thiet-bi/ung-dung/") == 1
    assert foreign.status_code == 404
    assert TokenFamily.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_concurrent_refreshes_have_one_successor() -> None:
    first = signed_in(make_user())["refreshToken"]

    results = run_in_threads([lambda: refresh(first)["refreshToken"] for _ in range(8)], thread_count=8)

    assert len(set(results)) == 1
    assert refresh(results[0])["errors"] == []


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_concurrent_refreshes_have_several(monkeypatch) -> None:
    """Proves that the test above finds the fault: each reader before the first write creates a successor."""
    first = signed_in(make_user())["refreshToken"]
    read_by_all = TokenFamily.objects.get()
    monkeypatch.setattr(token_families, "lock_row", lambda _rows: copy.copy(read_by_all))

    results = run_in_threads([lambda: refresh(first)["refreshToken"] for _ in range(4)], thread_count=4)

    assert len(set(results)) == 4
