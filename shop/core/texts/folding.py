"""Fold Vietnamese text for search, make slugs, and build keys that sort alphabetically."""

from __future__ import annotations

import re
import unicodedata
import zlib
from itertools import pairwise
from typing import NamedTuple

_NON_ALPHANUMERIC = re.compile(r"[^a-z0-9]+")
_WORD = re.compile(r"[^\W_]+")
_MAX_SEARCHED_LETTERS_OF_WORD = 40
MAX_QUERY_LETTERS = 4000
MAX_QUERY_WORDS = 8
# Letters that follow the plain one in the alphabet: a ă â, d đ, e ê, o ô ơ, u ư.
_LETTER_POSITIONS = {"ă": "a1", "â": "a2", "đ": "d1", "ê": "e1", "ô": "o1", "ơ": "o2", "ư": "u1"}
# Each plain letter with the letters that have a mark of their own.
LETTERS_WITH_MARKS = {"a": "aăâ", "d": "dđ", "e": "eê", "o": "oôơ", "u": "uư"}
_BREVE, _CIRCUMFLEX, _HORN = "\u0306", "\u0302", "\u031b"
# Tones in dictionary order: huyền, hỏi, ngã, sắc, nặng. No tone comes first.
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
_LETTERS_IN_KEY = 400


def fold(text: str) -> str:
    """Fold to lower case without diacritics and repeated spaces. "Đậu Đỏ" gives "dau do"."""
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFC", text))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.lower().replace("đ", "d").split())


def slugify(text: str) -> str:
    """Return a slug. "Gạo nếp" gives "gao-nep". A text without Latin letters gets a checksum."""
    plain = "-".join(filter(None, _NON_ALPHANUMERIC.split(fold(text))))
    return plain or f"so-{zlib.crc32(text.encode()):08x}"


def folded_words(text: str) -> list[str]:
    """Return the folded words of a text in order. "Đậu đỏ, 1 kg" gives dau, do, 1, kg."""
    return [word[:_MAX_SEARCHED_LETTERS_OF_WORD] for word in _NON_ALPHANUMERIC.split(fold(text)) if word]


def words_with_diacritics(text: str) -> list[str]:
    """Return the words with diacritics, in lower case and composed. "Đậu ĐỎ" gives đậu, đỏ."""
    return [
        word[:_MAX_SEARCHED_LETTERS_OF_WORD]
        for word in _WORD.findall(unicodedata.normalize("NFC", text).lower())
    ]


class MarkedWord(NamedTuple):
    """A word's letters with their own marks (ă â đ ê ô ơ ư), and the tone of the word, with 0 for none."""

    letters: str
    tone: int

    def __str__(self) -> str:
        return f"{self.letters}{self.tone}"


def marked_word(word: str) -> MarkedWord:
    """Return a word in lower case with its tone apart. "hoà" and "hòa" are both hoa and 1."""
    tone = 0
    letters: list[str] = []
    for letter in unicodedata.normalize("NFD", unicodedata.normalize("NFC", word).lower()):
        if letter in _TONES:
            tone = tone or _TONES[letter]
        else:
            letters.append(letter)
    return MarkedWord(unicodedata.normalize("NFC", "".join(letters)), tone)


def query_words(text: str) -> list[str]:
    """Return the distinct folded words of a search query, at most MAX_QUERY_WORDS."""
    return list(dict.fromkeys(fold(text[:MAX_QUERY_LETTERS]).split()))[:MAX_QUERY_WORDS]


def search_words(*texts: str) -> str:
    """Return the text of a search column: distinct folded words, then joined neighbours.

    With joined neighbours "caphe" finds "cà phê". Words of different texts are not joined.
    """
    words_by_text = [folded_words(text) for text in texts]
    joined_pairs = [first + second for text in words_by_text for first, second in pairwise(text)]
    return " ".join(dict.fromkeys([*(word for text in words_by_text for word in text), *joined_pairs]))


def sort_key(text: str) -> str:
    """Return a key that sorts like Vietnamese dictionaries: a ă â b c d đ e ê …

    Tones decide only between equal letters. The key has at most 500 lower-case ASCII letters and digits, so
    that every database sorts it alike.
    """
    keys: list[str] = []
    tones: list[str] = []
    for word in unicodedata.normalize("NFC", text).lower().split():
        letters, tone = _word_key(word)
        if letters:
            keys += ["0", *letters] if keys else letters
            tones.append(str(tone))
    # "00" ends the letters. It sorts before a space ("0" and a letter or digit) and before every letter.
    return "".join(keys)[:_LETTERS_IN_KEY] + "00" + "".join(tones)[: 500 - _LETTERS_IN_KEY - 2]


def _word_key(word: str) -> tuple[list[str], int]:
    """Return the alphabet positions of a word's letters, and its tone."""
    letters: list[str] = []
    tone = 0
    for mark in unicodedata.normalize("NFD", word):
        if mark in _TONES:
            tone = max(tone, _TONES[mark])
        elif mark in (_BREVE, _CIRCUMFLEX, _HORN) and letters:
            composed = unicodedata.normalize("NFC", letters[-1][0] + mark)
            letters[-1] = _LETTER_POSITIONS.get(composed, letters[-1])
        elif "a" <= mark <= "z":
            letters.append(mark + "0")
        elif mark.isdecimal():
            letters.append(f"1{unicodedata.decimal(mark)}")
        elif mark == "đ":
            letters.append(_LETTER_POSITIONS[mark])
        elif mark.isalpha():
            letters.append("z9")
    return letters, tone
