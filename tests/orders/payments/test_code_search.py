"""Finding order codes in transfer notes as banks and people change them, without false matches."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.payments.code_search import find_order_codes
from orders.payments.order_codes import ALPHABET, is_order_code, order_code_for

pytestmark = pytest.mark.once

KEY = bytes(range(32))
CODE = order_code_for(1, KEY)
OTHER = order_code_for(3, KEY)
LONG = order_code_for(len(ALPHABET) ** 6 + 7, KEY)
OLD_CODE = "TXHPTRP"  # from before codes were keyed

numbers = st.integers(0, 2 * len(ALPHABET) ** 6)
# Words that cannot extend a code: none of their letters occurs in the alphabet.
words = st.text(alphabet="BILOSUVY0158 .:-/", max_size=12)
separators = st.text(alphabet=" .-_/\n", max_size=3)
marks = {"A": "ÀÁÂẠ", "D": "Đ", "E": "ÊẾ"}


@pytest.mark.parametrize(
    "note",
    [
        CODE,
        CODE.lower(),
        f"CT DEN:123456789 {CODE}-CHUYEN TIEN",
        f"MBVCB.3278907687.{CODE}.CT tu 0123 NGUYEN VAN A toi 456",
        f"thanh toán {CODE} đơn hàng",
        f"don{CODE}hang",
        f"{CODE[:3]} {CODE[3:]}",
        "-".join(CODE),
        " . ".join(CODE.lower()),
        f"{CODE[:4]}\n{CODE[4:]}",
        f"IBFT {CODE} GD 012345",
        f"{CODE} {CODE}",
        CODE.translate({ord(letter): accented[-1] for letter, accented in marks.items()}),
        "".join(chr(ord(character) + 0xFEE0) for character in CODE),
    ],
)
def test_code_is_found_in_typical_notes(note) -> None:
    assert CODE in find_order_codes(note)


def test_several_codes_are_found_in_order() -> None:
    assert find_order_codes(f"{OTHER} va {CODE}") == [OTHER, CODE]
    assert find_order_codes(f"{OTHER}{CODE}") == [OTHER, CODE]


def test_truncated_code_is_not_found() -> None:
    assert find_order_codes(f"CT DEN: {CODE[:-1]}") == []
    assert find_order_codes(f"CT DEN: {CODE[1:]}") == []


def test_mistyped_code_is_not_found() -> None:
    mistyped = CODE[:2] + next(character for character in ALPHABET if character != CODE[2]) + CODE[3:]

    assert find_order_codes(mistyped) == []


@pytest.mark.parametrize("note", ["", "   ", "T", "thanh toan", "0912345678", "🍯", "TTTTTTTT"])
def test_note_without_code_has_none(note) -> None:
    assert find_order_codes(note) == []


def test_overlapping_codes_are_both_found() -> None:
    short_code = next(
        order_code_for(number, KEY)
        for number in range(1, 10_000)
        if any(is_order_code(order_code_for(number, KEY) + character) for character in ALPHABET)
    )
    long_code = next(
        short_code + character for character in ALPHABET if is_order_code(short_code + character)
    )

    assert find_order_codes(f"x{long_code}y") == [short_code, long_code]


@pytest.mark.parametrize(("code", "length"), [(OLD_CODE, 7), (CODE, 8), (LONG, 9)])
def test_codes_of_every_length_are_found(code, length) -> None:
    assert len(code) == length
    assert find_order_codes(f"ck {code.lower()} ok") == [code]


@given(numbers, words, words, st.booleans(), st.lists(separators, min_size=8, max_size=8))
def test_code_is_found_with_separators_and_lower_case(number, before, after, is_lower, gaps) -> None:
    code = order_code_for(number, KEY)
    broken = code[0] + "".join(gap + character for gap, character in zip(gaps, code[1:], strict=False))
    note = before + broken + after

    codes = find_order_codes(note.lower() if is_lower else note)

    assert code in codes


@given(numbers, st.text(max_size=30), st.text(max_size=30))
def test_code_is_found_in_any_text(number, before, after) -> None:
    code = order_code_for(number, KEY)

    assert code in find_order_codes(f"{before} {code} {after}")


@given(st.text(max_size=120))
def test_found_codes_are_valid_and_unique(note) -> None:
    codes = find_order_codes(note)

    assert all(is_order_code(code) for code in codes)
    assert len(codes) == len(set(codes))


def test_random_notes_rarely_contain_code() -> None:
    rng = random.Random(7)
    notes = ["".join(rng.choices(string.ascii_uppercase + string.digits, k=25)) for _ in range(20_000)]

    with_code = sum(bool(find_order_codes(note)) for note in notes)

    assert with_code < 20_000 * 0.005
