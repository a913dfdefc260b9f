"""Vietnamese words as computers need them: without marks to search, in the alphabet's order to list."""

from __future__ import annotations

import re
import unicodedata
import zlib
from itertools import pairwise

_SPLIT = re.compile(r"[^a-z0-9]+")
_TYPED = re.compile(r"[^\W_]+")
_LONGEST_WORD = 40  # letters of a word that are kept for searching
LONGEST_QUERY = 4000  # letters of what somebody looks for that are looked at
MOST_WORDS = 8  # and words of it
# The letters with a place of their own in the alphabet, after the plain one: a ă â, d đ, e ê, o ô ơ, u ư.
_OWN_PLACE = {"ă": "a1", "â": "a2", "đ": "d1", "ê": "e1", "ô": "o1", "ơ": "o2", "ư": "u1"}
_BREVE, _CIRCUMFLEX, _HORN = "\u0306", "\u0302", "\u031b"
# Tones in the order of Vietnamese dictionaries: huyền, hỏi, ngã, sắc, nặng; no mark comes first.
_TONES = {"\u0300": 1, "\u0309": 2, "\u0303": 3, "\u0301": 4, "\u0323": 5}
_LETTERS_IN_KEY = 400


def fold(text: str) -> str:
    """Lower case, no marks, single spaces: "Đậu  Đỏ" is "dau do". đ does not decompose, so it is named."""
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFC", text))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.lower().replace("đ", "d").split())


def slug(text: str) -> str:
    """The text in an address: "Gạo nếp" is "gao-nep". Never empty: what has no such letters has a number."""
    plain = "-".join(filter(None, _SPLIT.split(fold(text))))
    return plain or f"so-{zlib.crc32(text.encode()):08x}"


def folded_words(text: str) -> list[str]:
    """The words of a text without marks and signs, in their order: "Đậu đỏ, 1 kg" is dau, do, 1, kg."""
    return [word[:_LONGEST_WORD] for word in _SPLIT.split(fold(text)) if word]


def typed_words(text: str) -> list[str]:
    """The words of a text with their marks, small and composed: "Đậu ĐỎ" is đậu, đỏ."""
    return [word[:_LONGEST_WORD] for word in _TYPED.findall(unicodedata.normalize("NFC", text).lower())]


def words_asked(text: str) -> list[str]:
    """The folded words of what somebody looks for, each once; more than MOST_WORDS are not asked for."""
    return list(dict.fromkeys(fold(text[:LONGEST_QUERY]).split()))[:MOST_WORDS]


def search_words(*texts: str) -> str:
    """Words for a search column: folded, each once, then joined neighbours, so "caphe" finds "cà phê".

    Words of different texts are not joined.
    """
    words = [folded_words(text) for text in texts]
    joined = [one + other for text in words for one, other in pairwise(text)]
    return " ".join(dict.fromkeys([*(word for text in words for word in text), *joined]))


def sort_key(text: str) -> str:
    """A key that sorts as Vietnamese dictionaries do: a ă â b c d đ e ê …, tones only between equal letters.

    It holds small ASCII letters and digits alone, so that every database orders it alike, and at most
    500 of them.
    """
    places: list[str] = []
    tones: list[str] = []
    for word in unicodedata.normalize("NFC", text).lower().split():
        letters, tone = _word_key(word)
        if letters:
            places += ["0", *letters] if places else letters
            tones.append(str(tone))
    # "00" ends the letters: it sorts before a space ("0" and a letter or digit) and before every letter.
    return "".join(places)[:_LETTERS_IN_KEY] + "00" + "".join(tones)[: 500 - _LETTERS_IN_KEY - 2]


def _word_key(word: str) -> tuple[list[str], int]:
    """The places of a word's letters in the alphabet, and its tone."""
    letters: list[str] = []
    tone = 0
    for mark in unicodedata.normalize("NFD", word):
        if mark in _TONES:
            tone = max(tone, _TONES[mark])
        elif mark in (_BREVE, _CIRCUMFLEX, _HORN) and letters:
            whole = unicodedata.normalize("NFC", letters[-1][0] + mark)
            letters[-1] = _OWN_PLACE.get(whole, letters[-1])
        elif "a" <= mark <= "z":
            letters.append(mark + "0")
        elif mark.isdecimal():
            letters.append(f"1{unicodedata.decimal(mark)}")
        elif mark == "đ":
            letters.append(_OWN_PLACE[mark])
        elif mark.isalpha():
            letters.append("z9")
    return letters, tone
