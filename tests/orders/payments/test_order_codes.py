"""Order codes: none is given twice, none tells the next, and a slip of the pen is noticed.

That codes do not repeat is shown for every number of the first span, by its construction: each round of
`permute_number` shifts one half of the number by an amount that depends on the other half alone (tested for
every
half and every round), so each round can be undone, and so can all of them (tested by an inverse, on every
number of a small span, and on numbers all over the first one).
"""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest

from orders.models import Order
from orders.payments.order_codes import (
    ALPHABET,
    ROUNDS,
    feistel_shift,
    is_order_code,
    normalise_order_code,
    order_code_for,
    permute_number,
)

pytestmark = pytest.mark.once

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
HALF = len(ALPHABET) ** 3
SPAN = HALF * HALF
OLD_CODES = ["TXHPTRP", "TPN42RT", "T69D4RN", "TNHHCRH", "TEA6KR4"]  # given before codes had a key


def number_of(code: str, key: bytes) -> int:
    """Undo `order_code_for`, for codes of eight signs."""
    value = 0
    for sign in code[1:-1]:
        value = value * len(ALPHABET) + ALPHABET.index(sign)
    return gathered(value, 6, key)


def gathered(value: int, length: int, key: bytes) -> int:
    """Undo `permute_number`."""
    low, high = len(ALPHABET) ** (length // 2), len(ALPHABET) ** (length - length // 2)
    left, right = divmod(value, low)
    for turn in reversed(range(ROUNDS)):
        if turn % 2 == 0:
            left = (left - feistel_shift(turn, right, length, key)) % high
        else:
            right = (right - feistel_shift(turn, left, length, key)) % low
    return left * low + right


def numbers_all_over() -> list[int]:
    """Ends of the span and of its halves, where codes used to repeat, and a thousand others."""
    edges = [0, HALF, len(ALPHABET) ** 4, len(ALPHABET) ** 5, SPAN // 2, SPAN - HALF, SPAN]
    near = {each + step for each in edges for step in range(-50, 50)}
    drawn = random.Random(11).sample(range(SPAN), 1000)
    return sorted(number for number in near | set(drawn) if 0 <= number < SPAN)


def test_permutation_of_small_range_is_bijective() -> None:
    """The same rounds over 23**3 numbers, with halves of unequal size, and over 23**2 with equal ones."""
    for length in (2, 3):
        span = len(ALPHABET) ** length
        scattered = [permute_number(number, length, KEY) for number in range(span)]
        assert sorted(scattered) == list(range(span))
        assert [gathered(value, length, KEY) for value in scattered] == list(range(span))


def test_codes_of_first_range_can_be_inverted() -> None:
    numbers = numbers_all_over()

    assert [number_of(order_code_for(number, KEY), KEY) for number in numbers] == numbers


def test_each_round_shifts_one_half_by_function_of_other() -> None:
    """Ten tables of 12,167 shifts are all that `permute_number` does with any of the 148 million numbers.

    Adding a fixed amount modulo the size of a half is one to one; so is each round, for it keeps the half
    that the amount depends on; so are ten of them.
    """
    tables = shifts()
    for number in numbers_all_over():
        left, right = divmod(number, HALF)
        for of_left, of_right in zip(tables[::2], tables[1::2], strict=True):
            left = (left + of_left[right]) % HALF
            right = (right + of_right[left]) % HALF
        assert permute_number(number, 6, KEY) == left * HALF + right


@pytest.mark.long
def test_permutation_of_whole_first_range_is_bijective() -> None:
    """Counted one by one, in some minutes; the first round and the last one only turn whole rows."""
    _first, *middle, _last = shifts()
    pairs = list(zip(middle[::2], middle[1::2], strict=True))
    seen = bytearray(SPAN)
    for left in range(HALF):
        for start in range(HALF):
            row, column = left, start
            for of_column, of_row in pairs:
                column = (column + of_column[row]) % HALF
                row = (row + of_row[column]) % HALF
            seen[row * HALF + column] = 1
    assert seen.count(1) == SPAN


def test_codes_grow_longer_beyond_each_range() -> None:
    second = SPAN + len(ALPHABET) ** 7
    numbers = (0, 1, SPAN - 1, SPAN, SPAN + 1, second - 1, second)

    codes = [order_code_for(number, KEY) for number in numbers]

    assert [len(code) for code in codes] == [8, 8, 8, 9, 9, 9, 10]
    assert len(set(codes)) == len(codes)
    assert all(is_order_code(code) for code in codes)


def test_consecutive_codes_show_no_pattern() -> None:
    """Neither the numbers behind a row of codes nor the steps between them rise or repeat."""
    values = [permute_number(number, 6, KEY) for number in range(5000)]
    steps = Counter((after - before) % SPAN for before, after in itertools.pairwise(values))

    rising = sum(before < after for before, after in itertools.pairwise(values))

    assert steps.most_common(1)[0][1] <= 2
    assert 2350 < rising < 2650
    assert max(Counter(value // HALF for value in values).values()) < 10


def test_different_keys_give_different_codes() -> None:
    same = [
        number for number in range(2000) if order_code_for(number, KEY) == order_code_for(number, OTHER_KEY)
    ]

    assert same == []


@pytest.mark.parametrize("code", OLD_CODES)
def test_old_codes_stay_valid(code: str) -> None:
    assert is_order_code(code)


CODES = [*OLD_CODES, *(order_code_for(number, KEY) for number in (1, 777, SPAN - 1, SPAN, SPAN + 99, 23**8))]


@pytest.mark.parametrize("code", CODES)
def test_one_wrong_character_is_detected(code: str) -> None:
    wrong = [
        code[:place] + sign + code[place + 1 :]
        for place in range(len(code))
        for sign in ALPHABET
        if sign != code[place]
    ]

    assert not any(is_order_code(each) for each in wrong)


@pytest.mark.parametrize("length", [5, 6, 7])
def test_swapped_neighbours_are_detected(length: int) -> None:
    """Every pair of signs at every place among them, and every pair of the last sign and its check sign."""
    for place, first, second in itertools.product(range(length), ALPHABET, ALPHABET):
        code = with_signs(length, place, first, second)
        swapped = code[: place + 1] + code[place + 2] + code[place + 1] + code[place + 3 :]
        assert swapped == code or not is_order_code(swapped)


def with_signs(length: int, place: int, first: str, second: str) -> str:
    """A code with these two neighbours, as far as they stand before its check sign."""
    signs = [*ALPHABET[:place], first, second, *ALPHABET[place:]][:length]
    start = "T" + "".join(signs)
    return next(start + check for check in ALPHABET if is_order_code(start + check))


@pytest.mark.parametrize("code", CODES)
def test_code_fits_its_column(code: str) -> None:
    column = Order._meta.get_field("code").max_length

    assert len(code) <= column
    assert not any(is_order_code("T" + "2" * column + sign) for sign in ALPHABET)


@pytest.mark.parametrize("written", ["t a7k-2m", " TA7K2M ", "ta7k.2m"])
def test_handwritten_code_is_normalised(written: str) -> None:
    assert normalise_order_code(written) == "TA7K2M"


def shifts() -> list[list[int]]:
    """The whole of each round over the first span: the amount for every value of the half it goes by."""
    return [[feistel_shift(turn, half, 6, KEY) % HALF for half in range(HALF)] for turn in range(ROUNDS)]
