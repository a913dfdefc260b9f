"""Account enumeration: answers do not reveal whether an address has an account, and its owner is notified."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from cooperatives.models import Cooperative
from shop.accounts.models import User
from shop.accounts.registration.accounts import authenticate_active_user
from shop.core.identifiers.phones import format_phone, normalise_phone
from shop.core.models import Change
from shop.notifications.models import Notification
from tests.factories import NOW, PASSWORD, make_channel, make_user
from tests.markup import html_of
from tests.shop.accounts.sent_codes import last_code, sign_in_by_code
from tests.shop.api.client import data_of
from tests.shop.api.tokens import token_of
from tests.shop.members.test_application import ACCOUNT, application_form

pytestmark = pytest.mark.django_db

DETAILS, CONFIRM_PHONE = "/tai-khoan/thong-tin/", "/tai-khoan/thong-tin/so-dien-thoai/"
REGISTER, CODE = reverse("accounts:register"), "/tai-khoan/dang-ky/ma/"
NEW = "mat-khau-moi-cua-toi-2026"
TAKEN, FREE = "hoa@example.com", "mai@example.com"
API_REGISTER = """mutation($email: String!) { accountRegister(input: {
    email: $email, password: "mat-khau-moi-cua-toi-2026", channel: "viet-nam",
    redirectUrl: "http://127.0.0.1:3000/" }) {
  requiresConfirmation user { id email } errors { field code } } }"""
CHANGE_EMAIL = """mutation($new: String!, $password: String!) { requestEmailChange(
    newEmail: $new, password: $password, redirectUrl: "http://127.0.0.1:3000/") {
  user { email } errors { field code } } }"""


def register(email: str) -> tuple[int, str, str]:
    """Return status, URL and page of a registration, without parts that differ for each visitor."""
    client = Client()
    response = client.post(REGISTER, {"name": "Mai", "email": email, "password": NEW}, follow=True)
    page = re.sub(r'value="[^"]{40,}"|nonce="[^"]*"', "", html_of(response))
    return response.status_code, str(response.redirect_chain), page.replace(email, "…")


def apply_to_sell(email: str) -> tuple[int, str, str]:
    """Return the same for a cooperative's application by a visitor without an account."""
    client = Client()
    response = client.post("/xa-vien/dang-ky/", application_form() | ACCOUNT | {"email": email}, follow=True)
    page = re.sub(r'value="[^"]{40,}"|nonce="[^"]*"', "", html_of(response))
    return response.status_code, str(response.redirect_chain), page.replace(email, "…")


def save_number(user: User, phone: str) -> tuple[str, str]:
    """Return the redirect after a buyer saves this number in their details, and the page shown."""
    client = Client()
    client.force_login(user)
    response = client.post(DETAILS, {"name": "Mai", "phone": phone})
    page = re.sub(r'value="[^"]{40,}"|nonce="[^"]*"', "", html_of(client.get(DETAILS)))
    return response.headers["Location"], page.replace(format_phone(normalise_phone(phone)), "…")


def subjects_sent_to(email: str) -> list[str]:
    return [
        notification.subject for notification in Notification.objects.filter(recipient=email).order_by("pk")
    ]


def test_registering_a_taken_address_looks_like_a_free_one() -> None:
    make_user(email=TAKEN)

    taken_answer, free_answer = register(TAKEN), register(FREE)

    assert taken_answer == free_answer
    assert taken_answer[0] == 200
    assert User.objects.count() == 1
    assert subjects_sent_to(TAKEN) == ["Có người tạo tài khoản bằng địa chỉ email này"]
    assert subjects_sent_to(FREE) == ["Mã tạo tài khoản tại Chợ Phiên"]


@pytest.mark.usefixtures("all_divisions")
def test_applying_with_a_taken_address_looks_like_a_free_one() -> None:
    make_user(email=TAKEN)

    taken_answer, free_answer = apply_to_sell(TAKEN), apply_to_sell(FREE)

    assert taken_answer == free_answer
    assert taken_answer[0] == 200
    assert (User.objects.count(), Cooperative.objects.count()) == (1, 0)
    assert subjects_sent_to(TAKEN) == ["Có người tạo tài khoản bằng địa chỉ email này"]
    assert subjects_sent_to(FREE) == ["Mã tạo tài khoản tại Chợ Phiên"]


def test_taken_address_hashes_as_many_passwords_as_a_free_one(monkeypatch) -> None:
    make_user(email=TAKEN)
    hashed: list[str] = []
    from django.contrib.auth import hashers

    hasher = type(hashers.get_hasher())
    encode = hasher.encode
    monkeypatch.setattr(
        hasher, "encode", lambda self, raw, *rest: hashed.append(raw) or encode(self, raw, *rest)
    )

    register(TAKEN)
    of_taken = len(hashed)
    register(FREE)

    assert (of_taken, len(hashed) - of_taken) == (1, 1)


def test_guessed_codes_are_answered_alike_for_both(client: Client) -> None:
    make_user(email=TAKEN)
    pages = []
    for email in (TAKEN, FREE):
        visitor = Client()
        visitor.post(REGISTER, {"name": "Mai", "email": email, "password": NEW})
        response = html_of(visitor.post(CODE, {"code": "000000"}))
        assert "Mã không đúng hoặc đã hết hạn." in response
        pages.append(re.sub(r'value="[^"]{40,}"|nonce="[^"]*"', "", response).replace(email, "…"))

    assert pages[0] == pages[1]
    assert User.objects.count() == 1


def test_emailed_code_opens_the_account_and_signs_in(client: Client) -> None:
    client.post(REGISTER, {"name": "Nông Thị Mai", "email": FREE, "password": NEW, "next": "/gio-hang/"})

    entered = client.post(CODE, {"code": last_code(FREE)})

    user = User.objects.get()
    assert user.email == FREE
    assert user.first_name == "Nông Thị Mai"
    assert user.is_confirmed
    assert user.check_password(NEW)
    assert entered.url == "/gio-hang/"
    assert client.session["_auth_user_id"] == str(user.pk)
    assert Change.objects.get().action == "user.registered"
    assert client.post(CODE, {"code": "000000"}).url == REGISTER


def test_owner_of_a_taken_address_is_notified_of_an_api_registration() -> None:
    make_channel()
    make_user(email=TAKEN)

    taken_answer = data_of(API_REGISTER, email=TAKEN)["accountRegister"]
    free_answer = data_of(API_REGISTER, email=FREE)["accountRegister"]

    assert taken_answer["user"] == {"id": "", "email": TAKEN}
    assert (taken_answer["requiresConfirmation"], taken_answer["errors"]) == (
        free_answer["requiresConfirmation"],
        free_answer["errors"],
    )
    assert subjects_sent_to(TAKEN) == ["Có người tạo tài khoản bằng địa chỉ email này"]


def test_changing_to_a_taken_address_looks_like_a_free_one() -> None:
    make_user(email=TAKEN)
    user = make_user()
    variables = {"password": PASSWORD}

    taken_answer = data_of(CHANGE_EMAIL, token_of(user), new=TAKEN, **variables)["requestEmailChange"]
    free_answer = data_of(CHANGE_EMAIL, token_of(user), new=FREE, **variables)["requestEmailChange"]

    assert taken_answer == free_answer == {"user": {"email": user.email}, "errors": []}
    assert subjects_sent_to(TAKEN) == []
    assert len(subjects_sent_to(FREE)) == 1


def test_saving_a_taken_number_looks_like_a_free_one() -> None:
    holder = make_user(email=TAKEN, phone="+84987654321", phone_confirmed_at=NOW)
    curious, honest = make_user(email="mai@example.com"), make_user(email="lan@example.com")

    taken_answer, free_answer = save_number(curious, "0987 654 321"), save_number(honest, "0912 345 678")

    assert taken_answer == (free_answer[0], free_answer[1].replace(honest.email or "", curious.email or ""))
    assert taken_answer[0] == "/tai-khoan/"
    for user, phone in ((curious, "+84987654321"), (honest, "+84912345678")):
        user.refresh_from_db()
        assert (user.phone, user.phone_confirmed_at) == (phone, None)
    holder.refresh_from_db()
    assert (holder.phone, holder.phone_confirmed_at) == ("+84987654321", NOW)


def test_unconfirmed_number_identifies_nobody(client: Client) -> None:
    """Sign-in finds no account by it, and it does not block the number's owner."""
    squatter = make_user(email="mai@example.com", phone="+84987654321")

    assert authenticate_active_user(phone_or_email="0987 654 321", password=PASSWORD) is None
    holder = make_user(email=TAKEN, phone="+84987654321", phone_confirmed_at=NOW)
    sign_in_by_code(client, "0987 654 321")

    assert authenticate_active_user(phone_or_email="0987 654 321", password=PASSWORD) == holder
    assert client.session["_auth_user_id"] == str(holder.pk)
    squatter.refresh_from_db()
    assert squatter.phone == "+84987654321"


def test_owner_of_a_confirmed_code_learns_that_the_number_is_taken(client: Client) -> None:
    make_user(email=TAKEN, phone="+84987654321", phone_confirmed_at=NOW)
    user = make_user(email="mai@example.com", phone="+84987654321")
    client.force_login(user)
    client.post(CONFIRM_PHONE, {"phone": "1"})

    page = html_of(client.post(CONFIRM_PHONE, {"code": last_code("+84987654321")}))

    assert "Số điện thoại này đã thuộc tài khoản khác." in page
    user.refresh_from_db()
    assert user.phone_confirmed_at is None
