"""Spell out Vietnamese text for reading aloud, with numbers, amounts, dates, times and units in words.

It is for a commune's loudspeaker and for screen readers, because a speaker should not have to work out
"15.000 ₫/kg" or "29/11". Numbers follow northern schoolbooks: linh, mốt, tư, lăm.
"""

from __future__ import annotations

import re

_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_GROUPS = ((10**9, "tỷ"), (10**6, "triệu"), (10**3, "nghìn"))
_UNITS = {
    "₫": "đồng",
    "đ": "đồng",
    "vnđ": "đồng",
    "vnd": "đồng",
    "k": "nghìn",
    "tr": "triệu",
    "kg": "ki-lô-gam",
    "gr": "gam",
    "g": "gam",
    "ml": "mi-li-lít",
    "l": "lít",
    "km": "ki-lô-mét",
    "m": "mét",
    "cm": "xen-ti-mét",
    "m2": "mét vuông",
    "m²": "mét vuông",
    "ha": "héc-ta",
    "%": "phần trăm",
    "°c": "độ C",
}
_ABBREVIATIONS = {
    "HTX": "hợp tác xã",
    "THT": "tổ hợp tác",
    "UBND": "uỷ ban nhân dân",
    "OCOP": "ô-cốp",
    "VietGAP": "việt-gáp",
    "TP.": "thành phố",
    "ĐT": "điện thoại",
    "SĐT": "số điện thoại",
}

_SPACE = "[ \u00a0\u202f]"
_UNIT = "|".join(re.escape(unit) for unit in sorted(_UNITS, key=len, reverse=True))
_NUMBER = r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+\.\d{1,2}(?![.\d])|\d+(?:,\d+)?"
_FULL_DAY = re.compile(
    r"(?:\b(ngày) )?\b(0?[1-9]|[12]\d|3[01])[/.](0?[1-9]|1[0-2])[/.](\d{4})\b", re.IGNORECASE
)
_DAY = re.compile(r"(?:\b(ngày) )?\b(0?[1-9]|[12]\d|3[01])/(0?[1-9]|1[0-2])\b(?!/)", re.IGNORECASE)
_CLOCK = re.compile(r"(?<![\d.,/])([01]?\d|2[0-4])(?:[:hg]([0-5]\d)|h)(?![^\W_])", re.IGNORECASE)
_WEEKDAY = re.compile(r"\bT([2-7])\b")
_FOURTH = re.compile(rf"\b(thứ|tháng|quý){_SPACE}0?4\b(?![.,/]\d)", re.IGNORECASE)
_HOUSE_NUMBER = re.compile(rf"\b(số|ngõ|ngách|hẻm|kiệt){_SPACE}(\d+(?:/\d+)+)", re.IGNORECASE)
_PHONE = re.compile(
    rf"(?<![\d.,])(?:\+84{_SPACE}?|0)\d{{1,4}}(?:[{_SPACE[1:-1]}.]?\d{{2,4}}){{2,3}}(?![.,]?\d)"
)
_END = r"(?![^\W\d_])"
_FRACTION = re.compile(rf"(?<![\d.,/])([1-9])/([2-9]){_SPACE}?({_UNIT}){_END}", re.IGNORECASE)
_QUANTITY = re.compile(
    rf"({_NUMBER}){_SPACE}?({_UNIT}){_END}(?:{_SPACE}?/{_SPACE}?(?:({_UNIT}){_END}|(?=\w)))?", re.IGNORECASE
)
# Such as 12 quả/hộp.
_PER_UNIT = re.compile(rf"(\d{_SPACE}?[^\W\d_]+){_SPACE}?/{_SPACE}?(?!(?:{_UNIT}){_END})(?=[^\W\d_])")
_MONTH = re.compile(rf"\b(tháng{_SPACE}(?:0?[1-9]|1[0-2]))/(\d{{4}})\b", re.IGNORECASE)
_TIMES = re.compile(rf"(?<=\d){_SPACE}?[x×]{_SPACE}?(?=\d)", re.IGNORECASE)
_LETTER_DIGIT_BOUNDARY = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")  # QL3, 3B
_ANY_NUMBER = re.compile(_NUMBER)
_POINT = re.compile(r"^(\d+)\.(\d{1,2})$")
_RANGE = re.compile(rf"(?<=\w){_SPACE}?[–—]{_SPACE}?(?=\d)|(?<=\d)-(?=\d)|(?<=\dh)-(?=\d)", re.IGNORECASE)
_ABBREVIATION = re.compile(
    "|".join(rf"(?<![^\W_]){re.escape(abbreviation)}(?![^\W_])" for abbreviation in _ABBREVIATIONS)
)
_SIGNS = (
    ("·", ","),
    (" (", ", "),
    (" [", ", "),
    ("×", " nhân "),
    ("&", " và "),
    ("+", " cộng "),
    ("=", " bằng "),
    ("★", " sao "),
)
_FRACTION_SIGNS = str.maketrans({"½": "1/2", "¼": "1/4", "¾": "3/4"})
_SLASH = re.compile(r"(?<=\d)/(?=\d)")
_SILENT = re.compile(r"[()\[\]\"“”«»*_•]")


def spell_number(number: int) -> str:
    """Spell out a whole number. 15000 is "mười lăm nghìn", 1005 "một nghìn không trăm linh năm"."""
    if number < 0:
        return f"âm {spell_number(-number)}"
    if number < 1000:
        return _spell_below_thousand(number, is_full=False)
    size, name = next(group for group in _GROUPS if number >= group[0])
    count, remainder = divmod(number, size)
    words = f"{spell_number(count)} {name}"
    return f"{words} {_spell_rest(remainder)}" if remainder else words


def spell_out(text: str) -> str:
    """Spell out all figures and abbreviations of a Vietnamese text.

    Line breaks stay as pauses. The result contains no digit.
    """
    text = _PHONE.sub(lambda match: _spell_digits(match[0]), text)
    text = _RANGE.sub(" đến ", text)
    text = _HOUSE_NUMBER.sub(lambda match: f"{match[1]} {match[2].replace('/', ' trên ')}", text)
    text = _MONTH.sub(r"\1 năm \2", text.translate(_FRACTION_SIGNS))
    text = _FRACTION.sub(_spell_fraction, text)
    text = _FULL_DAY.sub(
        lambda match: f"{_spell_day(match[2], match[3])} năm {_spell_figure(match[4])}", text
    )
    text = _DAY.sub(lambda match: _spell_day(match[2], match[3]), text)
    text = _CLOCK.sub(lambda match: _clock_words(int(match[1]), int(match[2] or 0)), text)
    text = _WEEKDAY.sub(lambda match: f"thứ {match[1]}", text)
    text = _FOURTH.sub(r"\1 tư", text)
    text = _TIMES.sub(" nhân ", text)
    text = _PER_UNIT.sub(r"\1 một ", text)
    text = _QUANTITY.sub(_spell_measure, text)
    text = _SLASH.sub(" trên ", text).replace("/", " ")
    text = _LETTER_DIGIT_BOUNDARY.sub(" ", text)
    text = _ANY_NUMBER.sub(lambda match: _spell_figure(match[0]), text)
    text = _ABBREVIATION.sub(lambda match: _ABBREVIATIONS[match[0]], text)
    for symbol, words in _SIGNS:
        text = text.replace(symbol, words)
    text = _SILENT.sub("", text)
    lines = (re.sub(rf"{_SPACE}+", " ", line).strip() for line in text.splitlines())
    return "\n".join(re.sub(r" (?=[,.;:?])", "", line) for line in lines)


def _spell_below_thousand(number: int, *, is_full: bool) -> str:
    """Spell out a number below a thousand.

    Inside a larger number (`is_full`) its hundreds are always said.
    """
    hundreds, remainder = divmod(number, 100)
    words = [_DIGITS[hundreds], "trăm"] if hundreds or is_full else []
    tens, ones = divmod(remainder, 10)
    if not remainder and words:
        return " ".join(words)
    if not tens:
        words += ["linh", _DIGITS[ones]] if words else [_DIGITS[ones]]
        return " ".join(words)
    words += ["mười"] if tens == 1 else [_DIGITS[tens], "mươi"]
    if ones:
        words.append(_spell_last_figure(tens, ones))
    return " ".join(words)


def _spell_last_figure(tens: int, ones: int) -> str:
    """Spell out the last figure, which changes after tens: hai mươi mốt, hai mươi tư, mười lăm."""
    if ones == 5:
        return "lăm"
    if tens > 1 and ones in (1, 4):
        return "mốt" if ones == 1 else "tư"
    return _DIGITS[ones]


def _spell_rest(remainder: int) -> str:
    """Spell out the groups after the largest one, skipping empty groups."""
    words = []
    for size, name in _GROUPS:
        count, remainder = divmod(remainder, size)
        if count:
            words += [_spell_below_thousand(count, is_full=True), name]
    if remainder:
        words.append(_spell_below_thousand(remainder, is_full=True))
    return " ".join(words)


def _spell_figure(notation: str) -> str:
    """Spell out a number in Vietnamese notation, `1.234,5`. The comma is read as "phẩy".

    One or two figures after a full stop are decimals: `1.5` means `1,5`.
    """
    notation = _POINT.sub(r"\1,\2", notation).replace(".", "")
    integer_part, _, fraction = notation.partition(",")
    words = spell_number(int(integer_part))
    if not fraction:
        return words
    if fraction.startswith("0") or len(fraction) > 2:
        return f"{words} phẩy {' '.join(_DIGITS[int(character)] for character in fraction)}"
    return f"{words} phẩy {spell_number(int(fraction))}"


def _spell_measure(match: re.Match[str]) -> str:
    """Spell out a price, weight or percentage with its unit: "mười lăm nghìn đồng một ki-lô-gam"."""
    words = f"{_spell_figure(match[1])} {_UNITS[match[2].lower()]}"
    if "/" not in match[0]:
        return words
    return f"{words} một {_UNITS[match[3].lower()] if match[3] else ''}"


def _spell_fraction(match: re.Match[str]) -> str:
    """Spell out a fraction of a unit: `1/2 kg` is "nửa ki-lô-gam", not a date."""
    numerator, denominator = int(match[1]), int(match[2])
    words = (
        "nửa"
        if (numerator, denominator) == (1, 2)
        else f"{_DIGITS[numerator]} phần {'tư' if denominator == 4 else _DIGITS[denominator]}"
    )
    return f"{words} {_UNITS[match[3].lower()]}"


def _spell_day(day: str, month: str) -> str:
    """Spell out a date: days 1 to 10 take "mồng", the fourth month is "tư"."""
    words = spell_number(int(day))
    before = "mồng " if int(day) <= 10 else ""
    return f"ngày {before}{words} tháng {'tư' if int(month) == 4 else spell_number(int(month))}"


def _clock_words(hour: int, minute: int) -> str:
    text = f"{spell_number(hour)} giờ"
    return f"{text} {spell_number(minute)} phút" if minute else text


def _spell_digits(number: str) -> str:
    """Spell out a phone number digit by digit, in its written groups."""
    groups = re.split(rf"[{_SPACE[1:-1]}.]+", re.sub(rf"^\+84{_SPACE}?", "0", number))
    return ", ".join(" ".join(_DIGITS[int(character)] for character in group) for group in groups if group)
