"""Codes that people type: an alphabet without letters that are easily confused, and a check character.

The alphabet leaves out 0 O, 1 I L, 5 S, 8 B, U V Y. 23 characters remain, and as 23 is prime the weighted sum
detects any single wrong character and any swap of two neighbours.
"""

from __future__ import annotations

import secrets

ALPHABET = "234679ACDEFGHJKMNPQRTWX"


def check_character(characters: str) -> str:
    """Return the check character over characters of the alphabet."""
    weighted = sum(
        (position + 2) * ALPHABET.index(character) for position, character in enumerate(characters)
    )
    return ALPHABET[weighted % len(ALPHABET)]


def draw_code(prefix: str, length: int) -> str:
    """Return a random code, which is the prefix, `length` characters and a check character."""
    characters = "".join(secrets.choice(ALPHABET) for _position in range(length))
    return f"{prefix}{characters}{check_character(characters)}"


def is_code(text: str, prefix: str, length: int) -> bool:
    """Return whether `draw_code` could have returned this text."""
    characters = text[len(prefix) : -1]
    return (
        text.startswith(prefix)
        and len(characters) == length
        and all(character in ALPHABET for character in text[len(prefix) :])
        and check_character(characters) == text[-1]
    )
