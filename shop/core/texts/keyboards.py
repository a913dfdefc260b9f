"""Read words typed in Telex or VNI with the input method off, and recognise typing errors."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from shop.core.texts.syllables import is_syllable

_BREVE, _CIRCUMFLEX, _HORN = "\u0306", "\u0302", "\u031b"
_GRAVE, _HOOK, _TILDE, _ACUTE, _DOT = "\u0300", "\u0309", "\u0303", "\u0301", "\u0323"
_TELEX_TONES = {"f": _GRAVE, "r": _HOOK, "x": _TILDE, "s": _ACUTE, "j": _DOT}
_VNI_TONES = {"2": _GRAVE, "3": _HOOK, "4": _TILDE, "1": _ACUTE, "5": _DOT}
_VNI_MARKS = {"6": ("aeo", _CIRCUMFLEX), "7": ("ou", _HORN), "8": ("a", _BREVE)}
_VOWELS = "aeiouy"
_TELEX_WORD = re.compile(r"[a-z]{3,12}")
_VNI_WORD = re.compile(r"(?=.*\d)[a-z][a-z1-9]{1,11}")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def decode_typed_word(word: str) -> str:
    """Return the syllable that Telex or VNI keys type. "quyts" and "quyt1" give "quýt", other keys nothing.

    Tone keys may follow anywhere after the first vowel, as input methods accept them.
    """
    if _VNI_WORD.fullmatch(word):
        decoded = _decode_vni(word)
    elif _TELEX_WORD.fullmatch(word) and not is_syllable(word):
        decoded = _decode_telex(word)
    else:
        return ""
    return decoded if decoded != word and is_syllable(decoded) else ""


def deletion_variants(text: str) -> set[str]:
    """Return the text and its variants without one character.

    Two texts that are one typing error apart have a variant in common.
    """
    return {text, *(text[:position] + text[position + 1 :] for position in range(len(text)))}


def is_typing_error(typed: str, intended: str) -> bool:
    """Return whether `typed` is the folded word `intended` with one typing error.

    A typing error swaps two letters, omits one, replaces one by a neighbouring key, or adds the same or a
    neighbouring key.
    """
    if len(typed) == len(intended):
        different = [
            position for position, pair in enumerate(zip(typed, intended, strict=True)) if len({*pair}) > 1
        ]
        if len(different) == 1:
            return typed[different[0]] in _neighbours(intended[different[0]])
        return (
            len(different) == 2
            and different[1] == different[0] + 1
            and typed[different[0]] == intended[different[1]]
            and typed[different[1]] == intended[different[0]]
        )
    if len(typed) + 1 == len(intended):
        return any(
            intended[:position] + intended[position + 1 :] == typed for position in range(len(intended))
        )
    if len(typed) == len(intended) + 1:
        return any(
            typed[:position] + typed[position + 1 :] == intended and _touches_neighbour(typed, position)
            for position in range(len(typed))
        )
    return False


def _touches_neighbour(typed: str, position: int) -> bool:
    """Return whether the key at the position equals or touches the key typed before or after it."""
    neighbours = typed[max(position - 1, 0) : position] + typed[position + 1 : position + 2]
    return any(typed[position] == key or typed[position] in _neighbours(key) for key in neighbours)


def _neighbours(key: str) -> str:
    return _NEIGHBOURS.get(key, "")


def _adjacent_keys() -> Mapping[str, str]:
    """Return the keys that touch each key of a QWERTY keyboard, whose rows are offset to the right."""
    columns = {key: (row, column) for row, keys in enumerate(_ROWS) for column, key in enumerate(keys)}
    return {
        key: "".join(
            other
            for other, (other_row, other_column) in columns.items()
            if (other_row == row and abs(other_column - column) == 1)
            or (other_row == row + 1 and other_column - column in (-1, 0))
            or (other_row == row - 1 and other_column - column in (0, 1))
        )
        for key, (row, column) in columns.items()
    }


_NEIGHBOURS = _adjacent_keys()


def _decode_telex(word: str) -> str:
    """Decode Telex. A doubled vowel is a circumflex, w a horn or breve, dd đ, and f r x s j are the tones."""
    tone = ""
    letters: list[str] = []
    for key in word:
        has_vowel = any(letter[0] in _VOWELS for letter in letters)
        if key in _TELEX_TONES and has_vowel and not tone:
            tone = _TELEX_TONES[key]
        elif key == "d" and letters and letters[0] == "d":
            letters[0] = "đ"
        elif key in "aeo" and key in letters and has_vowel:
            _mark_last(letters, key, _CIRCUMFLEX)
        elif key == "w" and letters:
            _apply_horns(letters)
        else:
            letters.append(key)
    return _compose(letters, tone)


def _decode_vni(word: str) -> str:
    """Decode VNI. 1 to 5 are the tones, 6 a circumflex, 7 a horn, 8 a breve, and 9 turns d into đ."""
    tone = ""
    letters: list[str] = []
    for pressed_key in word:
        if pressed_key in _VNI_TONES:
            tone = _VNI_TONES[pressed_key]
        elif pressed_key == "9" and letters[0] == "d":
            letters[0] = "đ"
        elif pressed_key == "7" and {"u", "o"} <= set(letters):
            _apply_horns(letters)
        elif pressed_key in _VNI_MARKS:
            bases, mark = _VNI_MARKS[pressed_key]
            marked = next((letter for letter in reversed(letters) if letter in bases), "")
            if not marked:
                return ""
            _mark_last(letters, marked, mark)
        else:
            letters.append(pressed_key)
    return _compose(letters, tone)


def _mark_last(letters: list[str], base: str, mark: str) -> None:
    """Put the mark on the last such letter that has none."""
    for position in range(len(letters) - 1, -1, -1):
        if letters[position] == base:
            letters[position] += mark
            return


def _apply_horns(letters: list[str]) -> None:
    """Apply Telex's w. uo becomes ươ, or else the last u, o or a gets its horn or breve."""
    for position in range(len(letters) - 1, 0, -1):
        if letters[position - 1 : position + 1] == ["u", "o"]:
            letters[position - 1 : position + 1] = ["u" + _HORN, "o" + _HORN]
            return
    for position in range(len(letters) - 1, -1, -1):
        if letters[position] in "uoa":
            letters[position] += _BREVE if letters[position] == "a" else _HORN
            return
    letters.append("w")


def _compose(letters: list[str], tone: str) -> str:
    """Compose the letters. The tone mark goes on the last marked vowel or the first. "" without a vowel."""
    vowels = [position for position, letter in enumerate(letters) if letter[0] in _VOWELS]
    if not vowels:
        return ""
    if tone:
        start = "".join(letters)
        if start.startswith(("qu", "gi")) and len(vowels) > 1:
            vowels = vowels[1:]
        marked = [position for position in vowels if len(letters[position]) > 1]
        letters[marked[-1] if marked else vowels[0]] += tone
    return unicodedata.normalize("NFC", "".join(letters))
