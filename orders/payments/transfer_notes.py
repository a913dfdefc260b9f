"""Compare a transfer's note with an order: a code that is nearly right, the buyer's name or phone.

These are hints for a person, never a decision, because a text may be one typing error away from several
codes.
"""

from __future__ import annotations

import re
import unicodedata

from orders.payments.order_codes import CODE_LENGTHS
from shop.core.texts.folding import fold
from shop.core.texts.keyboards import deletion_variants

_NON_CODE_CHARACTERS = re.compile("[^A-Z0-9]+")
_NON_LETTERS = re.compile("[^a-z]+")
_NON_DIGITS = re.compile("[^0-9]+")
# An error removes or adds a character.
_COMPARED_LENGTHS = range(min(CODE_LENGTHS) - 1, max(CODE_LENGTHS) + 2)
_MIN_NAME_WORDS = 2  # a given name alone matches half of Vietnam
_PHONE_DIGITS = 9  # without the leading 0 or +84


class TransferNote:
    """A transfer's note, preprocessed for comparison with many orders."""

    def __init__(self, text: str) -> None:
        plain = fold(unicodedata.normalize("NFKC", text))
        characters = _NON_CODE_CHARACTERS.sub("", plain.upper())
        windows = (
            characters[start : start + length]
            for length in _COMPARED_LENGTHS
            for start in range(len(characters))
        )
        self._window_variants = {
            variant
            for window in windows
            if len(window) >= _COMPARED_LENGTHS[0]
            for variant in deletion_variants(window)
        }
        self._words = f" {' '.join(_NON_LETTERS.sub(' ', plain).split())} "
        self._digits = _NON_DIGITS.sub("", plain)

    def has_near_code(self, code: str) -> bool:
        """Return whether the note contains the code with one wrong, extra, missing or swapped character."""
        return not self._window_variants.isdisjoint(deletion_variants(code))

    def mentions_buyer(self, name: str, phone: str) -> bool:
        """Return whether the note contains the buyer's full name (diacritics are ignored) or phone number."""
        name_words = _NON_LETTERS.sub(" ", fold(name)).split()
        if len(name_words) >= _MIN_NAME_WORDS and f" {' '.join(name_words)} " in self._words:
            return True
        digits = _NON_DIGITS.sub("", phone)[-_PHONE_DIGITS:]
        return len(digits) == _PHONE_DIGITS and digits in self._digits
