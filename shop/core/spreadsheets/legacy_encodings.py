"""Recognise and convert Vietnamese text in encodings from before Unicode.

Such a text was typed with a font that draws Vietnamese letters in the places of Western ones, so programs
show it as Windows-1252. Sources: TCVN 5712:1993 (VN3, the fonts of the ABC programs, named .Vn), VNI
Software Company's table for Windows (fonts named VNI-), and Microsoft's code page 1258.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from shop.core.texts.syllables import is_syllable

_FILE = Path(__file__).parent / "data" / "legacy_letters.toml"
_TCVN3_FIRST = 0xA1
_WORD = re.compile(r"[^\W\d_]+")
_MARKED = re.compile(r"[^\x00-\x7f]")
_SAMPLE_WORDS = 2000
_MIN_SHARE = 0.6  # of the words with marks that are Vietnamese syllables


class LegacyEncoding(StrEnum):
    """The encodings that are recognised."""

    TCVN3 = "tcvn3"
    VNI = "vni"
    WINDOWS_1258 = "windows-1258"


def detect_legacy_encoding(texts: Iterable[str]) -> LegacyEncoding | None:
    """Return the encoding whose conversion turns the most words with marks into Vietnamese syllables.

    Returns None if the texts read best as they are, or if no encoding fits most of them.
    """
    sample = _words_with_marks(texts)
    if not sample:
        return None
    shares = {encoding: _syllable_share(sample, encoding) for encoding in LegacyEncoding}
    best = max(shares, key=shares.__getitem__)
    is_better = shares[best] >= _MIN_SHARE and shares[best] > _syllable_share(sample, None)
    return best if is_better else None


def reads_as_vietnamese(text: str) -> bool:
    """Return whether all words with marks are Vietnamese syllables as they are."""
    return all(
        is_syllable(part) for word in text.split() if _MARKED.search(word) for part in _WORD.findall(word)
    )


def convert_legacy_text(text: str, encoding: LegacyEncoding) -> str:
    """Convert a text that was read as Windows-1252 to Unicode."""
    if encoding == LegacyEncoding.TCVN3:
        return text.translate(_tcvn3_letters())
    if encoding == LegacyEncoding.VNI:
        return _vni_pattern().sub(lambda match: _vni_letters()[match[0]], text)
    code_page = text.encode("cp1252", errors="replace").decode("cp1258", errors="replace")
    return unicodedata.normalize("NFC", code_page)


def _words_with_marks(texts: Iterable[str]) -> list[str]:
    """Return up to `_SAMPLE_WORDS` chunks between spaces that contain a letter beyond ASCII."""
    words: list[str] = []
    for text in texts:
        words.extend(word for word in text.split() if _MARKED.search(word))
        if len(words) >= _SAMPLE_WORDS:
            break
    return words[:_SAMPLE_WORDS]


def _syllable_share(words: Iterable[str], encoding: LegacyEncoding | None) -> float:
    parts = [
        part
        for word in words
        for part in _WORD.findall(convert_legacy_text(word, encoding) if encoding else word) or [word]
    ]
    return sum(map(is_syllable, parts)) / len(parts)


@cache
def _tables() -> dict[str, Any]:
    with _FILE.open("rb") as file:
        return tomllib.load(file)


@cache
def _tcvn3_letters() -> dict[int, str]:
    return {
        ord(bytes([_TCVN3_FIRST + position]).decode("cp1252")): letter
        for position, letter in enumerate(_tables()["tcvn3"])
        if letter != "."
    }


@cache
def _vni_letters() -> dict[str, str]:
    """Return the Vietnamese letter of each letter or pair of letters, in lower and upper case."""
    table = _tables()["vni"]
    letters = dict(table["single"])
    for base, pairs in table["after"].items():
        letters |= {base + mark: letter for mark, letter in map(str.split, pairs)}
    capitals = {pair.upper(): letter.upper() for pair, letter in letters.items()}
    first_capitals = {pair[0].upper() + pair[1:]: letter.upper() for pair, letter in letters.items()}
    return letters | first_capitals | capitals


@cache
def _vni_pattern() -> re.Pattern[str]:
    longest_first = sorted(_vni_letters(), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, longest_first)))
