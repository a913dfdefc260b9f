"""Signing in by a code: sending, entering, expiry, reuse, guesses, limits and ownership of numbers."""

from __future__ import annotations

import datetime
import re
from functools import partial

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from orders.models import Order
from shop.accounts.models import CodePurpose, OneTimeCode, SignIn, User
from shop.accounts.sign_in.login_limits import CODES_IN_NETWORK, CODES_PER_DEVICE, CODES_PER_NUMBER
from shop.accounts.sign_in.one_time_codes import (
    CODE_LIFETIME,
    MAX_TRIES,
    CodeExpired,
    WrongCode,
    send_code,
    use_code,
)
from shop.core.errors import Refused
from shop.core.models import Change
from shop.notifications.models import ContactMethod, Notification
from shop.notifications.send import deliver
from tests.factories import NOW, fixed_now, make_member, make_order, make_seller, make_user
from tests.markup import html_of
from tests.races.parallel import run_in_threads
from tests.shop.accounts.sent_codes import CODE, NAME, SENDING, altered_code, last_code, sign_in_by_code

pytestmark = pytest.mark.django_db

PHONE, WRITTEN = "+84987654321", "0987 654 321"
ENTER = CodePurpose.SIGN_IN


def is_signed_in(client):
    return "_auth_user_id" in client.session


def sent(now=NOW):
    """Return the key and the digits of a newly sent code."""
    key = send_code(
        purpose=ENTER, contact_method=ContactMethod.SMS, recipient=PHONE, language="en", user_id=None, now=now
    )
    return key, last_code(PHONE)


def test_code_by_email_greets_its_receiver_and_names_its_validity_and_sender() -> None:
    send_code(
        purpose=CodePurpose.REGISTER,
        contact_method=ContactMethod.EMAIL,
        recipient="hoa@example.com",
        language="vi",
        user_id=None,
        now=NOW,
    )

    text = Notification.objects.get(recipient="hoa@example.com").text
    assert "Kính gửi quý khách,\n\n" in text
    assert " là mã tạo tài khoản tại Chợ Phiên. Đừng đưa mã cho ai.\n\n" in text
    assert "Mã có hiệu lực trong 5 phút. Nếu quý khách không yêu cầu mã này, hãy bỏ qua email." in text
    assert "Cần hỏi, hãy trả lời email này." in text


def test_known_and_unknown_numbers_are_answered_alike(client: Client) -> None:
    make_user(phone=PHONE, phone_confirmed_at=NOW)
    responses = {}
    for entered in (WRITTEN, "0912 345 678"):
        other = Client()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            posted = other.post(SENDING, {"phone": entered})
        page = html_of(other.get(CODE))
        main = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page[page.index("<main") :])
        masked_text = re.sub(r"\+?[\d ]{9,}", "…", main)
        statements = [re.sub(r"'[^']*'|\d+", "?", query["sql"])[:60] for query in queries]
        responses[entered] = (posted.status_code, posted.headers["Location"], masked_text, statements)

    assert responses[WRITTEN] == responses["0912 345 678"]
    assert Notification.objects.count() == 2


def test_code_signs_in_the_account_of_its_number(client: Client) -> None:
    user = make_user(phone=PHONE, phone_confirmed_at=NOW)

    response = sign_in_by_code(client, WRITTEN, next="/en/gio-hang/")

    assert response.headers["Location"] == "/en/gio-hang/"
    assert client.session["_auth_user_id"] == str(user.pk)
    assert SignIn.objects.get().method == "code"


def test_members_are_sent_to_their_work_after_a_code(client: Client) -> None:
    make_member(make_seller(), phone=PHONE, phone_confirmed_at=NOW)

    assert sign_in_by_code(client, WRITTEN).headers["Location"] == "/en/xa-vien/"


def test_new_number_opens_an_account_after_entering_a_name(client: Client) -> None:
    assert sign_in_by_code(client, WRITTEN).headers["Location"] == NAME
    assert not User.objects.exists()

    response = client.post(NAME, {"name": "Nông Thị Mai"})

    user = User.objects.get()
    assert (user.phone, user.first_name, user.email) == (PHONE, "Nông Thị Mai", None)
    assert user.phone_confirmed_at is not None
    assert not user.has_usable_password()
    assert response.headers["Location"] == "/en/tai-khoan/"
    assert is_signed_in(client)
    assert client.post(NAME, {"name": "Hai"}).headers["Location"] == SENDING
    assert User.objects.count() == 1


def test_name_without_a_code_opens_no_account(client: Client) -> None:
    assert client.post(NAME, {"name": "Mai"}).headers["Location"] == SENDING
    assert client.post(CODE, {"code": "123456"}).headers["Location"] == SENDING
    assert not User.objects.exists()


def test_codes_are_not_stored_in_readable_form(capsys) -> None:
    _key, digits = sent()
    row = Notification.objects.get()
    stored_rows = [*OneTimeCode.objects.values_list(), *Notification.objects.values_list()]
    assert not [stored_row for stored_row in stored_rows if digits in " ".join(map(str, stored_row))]

    assert deliver(row, now=NOW)

    assert f"{digits} is your code for signing in at Chợ Phiên" in capsys.readouterr().out
    row.refresh_from_db()
    assert row.sealed_secret == ""
    assert digits not in row.text


def test_expired_code_is_not_sent(capsys) -> None:
    sent()
    row = Notification.objects.get()

    assert not deliver(row, now=NOW + CODE_LIFETIME)

    row.refresh_from_db()
    assert (row.sealed_secret, row.sent_at, row.given_up_at) == ("", None, NOW + CODE_LIFETIME)
    assert "is your code" not in capsys.readouterr().out


def test_code_is_valid_once_for_its_purpose_until_it_expires() -> None:
    key, digits = sent()
    late, digits_of_late = sent()

    for purpose, code_id, entered, now in (
        (CodePurpose.CONFIRM_NUMBER, key, digits, NOW),
        (ENTER, late, digits_of_late, NOW + CODE_LIFETIME),
    ):
        with pytest.raises(CodeExpired):
            use_code(code_id=code_id, purpose=purpose, entered_code=entered, now=now)
    spaced = f"{digits[:3]} {digits[3:]}"
    assert use_code(code_id=key, purpose=ENTER, entered_code=spaced, now=NOW).recipient == PHONE
    with pytest.raises(CodeExpired):
        use_code(code_id=key, purpose=ENTER, entered_code=digits, now=NOW)


def test_right_code_is_refused_after_five_wrong_tries() -> None:
    key, digits = sent()
    remaining_tries = []
    for _try in range(MAX_TRIES):
        with pytest.raises(Refused) as refused:
            use_code(code_id=key, purpose=ENTER, entered_code=altered_code(digits), now=NOW)
        remaining_tries.append(refused.value.details.get("left", refused.type))

    assert remaining_tries == [4, 3, 2, 1, CodeExpired]
    with pytest.raises(CodeExpired):
        use_code(code_id=key, purpose=ENTER, entered_code=digits, now=NOW)
    assert OneTimeCode.objects.get().used_at is None


def test_wrong_expired_and_malformed_codes_show_errors(client: Client) -> None:
    client.post(SENDING, {"phone": WRITTEN})
    digits = last_code(PHONE)

    tried = (altered_code(digits), "x" * 20, digits[:5], f"{digits}5", "", altered_code(digits))
    pages = [html_of(client.post(CODE, {"code": code})) for code in tried]
    OneTimeCode.objects.update(expires_at=fixed_now() - datetime.timedelta(seconds=1), created_at=NOW)
    pages.append(html_of(client.post(CODE, {"code": digits})))

    messages = [
        "4 attempts left.",
        *["Enter all six digits."] * 3,
        "Enter the 6-digit code.",
        "3 attempts left.",
        "This code is no longer valid.",
    ]
    assert [message in page for message, page in zip(messages, pages, strict=True)] == [True] * 7
    assert not is_signed_in(client)


def test_code_is_accepted_with_full_width_digits_and_spaces(client: Client) -> None:
    client.post(SENDING, {"phone": WRITTEN})
    wide = "".join(chr(ord("０") + int(digit)) for digit in last_code(PHONE))

    response = client.post(CODE, {"code": f"{wide[:3]} {wide[3:]}"})

    assert response.status_code == 302


def test_invalid_phone_numbers_are_refused(client: Client) -> None:
    for entered in ("", "113", "hoa@example.com", "9" * 30, "+1"):
        assert client.post(SENDING, {"phone": entered}).status_code == 200
    assert not Notification.objects.exists()


def test_codes_per_number_are_limited_except_for_known_devices(client: Client) -> None:
    make_user(phone=PHONE, phone_confirmed_at=NOW)
    sign_in_by_code(client, WRITTEN)
    client.post("/en/tai-khoan/dang-xuat/")
    statuses = []
    for place in range(CODES_PER_NUMBER.max_tries):
        stranger = Client(REMOTE_ADDR=f"203.0.113.{place}")
        statuses.append(stranger.post(SENDING, {"phone": WRITTEN}).status_code)
    before = Notification.objects.count()

    stranger = Client(REMOTE_ADDR="198.51.100.1")
    refused = stranger.post(SENDING, {"phone": WRITTEN})
    other_number = stranger.post(SENDING, {"phone": "0912 345 678"})

    assert statuses == [302] * (CODES_PER_NUMBER.max_tries - 1) + [429]  # the owner's first code counted
    assert refused.status_code == 429
    assert "Too many attempts." in html_of(refused)
    assert other_number.status_code == 302
    assert Notification.objects.count() == before + 1
    assert sign_in_by_code(client, WRITTEN).status_code == 302
    assert is_signed_in(client)


def test_codes_per_network_are_limited_except_for_known_devices(client: Client) -> None:
    make_user(phone=PHONE, phone_confirmed_at=NOW)
    sign_in_by_code(client, WRITTEN)
    client.post("/en/tai-khoan/dang-xuat/")
    for _code in range(CODES_IN_NETWORK.max_tries - 1):  # the owner's first code counted
        CODES_IN_NETWORK.count_try("127.0.0.1")

    assert Client().post(SENDING, {"phone": "0912 345 678"}).status_code == 429
    assert Client(REMOTE_ADDR="203.0.113.1").post(SENDING, {"phone": "0912 345 678"}).status_code == 302
    assert sign_in_by_code(client, WRITTEN).headers["Location"] == "/en/tai-khoan/"


def test_codes_per_device_and_number_are_limited(client: Client) -> None:
    statuses = [
        client.post(SENDING, {"phone": WRITTEN}).status_code
        for _code in range(CODES_PER_DEVICE.max_tries + 1)
    ]

    assert statuses == [302] * CODES_PER_DEVICE.max_tries + [429]
    assert Notification.objects.count() == CODES_PER_DEVICE.max_tries


def test_unconfirmed_number_signs_nobody_in_until_its_owner_confirms_it(client: Client) -> None:
    user = make_user(email="hoa@example.com", phone=PHONE)

    assert sign_in_by_code(client, WRITTEN).headers["Location"] == NAME
    assert "Is this account yours?" in html_of(client.get(NAME))
    assert not is_signed_in(client)
    client.post("/en/tai-khoan/dang-nhap/", {"name": "hoa@example.com", "password": "quyt-bach-thong-2026"})

    user.refresh_from_db()
    assert user.phone_confirmed_at is not None
    assert sign_in_by_code(Client(), WRITTEN).headers["Location"] == "/en/tai-khoan/"


def test_confirmed_number_is_taken_from_an_account_that_never_confirmed_it(client: Client) -> None:
    squatter = make_user(phone=PHONE)
    sign_in_by_code(client, WRITTEN)

    client.post(NAME, {"name": "Mai"})

    squatter.refresh_from_db()
    owner = User.objects.exclude(pk=squatter.pk).get()
    assert (squatter.phone, owner.phone) == (None, PHONE)
    assert client.session["_auth_user_id"] == str(owner.pk)
    assert Change.objects.of_row(squatter).get(action="user.phone_released").actor_kind == "guest"


def test_number_is_confirmed_in_the_details_and_unconfirmed_by_a_change(client: Client) -> None:
    user = make_user(phone=PHONE)
    client.force_login(user)
    page = "/en/tai-khoan/thong-tin/so-dien-thoai/"
    assert client.get(page).headers["Location"] == "/en/tai-khoan/thong-tin/"

    client.post(page, {"phone": "1"})
    assert client.get(page).status_code == 200
    client.post(page, {"code": last_code(PHONE)})
    user.refresh_from_db()
    confirmed = user.phone_confirmed_at
    client.post("/en/tai-khoan/thong-tin/", {"name": "Hoa", "phone": "0912345678"})

    user.refresh_from_db()
    assert confirmed is not None
    assert (user.phone, user.phone_confirmed_at) == ("+84912345678", None)


def test_inactive_account_cannot_sign_in_by_code(client: Client) -> None:
    make_user(phone=PHONE, phone_confirmed_at=NOW, is_active=False)

    sign_in_by_code(client, WRITTEN)

    assert not is_signed_in(client)


def test_guest_orders_of_a_number_are_claimed_only_by_its_code(client: Client) -> None:
    user = make_user(email="hoa@example.com", phone=PHONE, phone_confirmed_at=NOW)
    recent, old_order, foreign_order = make_order(), make_order(), make_order()
    Order.objects.filter(pk=old_order.pk).update(placed_at=fixed_now() - datetime.timedelta(days=91))
    Order.objects.filter(pk=recent.pk).update(placed_at=fixed_now() - datetime.timedelta(days=89))
    Order.objects.filter(pk=foreign_order.pk).update(phone="+84912345678")
    assert recent.phone == PHONE
    by_password = {"name": "hoa@example.com", "password": "quyt-bach-thong-2026"}
    client.post("/en/tai-khoan/dang-nhap/", by_password)
    assert not Order.objects.filter(user=user).exists()

    sign_in_by_code(Client(), WRITTEN)

    assert list(Order.objects.filter(user=user)) == [recent]
    assert Change.objects.get(action="order.claimed").key == str(recent.pk)


def test_codes_are_not_offered_when_text_messages_are_off(client: Client, settings) -> None:
    settings.PHONE_CODES = False

    assert client.post(SENDING, {"phone": WRITTEN}).status_code == 404
    assert "With your phone number" not in html_of(client.get("/en/tai-khoan/dang-nhap/"))


@pytest.mark.django_db(transaction=True)
def test_concurrent_tries_use_a_code_once_and_stay_within_the_limit() -> None:
    codes = [sent() for _code in range(12)]
    guessed, other = sent()
    enter = [
        partial(use_code, code_id=key, purpose=ENTER, entered_code=digits, now=NOW)
        for key, digits in codes
        for _hand in range(4)
    ]
    guess = partial(use_code, code_id=guessed, purpose=ENTER, entered_code=altered_code(other), now=NOW)

    entered = run_in_threads(enter)
    tried = run_in_threads([guess] * 12)

    let_in = [user for user in entered if isinstance(user, OneTimeCode)]
    assert {type(outcome) for outcome in entered} == {OneTimeCode, CodeExpired}
    assert sorted(user.pk for user in let_in) == sorted(key for key, _digits in codes)
    assert {type(outcome) for outcome in tried} <= {CodeExpired, WrongCode}
    assert OneTimeCode.objects.get(pk=guessed).tries == MAX_TRIES
