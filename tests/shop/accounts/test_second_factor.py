"""Setting up a second factor, signing in with it, recovery codes, and turning it off."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pyotp
import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, ViewportSize

from shop.accounts.models import AuthenticatorApp, Passkey, RecoveryCode, SignIn, User
from shop.accounts.sign_in.login_limits import SECOND_FACTORS
from shop.accounts.sign_in.passkeys import user_passkeys
from shop.core.database.encryption import FACTOR_PURPOSE, decrypt_secret
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.doubles.authenticator import Authenticator
from tests.factories import PASSWORD, make_admin, make_user
from tests.markup import html_of
from tests.shop.accounts.factors import (
    CHECK,
    FACTOR,
    SECOND_STEP,
    SECRET,
    SIGN_IN,
    age_session,
    app_code,
    give_app,
    give_password,
    give_recovery_codes,
    is_in,
    signed_in,
    wrong_code,
)
from tests.shop.accounts.sent_codes import sign_in_by_code

pytestmark = pytest.mark.django_db
HOME = "/en/tai-khoan/"
APP = f"{FACTOR}ung-dung/"
DETAILS = f"{HOME}thong-tin/"


def shown_key(page: str) -> tuple[str, str]:
    """Return the readable and the sealed key on the page that adds an app."""
    key = re.search(r'class="code strong">([A-Z2-7 ]+)<', page)
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    assert key is not None
    assert sealed is not None
    return key[1].replace(" ", ""), sealed[1]


def add_passkey(client: Client) -> Authenticator:
    device = Authenticator()
    options = client.get("/en/tai-khoan/khoa/moi/").json()
    client.post("/en/tai-khoan/khoa/", {"credential": device.make(options), "name": "Máy"})
    return device


def test_app_is_saved_after_its_first_correct_code(client: Client) -> None:
    user = make_user(email="hoa@example.com", language="en")
    client.force_login(user)

    app_html = html_of(client.get(APP))
    key, sealed = shown_key(app_html)
    assert 'href="otpauth://totp/' in app_html
    before = client.post(
        APP, {"sealed": sealed, "code": "000000" if pyotp.TOTP(key).now() != "000000" else "1"}
    )
    user.refresh_from_db()
    assert "The code is not correct." in html_of(before)
    assert not user.has_second_factor
    page = html_of(client.post(APP, {"sealed": sealed, "code": pyotp.TOTP(key).now()}))

    user.refresh_from_db()
    codes = re.findall(r'class="code strong">([a-z0-9-]+)<', page)
    assert user.has_second_factor
    assert decrypt_secret(AuthenticatorApp.objects.get().sealed_secret, purpose=FACTOR_PURPOSE) == key
    assert len(set(codes)) == RecoveryCode.objects.filter(user=user, used_at=None).count() == 10
    assert Change.objects.get(action="user.authenticator_app_added").key == str(user.pk)
    assert Notification.objects.get().subject == "An authenticator app was added to your account."
    assert key not in str(list(AuthenticatorApp.objects.values()))


def test_key_of_another_persons_page_is_refused(client: Client) -> None:
    other = signed_in(make_user())
    key, sealed = shown_key(html_of(other.get(APP)))
    client.force_login(make_user())

    for envelope in (sealed, "made-up"):
        page = html_of(client.post(APP, {"sealed": envelope, "code": pyotp.TOTP(key).now()}))
        assert "The page was open for too long." in page
    assert not AuthenticatorApp.objects.exists()


def test_sign_in_asks_for_the_app_and_redirects_to_next(client: Client) -> None:
    user = give_app(make_user())

    give_password(client, user, next="/en/gio-hang/")
    assert not is_in(client)
    page = html_of(client.post(SECOND_STEP, {"code": wrong_code()}))
    response = client.post(SECOND_STEP, {"code": app_code()})

    assert "The code is not correct." in page
    assert response.headers["Location"] == "/en/gio-hang/"
    assert client.get(HOME).status_code == 200
    assert SignIn.objects.get().method == "password"


def test_recovery_code_signs_in_once_and_its_owner_is_notified(client: Client) -> None:
    user = give_app(make_user(email="hoa@example.com", language="en"))
    code = give_recovery_codes(user)[0]

    for written in (code.upper().replace("-", " "), code):
        client.logout()
        give_password(client, user)
        client.post(SECOND_STEP, {"recovery": written})

    assert not is_in(client)
    assert SignIn.objects.count() == 1
    assert RecoveryCode.objects.unused().count() == 9
    assert Change.objects.filter(action="user.recovery_code_used").count() == 1
    subjects = Notification.objects.filter(recipient="hoa@example.com").values_list("subject", flat=True)
    assert "A recovery code was used to sign in to your account." in subjects


def test_few_recovery_codes_show_a_warning_and_can_be_renewed() -> None:
    user = give_app(make_user())
    old = give_recovery_codes(user)
    RecoveryCode.objects.filter(pk__in=RecoveryCode.objects.values("pk")[:7]).update(used_at=timezone.now())
    client = signed_in(user)

    warned = html_of(client.get(FACTOR))
    page = html_of(client.post(f"{FACTOR}ma/"))

    assert "3 recovery codes are left." in warned
    assert RecoveryCode.objects.unused().count() == 10
    assert not any(code in page for code in old)
    assert "recovery codes are left" not in html_of(client.get(FACTOR))


def test_passkey_counts_as_both_factors(client: Client) -> None:
    user = give_app(make_user())
    device = add_passkey(signed_in(user))

    options = client.get(f"{SIGN_IN}khoa/").json()
    response = client.post(f"{SIGN_IN}khoa/", {"credential": device.sign(options)})

    assert response.headers["Location"] == HOME
    assert client.get(APP).status_code == 200


def test_passkey_without_user_verification_signs_nobody_in(client: Client) -> None:
    device = add_passkey(signed_in(make_user()))
    device.verifies = False

    options = client.get(f"{SIGN_IN}khoa/").json()
    client.post(f"{SIGN_IN}khoa/", {"credential": device.sign(options)})

    assert not is_in(client)


def test_passkey_is_required_after_the_password_when_enabled(client: Client) -> None:
    user = make_user()
    passkey_client = signed_in(user)
    device, strangers = add_passkey(passkey_client), add_passkey(signed_in(make_user()))
    page = html_of(passkey_client.post(f"{FACTOR}khoa/"))
    assert len(re.findall(r'class="code strong">', page)) == 10

    give_password(client, user)
    options = client.get(f"{SECOND_STEP}khoa/").json()
    assert [credential["id"] for credential in options["publicKey"]["allowCredentials"]] == [
        user_passkeys(user.pk)[0].credential_id
    ]
    client.post(f"{SECOND_STEP}khoa/", {"credential": strangers.sign(options)})
    assert not is_in(client)
    options = client.get(f"{SECOND_STEP}khoa/").json()
    client.post(f"{SECOND_STEP}khoa/", {"credential": device.sign(options)})

    assert client.session["_auth_user_id"] == str(user.pk)


def test_second_step_ends_when_no_factor_is_left() -> None:
    user = make_user()
    client = signed_in(user)
    add_passkey(client)
    client.post(f"{FACTOR}khoa/")
    session = client.session
    session["second_factor"] = True
    session.save()

    client.post(f"/en/tai-khoan/khoa/{Passkey.objects.get().pk}/")

    user.refresh_from_db()
    assert not user.has_second_factor
    assert not RecoveryCode.objects.exists()


def test_second_step_is_turned_off_after_proving_it() -> None:
    user = give_app(make_user(email="hoa@example.com", language="en"))
    give_recovery_codes(user)
    client = signed_in(user, minutes=20)

    refused = client.post(f"{FACTOR}tat/", headers={"Referer": f"http://testserver{FACTOR}"})
    assert "Verify your identity" in html_of(refused)
    assert AuthenticatorApp.objects.exists()
    response = client.post(f"{FACTOR}tat/", {"identity-code": app_code()})

    user.refresh_from_db()
    assert response.headers["Location"] == FACTOR
    assert not user.has_second_factor
    assert not AuthenticatorApp.objects.exists()
    assert not RecoveryCode.objects.exists()
    assert Notification.objects.order_by("-pk")[0].subject == (
        "Two-step sign-in was turned off for your account."
    )


def test_old_session_confirms_before_a_page_is_shown() -> None:
    client = signed_in(give_app(make_user()), minutes=11)

    challenge = client.get(APP)
    confirmed = client.post(challenge.headers["Location"], {"code": app_code(), "next": APP})

    assert challenge.headers["Location"] == f"{CHECK}?{urlencode({'next': APP})}"
    assert confirmed.headers["Location"] == APP
    assert client.get(APP).status_code == 200


def test_account_without_a_second_factor_enters_its_password_again(client: Client) -> None:
    client.force_login(make_user())
    age_session(client, 11)

    asked = client.get(APP)
    refused = client.post(CHECK, {"password": "không phải", "next": APP})
    confirmed = client.post(CHECK, {"password": PASSWORD, "next": APP})

    assert asked.headers["Location"] == f"{CHECK}?{urlencode({'next': APP})}"
    assert "The password is not correct." in html_of(refused)
    assert confirmed.headers["Location"] == APP
    assert client.get(APP).status_code == 200


def test_confirmation_redirects_to_no_other_site() -> None:
    client = signed_in(give_app(make_user()), minutes=11)

    response = client.post(CHECK, {"code": app_code(), "next": "https://example.org/"})

    assert response.headers["Location"] == HOME


def test_app_is_moved_to_another_phone() -> None:
    user = give_app(make_user())
    client = signed_in(user)
    key, sealed = shown_key(html_of(client.get(APP)))

    response = client.post(APP, {"sealed": sealed, "code": pyotp.TOTP(key).now()})

    assert response.headers["Location"] == FACTOR
    assert (
        decrypt_secret(AuthenticatorApp.objects.get(user=user).sealed_secret, purpose=FACTOR_PURPOSE)
        == key
        != SECRET
    )


def test_text_message_code_is_only_a_first_factor(client: Client) -> None:
    user = give_app(make_user(phone="+84987654321", phone_confirmed_at=timezone.now()))
    response = sign_in_by_code(client, "0987654321")

    assert response.headers["Location"] == SECOND_STEP
    assert not is_in(client)
    client.post(SECOND_STEP, {"code": app_code()})
    assert client.session["_auth_user_id"] == str(user.pk)


def test_password_change_between_the_steps_restarts_sign_in(client: Client) -> None:
    user = give_app(make_user())
    give_password(client, user)
    other = User.objects.get(pk=user.pk)
    other.set_password("mien-dong-na-ri-2026")
    other.save()

    response = client.post(SECOND_STEP, {"code": app_code()})

    assert response.headers["Location"] == SIGN_IN
    assert not is_in(client)


def test_account_with_only_a_phone_is_notified_by_text_message() -> None:
    user = give_app(
        make_user(email=None, phone="+84987654321", phone_confirmed_at=timezone.now(), language="en")
    )

    signed_in(user).post(f"{FACTOR}tat/")

    notification = Notification.objects.get()
    assert (notification.contact_method, notification.recipient) == ("sms", "+84987654321")
    assert notification.text == "Two-step sign-in was turned off for your account."


@pytest.mark.browser
@pytest.mark.once
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [(390, 844), (1280, 900)])
def test_app_setup_and_recovery_code_work_without_scripts(
    browser: Browser, live_server: Any, size: tuple[int, int]
) -> None:
    make_admin(email="lan@example.com")
    viewport: ViewportSize = {"width": size[0], "height": size[1]}
    context = browser.new_context(base_url=live_server.url, viewport=viewport, java_script_enabled=False)
    page = context.new_page()

    def sign_in() -> None:
        page.goto("/tai-khoan/dang-nhap/")
        page.fill("#id_name", "lan@example.com")
        page.fill("#id_password", PASSWORD)
        page.locator("form[aria-labelledby=by-password] button").click()

    sign_in()
    page.wait_for_url(lambda url: "dang-nhap" not in url)
    page.goto("/tai-khoan/hai-buoc/ung-dung/")
    key, _sealed = shown_key(page.content())
    page.fill("#id_code", pyotp.TOTP(key).now())
    page.get_by_role("button", name="Kích hoạt ứng dụng").click()
    code = page.locator("li.code.strong").first.inner_text()
    context.clear_cookies()
    sign_in()
    page.get_by_text("Dùng mã khôi phục").click()
    page.fill("#id_recovery", code)
    page.get_by_role("button", name="Dùng mã này").click()

    page.wait_for_url(f"{live_server.url}/quan-tri/")
    context.close()


def test_input_entered_before_the_confirmation_is_restored_after_it() -> None:
    user = give_app(make_user(first_name="Hoa", phone="+84987654321"))
    client = signed_in(user, minutes=16)
    typed = {
        "name": "Nguyễn Thị Hoa",
        "phone": "0912345678",
        "street": "Thôn Bản Áng, nhà thứ hai",
        "landmark": "cạnh cầu treo",
    }

    challenge = client.post(DETAILS, typed)
    user.refresh_from_db()
    before = (user.first_name, user.phone)
    return_response = client.post(challenge.headers["Location"], {"code": app_code(), "next": DETAILS})
    page = html_of(client.get(return_response.headers["Location"]))
    second_page = html_of(client.get(DETAILS))

    assert challenge.headers["Location"] == f"{CHECK}?{urlencode({'next': DETAILS})}"
    assert before == ("Hoa", "+84987654321")
    assert return_response.headers["Location"] == DETAILS
    for value in typed.values():
        assert f'value="{value}"' in page
        assert f'value="{value}"' not in second_page  # kept for one request


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({}, "Nhập mã 6 số."),
        ({"code": ""}, "Nhập mã 6 số."),
        ({"code": "  "}, "Nhập mã 6 số."),
        ({"code": "12345"}, "Nhập đủ sáu chữ số."),
        ({"recovery": ""}, "Nhập một mã khôi phục."),
        ({"recovery": " – "}, "Nhập một mã khôi phục."),
    ],
)
def test_missing_code_shows_its_own_error_and_costs_no_try(sent: dict[str, str], expected: str) -> None:
    user = give_app(make_user())
    client = Client()
    client.post("/tai-khoan/dang-nhap/", {"name": user.email, "password": PASSWORD})

    pages = [
        client.post("/tai-khoan/dang-nhap/buoc-hai/", sent).content.decode()
        for _try in range(SECOND_FACTORS.max_tries + 1)
    ]

    assert all(f"<span>{expected}</span>" in page for page in pages)
    assert not any("Mã chưa đúng" in page for page in pages)
    client.post("/tai-khoan/dang-nhap/buoc-hai/", {"code": app_code()})
    assert is_in(client)
