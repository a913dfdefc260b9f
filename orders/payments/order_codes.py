"""Build order codes, which are short, avoid letters that look alike and end in a check character.

A code is `T`, six characters and a check character over them, which detects any single wrong character and
any swap of two neighbours. The oldest codes were made without a key. They have five characters between `T`
and the check character, and stay valid.
"""

from __future__ import annotations

import hmac

from shop.core.identifiers.check_characters import ALPHABET, check_character

# The lengths between `T` and the check character: of the oldest codes, of today's, and of the next ones,
# which follow once the 148 million codes of today's length are used up.
_OLD_LENGTH, _LENGTH, _NEXT_LENGTH = 5, 6, 7
# Lengths of whole codes, for searching one in a longer text.
CODE_LENGTHS = tuple(length + 2 for length in (_OLD_LENGTH, _LENGTH, _NEXT_LENGTH))
_MAX_CODE_CHARACTERS = 10  # `orders.models.Order.code` holds 12 characters
FEISTEL_ROUNDS = 10  # as in FF1 (NIST SP 800-38G), whose construction `permute_number` follows


def order_code_for(number: int, key: bytes) -> str:
    """Return the code of the n-th order under the shop's key.

    Under one key no two numbers have the same code. Without the key neither the number behind a code
    nor the code of the next number can be derived.
    """
    offset, length = number, _LENGTH
    while offset >= (span := len(ALPHABET) ** length):
        offset, length = offset - span, length + 1
    characters = _encode_number(permute_number(offset, length, key), length)
    return f"T{characters}{check_character(characters)}"


def permute_number(number: int, length: int, key: bytes) -> int:
    """Map the numbers below 23**length to themselves, one to one, in an order that depends on the key.

    This is a Feistel network. In each round one half of a number is shifted by an amount that depends on the
    key and the other half. A shift can be undone, and so can all of them together.
    """
    low_size: int = len(ALPHABET) ** (length // 2)
    high_size: int = len(ALPHABET) ** (length - length // 2)
    high_half, low_half = divmod(number, low_size)
    for round_number in range(FEISTEL_ROUNDS):
        if round_number % 2 == 0:
            high_half = (high_half + feistel_shift(round_number, low_half, length, key)) % high_size
        else:
            low_half = (low_half + feistel_shift(round_number, high_half, length, key)) % low_size
    return high_half * low_size + low_half


def feistel_shift(round_number: int, other_half: int, length: int, key: bytes) -> int:
    """Return by how much a round shifts one half of a number, given the other."""
    digest = hmac.digest(key, f"{length}:{round_number}:{other_half}".encode(), "sha256")
    return int.from_bytes(digest[:16], "big")


def is_order_code(text: str) -> bool:
    """Return whether the text is a code, upper-case and without spaces, with a correct check character."""
    return (
        _OLD_LENGTH + 2 <= len(text) <= _MAX_CODE_CHARACTERS + 2
        and text[0] == "T"
        and all(character in ALPHABET for character in text[1:])
        and check_character(text[1:-1]) == text[-1]
    )


def normalise_order_code(text: str) -> str:
    """Normalise a code as people write it (`t a7k-2m`)."""
    return "".join(character for character in text.upper() if character.isalnum())


def _encode_number(value: int, length: int) -> str:
    characters = ""
    for _position in range(length):
        value, digit = divmod(value, len(ALPHABET))
        characters = ALPHABET[digit] + characters
    return characters
