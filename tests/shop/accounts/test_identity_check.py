"""A form that is sent long after the sign-in is kept until its sender has proved their identity."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from cooperatives.models import Role
from orders.actions.complaints.file_complaint import submit_complaint
from orders.models import Complaint, Refund
from orders.states import ComplaintState
from shop.accounts.models import SignIn
from shop.accounts.sign_in.login_limits import FAILED_SIGN_INS
from shop.core.actors import Actor
from tests.doubles.authenticator import Authenticator
from tests.factories import (
    PASSWORD,
    make_admin,
    make_member,
    make_order,
    make_seller,
    make_user,
    make_variant,
)
from tests.markup import html_of
from tests.orders.refunds.refund_helpers import deliver_order, get_first_line
from tests.refusals import all_rows
from tests.shop.accounts.factors import CHECK, SIGN_IN, app_code, give_app, signed_in

pytestmark = pytest.mark.django_db
KEYS = "/en/tai-khoan/khoa/"


def file_complaint() -> Complaint:
    now = timezone.now()
    part = deliver_order(make_order((make_variant(make_seller(), price=45_000, on_hand=20), 5)), now=now)
    return submit_complaint(
        part_id=part.pk,
        quantities={get_first_line(part).pk: 2},
        text="Hai quả dập.",
        actor=Actor.guest(),
        now=now,
    )


REVIEWED = {"reviewed": "1"}  # the button of the page that shows what the answer does


def refund_form(client: Client, complaint: Complaint) -> tuple[str, dict[str, str]]:
    """Return the address of the answer to a complaint, and its fields as the page fills them in."""
    page = html_of(client.get(f"/en/xa-vien/phan-anh/{complaint.pk}/"))
    form = re.search(r'<form[^>]*action="([^"]*/dong-y/)".*?</form>', page, re.DOTALL)
    assert form is not None
    return form[1], fields_of(form[0]) | {"answer": "Xin lỗi bạn, chúng tôi hoàn tiền."}


def fields_of(markup: str) -> dict[str, str]:
    """Return the filled-in fields of a form's markup."""
    tags = re.findall(r"<input[^>]*>", markup)
    named = {tag: dict(re.findall(r'([\w-]+)="([^"]*)"', tag)) for tag in tags}
    return {
        fields["name"]: unescape(fields.get("value", ""))
        for tag, fields in named.items()
        if fields.get("name", "csrfmiddlewaretoken") != "csrfmiddlewaretoken"
        and (fields.get("type") not in ("checkbox", "radio") or "checked" in tag)
    }


def kept_form(page: str) -> dict[str, str]:
    """Return the fields of the page's first form, which asks for the confirmation."""
    form = re.search(r"<main.*?(<form.*?</form>)", page, re.DOTALL)
    assert form is not None
    return fields_of(form[1])


def test_refund_is_kept_until_the_password_is_entered_and_then_made() -> None:
    complaint = file_complaint()
    manager = make_member(complaint.part.cooperative, Role.MANAGER, email="hoa@example.com")
    client = signed_in(manager, second_factor=False, minutes=17)
    address, sent = refund_form(client, complaint)
    before = all_rows()

    asked = client.post(address, sent)
    page = html_of(asked)
    wrong = client.post(address, kept_form(page) | {"identity-password": "không phải"})
    changed = all_rows() != before
    review = client.post(address, kept_form(html_of(wrong)) | {"identity-password": PASSWORD})
    response = client.post(address, kept_form(html_of(review)) | REVIEWED)

    assert (asked.status_code, wrong.status_code, changed) == (200, 200, False)
    assert sent.items() <= kept_form(page).items()
    assert 'value="hoa@example.com"' in page
    assert "The password is not correct." in html_of(wrong)
    assert response.headers["Location"] == f"/en/xa-vien/phan-anh/{complaint.pk}/"
    complaint.refresh_from_db()
    assert complaint.state == ComplaintState.ACCEPTED
    assert Refund.objects.get().amount == 90_000
    assert client.get("/en/xa-vien/thanh-vien/moi/").status_code == 200  # proved for other pages too
    assert not SignIn.objects.exists()  # it is the same sign-in


def test_page_that_asks_is_in_the_frame_of_the_work() -> None:
    manager = make_member(make_seller(), Role.MANAGER)
    admin = make_admin()
    member_page, desk_page = (
        html_of(signed_in(user, second_factor=False, minutes=17).get(address, follow=True))
        for user, address in (
            (manager, "/en/xa-vien/tai-khoan-ngan-hang/"),
            (admin, "/en/quan-tri/chi-tien/"),
        )
    )

    assert 'class="app-header"' in member_page
    assert 'class="admin-nav"' in desk_page
    for page in (member_page, desk_page):
        assert "Verify your identity" in page
        assert 'type="search"' not in page
        assert 'class="tab-bar"' not in page
        assert "site-footer" not in page


@pytest.mark.parametrize(("work", "frame"), [("/en/xa-vien/", "app-header"), ("/en/quan-tri/", "admin-nav")])
def test_first_sign_in_to_work_is_without_the_markets_search_and_basket(
    client: Client, work: str, frame: str
) -> None:
    page = html_of(client.get(SIGN_IN, {"next": work}))

    assert f'class="{frame}"' in page
    assert 'type="search"' not in page
    assert 'class="tab-bar"' not in page


def test_second_factor_is_not_replaced_by_the_password() -> None:
    complaint = file_complaint()
    manager = give_app(make_member(complaint.part.cooperative, Role.MANAGER))
    client = signed_in(manager, minutes=17)
    address, sent = refund_form(client, complaint)

    page = html_of(client.post(address, sent | {"identity-password": PASSWORD}))
    complaint.refresh_from_db()
    state = complaint.state
    client.post(address, kept_form(page) | REVIEWED | {"identity-code": app_code()})

    complaint.refresh_from_db()
    assert (state, complaint.state) == (ComplaintState.OPEN, ComplaintState.ACCEPTED)


def add_passkey(client: Client) -> Authenticator:
    device = Authenticator()
    options = client.get(f"{KEYS}moi/").json()
    client.post(KEYS, {"credential": device.make(options)})
    return device


def sign_challenge(client: Client, device: Authenticator) -> dict[str, str]:
    """Return the confirmation by a passkey for this session's next form."""
    return {"identity-credential": device.sign(client.get(f"{CHECK}khoa/").json())}


def test_passkey_proves_the_identity_of_its_owner_only() -> None:
    complaint = file_complaint()
    manager = make_member(complaint.part.cooperative, Role.MANAGER)
    own, foreign = add_passkey(signed_in(manager)), add_passkey(signed_in(make_user()))
    client = signed_in(manager, second_factor=False, minutes=17)
    address, sent = refund_form(client, complaint)

    refused = client.post(address, sent | sign_challenge(client, foreign))
    complaint.refresh_from_db()
    state = complaint.state
    client.post(address, sent | REVIEWED | sign_challenge(client, own))

    complaint.refresh_from_db()
    assert "This passkey does not belong to this account." in html_of(refused)
    assert (state, complaint.state) == (ComplaintState.OPEN, ComplaintState.ACCEPTED)


def test_wrong_passwords_are_limited() -> None:
    client = signed_in(make_user(), second_factor=False, minutes=17)

    answers = [
        client.post(CHECK, {"password": "không phải"}).status_code
        for _try in range(FAILED_SIGN_INS.max_tries + 1)
    ]
    answers.append(client.post(CHECK, {"password": PASSWORD}).status_code)

    assert answers == [200] * FAILED_SIGN_INS.max_tries + [429, 429]


def test_account_without_password_and_passkey_signs_in_again_by_code() -> None:
    user = make_user(phone="+84987654321", email=None)
    user.set_unusable_password()
    user.save()
    client = signed_in(user, second_factor=False, minutes=17)

    response = client.get(KEYS)

    assert response.headers["Location"] == f"{SIGN_IN}?lai=1&next=%2Fen%2Ftai-khoan%2Fkhoa%2F"
    assert 'value="+84987654321"' in html_of(client.get(response.headers["Location"]))
