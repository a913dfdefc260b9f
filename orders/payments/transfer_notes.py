"""What in a transfer's note is like an order: a code that is nearly right, the buyer's name or phone.

Hints for a person's eyes, never a decision: what is a slip away from one code may be one from another, too.
"""

from __future__ import annotations

import re
import unicodedata

from orders.payments.order_codes import CODE_LENGTHS
from shop.core.texts.folding import fold

_NO_SIGN = re.compile("[^A-Z0-9]+")
_NO_LETTER = re.compile("[^a-z]+")
_NO_DIGIT = re.compile("[^0-9]+")
_LENGTHS = range(min(CODE_LENGTHS) - 1, max(CODE_LENGTHS) + 2)  # a slip takes a sign or adds one
_SHORTEST_NAME = 2  # words: a given name alone is half of Vietnam's
_LAST_DIGITS = 9  # of a phone number, without 0 or +84 before them


class Note:
    """A transfer's note, read once to be compared with many orders."""

    def __init__(self, text: str) -> None:
        plain = fold(unicodedata.normalize("NFKC", text))
        signs = _NO_SIGN.sub("", plain.upper())
        windows = (signs[start : start + length] for length in _LENGTHS for start in range(len(signs)))
        self._slips = {
            slip for window in windows if len(window) >= _LENGTHS[0] for slip in _with_one_out(window)
        }
        self._words = f" {' '.join(_NO_LETTER.sub(' ', plain).split())} "
        self._digits = _NO_DIGIT.sub("", plain)

    def has_nearly(self, code: str) -> bool:
        """Whether it holds the code but for one sign: another, one too many or too few, or two swapped."""
        return not self._slips.isdisjoint(_with_one_out(code))

    def names(self, name: str, phone: str) -> bool:
        """Whether it holds the buyer's whole name, however it is written, or their phone number."""
        words = _NO_LETTER.sub(" ", fold(name)).split()
        if len(words) >= _SHORTEST_NAME and f" {' '.join(words)} " in self._words:
            return True
        digits = _NO_DIGIT.sub("", phone)[-_LAST_DIGITS:]
        return len(digits) == _LAST_DIGITS and digits in self._digits


def _with_one_out(text: str) -> set[str]:
    """The text, and all that is left of it without one sign; two texts a slip apart have one in common."""
    return {text, *(text[:place] + text[place + 1 :] for place in range(len(text)))}
