"""Order codes are unique, unpredictable and detect typing errors.

Uniqueness over the first range follows from the construction: each round of `permute_number` shifts one
half of the number by an amount that depends only on the other half (tested for every half and every round).
So each round is invertible, and so are all of them together (tested with an inverse on every number of a
small range and on samples of the first one).
"""

from __future__ import annotations

import itertools
import random
from collections import Counter

import pytest

from orders.models import Order
from orders.payments.order_codes import (
    ALPHABET,
    FEISTEL_ROUNDS,
    feistel_shift,
    is_order_code,
    normalise_order_code,
    order_code_for,
    permute_number,
)

pytestmark = pytest.mark.once

KEY, OTHER_KEY = bytes(range(32)), bytes(range(1, 33))
HALF = len(ALPHABET) ** 3
RANGE_SIZE = HALF * HALF
OLD_CODES = ["TXHPTRP", "TPN42RT", "T69D4RN", "TNHHCRH", "TEA6KR4"]  # from before codes were keyed


def number_of(code: str, key: bytes) -> int:
    """Undo `order_code_for`, for codes of eight characters."""
    value = 0
    for character in code[1:-1]:
        value = value * len(ALPHABET) + ALPHABET.index(character)
    return unpermute(value, 6, key)


def unpermute(value: int, length: int, key: bytes) -> int:
    """Undo `permute_number`."""
    low, high = len(ALPHABET) ** (length // 2), len(ALPHABET) ** (length - length // 2)
    high_half, right = divmod(value, low)
    for round_number in reversed(range(FEISTEL_ROUNDS)):
        if round_number % 2 == 0:
            high_half = (high_half - feistel_shift(round_number, right, length, key)) % high
        else:
            right = (right - feistel_shift(round_number, high_half, length, key)) % low
    return high_half * low + right


def sample_numbers() -> list[int]:
    """Return numbers near the limits of the range and its halves, and 1,000 others."""
    edges = [0, HALF, len(ALPHABET) ** 4, len(ALPHABET) ** 5, RANGE_SIZE // 2, RANGE_SIZE - HALF, RANGE_SIZE]
    near_edges = {edge + step for edge in edges for step in range(-50, 50)}
    drawn = random.Random(11).sample(range(RANGE_SIZE), 1000)
    return sorted(number for number in near_edges | set(drawn) if 0 <= number < RANGE_SIZE)


def test_permutation_of_small_range_is_bijective() -> None:
    """The same rounds over 23**3 numbers with halves of unequal size, and over 23**2 with equal ones."""
    for length in (2, 3):
        span = len(ALPHABET) ** length
        permuted = [permute_number(number, length, KEY) for number in range(span)]
        assert sorted(permuted) == list(range(span))
        assert [unpermute(value, length, KEY) for value in permuted] == list(range(span))


def test_codes_of_first_range_can_be_inverted() -> None:
    numbers = sample_numbers()

    assert [number_of(order_code_for(number, KEY), KEY) for number in numbers] == numbers


def test_each_round_shifts_one_half_by_function_of_other() -> None:
    """`permute_number` only applies ten tables of 12,167 shifts, for all of the 148 million numbers.

    Adding a fixed amount modulo the size of a half is one to one. So is each round, because it keeps the half
    that determines the amount, and so are ten rounds.
    """
    tables = shift_tables()
    for number in sample_numbers():
        high_half, right = divmod(number, HALF)
        for of_left, of_right in zip(tables[::2], tables[1::2], strict=True):
            high_half = (high_half + of_left[right]) % HALF
            right = (right + of_right[high_half]) % HALF
        assert permute_number(number, 6, KEY) == high_half * HALF + right


@pytest.mark.long
def test_permutation_of_whole_first_range_is_bijective() -> None:
    """Count every value, in some minutes; the first and the last round only rotate rows as a whole."""
    _first, *middle, _last = shift_tables()
    pairs = list(zip(middle[::2], middle[1::2], strict=True))
    results = bytearray(RANGE_SIZE)
    for high_half in range(HALF):
        for start in range(HALF):
            row, column = high_half, start
            for of_column, of_row in pairs:
                column = (column + of_column[row]) % HALF
                row = (row + of_row[column]) % HALF
            results[row * HALF + column] = 1
    assert results.count(1) == RANGE_SIZE


def test_codes_grow_longer_beyond_each_range() -> None:
    second = RANGE_SIZE + len(ALPHABET) ** 7
    numbers = (0, 1, RANGE_SIZE - 1, RANGE_SIZE, RANGE_SIZE + 1, second - 1, second)

    codes = [order_code_for(number, KEY) for number in numbers]

    assert [len(code) for code in codes] == [8, 8, 8, 9, 9, 9, 10]
    assert len(set(codes)) == len(codes)
    assert all(is_order_code(code) for code in codes)


def test_consecutive_codes_show_no_pattern() -> None:
    """The numbers behind consecutive codes neither rise nor keep equal distances."""
    values = [permute_number(number, 6, KEY) for number in range(5000)]
    steps = Counter((after - before) % RANGE_SIZE for before, after in itertools.pairwise(values))

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


CODES = [
    *OLD_CODES,
    *(order_code_for(number, KEY) for number in (1, 777, RANGE_SIZE - 1, RANGE_SIZE, RANGE_SIZE + 99, 23**8)),
]


@pytest.mark.parametrize("code", CODES)
def test_one_wrong_character_is_detected(code: str) -> None:
    mistyped = [
        code[:position] + character + code[position + 1 :]
        for position in range(len(code))
        for character in ALPHABET
        if character != code[position]
    ]

    assert not any(is_order_code(code) for code in mistyped)


@pytest.mark.parametrize("length", [5, 6, 7])
def test_swapped_neighbours_are_detected(length: int) -> None:
    """Every pair of characters at every position, and every pair of last and check character."""
    for position, first, second in itertools.product(range(length), ALPHABET, ALPHABET):
        code = code_with_pair(length, position, first, second)
        swapped = code[: position + 1] + code[position + 2] + code[position + 1] + code[position + 3 :]
        assert swapped == code or not is_order_code(swapped)


def code_with_pair(length: int, position: int, first: str, second: str) -> str:
    """Return a valid code with these neighbours at this position, before the check character."""
    characters = [*ALPHABET[:position], first, second, *ALPHABET[position:]][:length]
    start = "T" + "".join(characters)
    return next(start + check for check in ALPHABET if is_order_code(start + check))


@pytest.mark.parametrize("code", CODES)
def test_code_fits_its_column(code: str) -> None:
    column = Order._meta.get_field("code").max_length

    assert len(code) <= column
    assert not any(is_order_code("T" + "2" * column + character) for character in ALPHABET)


@pytest.mark.parametrize("entered_code", ["t a7k-2m", " TA7K2M ", "ta7k.2m"])
def test_handwritten_code_is_normalised(entered_code: str) -> None:
    assert normalise_order_code(entered_code) == "TA7K2M"


def shift_tables() -> list[list[int]]:
    """Return the shifts of each round over the first range, by the half that determines them."""
    return [
        [feistel_shift(round_number, other_half, 6, KEY) % HALF for other_half in range(HALF)]
        for round_number in range(FEISTEL_ROUNDS)
    ]
