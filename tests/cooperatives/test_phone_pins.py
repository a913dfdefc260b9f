"""PINs of members on shared phones: good and weak ones, wrong entries, and what ends them."""

from __future__ import annotations

import base64
import datetime
import hashlib

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from cooperatives.actions import phone_pins
from cooperatives.actions.members import remove_member
from cooperatives.actions.phone_pins import (
    InvalidPin,
    PinEnded,
    PinLocked,
    WeakPin,
    WrongPin,
    find_usable_pins,
    is_signed_by,
    remove_pin,
    sign,
    signing_key,
    use_pin,
)
from cooperatives.actions.shared_phones import (
    TooManySharedPhones,
    end_shared_phone,
    find_active_phone,
    register_shared_phone,
)
from cooperatives.models import Cooperative, Membership, PhonePin, Role, SharedPhone
from shop.accounts.models import User
from shop.accounts.sign_in.sessions import sign_out_everywhere
from shop.core.actors import Actor
from shop.core.errors import Missing
from shop.core.models import Change
from tests.factories import NOW, make_member, make_seller
from tests.phone_factories import PIN, give_pin, register_phone
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few_iterations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Derive keys quickly; the row stores with how many iterations."""
    monkeypatch.setattr(phone_pins, "ITERATIONS", 1000)


@pytest.fixture
def phone(seller) -> SharedPhone:
    return register_phone(seller)[0]


@pytest.fixture
def packer(seller) -> User:
    return make_member(seller, Role.PACKER, first_name="Lò Thị Hoa", phone="+84987652580")


@pytest.fixture
def seller() -> Cooperative:
    return make_seller("HTX Thiên An")


def enter(row: PhonePin, pin: str, now: datetime.datetime = NOW) -> PhonePin:
    return use_pin(phone=row.phone, pin_id=row.pk, entered_pin=pin, now=now)


def test_right_pin_opens_the_phone_and_only_its_hash_is_stored(phone, seller) -> None:
    user = make_member(seller, Role.PACKER)

    row = give_pin(phone, user)

    assert enter(row, PIN).membership.user == user
    row.refresh_from_db()
    assert PIN not in row.pin_hash
    actions = Change.objects.filter(root_key=str(seller.pk)).values_list("action", flat=True)
    assert list(actions.order_by("pk")) == ["shared_phone.registered", "phone_pin.set"]


@pytest.mark.parametrize("pin", ["123", "1234567", "12a4", "", "１２５８"])
def test_pin_of_another_form_is_refused(phone, packer, pin) -> None:
    with assert_refused(InvalidPin, "invalid_pin"):
        give_pin(phone, packer, pin)


@pytest.mark.parametrize(
    "pin", ["1111", "1234", "9876", "7890", "1212", "123123", "1987", "2010", "150390", "2580", "000000"]
)
def test_pin_that_is_easy_to_guess_is_refused(phone, packer, pin) -> None:
    with assert_refused(WeakPin, "weak_pin"):
        give_pin(phone, packer, pin)  # 2580 ends their phone number


def test_wrong_entries_lock_the_pin_for_growing_times_and_the_tenth_ends_it(phone, seller) -> None:
    row = give_pin(phone, make_member(seller, Role.PACKER))
    for left in (2, 1):
        with pytest.raises(WrongPin) as wrong:
            enter(row, "0000")
        assert wrong.value.details == {"left": left}

    now = NOW
    for minutes in (1, 5, 15, 60, 60, 60, 60):
        with pytest.raises(PinLocked) as locked:
            enter(row, "0000", now)
        assert locked.value.details == {"minutes": minutes}
        with pytest.raises(PinLocked):  # the right one is not compared either
            enter(row, PIN, now + datetime.timedelta(minutes=minutes, seconds=-1))
        now += datetime.timedelta(minutes=minutes)

    with pytest.raises(PinEnded):
        enter(row, "0000", now)
    with pytest.raises(PinEnded):
        enter(row, PIN, now + datetime.timedelta(days=7))
    give_pin(phone, row.membership.user, "8642")  # after a full sign-in
    assert enter(row, "8642", now).pk == row.pk


def test_right_entry_forgets_the_wrong_ones(phone, seller) -> None:
    row = give_pin(phone, make_member(seller, Role.PACKER))
    for _ in range(3):
        for _ in range(2):
            with pytest.raises(WrongPin):
                enter(row, "0000")
        enter(row, PIN)

    row.refresh_from_db()
    assert (row.wrong_tries, row.locked_until) == (0, None)


def test_pin_opens_no_other_phone(phone, seller) -> None:
    row = give_pin(phone, make_member(seller, Role.PACKER))
    other_phone, _secret = register_phone(make_seller("HTX Khác"))

    with pytest.raises(Missing):
        use_pin(phone=other_phone, pin_id=row.pk, entered_pin=PIN, now=NOW)


def test_pin_ends_with_the_membership_the_phone_and_a_sign_out_everywhere(phone, seller) -> None:
    rows = [give_pin(phone, make_member(seller, Role.PACKER)) for _ in range(3)]
    removed, signed_out, left = rows
    manager = Actor.system()

    remove_member(cooperative_id=seller.pk, membership_id=removed.membership_id, actor=manager, now=NOW)
    user = signed_out.membership.user
    sign_out_everywhere(user)
    user.save()
    remove_pin(phone=phone, membership_id=left.membership_id, actor=manager, now=NOW)

    for row, refusal in ((removed, Missing), (signed_out, PinEnded), (left, Missing)):
        with pytest.raises(refusal):
            enter(row, PIN)
    assert find_usable_pins(phone) == []
    ended = PhonePin.objects.exclude(ended_at=None).values_list("pin_hash", "sealed_key")
    assert list(ended) == [("", "")] * 2
    Membership.objects.filter(pk=removed.membership_id).update(is_active=True)  # they are invited again
    assert find_usable_pins(phone) == []


def test_ended_phone_is_not_found_and_opens_for_nobody(seller) -> None:
    phone, secret = register_phone(seller)
    row = give_pin(phone, make_member(seller, Role.PACKER))
    assert find_active_phone(phone.pk, secret) == phone
    assert find_active_phone(phone.pk, "another secret") is None

    end_shared_phone(cooperative_id=seller.pk, phone_id=phone.pk, actor=Actor.system(), now=NOW)

    assert find_active_phone(phone.pk, secret) is None
    assert not PhonePin.objects.exists()  # hashes of four digits protect nothing
    with pytest.raises(Missing):
        enter(row, PIN)
    with pytest.raises(Missing):
        end_shared_phone(cooperative_id=seller.pk, phone_id=phone.pk, actor=Actor.system(), now=NOW)


def test_other_cooperative_cannot_end_the_phone(phone) -> None:
    other = make_seller("HTX Khác")

    with assert_refused(Missing, "missing"):
        end_shared_phone(cooperative_id=other.pk, phone_id=phone.pk, actor=Actor.system(), now=NOW)


def test_cooperative_shares_at_most_twenty_phones(seller) -> None:
    manager = make_member(seller)
    SharedPhone.objects.bulk_create(
        SharedPhone(cooperative=seller, name="máy", secret_digest=str(number), registered_at=NOW)
        for number in range(20)
    )

    with pytest.raises(TooManySharedPhones):
        register_shared_phone(
            cooperative_id=seller.pk, name="máy", registered_by=manager, actor=Actor.system(), now=NOW
        )

    assert SharedPhone.objects.count() == 20


def test_browser_unseals_the_signing_key_with_the_pin(phone, seller) -> None:
    row = give_pin(phone, make_member(seller, Role.PACKER))

    pin_key = hashlib.pbkdf2_hmac("sha256", PIN.encode(), base64.b64decode(row.salt), row.iterations)
    sealed = base64.b64decode(row.sealed_key)
    key = AESGCM(pin_key).decrypt(sealed[:12], sealed[12:], None)

    assert key == signing_key(row)
    assert is_signed_by(row, "Nhận đơn", sign(key, "Nhận đơn"))
    assert not is_signed_by(row, "Nhận đơn", sign(b"another key", "Nhận đơn"))
    other = give_pin(phone, make_member(seller, Role.PACKER))
    assert not is_signed_by(other, "Nhận đơn", sign(key, "Nhận đơn"))
