"""Phones that several members share: registering one, switching by PIN, and what a PIN does not open."""

from __future__ import annotations

import datetime
import time
from dataclasses import replace

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from cooperatives.actions import phone_pins
from cooperatives.actions.members import change_member_role, remove_member
from cooperatives.actions.phone_pins import sign, signing_key
from cooperatives.actions.shared_phones import end_shared_phone
from cooperatives.models import Membership, PhonePin, Role, SharedPhone
from shop.accounts.models import SignIn, SignInMethod
from shop.core.actors import Actor
from shop.core.models import Change
from shop.members.shared_phones import phone_sessions, switching
from shop.members.shared_phones.phone_sessions import LOCK_AFTER_MINUTES
from tests.factories import NOW, PASSWORD, make_member, make_order, make_seller, make_variant
from tests.markup import html_of
from tests.phone_factories import (
    PIN,
    SWITCH,
    give_pin,
    make_phone_browser,
    open_with_pin,
    register_phone,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both]

TODAY = "/en/xa-vien/"
PHONES = "/en/xa-vien/may-chung/"
NEW_PIN = f"{PHONES}ma-pin/"
PARTS = "/en/xa-vien/goi/"
LISTINGS = "/en/xa-vien/hang/"
SIGN_IN = "/en/tai-khoan/dang-nhap/"


@pytest.fixture(autouse=True)
def few_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(phone_pins, "ITERATIONS", 1000)


@pytest.fixture
def phone_and_secret(seller) -> tuple[SharedPhone, str]:
    return register_phone(seller)


@pytest.fixture
def phone(phone_and_secret) -> SharedPhone:
    return phone_and_secret[0]


@pytest.fixture
def browser(phone_and_secret) -> Client:
    return make_phone_browser(*phone_and_secret)


@pytest.fixture
def hoa(phone, seller) -> PhonePin:
    return give_pin(phone, make_member(seller, Role.PACKER, first_name="Lò Thị Hoa"))


@pytest.fixture
def minh(phone, seller) -> PhonePin:
    return give_pin(phone, make_member(seller, Role.LISTER, first_name="Vàng A Minh"), "8642")


def sign_in_fully(client: Client, user) -> None:
    response = client.post(SIGN_IN, {"name": user.email, "password": PASSWORD, "next": TODAY})
    assert response.status_code == 302, response.content


def test_manager_shares_a_phone_and_chooses_a_pin_and_a_packer_joins(seller) -> None:
    manager, packer = make_member(seller), make_member(seller, Role.PACKER, first_name="Lò Thị Hoa")
    client = Client()
    sign_in_fully(client, manager)

    response = client.post(f"{PHONES}them/", {"name": " Máy ở  bàn đóng hàng "})
    assert (response.status_code, response["Location"]) == (302, NEW_PIN)
    assert "Máy ở bàn đóng hàng" in html_of(client.get(NEW_PIN))
    page = html_of(client.post(NEW_PIN, {"pin": "2580", "repeated_pin": "2581"}))
    assert "The two PINs differ." in page
    assert "easy to guess" in html_of(client.post(NEW_PIN, {"pin": "1234", "repeated_pin": "1234"}))
    client.post(NEW_PIN, {"pin": "2580", "repeated_pin": "2580"})
    assert manager.name in html_of(client.get(TODAY))
    assert client.post(f"{PHONES}khoa/")["Location"] == SWITCH

    sign_in_fully(client, packer)
    assert client.get(TODAY)["Location"] == f"{NEW_PIN}?next=%2Fen%2Fxa-vien%2F"
    client.post(NEW_PIN, {"pin": "8642", "repeated_pin": "8642", "next": PARTS})
    assert client.get(PARTS).status_code == 200
    client.post(f"{PHONES}khoa/")
    page = html_of(client.get(SWITCH))
    assert ("Lò Thị Hoa" in page, manager.name in page) == (True, True)
    other = Client()
    sign_in_fully(other, manager)
    assert "Lò Thị Hoa" in html_of(other.get(PHONES))


def test_each_switch_starts_a_new_session_and_ends_the_former_members_rights(browser, hoa, minh) -> None:
    open_with_pin(browser, hoa)
    hoas_session = browser.cookies["sessionid"].value
    assert (browser.get(PARTS).status_code, browser.get(LISTINGS).status_code) == (200, 403)

    open_with_pin(browser, minh, "8642")

    assert (browser.get(PARTS).status_code, browser.get(LISTINGS).status_code) == (403, 200)
    assert browser.cookies["sessionid"].value != hoas_session
    assert not Session.objects.filter(session_key=hoas_session).exists()
    assert browser.cookies["phone_member"].value == str(minh.membership.user_id)
    methods = SignIn.objects.filter(user=minh.membership.user).values_list("method", flat=True)
    assert list(methods) == [SignInMethod.PIN]


def test_what_is_done_is_recorded_under_the_name_of_the_member_at_the_phone(
    browser, hoa, minh, seller
) -> None:
    part = make_order((make_variant(seller), 1)).parts.get()
    open_with_pin(browser, minh, "8642")
    open_with_pin(browser, hoa)

    browser.post(f"{PARTS}{part.pk}/nhan/", {"idempotency_key": "0" * 32})

    assert Change.objects.get(action="part.accepted").actor_name == "Lò Thị Hoa"


def test_session_key_from_before_the_switch_is_worthless(browser, hoa, minh) -> None:
    before = browser.get(SWITCH).cookies.get("sessionid")
    open_with_pin(browser, hoa)
    stolen = browser.cookies["sessionid"].value
    open_with_pin(browser, minh, "8642")

    assert before is None or before.value != stolen
    browser.cookies["sessionid"] = stolen
    assert browser.get(TODAY)["Location"].startswith(SWITCH)


@pytest.mark.parametrize("address", ["/en/tai-khoan/", "/en/tai-khoan/thiet-bi/", "/quan-tri/"])
def test_pin_opens_no_page_outside_the_members_app(browser, hoa, address) -> None:
    user = hoa.membership.user
    user.is_staff = user.is_superuser = True
    user.save()
    open_with_pin(browser, hoa)
    assert browser.get(TODAY).status_code == 200

    response = browser.get(address)

    assert response.status_code in (302, 404)
    assert hoa.membership.user.name not in html_of(browser.get("/en/"))
    query = {"query": "{ me { email } }"}
    answer = browser.post("/graphql/", query, content_type="application/json").json()
    assert answer["data"]["me"] is None


def test_pin_opens_the_phones_cooperative_only(browser, hoa) -> None:
    other = make_seller("HTX Khác")
    Membership.objects.create(cooperative=other, user=hoa.membership.user, role=Role.MANAGER)
    open_with_pin(browser, hoa)

    assert browser.post("/en/xa-vien/hop-tac-xa/", {"cooperative": other.pk}).status_code == 404

    page = html_of(browser.get(TODAY))
    assert ("HTX Thiên An" in page, "HTX Khác" in page) == (True, False)
    assert browser.get("/xa-vien/dong-bo/", {"cooperative": other.pk}).status_code == 404


def test_pages_about_rights_ask_for_the_password(phone, browser, seller) -> None:
    row = give_pin(phone, make_member(seller))
    packer = Membership.objects.get(user=make_member(seller, Role.PACKER))
    open_with_pin(browser, row)
    remove = f"/en/xa-vien/thanh-vien/{packer.pk}/thoi/"

    page = html_of(browser.post(remove))
    packer.refresh_from_db()
    assert ("identity-password" in page, packer.is_active) == (True, True)
    browser.post(remove, {"identity-password": PASSWORD})

    packer.refresh_from_db()
    assert not packer.is_active


def test_removed_member_disappears_and_is_out_at_once(browser, hoa, minh, seller) -> None:
    open_with_pin(browser, hoa)
    remove_member(cooperative_id=seller.pk, membership_id=hoa.membership_id, actor=Actor.system(), now=NOW)

    assert browser.get(PARTS)["Location"].startswith(SWITCH)

    page = html_of(browser.get(SWITCH))
    assert ("Lò Thị Hoa" in page, "Vàng A Minh" in page) == (False, True)
    page = html_of(browser.post(SWITCH, {"member": hoa.pk, "pin": PIN}))
    assert "Who is working?" in page
    assert browser.get(PARTS).status_code == 302


def test_changed_role_applies_with_the_next_request(browser, hoa, seller) -> None:
    open_with_pin(browser, hoa)
    change_member_role(
        cooperative_id=seller.pk,
        membership_id=hoa.membership_id,
        role=Role.LISTER,
        actor=Actor.system(),
        now=NOW,
    )

    assert (browser.get(PARTS).status_code, browser.get(LISTINGS).status_code) == (403, 200)


def test_phone_locks_after_some_minutes_of_rest_whatever_it_synchronises(browser, hoa, monkeypatch) -> None:
    now = time.time()
    monkeypatch.setattr(phone_sessions.time, "time", lambda: now)
    open_with_pin(browser, hoa)
    for _ in range(3):
        now += LOCK_AFTER_MINUTES * 60 - 1
        assert browser.get(PARTS).status_code == 200

    now += LOCK_AFTER_MINUTES * 60 - 1
    assert browser.get("/xa-vien/dong-bo/").status_code == 200  # the app asks by itself
    now += 2

    assert browser.get("/xa-vien/dong-bo/").status_code == 401
    assert browser.get(PARTS)["Location"] == f"{SWITCH}?next=%2Fen%2Fxa-vien%2Fgoi%2F"


@pytest.mark.parametrize("member", ["0", "", "999999"])
def test_session_ends_when_the_phone_names_another_member(browser, hoa, member) -> None:
    open_with_pin(browser, hoa)

    browser.cookies["phone_member"] = member

    assert browser.get(PARTS).status_code == 302
    browser.cookies["phone_member"] = str(hoa.membership.user_id)
    assert browser.get(PARTS).status_code == 302


def test_session_without_the_phones_secret_is_worthless(browser, hoa) -> None:
    open_with_pin(browser, hoa)
    copied = Client()
    for name in ("sessionid", "phone_member"):
        copied.cookies[name] = browser.cookies[name].value

    assert copied.get(PARTS)["Location"].startswith(SIGN_IN)


def test_ended_phone_opens_nothing(phone, browser, hoa, seller) -> None:
    open_with_pin(browser, hoa)
    end_shared_phone(cooperative_id=seller.pk, phone_id=phone.pk, actor=Actor.system(), now=NOW)

    assert browser.get(PARTS)["Location"] == f"{SWITCH}?next=%2Fen%2Fxa-vien%2Fgoi%2F"
    page = html_of(browser.post(SWITCH, {"member": hoa.pk, "pin": PIN}))

    assert ("data-phone-ended" in page, "This phone is no longer shared" in page) == (True, True)
    assert (f'href="{SIGN_IN}?next=/en/xa-vien/"' in page, "Lò Thị Hoa" in page) == (True, False)
    assert browser.get(PARTS).status_code == 302


def test_only_managers_see_register_and_end_phones(packer, phone) -> None:
    assert packer.get(PHONES).status_code == 403
    assert packer.post(f"{PHONES}them/", {"name": "máy"}).status_code == 403
    assert packer.post(f"{PHONES}{phone.pk}/ket-thuc/").status_code == 403
    assert SharedPhone.objects.filter(ended_at=None).count() == 1


def test_manager_ends_a_phone(manager, phone) -> None:
    assert "Máy ở bàn đóng hàng" in html_of(manager.get(PHONES))

    page = html_of(manager.post(f"{PHONES}{phone.pk}/ket-thuc/", follow=True))

    assert "The phone is no longer shared." in page
    assert not SharedPhone.objects.filter(ended_at=None).exists()


def test_member_takes_themselves_off_the_phone(browser, hoa) -> None:
    open_with_pin(browser, hoa)

    assert browser.post(f"{PHONES}ma-pin/bo/")["Location"] == SWITCH

    assert "Lò Thị Hoa" not in html_of(browser.get(SWITCH))
    assert browser.get(PARTS).status_code == 302


def test_forgotten_pin_is_replaced_after_a_full_sign_in(browser, hoa) -> None:
    for _ in range(3):
        browser.post(SWITCH, {"member": hoa.pk, "pin": "0000"})
    assert "Wait 1 minute" in html_of(browser.post(SWITCH, {"member": hoa.pk, "pin": PIN}))
    assert "Forgot the PIN? Sign in" in html_of(browser.get(f"{SWITCH}?ai={hoa.pk}"))

    browser.post(SIGN_IN, {"name": hoa.membership.user.email, "password": PASSWORD, "next": NEW_PIN})
    browser.post(NEW_PIN, {"pin": "9517", "repeated_pin": "9517"})
    browser.post(f"{PHONES}khoa/")

    open_with_pin(browser, hoa, "9517")
    assert browser.get(PARTS).status_code == 200


def test_full_sign_in_on_a_shared_phone_becomes_a_session_by_pin(browser, hoa) -> None:
    sign_in_fully(browser, hoa.membership.user)

    assert browser.get(PARTS)["Location"] == PARTS

    assert browser.get(PARTS).status_code == 200
    assert "_auth_user_id" not in browser.session
    assert browser.get("/en/tai-khoan/").status_code == 302


def test_full_sign_in_elsewhere_in_the_market_does_not_change_whose_phone_it_is(browser, hoa) -> None:
    sign_in_fully(browser, hoa.membership.user)

    assert "js/member/app" not in html_of(browser.get("/en/tai-khoan/"))
    response = browser.get("/xa-vien/dong-bo/")

    assert (response.status_code, response.json()["code"]) == (401, "signed_out")
    assert "challenge" not in response.json()
    assert browser.get("/en/tai-khoan/").status_code == 200


@pytest.mark.parametrize("member", ["0", "999999"])
def test_full_sign_in_of_who_left_the_phone_opens_nothing(browser, hoa, member) -> None:
    sign_in_fully(browser, hoa.membership.user)

    browser.cookies["phone_member"] = member

    assert browser.get(TODAY)["Location"].startswith(SWITCH)
    browser.cookies["phone_member"] = str(hoa.membership.user_id)
    assert browser.get(TODAY)["Location"].startswith(SWITCH)
    assert "challenge" in browser.get("/xa-vien/dong-bo/").json()


def test_full_sign_in_of_long_ago_opens_nothing(browser, hoa) -> None:
    sign_in_fully(browser, hoa.membership.user)
    session = browser.session
    session["authenticated_at"] = (timezone.now() - datetime.timedelta(minutes=11)).isoformat()
    session.save()

    assert browser.get(TODAY)["Location"].startswith(SWITCH)

    assert browser.get("/en/tai-khoan/").status_code == 302


def test_full_sign_in_opens_a_phone_that_was_locked(browser, hoa) -> None:
    open_with_pin(browser, hoa)
    browser.post(f"{PHONES}khoa/")
    sign_in_fully(browser, hoa.membership.user)

    assert browser.get(PARTS)["Location"] == PARTS

    assert browser.get(PARTS).status_code == 200


def test_stranger_on_a_shared_phone_chooses_no_pin(browser, phone) -> None:
    foreign = make_member(make_seller("HTX Khác"))
    sign_in_fully(browser, foreign)

    assert browser.get(NEW_PIN).status_code == 404
    assert browser.get(PHONES).status_code == 200  # of their own cooperative
    assert "Máy ở bàn đóng hàng" not in html_of(browser.get(PHONES))
    before = browser.cookies["shared_phone"].value
    page = html_of(browser.post(f"{PHONES}them/", {"name": "máy"}, follow=True))
    assert "This phone is already shared." in page
    assert (SharedPhone.objects.count(), browser.cookies["shared_phone"].value) == (1, before)
    assert browser.get("/xa-vien/dong-bo/").status_code == 401  # the phone keeps its own cooperative's rows


def resume(browser: Client, member: int, challenge: str, signature: str, **fields: bool) -> int:
    body = {"member": member, "challenge": challenge, "signature": signature, **fields}
    return browser.post(f"{PHONES}tiep/", body, content_type="application/json").status_code


def test_member_who_opened_the_phone_without_network_goes_on_by_a_signature(
    browser, phone, hoa, minh
) -> None:
    open_with_pin(browser, minh, "8642")
    browser.cookies["phone_member"] = str(hoa.membership.user_id)  # a script of the phone
    challenge = browser.get("/xa-vien/dong-bo/").json()["challenge"]
    key = signing_key(hoa)

    assert resume(browser, hoa.membership.user_id, challenge, sign(key, f"resume:{challenge}")) == 200

    pulled = browser.get("/xa-vien/dong-bo/").json()
    assert pulled["member"]["name"] == "Lò Thị Hoa"


def test_work_sent_without_an_open_page_opens_no_page(browser, hoa) -> None:
    challenge = browser.get("/xa-vien/dong-bo/").json()["challenge"]
    browser.cookies["phone_member"] = str(hoa.membership.user_id)
    proof = sign(signing_key(hoa), f"resume:{challenge}")
    assert resume(browser, hoa.membership.user_id, challenge, proof, in_background=True) == 200
    assert browser.get("/xa-vien/dong-bo/").json()["member"]["name"] == "Lò Thị Hoa"

    assert browser.get(PARTS)["Location"].startswith(SWITCH)

    assert "challenge" in browser.get("/xa-vien/dong-bo/").json()


def test_forged_resumptions_open_nothing(browser, phone, hoa, minh) -> None:
    challenge = browser.get("/xa-vien/dong-bo/").json()["challenge"]
    minhs_key, hoa_id = signing_key(minh), hoa.membership.user_id
    proof = sign(signing_key(hoa), f"resume:{challenge}")
    other_phone, other_secret = register_phone(make_seller("HTX Khác"))
    foreign = make_phone_browser(other_phone, other_secret)

    assert resume(browser, hoa_id, challenge, sign(minhs_key, f"resume:{challenge}")) == 403
    assert resume(browser, hoa_id, challenge, "") == 403
    assert resume(browser, hoa_id, f"{challenge}x", proof) == 403
    assert resume(foreign, hoa_id, challenge, proof) == 403
    assert resume(Client(), hoa_id, challenge, proof) == 403
    assert browser.post(f"{PHONES}tiep/", "[" * 3000, content_type="application/json").status_code == 403

    assert browser.get("/xa-vien/dong-bo/").status_code == 401


def test_tenth_wrong_pin_ends_the_session_the_signature_and_the_sealed_key(browser, phone, hoa, minh) -> None:
    open_with_pin(browser, hoa)
    PhonePin.objects.filter(pk=hoa.pk).update(wrong_tries=9)
    guesser = make_phone_browser(phone, browser.cookies["shared_phone"].value.partition(".")[2])
    assert "no longer valid" in html_of(guesser.post(SWITCH, {"member": hoa.pk, "pin": "0000"}))
    assert "no longer valid" in html_of(guesser.post(SWITCH, {"member": hoa.pk, "pin": PIN}))

    response = browser.get("/xa-vien/dong-bo/")
    challenge = response.json()["challenge"]
    proof = sign(signing_key(hoa), f"resume:{challenge}")

    assert response.status_code == 401
    assert resume(browser, hoa.membership.user_id, challenge, proof) == 403
    assert browser.get(PARTS)["Location"].startswith(SWITCH)
    open_with_pin(browser, minh, "8642")
    members = browser.get("/xa-vien/dong-bo/").json()["shared_phone"]["members"]
    assert [member["name"] for member in members] == ["Vàng A Minh"]


def test_only_wrong_pins_count_for_the_phone_and_its_network(browser, hoa, monkeypatch) -> None:
    for name in ("PINS_PER_PHONE", "PINS_IN_NETWORK"):
        monkeypatch.setattr(switching, name, replace(getattr(switching, name), max_tries=2))
    for _ in range(3):
        open_with_pin(browser, hoa)

    for _ in range(2):
        assert "Too many" not in html_of(browser.post(SWITCH, {"member": hoa.pk, "pin": "0000"}))

    assert "Too many" in html_of(browser.post(SWITCH, {"member": hoa.pk, "pin": PIN}))


def test_resumption_over_the_limit_does_not_look_like_a_removed_member(browser, phone, hoa) -> None:
    challenge = browser.get("/xa-vien/dong-bo/").json()["challenge"]
    for _ in range(switching.RESUMPTIONS.max_tries):
        switching.RESUMPTIONS.count_try(str(phone.pk))

    proof = sign(signing_key(hoa), f"resume:{challenge}")

    assert resume(browser, hoa.membership.user_id, challenge, proof) == 429


def test_new_pin_replaces_the_key_that_opened_the_phone_before(browser, phone, hoa) -> None:
    challenge = browser.get("/xa-vien/dong-bo/").json()["challenge"]
    known = sign(signing_key(hoa), f"resume:{challenge}")

    replaced = give_pin(phone, hoa.membership.user, "9517")

    assert resume(browser, hoa.membership.user_id, challenge, known) == 403
    assert browser.get(PARTS).status_code == 302
    fresh = sign(signing_key(replaced), f"resume:{challenge}")
    assert resume(browser, hoa.membership.user_id, challenge, fresh) == 200


def test_phone_without_registration_is_sent_to_the_sign_in(client) -> None:
    client.cookies["shared_phone"] = "1.forged"

    assert client.get(SWITCH)["Location"] == SIGN_IN
    assert client.get(TODAY)["Location"].startswith(SIGN_IN)
    assert "challenge" not in client.get("/xa-vien/dong-bo/").json()
