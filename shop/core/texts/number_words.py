"""Vietnamese as it is read out: numbers, sums, days, hours and units in words.

For the loudspeaker of a commune and for programs that speak: whoever reads aloud must not have to work out
what "15.000 ₫/kg" or "29/11" is called. Numbers follow the schoolbooks of the north: linh, mốt, tư, lăm.
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

_GAP = "[ \u00a0\u202f]"
_UNIT = "|".join(re.escape(each) for each in sorted(_UNITS, key=len, reverse=True))
_NUMBER = r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d+\.\d{1,2}(?![.\d])|\d+(?:,\d+)?"
_FULL_DAY = re.compile(
    r"(?:\b(ngày) )?\b(0?[1-9]|[12]\d|3[01])[/.](0?[1-9]|1[0-2])[/.](\d{4})\b", re.IGNORECASE
)
_DAY = re.compile(r"(?:\b(ngày) )?\b(0?[1-9]|[12]\d|3[01])/(0?[1-9]|1[0-2])\b(?!/)", re.IGNORECASE)
_CLOCK = re.compile(r"(?<![\d.,/])([01]?\d|2[0-4])(?:[:hg]([0-5]\d)|h)(?![^\W_])", re.IGNORECASE)
_WEEKDAY = re.compile(r"\bT([2-7])\b")
_FOURTH = re.compile(rf"\b(thứ|tháng|quý){_GAP}0?4\b(?![.,/]\d)", re.IGNORECASE)
_HOUSE = re.compile(rf"\b(số|ngõ|ngách|hẻm|kiệt){_GAP}(\d+(?:/\d+)+)", re.IGNORECASE)
_PHONE = re.compile(rf"(?<![\d.,])(?:\+84{_GAP}?|0)\d{{1,4}}(?:[{_GAP[1:-1]}.]?\d{{2,4}}){{2,3}}(?![.,]?\d)")
_END = r"(?![^\W\d_])"
_SHARE = re.compile(rf"(?<![\d.,/])([1-9])/([2-9]){_GAP}?({_UNIT}){_END}", re.IGNORECASE)
_MEASURED = re.compile(
    rf"({_NUMBER}){_GAP}?({_UNIT}){_END}(?:{_GAP}?/{_GAP}?(?:({_UNIT}){_END}|(?=\w)))?", re.IGNORECASE
)
_EACH = re.compile(rf"(\d{_GAP}?[^\W\d_]+){_GAP}?/{_GAP}?(?!(?:{_UNIT}){_END})(?=[^\W\d_])")  # 12 quả/hộp
_MONTH = re.compile(rf"\b(tháng{_GAP}(?:0?[1-9]|1[0-2]))/(\d{{4}})\b", re.IGNORECASE)
_TIMES = re.compile(rf"(?<=\d){_GAP}?[x×]{_GAP}?(?=\d)", re.IGNORECASE)
_SEAM = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")  # QL3, 3B
_PLAIN = re.compile(_NUMBER)
_POINT = re.compile(r"^(\d+)\.(\d{1,2})$")
_RANGE = re.compile(rf"(?<=\w){_GAP}?[–—]{_GAP}?(?=\d)|(?<=\d)-(?=\d)|(?<=\dh)-(?=\d)", re.IGNORECASE)
_SHORT = re.compile("|".join(rf"(?<![^\W_]){re.escape(each)}(?![^\W_])" for each in _ABBREVIATIONS))
_SIGNS = (
    *(("·", ","), (" (", ", "), (" [", ", ")),
    *(("×", " nhân "), ("&", " và "), ("+", " cộng "), ("=", " bằng "), ("★", " sao ")),
)
_SHARES = str.maketrans({"½": "1/2", "¼": "1/4", "¾": "3/4"})
_SLASH = re.compile(r"(?<=\d)/(?=\d)")
_SILENT = re.compile(r"[()\[\]\"“”«»*_•]")


def number_words(number: int) -> str:
    """A whole number as it is said: 15000 is "mười lăm nghìn", 1005 "một nghìn không trăm linh năm"."""
    if number < 0:
        return f"âm {number_words(-number)}"
    if number < 1000:
        return _below_thousand(number, is_full=False)
    size, name = next(group for group in _GROUPS if number >= group[0])
    many, rest = divmod(number, size)
    words = f"{number_words(many)} {name}"
    return f"{words} {_rest_words(rest)}" if rest else words


def spoken(text: str) -> str:
    """A Vietnamese text with everything in words that is written in figures or shortened.

    Line breaks stay, since whoever reads takes breath there. No digit is left.
    """
    text = _PHONE.sub(lambda found: _digit_by_digit(found[0]), text)
    text = _RANGE.sub(" đến ", text)
    text = _HOUSE.sub(lambda found: f"{found[1]} {found[2].replace('/', ' trên ')}", text)
    text = _MONTH.sub(r"\1 năm \2", text.translate(_SHARES))
    text = _SHARE.sub(_share_words, text)
    text = _FULL_DAY.sub(lambda found: f"{_day_words(found[2], found[3])} năm {_figure(found[4])}", text)
    text = _DAY.sub(lambda found: _day_words(found[2], found[3]), text)
    text = _CLOCK.sub(lambda found: _clock_words(int(found[1]), int(found[2] or 0)), text)
    text = _WEEKDAY.sub(lambda found: f"thứ {found[1]}", text)
    text = _FOURTH.sub(r"\1 tư", text)
    text = _TIMES.sub(" nhân ", text)
    text = _EACH.sub(r"\1 một ", text)
    text = _MEASURED.sub(_measure_words, text)
    text = _SLASH.sub(" trên ", text).replace("/", " ")
    text = _SEAM.sub(" ", text)
    text = _PLAIN.sub(lambda found: _figure(found[0]), text)
    text = _SHORT.sub(lambda found: _ABBREVIATIONS[found[0]], text)
    for sign, words in _SIGNS:
        text = text.replace(sign, words)
    text = _SILENT.sub("", text)
    lines = (re.sub(rf"{_GAP}+", " ", line).strip() for line in text.splitlines())
    return "\n".join(re.sub(r" (?=[,.;:?])", "", line) for line in lines)


def _below_thousand(number: int, *, is_full: bool) -> str:
    """A number below a thousand; inside a larger one (`is_full`) it is said with its hundreds."""
    hundreds, rest = divmod(number, 100)
    words = [_DIGITS[hundreds], "trăm"] if hundreds or is_full else []
    tens, ones = divmod(rest, 10)
    if not rest and words:
        return " ".join(words)
    if not tens:
        words += ["linh", _DIGITS[ones]] if words else [_DIGITS[ones]]
        return " ".join(words)
    words += ["mười"] if tens == 1 else [_DIGITS[tens], "mươi"]
    if ones:
        words.append(_one_after(tens, ones))
    return " ".join(words)


def _one_after(tens: int, ones: int) -> str:
    """The last figure changes its name after tens: hai mươi mốt, hai mươi tư, mười lăm."""
    if ones == 5:
        return "lăm"
    if tens > 1 and ones in (1, 4):
        return "mốt" if ones == 1 else "tư"
    return _DIGITS[ones]


def _rest_words(rest: int) -> str:
    """What follows the largest group; groups of nothing are passed over."""
    words = []
    for size, name in _GROUPS:
        many, rest = divmod(rest, size)
        if many:
            words += [_below_thousand(many, is_full=True), name]
    if rest:
        words.append(_below_thousand(rest, is_full=True))
    return " ".join(words)


def _figure(written: str) -> str:
    """A number as it is written here, `1.234,5`: what follows the comma is said after "phẩy".

    One or two figures after a full stop are no thousands: `1.5` is meant as `1,5`.
    """
    written = _POINT.sub(r"\1,\2", written).replace(".", "")
    whole, _, fraction = written.partition(",")
    words = number_words(int(whole))
    if not fraction:
        return words
    if fraction.startswith("0") or len(fraction) > 2:
        return f"{words} phẩy {' '.join(_DIGITS[int(sign)] for sign in fraction)}"
    return f"{words} phẩy {number_words(int(fraction))}"


def _measure_words(found: re.Match[str]) -> str:
    """A sum, a weight or a share, and what it is for: "mười lăm nghìn đồng một ki-lô-gam"."""
    words = f"{_figure(found[1])} {_UNITS[found[2].lower()]}"
    if "/" not in found[0]:
        return words
    return f"{words} một {_UNITS[found[3].lower()] if found[3] else ''}"


def _share_words(found: re.Match[str]) -> str:
    """A part of a measure: `1/2 kg` is "nửa ki-lô-gam" and no day."""
    part, of = int(found[1]), int(found[2])
    words = "nửa" if (part, of) == (1, 2) else f"{_DIGITS[part]} phần {'tư' if of == 4 else _DIGITS[of]}"
    return f"{words} {_UNITS[found[3].lower()]}"


def _day_words(day: str, month: str) -> str:
    """The first ten days are called mồng, the fourth month tư."""
    words = number_words(int(day))
    before = "mồng " if int(day) <= 10 else ""
    return f"ngày {before}{words} tháng {'tư' if int(month) == 4 else number_words(int(month))}"


def _clock_words(hour: int, minute: int) -> str:
    words = f"{number_words(hour)} giờ"
    return f"{words} {number_words(minute)} phút" if minute else words


def _digit_by_digit(number: str) -> str:
    """A telephone number, in the groups in which it is written."""
    groups = re.split(rf"[{_GAP[1:-1]}.]+", re.sub(rf"^\+84{_GAP}?", "0", number))
    return ", ".join(" ".join(_DIGITS[int(sign)] for sign in group) for group in groups if group)
