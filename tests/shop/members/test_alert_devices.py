"""Members turn alerts on their phones on and off."""

from __future__ import annotations

import pytest
from django.test import Client

from cooperatives.actions import phone_pins
from cooperatives.models import Role
from shop.notifications.models import PushSubscription
from shop.notifications.vapid import read_vapid_public_key
from tests.doubles.push_service import PushBrowser
from tests.factories import PASSWORD, make_member
from tests.markup import html_of
from tests.phone_factories import give_pin, make_phone_browser, register_phone

pytestmark = [pytest.mark.django_db, pytest.mark.both]

ADDRESS = "/en/xa-vien/bao-tin/may/"
ANDROID = {"User-Agent": "Mozilla/5.0 (Linux; Android 14) Chrome/140"}


def test_member_turns_alerts_on_and_off(packer) -> None:
    browser = PushBrowser("https://push.example.com")
    assert f'data-push-key="{read_vapid_public_key()}"' in html_of(packer.get(ADDRESS))

    page = html_of(packer.post(f"{ADDRESS}them/", browser.fields(), follow=True, headers=ANDROID))

    assert "This device now gets alerts." in page
    assert "Chrome, Android" in page
    row = PushSubscription.objects.get()
    assert (row.endpoint, row.language) == (browser.endpoint, "en")
    page = html_of(packer.post(f"{ADDRESS}{row.pk}/tat/", follow=True))
    assert "This device gets no more alerts." in page
    assert "Chrome, Android" not in page
    assert not PushSubscription.objects.exists()


def test_browser_that_names_a_private_address_is_told_so(packer) -> None:
    browser = PushBrowser("https://10.0.0.8")

    page = html_of(packer.post(f"{ADDRESS}them/", browser.fields(), follow=True))

    assert "This browser cannot receive alerts." in page
    assert not PushSubscription.objects.exists()


def test_device_of_somebody_else_does_not_exist(packer, seller) -> None:
    packer.post(f"{ADDRESS}them/", PushBrowser("https://push.example.com").fields())
    other = Client()
    other.force_login(make_member(seller, "packer"))

    response = other.post(f"{ADDRESS}{PushSubscription.objects.get().pk}/tat/")

    assert (response.status_code, PushSubscription.objects.count()) == (404, 1)
    assert "Chrome" not in html_of(other.get(ADDRESS))


def test_alerts_of_a_browser_end_when_it_is_signed_out(seller) -> None:
    user = make_member(seller, "packer")
    first, second = Client(), Client()
    for number, browser in enumerate((first, second)):
        browser.post("/en/tai-khoan/dang-nhap/", {"name": user.email, "password": PASSWORD, "next": ADDRESS})
        browser.post(f"{ADDRESS}them/", PushBrowser(f"https://push-{number}.example.com").fields())
    assert PushSubscription.objects.count() == 2

    first.post("/en/tai-khoan/dang-xuat/")

    assert PushSubscription.objects.get().endpoint.startswith("https://push-1.")
    sign_in = user.sign_ins.get(session_key=second.cookies["sessionid"].value)
    other = Client()
    other.force_login(user)
    other.post(f"/en/tai-khoan/thiet-bi/{sign_in.pk}/")  # from another device
    assert not PushSubscription.objects.exists()


def test_shared_phone_gets_no_alerts(seller, monkeypatch) -> None:
    monkeypatch.setattr(phone_pins, "ITERATIONS", 1000)
    phone, secret = register_phone(seller)
    row = give_pin(phone, make_member(seller, "packer"))
    browser = make_phone_browser(phone, secret)
    browser.force_login(row.membership.user)
    browser.get("/en/xa-vien/")  # their full sign-in becomes one by PIN
    page = html_of(browser.get(ADDRESS))
    assert "A shared phone gets no alerts." in page
    assert "data-push-key" not in page

    response = browser.post(f"{ADDRESS}them/", PushBrowser("https://push.example.com").fields())

    assert (response.status_code, PushSubscription.objects.count()) == (404, 0)


def test_role_that_is_never_alerted_is_told_so_and_turns_nothing_on(client, seller) -> None:
    client.force_login(make_member(seller, Role.BOOKKEEPER))
    page = html_of(client.get(ADDRESS))
    assert "Your role gets none." in page
    assert "data-push-key" not in page

    response = client.post(f"{ADDRESS}them/", PushBrowser("https://push.example.com").fields())

    assert (response.status_code, PushSubscription.objects.count()) == (403, 0)
