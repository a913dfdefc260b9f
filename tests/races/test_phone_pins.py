"""PINs of a shared phone that are guessed in parallel."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from cooperatives.actions import phone_pins
from cooperatives.actions.phone_pins import use_pin
from cooperatives.models import PhonePin, Role
from tests.factories import NOW, make_member, make_seller
from tests.phone_factories import PIN, give_pin, register_phone
from tests.races.parallel import run_in_threads

pytestmark = pytest.mark.django_db(transaction=True)


def test_parallel_guesses_are_compared_only_as_often_as_tries_are_left(monkeypatch) -> None:
    monkeypatch.setattr(phone_pins, "ITERATIONS", 1000)
    seller = make_seller()
    phone, _secret = register_phone(seller)
    row = give_pin(phone, make_member(seller, Role.PACKER))
    compared: list[str] = []
    check = phone_pins.check_password

    def compare(entered: str, stored: str) -> bool:
        compared.append(entered)
        return check(entered, stored)

    monkeypatch.setattr(phone_pins, "check_password", compare)
    guesses = [f"{number:04}" for number in range(1000, 1012)]
    assert PIN not in guesses

    results = run_in_threads(
        [partial(use_pin, phone=phone, pin_id=row.pk, entered_pin=guess, now=NOW) for guess in guesses]
    )

    assert len(compared) == 3
    refusals = Counter(type(result).__name__ for result in results)
    assert refusals.keys() <= {"WrongPin", "PinLocked"}
    assert sum(refusals.values()) == len(guesses)
    row = PhonePin.objects.get(pk=row.pk)
    assert (row.wrong_tries, row.locked_until is None) == (3, False)
