"""Signing in and out, registration, password reset and account details."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from shop.accounts.models import Address, User
from shop.accounts.sign_in.login_limits import FAILED_SIGN_INS, PASSWORD_LINKS
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.factories import (
    HANOI,
    NOW,
    PASSWORD,
    THAI_NGUYEN,
    make_admin,
    make_divisions,
    make_member,
    make_seller,
    make_user,
)
from tests.markup import html_of
from tests.shop.accounts.factors import age_session
from tests.shop.accounts.sent_codes import last_code

pytestmark = pytest.mark.django_db

SIGN_IN = "/en/tai-khoan/dang-nhap/"
NEW = "mien-dong-na-ri-2026"


def sign_in(client: Client, name: str, password: str = PASSWORD, **further: str) -> object:
    return client.post(SIGN_IN, {"name": name, "password": password, **further})


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("login", ["hoa@example.com", " HOA@Example.com ", "0987 654 321"])
def test_email_or_phone_and_password_sign_in(client: Client, login: str) -> None:
    make_user(email="hoa@example.com", phone="+84987654321", phone_confirmed_at=NOW)

    response = sign_in(client, login)

    assert response.headers["Location"] == "/en/tai-khoan/"
    assert is_signed_in(client)


@pytest.mark.parametrize(("name", "password"), [("hoa@example.com", "sai"), ("ai@example.com", PASSWORD)])
def test_wrong_password_and_unknown_name_are_answered_alike(client: Client, name: str, password: str) -> None:
    make_user(email="hoa@example.com")

    response = sign_in(client, name, password)

    assert response.status_code == 200
    assert "The email, phone number or password is not correct." in html_of(response)
    assert not is_signed_in(client)


def test_every_button_beside_the_details_has_an_icon(client: Client) -> None:
    client.force_login(make_user())

    page = html_of(client.get("/en/tai-khoan/"))

    aside = page[page.index('aria-labelledby="details"') : page.index('id="account-pages"')]
    buttons = re.findall(r'<a\s[^>]*class="button button-second".*?</a>', aside, re.S)
    assert len(buttons) == 4
    assert [button for button in buttons if "<svg" not in button] == []


def test_inactive_account_cannot_sign_in(client: Client) -> None:
    make_user(email="hoa@example.com", is_active=False)

    sign_in(client, "hoa@example.com")

    assert not is_signed_in(client)


def test_guessing_is_limited_for_the_guesser_and_not_for_the_owner(client: Client) -> None:
    make_user(email="hoa@example.com")
    guesser = Client(REMOTE_ADDR="203.0.113.9")
    for _ in range(FAILED_SIGN_INS.max_tries):
        sign_in(guesser, "hoa@example.com", "sai")

    blocked = sign_in(guesser, "hoa@example.com")
    owner = sign_in(client, "hoa@example.com")

    assert blocked.status_code == 429
    assert "Too many attempts." in html_of(blocked)
    assert not is_signed_in(guesser)
    assert owner.status_code == 302


@pytest.mark.parametrize(
    ("requested", "landed"),
    [
        ("/en/dat-hang/", "/en/dat-hang/"),
        ("https://evil.example/", "/en/tai-khoan/"),
        ("//evil.example/", "/en/tai-khoan/"),
        ("javascript:alert(1)", "/en/tai-khoan/"),
    ],
)
def test_next_redirects_only_to_our_own_site(client: Client, requested: str, landed: str) -> None:
    make_user(email="hoa@example.com")

    assert sign_in(client, "hoa@example.com", next=requested).headers["Location"] == landed


def test_each_role_lands_on_its_own_page(client: Client) -> None:
    make_member(make_seller(), email="vien@example.com")
    make_admin(email="quan-tri@example.com")
    make_user(email="hoa@example.com")
    back = {"back": "/en/san-pham/"}

    landed = [
        sign_in(Client(), name, **back).headers["Location"]
        for name in ("vien@example.com", "quan-tri@example.com", "hoa@example.com")
    ]

    assert landed == ["/en/xa-vien/", "/en/quan-tri/", "/en/san-pham/"]


def test_form_remembers_the_previous_page(client: Client) -> None:
    page = html_of(client.get(SIGN_IN, headers={"Referer": "http://testserver/en/san-pham/"}))

    assert re.search(r'name="back" value="http://testserver/en/san-pham/"', page)


def test_sign_out_needs_a_post_and_ends_the_session(client: Client) -> None:
    client.force_login(make_user())

    assert client.get("/en/tai-khoan/dang-xuat/").status_code == 405
    assert is_signed_in(client)
    assert client.post("/en/tai-khoan/dang-xuat/").headers["Location"] == "/en/"
    assert not is_signed_in(client)


def test_account_opens_after_entering_the_code(client: Client) -> None:
    client.post(
        "/en/tai-khoan/dang-ky/", {"name": "Nông Thị Mai", "email": "Mai@Example.com", "password": NEW}
    )
    assert not User.objects.exists()
    client.post("/en/tai-khoan/dang-ky/ma/", {"code": last_code("mai@example.com")})

    user = User.objects.get()
    assert (user.email, user.first_name, user.language) == ("mai@example.com", "Nông Thị Mai", "en")
    assert user.check_password(NEW)
    assert is_signed_in(client)
    assert Change.objects.get().action == "user.registered"


def test_registration_code_can_be_sent_again(client: Client) -> None:
    entered = {"name": "Nông Thị Mai", "email": "mai@example.com", "password": NEW}
    client.post("/en/tai-khoan/dang-ky/", entered)
    first_code = last_code("mai@example.com")
    mail = Notification.objects.get(recipient="mai@example.com")
    assert "It is valid for 5 minutes. If you did not ask for it, ignore this email." in mail.text

    second_response = client.post("/en/tai-khoan/dang-ky/ma/", {"resend": "1"})
    page = html_of(client.get(second_response.headers["Location"]))
    new_code = last_code("mai@example.com")
    client.post("/en/tai-khoan/dang-ky/ma/", {"code": first_code})

    assert second_response.headers["Location"] == "/en/tai-khoan/dang-ky/ma/"
    assert "We have sent a new code to mai@example.com." in page
    assert not User.objects.exists()  # only the newest code counts
    client.post("/en/tai-khoan/dang-ky/ma/", {"code": new_code})
    assert User.objects.get().check_password(NEW)


def test_codes_sent_again_are_limited(client: Client) -> None:
    client.post("/en/tai-khoan/dang-ky/", {"name": "Mai", "email": "mai@example.com", "password": NEW})

    for _again in range(6):
        client.post("/en/tai-khoan/dang-ky/ma/", {"resend": "1"})

    assert Notification.objects.filter(recipient="mai@example.com").count() == 4
    assert "Too many attempts." in html_of(client.get("/en/tai-khoan/dang-ky/ma/"))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("email", "hoa@", "Enter an email address such as hoa@example.com."),
        ("name", "", "Enter your name."),
        ("password", "12345678", "This password is too common."),
    ],
)
def test_invalid_registration_opens_no_account(client: Client, field: str, value: str, words: str) -> None:
    make_user(email="hoa@example.com")

    page = html_of(
        client.post(
            "/en/tai-khoan/dang-ky/",
            {"name": "Mai", "email": "mai@example.com", "password": NEW} | {field: value},
        )
    )

    assert words in page
    assert User.objects.count() == 1
    assert not is_signed_in(client)


def link_in_last_email() -> str:
    notification = Notification.objects.get()
    match = re.search(r"http://127\.0\.0\.1:8000(/\S+/mat-khau/\S+/\S+/)", notification.text)
    assert match is not None
    return match[1]


def test_forgotten_password_is_reset_by_email(client: Client) -> None:
    user = make_user(email="hoa@example.com", language="en")
    other_client = Client()
    other_client.force_login(user)
    client.post("/en/tai-khoan/mat-khau/", {"email": "Hoa@example.com"})
    link = link_in_last_email()

    assert client.get(link).status_code == 200
    client.post(link, {"password": NEW})

    user.refresh_from_db()
    assert user.check_password(NEW)
    assert client.get(link).status_code == 404
    assert client.post(link, {"password": PASSWORD}).status_code == 404
    assert other_client.get("/en/tai-khoan/").status_code == 302
    user.refresh_from_db()
    assert user.check_password(NEW)


def test_weak_new_password_is_refused(client: Client) -> None:
    user = make_user(email="hoa@example.com", language="en")
    client.post("/en/tai-khoan/mat-khau/", {"email": "hoa@example.com"})

    page = html_of(client.post(link_in_last_email(), {"password": "12345678"}))

    user.refresh_from_db()
    assert "This password is too common." in page
    assert user.check_password(PASSWORD)


def test_unknown_address_gets_the_same_answer_and_no_email(client: Client) -> None:
    make_user(email="hoa@example.com")

    known_page = html_of(client.post("/en/tai-khoan/mat-khau/", {"email": "hoa@example.com"}))
    unknown = html_of(client.post("/en/tai-khoan/mat-khau/", {"email": "aha@example.com"}))

    def main(page: str) -> str:
        return page[page.index("<main") : page.index("</main")]

    assert main(known_page).replace("hoa@", "aha@") == main(unknown)
    assert Notification.objects.get().recipient == "hoa@example.com"


def test_password_emails_per_address_are_limited(client: Client) -> None:
    make_user(email="hoa@example.com")
    for _ in range(PASSWORD_LINKS.max_tries):
        client.post("/en/tai-khoan/mat-khau/", {"email": "hoa@example.com"})

    response = client.post("/en/tai-khoan/mat-khau/", {"email": "hoa@example.com"})

    assert response.status_code == 429
    assert Notification.objects.count() == PASSWORD_LINKS.max_tries


@pytest.mark.parametrize("path", ["abc/xyz/", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5/x/", "MQ/c-1/"])
def test_forged_link_is_answered_like_an_expired_one(client: Client, path: str) -> None:
    make_user()

    response = client.get(f"/en/tai-khoan/mat-khau/{path}")

    assert response.status_code == 404
    assert "This link no longer works" in html_of(response)


def details(**fields: str) -> dict[str, str]:
    return {
        "name": "Trần Thị Hoa",
        "phone": "0987 654 321",
        "province": HANOI,
        "commune": "00613",
        "street": "Số 8",
        "landmark": "cổng xanh",
    } | fields


def test_details_and_address_are_saved(client: Client) -> None:
    make_divisions()
    user = make_user()
    client.force_login(user)

    client.post("/en/tai-khoan/thong-tin/", details())
    client.post("/en/tai-khoan/thong-tin/", details(street="Số 9"))

    user.refresh_from_db()
    assert (user.first_name, user.phone) == ("Trần Thị Hoa", "+84987654321")
    assert str(user.default_shipping_address) == "Số 9, Phường Nghĩa Đô, Hà Nội"
    assert Address.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": ""}, "Enter your name."),
        ({"commune": ""}, "Fill in this field to complete the address."),
        ({"province": THAI_NGUYEN}, "This commune or ward is not in the province you chose."),
    ],
)
def test_invalid_details_change_nothing(client: Client, fields: dict[str, str], words: str) -> None:
    make_divisions()
    user = make_user(first_name="Hoa")
    client.force_login(user)

    page = html_of(client.post("/en/tai-khoan/thong-tin/", details(**fields)))

    user.refresh_from_db()
    assert words in page
    assert (user.first_name, user.phone, user.default_shipping_address) == ("Hoa", None, None)
    assert not Address.objects.exists()


def test_communes_of_another_province_are_reloaded_without_scripts(client: Client) -> None:
    make_divisions()
    client.force_login(make_user())

    page = html_of(client.post("/en/tai-khoan/thong-tin/", details(province=THAI_NGUYEN, reload="1")))

    assert "Xã Phủ Thông" in page
    assert 'value="Trần Thị Hoa"' in page
    assert "to correct" not in page


def test_former_address_is_converted_to_a_current_one(client: Client) -> None:
    make_divisions()
    user = make_user()
    client.force_login(user)
    page, old = "/en/tai-khoan/thong-tin/", "Thôn Nà Ít, xã Vi Hương"
    empty = details(province="", commune="", street="", old_address=old)

    suggestions_html = html_of(client.post(page, empty))  # submitted with Enter, before anything is saved
    picked = html_of(client.post(page, empty | {"pick": "01948"}))
    assert not Address.objects.exists()
    client.post(page, details(province=THAI_NGUYEN, commune="01948", street="Thôn Nà Ít", old_address=""))

    assert 'name="pick" value="01948"' in suggestions_html
    assert 'value="01948" selected' in picked
    assert 'value="Thôn Nà Ít"' in picked
    user.refresh_from_db()
    assert str(user.default_shipping_address) == "Thôn Nà Ít, Xã Phủ Thông, Thái Nguyên"


def test_new_email_needs_its_link_and_the_old_one_is_notified(client: Client) -> None:
    user = make_user(email="hoa@example.com", language="en")
    make_user(email="khac@example.com")
    sign_in(client, "hoa@example.com")
    page = "/en/tai-khoan/thong-tin/thu-dien-tu/"

    responses = [client.post(page, {"email": email}) for email in ("khac@example.com", "Moi@example.com")]
    notification = Notification.objects.get()
    link = re.search(r"(/en/tai-khoan/thong-tin/thu-dien-tu/\S+/)", notification.text)
    assert link is not None
    other = Client()
    sign_in(other, "khac@example.com")
    assert other.post(link[1]).status_code == 404
    client.get(link[1])
    user.refresh_from_db()
    before = user.email
    client.post(link[1])

    user.refresh_from_db()
    assert [response.headers["Location"] for response in responses] == ["/en/tai-khoan/thong-tin/"] * 2
    assert (notification.recipient, before, user.email) == (
        "moi@example.com",
        "hoa@example.com",
        "moi@example.com",
    )
    assert Notification.objects.order_by("-pk")[0].recipient == "hoa@example.com"
    assert client.post(link[1]).status_code == 404


def test_old_session_cannot_change_the_email(client: Client) -> None:
    client.force_login(make_user())
    age_session(client)

    response = client.post("/en/tai-khoan/thong-tin/thu-dien-tu/", {"email": "moi@example.com"})

    assert "Verify your identity" in html_of(response)
    assert not Notification.objects.exists()


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("ngan", "Mật khẩu quá ngắn. Cần ít nhất 8 ký tự."),
        ("12345678", "Mật khẩu này quá phổ biến. Hãy đặt mật khẩu khác."),
        ("hoahoa@example.com", "Mật khẩu quá giống email. Hãy đặt mật khẩu khác."),
    ],
)
def test_weak_passwords_are_refused_in_vietnamese(client: Client, password: str, words: str) -> None:
    written = {"name": "Hoa", "email": "hoahoa@example.com", "password": password}

    page = html_of(client.post("/tai-khoan/dang-ky/", written))

    assert words in page
    assert "password" not in re.sub(r"<[^>]+>", "", page)
    assert not User.objects.exists()
