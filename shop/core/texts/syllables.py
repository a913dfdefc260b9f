"""Tell correct Vietnamese syllables from other words. `data/syllables.toml` lists onsets and rhymes."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from shop.core.texts.folding import MarkedWord, fold, marked_word

_FILE = Path(__file__).parent / "data" / "syllables.toml"
_FOLDED_NEVER_AFTER_QU = ("o", "u")
_STOPS = ("c", "ch", "k", "p", "t")
_TONES_OF_STOPS = {0, 4, 5}  # not typed yet, sắc, nặng


def is_syllable(word: str) -> bool:
    """Return whether the word, with its diacritics or typed without any, is a correct Vietnamese syllable."""
    typed = marked_word(word)
    if typed.letters.isascii() and not typed.tone:
        return fold(word) in _folded_syllables()
    return is_marked_syllable(typed)


def is_marked_syllable(typed: MarkedWord) -> bool:
    """Return whether the letters are a syllable that can have the tone."""
    if typed.letters not in _syllables():
        return False
    return typed.tone in _TONES_OF_STOPS or not typed.letters.endswith(_STOPS)


@cache
def _syllables() -> frozenset[str]:
    """Return every syllable with its vowel marks, without its tone."""
    with _FILE.open("rb") as file:
        table = tomllib.load(file)
    onsets, common = table["onsets"].split(), table["common_rhymes"].split()
    pairs = [(onset, rhyme) for onset in onsets for rhyme in common]
    pairs += [
        (onset, rhyme) for rhyme, following in table["rare_rhymes"].items() for onset in following.split()
    ]
    syllables = {
        _spell(onset, table["without_onset"].get(rhyme, rhyme)) if onset == "-" else _spell(onset, rhyme)
        for onset, rhyme in pairs
    }
    syllables.update(f"qu{rhyme}" for rhyme in table["after_qu"].split())
    return frozenset(syllables.union(table["place_names"].split()) - {""})


@cache
def _folded_syllables() -> frozenset[str]:
    return frozenset(fold(syllable) for syllable in _syllables())


def _spell(onset: str, rhyme: str) -> str:
    """Write a syllable. The text is empty if the onset never precedes the rhyme."""
    first = fold(rhyme[0])
    if onset == "-":
        return rhyme
    if onset == "qu" and first in _FOLDED_NEVER_AFTER_QU:
        return ""
    if onset == "gi" and first == "i":
        return f"g{rhyme}"
    if first in "eiy":
        return {"c": "k", "g": "gh", "ng": "ngh"}.get(onset, onset) + rhyme
    return onset + rhyme
