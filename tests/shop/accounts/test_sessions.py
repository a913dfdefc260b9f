"""Listing and ending sessions; and passkeys in a real browser."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Page

from shop.accounts.models import Passkey, SignIn, User
from shop.accounts.sign_in.browser_names import browser_name
from shop.accounts.sign_in.sessions import delete_expired_access
from shop.core.models import Change
from shop.notifications.models import Notification, PushSubscription
from tests.factories import PASSWORD, fixed_now, make_user
from tests.markup import html_of
from tests.shop.accounts.factors import CHECK, age_session

pytestmark = pytest.mark.django_db

SIGN_IN, PLACES, KEYS = (f"/en/tai-khoan/{page}/" for page in ("dang-nhap", "thiet-bi", "khoa"))
ANDROID = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Safari"


def sign_in(user: User, **meta: str) -> Client:
    client = Client(**meta)
    client.post(SIGN_IN, {"name": user.email, "password": PASSWORD})
    return client


def test_session_is_listed_and_ended_from_another() -> None:
    user = make_user()
    this_client, other_client = (
        sign_in(user),
        sign_in(user, HTTP_USER_AGENT=ANDROID, REMOTE_ADDR="203.0.113.7"),
    )
    row = SignIn.objects.get(ip_address="203.0.113.7")

    page = html_of(this_client.get(PLACES))
    this_client.post(f"{PLACES}{row.pk}/")

    assert page.index("this device") < page.index("Chrome, Android") < page.index("203.0.113.7")
    assert other_client.get(PLACES).status_code == 302
    assert this_client.get(PLACES).status_code == 200
    assert Change.objects.get(action="user.signed_out_elsewhere").key == str(user.pk)


def test_all_other_sessions_and_tokens_end_at_once() -> None:
    user = make_user()
    this_client, other_clients = sign_in(user), [sign_in(user), sign_in(user)]
    somebody = sign_in(make_user())

    this_client.post(f"{PLACES}khac/")

    assert [client.get(PLACES).status_code for client in (this_client, *other_clients, somebody)] == [
        200,
        302,
        302,
        200,
    ]
    assert User.objects.get(pk=user.pk).revocation_key != user.revocation_key


def test_foreign_session_is_not_found() -> None:
    other = sign_in(make_user())
    row = SignIn.objects.get()
    mine = sign_in(make_user())

    assert mine.post(f"{PLACES}{row.pk}/").status_code == 404
    assert other.get(PLACES).status_code == 200


def test_queries_do_not_grow_with_sessions() -> None:
    user = make_user()
    this_client = sign_in(user)
    counts = []
    for _more in range(2):
        this_client.get(PLACES)
        with CaptureQueriesContext(connection) as queries:
            this_client.get(PLACES)
        counts.append(len(queries))
        for _place in range(4):
            sign_in(user)

    assert counts[0] == counts[1]


def test_expired_sessions_are_deleted() -> None:
    user = make_user()
    sign_in(user)
    active_client = sign_in(user)
    Session.objects.exclude(pk=active_client.session.session_key).update(expire_date=fixed_now())

    delete_expired_access(now=fixed_now() + datetime.timedelta(minutes=1))

    assert list(SignIn.objects.values_list("session_key", flat=True)) == [active_client.session.session_key]
    assert Session.objects.count() == 1


def test_new_password_ends_every_session_and_every_alert_device() -> None:
    from shop.accounts.registration.accounts import set_password
    from shop.core.actors import Actor

    user, other = make_user(), make_user(email="lan@example.com")
    this_client = sign_in(user)
    for owner in (user, other):
        PushSubscription.objects.create(
            user=owner,
            endpoint=f"https://push.example.com/{owner.pk}",
            public_key="key",
            auth_secret="secret",
            language="vi",
            created_at=fixed_now(),
        )

    set_password(user_id=user.pk, password="mien-dong-na-ri-2026", actor=Actor.system(), now=fixed_now())

    assert this_client.get(PLACES).status_code == 302
    assert not SignIn.objects.exists()
    assert list(PushSubscription.objects.values_list("user", flat=True)) == [other.pk]


def test_browsers_are_shown_by_common_names() -> None:
    browser_names = {
        ANDROID: "Chrome, Android",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Zalo iOS/500": "Zalo, iPhone",
        "Mozilla/5.0 (Windows NT 10.0; Win64) coc_coc_browser/126 Chrome/120 Safari": "Coc Coc, Windows",
    }

    assert {agent: browser_name(agent) for agent in browser_names} == browser_names


def test_old_session_cannot_change_passkeys(client: Client) -> None:
    client.force_login(make_user())
    age_session(client)

    for response in (client.get(KEYS), client.get(f"{KEYS}moi/")):
        assert response.headers["Location"].startswith(f"{CHECK}?next=")
    assert "Verify your identity" in html_of(client.post(f"{KEYS}1/"))


def test_malformed_passkeys_are_refused(client: Client) -> None:
    this_client = sign_in(make_user())
    made_up = ["", "{}", "[]", '"x"', "1", '{"response": 1}', '{"id": "a", "rawId": "a", "response": {}}']
    handle = (
        '{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AA",'
        '"signature":"AA","userHandle":"%s"}}'
    )
    made_up += [handle % suffix for suffix in ("", "MQ", "enp6enp6enp6enp6eno", "_w")]

    for credential in made_up:
        client.get(f"{SIGN_IN}khoa/")
        response = client.post(f"{SIGN_IN}khoa/", {"credential": credential})
        assert response.headers["Location"] == SIGN_IN
        assert "_auth_user_id" not in client.session
        this_client.get(f"{KEYS}moi/")
        assert this_client.post(KEYS, {"credential": credential}).headers["Location"] == KEYS
    assert not Passkey.objects.exists()


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
def test_passkey_is_created_signs_in_and_is_removed(page: Page, live_server: Any, settings: Any) -> None:
    """Chromium's virtual authenticator replaces a phone's. Passkeys need a host name, hence localhost."""
    user = make_user(email="hoa@example.com", language="en")
    shop = live_server.url
    settings.CSRF_TRUSTED_ORIGINS = [shop]
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    key = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": key})
    page.goto(f"{shop}{SIGN_IN}")
    page.locator("#id_name").fill("hoa@example.com")
    page.locator("#id_password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{shop}/en/tai-khoan/")

    page.goto(f"{shop}{KEYS}")
    page.get_by_label("Passkey name").fill("Máy của Hoa")
    page.get_by_role("button", name="Create a passkey on this device").click()
    page.get_by_text("Passkey saved.").wait_for()
    page.context.clear_cookies()
    page.goto(f"{shop}{SIGN_IN}?next=/en/gio-hang/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{shop}/en/gio-hang/")
    assert list(SignIn.objects.order_by("pk").values_list("method", "user")) == [
        ("password", user.pk),
        ("passkey", user.pk),
    ]
    assert [
        notification.subject for notification in Notification.objects.filter(recipient="hoa@example.com")
    ] == ["A passkey was added to your account."]

    page.goto(f"{shop}{KEYS}")
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("Passkey removed.").wait_for()
    page.context.clear_cookies()
    page.goto(f"{shop}{SIGN_IN}")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("No account uses this passkey.").wait_for()
    assert SignIn.objects.count() == 2
