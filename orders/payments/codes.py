"""Order codes: short, without letters that are mistaken for one another, with a check character.

A code is `T`, five characters and a check character over them. Whoever mistypes one character, or
swaps two neighbours, is told so instead of being shown another order.
"""

from __future__ import annotations

# Without 0 O, 1 I L, 5 S, 8 B, U V Y: 23 signs remain, and as 23 is prime a weighted sum catches
# every single error and every swap of neighbours.
ALPHABET = "234679ACDEFGHJKMNPQRTWX"
_LENGTH = 5
_SPAN = len(ALPHABET) ** _LENGTH
# A multiplier without a common factor with the span spreads numbers that follow each other, so
# that a code does not tell how many orders there were.
_SPREAD = 5_077_411
_SHIFT = 1_234_567


def code_for(number: int) -> str:
    """The code of the n-th order. Numbers beyond the span make longer codes, never a repeat."""
    cycle, place = divmod(number, _SPAN)
    value = (place * _SPREAD + _SHIFT) % _SPAN
    signs = _signs(value, _LENGTH) + (_signs(cycle, 1) if cycle else "")
    return f"T{signs}{_check(signs)}"


def is_code(text: str) -> bool:
    """Whether this is a code, upper-case and without spaces, whose check character holds."""
    return (
        len(text) >= _LENGTH + 2
        and text[0] == "T"
        and all(sign in ALPHABET for sign in text[1:])
        and _check(text[1:-1]) == text[-1]
    )


def tidy(text: str) -> str:
    """A code as people write it (`t a7k-2m`), made into the one it must be."""
    return "".join(sign for sign in text.upper() if sign.isalnum())


def _signs(value: int, length: int) -> str:
    signs = ""
    while value or len(signs) < length:
        value, place = divmod(value, len(ALPHABET))
        signs = ALPHABET[place] + signs
    return signs


def _check(signs: str) -> str:
    weighted = sum((place + 2) * ALPHABET.index(sign) for place, sign in enumerate(signs))
    return ALPHABET[weighted % len(ALPHABET)]
