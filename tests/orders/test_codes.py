"""Order codes: never twice, and a slip of the pen is noticed."""

from __future__ import annotations

import pytest

from orders.payments.codes import ALPHABET, code_for, is_code, tidy


def test_twenty_thousand_orders_have_as_many_codes() -> None:
    codes = {code_for(number) for number in range(1, 20_001)}

    assert len(codes) == 20_000
    assert all(is_code(code) for code in codes)


def test_beyond_the_span_codes_grow_longer_and_do_not_repeat() -> None:
    span = len(ALPHABET) ** 5

    assert [len(code_for(number)) for number in (1, span - 1, span, span + 1)] == [7, 7, 8, 8]
    assert code_for(span + 1) != code_for(1)
    assert is_code(code_for(span + 1))


@pytest.mark.parametrize("number", [1, 2, 777, 19_999, 6_436_342])
def test_one_wrong_sign_or_two_swapped_ones_are_noticed(number: int) -> None:
    code = code_for(number)
    wrong = [
        code[:place] + sign + code[place + 1 :]
        for place in range(1, len(code))
        for sign in ALPHABET
        if sign != code[place]
    ]
    swapped = [
        code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        for place in range(1, len(code) - 1)
        if code[place] != code[place + 1]
    ]

    assert not any(is_code(each) for each in [*wrong, *swapped])


@pytest.mark.parametrize("written", ["t a7k-2m", " TA7K2M ", "ta7k.2m"])
def test_a_code_is_read_as_people_write_it(written: str) -> None:
    assert tidy(written) == "TA7K2M"
