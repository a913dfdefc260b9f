"""Managers invite, change and remove the members of a cooperative; people accept and choose."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from cooperatives.actions.invitations import invitation_token
from cooperatives.actions.join_requests import delete_expired_join_requests_task
from cooperatives.models import Invitation, JoinRequest, Membership, Role
from shop.accounts.models import User
from shop.accounts.registration.accounts import authenticate_user
from tests.factories import PASSWORD, make_member, make_seller, make_user
from tests.markup import html_of

pytestmark = pytest.mark.django_db


ADDRESS = "/en/xa-vien/thanh-vien/"


NEW = f"{ADDRESS}moi/"


def invite(client, **fields):
    return client.post(NEW, {"role": "packer", "note": "", "recipient": ""} | fields, follow=True)


def link_of(invitation):
    return f"/en/xa-vien/loi-moi/{invitation_token(invitation)}/"


def test_manager_invites_a_packer_who_accepts_on_their_own_phone(manager, seller) -> None:
    page = html_of(invite(manager, note="chị Hoa"))
    row = Invitation.objects.get()
    url = f"http://testserver{link_of(row)}"
    assert url.removeprefix("http://testserver") in page
    assert "data:image/svg+xml" in page
    assert "chị Hoa" in html_of(manager.get(ADDRESS))

    guest = Client()
    page = html_of(guest.get(link_of(row)))
    assert "HTX Thiên An invites you to work with them" in page
    assert f"dang-nhap/?next={quote(link_of(row))}" in page
    guest.force_login(make_user(first_name="Hoa", email="hoa@example.com"))
    assert "You are signed in as Hoa." in html_of(guest.get(link_of(row)))
    assert "hoa@example.com" not in html_of(manager.get(ADDRESS))
    response = guest.post(link_of(row))

    assert response["Location"] == "/en/xa-vien/"
    assert Membership.objects.get(user__email="hoa@example.com").role == Role.PACKER
    page = html_of(manager.get(ADDRESS))
    assert "hoa@example.com" in page
    assert "chị Hoa" not in page


HOA = {"name": "Nông Thị Hoa", "phone": "0987 000 222", "password": "vuon-che-2026"}


def ask(link, **fields):
    """Ask to join on a phone that is nobody's yet; return the phone and the digits that it shows."""
    phone = Client()
    page = html_of(phone.post(link, HOA | fields, follow=True))
    found = re.search(r'big-digits">(\d{6})<', page)
    return phone, found[1] if found else "", page


def test_person_without_email_joins_once_the_manager_enters_their_digits(manager, seller) -> None:
    invite(manager, note="chị Hoa")
    invitation = Invitation.objects.get()
    page_of_invitation = f"{NEW}{invitation.pk}/"
    phone, digits, waiting = ask(link_of(invitation))
    before = (User.objects.filter(phone="+84987000222").count(), phone.get("/en/xa-vien/").status_code)
    assert "Nông Thị Hoa asks to join" in html_of(manager.get(ADDRESS))
    assert "0987 000 222" in html_of(manager.get(page_of_invitation))
    assert digits not in html_of(manager.get(page_of_invitation))
    wrong = f"{(int(digits) + 1) % 10**6:06}"
    refused = html_of(manager.post(f"{page_of_invitation}dung-nguoi/", {"digits": wrong}, follow=True))

    manager.post(f"{page_of_invitation}dung-nguoi/", {"digits": digits})
    confirmed = html_of(phone.get(link_of(invitation)))
    opened = phone.post(link_of(invitation))

    assert before == (0, 302)
    assert "These are not the digits on their phone." in refused
    assert "Open the members" in confirmed
    assert "Open the members" not in waiting
    assert opened["Location"] == "/en/xa-vien/"
    assert phone.get("/en/xa-vien/").status_code == 200
    assert "device" in opened.cookies
    membership = Membership.objects.get(user__phone="+84987000222")
    user = membership.user
    assert (membership.role, user.name, user.email, user.phone_confirmed_at) == (
        "packer",
        HOA["name"],
        None,
        None,
    )
    request = JoinRequest.objects.get()
    assert (request.name, request.phone, request.password_hash) == ("", "", "")
    again = Client()
    again.post("/en/tai-khoan/dang-nhap/", {"name": "0987000222", "password": HOA["password"]})
    assert again.get("/en/xa-vien/").status_code == 200


def test_pages_are_the_same_whether_the_number_has_an_account(manager) -> None:
    make_user(phone="+84987000222", phone_confirmed_at=timezone.now(), email=None)
    pages = []
    for phone in ("0987 000 222", "0987 000 333"):
        invite(manager)
        pages.append(ask(link_of(Invitation.objects.latest("pk")), phone=phone)[2])

    texts = [re.sub(r'[\w-]{40,}|\d{6}|"\d+:[\w-]+"|loi-moi/[^/]+', "", page) for page in pages]

    assert texts[0] == texts[1]


def test_confirmed_owner_of_the_number_keeps_it_and_their_password(manager) -> None:
    owner = make_user(phone="+84987000222", phone_confirmed_at=timezone.now(), email=None)
    invite(manager)
    invitation = Invitation.objects.get()
    _phone, digits, _page = ask(link_of(invitation))

    manager.post(f"{NEW}{invitation.pk}/dung-nguoi/", {"digits": digits})

    member = Membership.objects.get(user__first_name=HOA["name"]).user
    assert authenticate_user(phone_or_email="0987000222", password=HOA["password"]) == member
    assert authenticate_user(phone_or_email="0987000222", password=PASSWORD) == owner
    assert authenticate_user(phone_or_email="0987000222", password="rung-thong-2026") is None
    owner.refresh_from_db()
    assert (owner.phone, member.phone_confirmed_at) == ("+84987000222", None)


def test_phone_that_waits_still_opens_other_invitations(manager) -> None:
    invite(manager)
    phone, digits, _page = ask(link_of(Invitation.objects.get()))
    invite(manager)

    other = html_of(phone.get(link_of(Invitation.objects.latest("pk"))))

    assert digits not in other
    assert 'name="password"' in other
    assert digits in html_of(phone.get(link_of(Invitation.objects.earliest("pk"))))


def test_third_person_with_a_number_is_admitted_with_another(manager) -> None:
    for _person in range(2):
        make_user(phone="+84987000222", email=None)
    invite(manager)
    invitation = Invitation.objects.get()
    _phone, digits, _page = ask(link_of(invitation))

    page = html_of(manager.post(f"{NEW}{invitation.pk}/dung-nguoi/", {"digits": digits}, follow=True))

    assert "Two people already sign in with this number." in page
    assert (User.objects.filter(phone="+84987000222").count(), JoinRequest.objects.get().confirmed_at) == (
        2,
        None,
    )


def test_link_serves_one_person_and_forgets_who_asked_when_it_is_revoked(manager) -> None:
    invite(manager)
    invitation = Invitation.objects.get()
    first, _digits, _page = ask(link_of(invitation))
    _second, none, refused = ask(link_of(invitation), name="Người lạ")

    manager.post(f"{NEW}{invitation.pk}/huy/")

    assert (none, "Ask the manager for a new invitation." in refused) == ("", True)
    assert first.get(link_of(invitation)).status_code == 410
    assert JoinRequest.objects.count() == 0


def test_what_was_entered_is_deleted_with_the_expired_invitation(manager) -> None:
    invite(manager)
    invitation = Invitation.objects.get()
    phone, _digits, _page = ask(link_of(invitation))
    delete_expired_join_requests_task()
    kept = JoinRequest.objects.count()
    Invitation.objects.update(expires_at=timezone.now())

    delete_expired_join_requests_task()

    assert (kept, JoinRequest.objects.count()) == (1, 0)
    assert phone.get(link_of(invitation)).status_code == 410


def test_phone_signs_in_only_within_a_day_of_the_confirmation(manager) -> None:
    invite(manager)
    invitation = Invitation.objects.get()
    phone, digits, _page = ask(link_of(invitation))
    manager.post(f"{NEW}{invitation.pk}/dung-nguoi/", {"digits": digits})
    JoinRequest.objects.update(confirmed_at=timezone.now() - JoinRequest.OPENS_FOR)

    status = phone.post(link_of(invitation)).status_code

    assert (status, phone.get("/en/xa-vien/").status_code) == (410, 302)


def test_digits_are_tried_five_times(manager) -> None:
    invite(manager)
    invitation = Invitation.objects.get()
    _phone, digits, _page = ask(link_of(invitation))
    for _try in range(5):
        manager.post(f"{NEW}{invitation.pk}/dung-nguoi/", {"digits": f"{(int(digits) + 1) % 10**6:06}"})

    manager.post(f"{NEW}{invitation.pk}/dung-nguoi/", {"digits": digits})

    assert JoinRequest.objects.get().confirmed_at is None


def test_foreign_manager_does_not_use_up_the_digits_tries(manager) -> None:
    invite(manager)
    invitation = Invitation.objects.get()
    _phone, digits, _page = ask(link_of(invitation))
    stranger = Client()
    stranger.force_login(make_member(make_seller("HTX khác"), Role.MANAGER))
    for _try in range(5):
        stranger.post(f"{NEW}{invitation.pk}/dung-nguoi/", {"digits": digits})
    before = JoinRequest.objects.get().confirmed_at

    manager.post(f"{NEW}{invitation.pk}/dung-nguoi/", {"digits": digits})

    assert before is None
    assert Membership.objects.filter(user__first_name=HOA["name"]).count() == 1


def test_waiting_phone_reloads_once_the_invitation_is_cancelled(manager) -> None:
    invite(manager)
    invitation = Invitation.objects.get()
    phone, _digits, _page = ask(link_of(invitation))
    poll = {"HX-Request": "true"}
    waiting = phone.get(link_of(invitation), headers=poll)

    manager.post(f"{NEW}{invitation.pk}/huy/")
    told = phone.get(link_of(invitation), headers=poll)

    assert "HX-Refresh" not in waiting
    assert (told.status_code, told.headers.get("HX-Refresh")) == (200, "true")
    assert phone.get(link_of(invitation)).status_code == 410


def test_foreign_manager_cannot_confirm(client, manager) -> None:
    invite(manager)
    invitation = Invitation.objects.get()
    _phone, digits, _page = ask(link_of(invitation))
    client.force_login(make_member(make_seller("HTX khác"), Role.MANAGER))

    status = client.post(f"{NEW}{invitation.pk}/dung-nguoi/", {"digits": digits}).status_code

    assert (status, JoinRequest.objects.get().confirmed_at) in [(302, None), (404, None)]


@pytest.mark.parametrize("field", ["name", "phone", "password"])
def test_empty_fields_of_a_request_to_join_are_named(manager, field) -> None:
    invite(manager)

    _phone, digits, page = ask(link_of(Invitation.objects.get()), **{field: ""})

    assert (digits, page.count('class="error"'), JoinRequest.objects.count()) == ("", 1, 0)


def test_guest_cannot_accept(client, manager) -> None:
    invite(manager)
    row = Invitation.objects.get()

    response = Client().post(link_of(row))

    assert (response.status_code, Membership.objects.count()) == (200, 1)


def test_used_and_forged_links_look_the_same(manager, seller) -> None:
    invite(manager)
    row = Invitation.objects.get()
    manager.post(f"{NEW}{row.pk}/huy/")

    pages = [Client().get(url) for url in (link_of(row), "/en/xa-vien/loi-moi/1.forged/")]

    assert [page.status_code for page in pages] == [410, 410]
    texts = [html_of(page) for page in pages]
    assert all("This invitation is no longer valid." in text for text in texts)
    assert not any("HTX Thiên An" in text for text in texts)


@pytest.mark.parametrize("recipient", ["hoa@example.com", "ai@example.com"])
def test_answer_does_not_tell_who_has_an_account(manager, recipient) -> None:
    make_user(email="hoa@example.com", first_name="Lò Thị Hoa")

    response = invite(manager, recipient=recipient)

    row = Invitation.objects.get()
    assert response.redirect_chain == [(f"{NEW}{row.pk}/", 302)]
    page = html_of(response)
    assert "Invitation sent." in page
    assert "Lò Thị Hoa" not in page
    assert recipient not in page
    assert not Membership.objects.filter(user__email="hoa@example.com").exists()


def test_wrong_address_shows_an_error_and_keeps_the_input(manager) -> None:
    page = html_of(invite(manager, recipient="0900 000 20", note="anh Ba"))

    assert 'value="0900 000 20"' in page
    assert 'value="anh Ba"' in page
    assert not Invitation.objects.exists()


def test_invitations_are_limited(manager, seller) -> None:
    for _number in range(30):
        invite(manager)
        Invitation.objects.all().delete()

    page = html_of(invite(manager, recipient="hoa@example.com"))

    assert "Too many attempts." in page
    assert not Invitation.objects.exists()


def test_accepting_does_not_move_the_app_of_another_cooperative(client, manager, seller) -> None:
    rival, member = make_seller("HTX Khác"), Client()
    user = make_member(rival, Role.MANAGER)
    member.force_login(user)
    invite(manager)

    response = member.post(link_of(Invitation.objects.get()))

    assert response["Location"] == "/en/xa-vien/hop-tac-xa/"
    assert "<h1>HTX Khác</h1>" in html_of(member.get("/en/xa-vien/"))
    member.post("/en/xa-vien/hop-tac-xa/", {"cooperative": seller.pk})
    assert "<h1>HTX Thiên An</h1>" in html_of(member.get("/en/xa-vien/"))


def test_whoever_works_for_several_chooses_after_signing_in(client, seller) -> None:
    rival = make_seller("HTX Khác")
    client.force_login(user := make_member(rival, Role.MANAGER))
    Membership.objects.create(cooperative=seller, user=user, role=Role.PACKER)

    response = client.get("/en/xa-vien/hang/?tin=ban")
    assert response["Location"] == "/en/xa-vien/hop-tac-xa/?next=%2Fen%2Fxa-vien%2Fhang%2F%3Ftin%3Dban"
    page = html_of(client.get(response["Location"]))
    assert all(name in page for name in ("HTX Khác", "HTX Thiên An", "Packer"))
    choice = {"cooperative": rival.pk, "next": "/en/xa-vien/hang/?tin=ban"}
    response = client.post("/en/xa-vien/hop-tac-xa/", choice)

    assert response["Location"] == "/en/xa-vien/hang/?tin=ban"
    assert client.get(response["Location"]).status_code == 200


def test_choice_of_a_foreign_cooperative_is_not_found(manager) -> None:
    foreign = make_seller("HTX Khác")

    response = manager.post("/xa-vien/hop-tac-xa/", {"cooperative": foreign.pk})

    assert response.status_code == 404
    assert manager.get("/xa-vien/").status_code == 200


def test_manager_changes_a_role_and_ends_the_membership(manager, seller) -> None:
    user = make_member(seller, Role.PACKER, email="hoa@example.com")
    row = Membership.objects.get(user=user)

    manager.post(f"{ADDRESS}{row.pk}/", {f"m{row.pk}-role": "lister"})
    row.refresh_from_db()
    assert row.role == Role.LISTER

    page = html_of(manager.post(f"{ADDRESS}{row.pk}/thoi/", follow=True))
    row.refresh_from_db()
    assert not row.is_active
    assert "hoa@example.com" not in page


def test_last_manager_cannot_be_removed(manager, seller) -> None:
    row = Membership.objects.get(cooperative=seller)

    page = html_of(manager.post(f"/en/xa-vien/thanh-vien/{row.pk}/thoi/", follow=True))

    assert "A cooperative needs a manager." in page
    row.refresh_from_db()
    assert row.is_active


@pytest.mark.parametrize("path", ["moi/", "{pk}/", "{pk}/thoi/"])
def test_only_managers_change_members(packer, seller, path) -> None:
    row = Membership.objects.get(user=make_member(seller, Role.LISTER, email="hoa@example.com"))

    response = packer.post(f"/xa-vien/thanh-vien/{path.format(pk=row.pk)}", {"role": "manager"})

    assert response.status_code == 403
    row.refresh_from_db()
    assert row.role == Role.LISTER
    assert row.is_active


def test_foreign_member_is_not_found(manager) -> None:
    row = Membership.objects.get(user=make_member(make_seller("HTX Khác"), email="hoa@example.com"))

    assert manager.post(f"/xa-vien/thanh-vien/{row.pk}/thoi/").status_code == 404
    assert manager.post(f"/xa-vien/thanh-vien/{row.pk}/", {f"m{row.pk}-role": "packer"}).status_code == 404
    row.refresh_from_db()
    assert row.is_active
