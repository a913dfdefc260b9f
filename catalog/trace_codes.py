"""Codes under which the public finds where goods come from: of an option, in QR codes on cards and shelves.

The GTIN finds an option that has one. Other options have a code of the market, derived from the primary key.
"""

from __future__ import annotations

from catalog.models import Variant
from shop.core.identifiers.check_characters import ALPHABET, check_character, is_code

CODE_PREFIX, CODE_LENGTH = "P", 7


def variant_code(variant_id: int) -> str:
    """Return our code of an option. Raises OverflowError beyond 3.4 billion."""
    characters, rest = "", variant_id
    for _position in range(CODE_LENGTH):
        rest, digit = divmod(rest, len(ALPHABET))
        characters = ALPHABET[digit] + characters
    if rest:
        raise OverflowError(variant_id)
    return f"{CODE_PREFIX}{characters}{check_character(characters)}"


def variant_id_of_code(code: str) -> int | None:
    """Return the id of the option with the code, or None if the code is not of the market or was mistyped."""
    if not is_code(code, CODE_PREFIX, CODE_LENGTH):
        return None
    variant_id = 0
    for character in code[len(CODE_PREFIX) : -1]:
        variant_id = variant_id * len(ALPHABET) + ALPHABET.index(character)
    return variant_id


def trace_code(variant: Variant) -> str:
    """Return the code of an option's trace page: its GTIN, else ours."""
    return variant.gtin.zfill(14) if variant.gtin else variant_code(variant.pk)
