"""Format money, weights, dates, times and phone numbers in either language."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from decimal import Decimal

from django.utils import formats
from django.utils.translation import get_language, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from shop.core.dates.calendar import VIETNAM, vietnam_date, weekday_name
from shop.core.identifiers.phones import format_phone
from shop.core.money import Money, TaxedMoney, minor_digits

NO_BREAK = "\u00a0"
MINUS = "\u2212"
EMPTY_CELL = "–"
_SYMBOLS = {"VND": "₫"}

# Two capitalised syllables are a name, except at the start of a text, where any word is capitalised.
_CAPITAL = f"[{''.join(chr(code) for code in range(0x1EFA) if chr(code).isupper())}]"
_SYLLABLE = rf"(?!Cooperative\b){_CAPITAL}\w*"
_KEPT_TOGETHER = re.compile(rf"(?<= )(?!HTX ){_SYLLABLE} {_SYLLABLE}(?: {_SYLLABLE})?")
_RANGE_DASH = re.compile(r"(?<=\d)–(?=\d)")
_BEFORE_MEASURE = re.compile(r"(?<=\d) (?=(?:g|kg|ml|lít|cm|m)\b)")
_WORD_JOINER = "\u2060"
_MAX_CHARACTERS_ON_CARD = 15

_SHORT_WEEKDAYS = (
    pgettext_lazy("weekday, short", "Mon"),
    pgettext_lazy("weekday, short", "Tue"),
    pgettext_lazy("weekday, short", "Wed"),
    pgettext_lazy("weekday, short", "Thu"),
    pgettext_lazy("weekday, short", "Fri"),
    pgettext_lazy("weekday, short", "Sat"),
    pgettext_lazy("weekday, short", "Sun"),
)


def format_money(amount: int | Money | TaxedMoney | None, currency: str = "VND") -> str:
    """Format minor units with no-break spaces, as the language groups digits. "" for None.

    `1.234.567 ₫` and `1.234,50 USD` in Vietnamese, `1,234,567 ₫` and `1,234.50 USD` in English.
    """
    if amount is None:
        return ""
    if isinstance(amount, Money):
        return format_money(amount.amount, amount.currency)
    if isinstance(amount, TaxedMoney):
        return format_money(amount.gross, amount.currency)
    return f"{format_amount(amount, currency)}{NO_BREAK}{currency_symbol(currency)}"


def format_sums(sums: Iterable[Money]) -> str:
    """Format sums of several currencies, such as `25,00 USD + 182.000 ₫`, and no sum as zero đồng."""
    return " + ".join(map(format_money, sums)) or format_money(0)


def format_fee(amount: int | None, currency: str = "VND") -> str:
    """Format the fee of a delivery method as money, or as "free" if it is 0."""
    return _("free") if amount == 0 else format_money(amount, currency)


def format_amount(amount: int, currency: str = "VND") -> str:
    """Format minor units as `format_money` does, without the currency, for tables that name it once."""
    digits = minor_digits(currency)
    whole_units, fraction = divmod(abs(amount), 10**digits)
    grouped = format_number(whole_units)
    if digits:
        grouped += f"{_decimal_mark()}{fraction:0{digits}}"
    return f"{MINUS if amount < 0 else ''}{grouped}"


def format_amount_cell(amount: int | None, currency: str = "VND") -> str:
    """Format an amount of a table that names its currency once. Nothing is a dash."""
    return format_amount(amount, currency) if amount else EMPTY_CELL


def currency_symbol(currency: str) -> str:
    """Return how an amount of the currency ends, such as "₫" or "USD"."""
    return _SYMBOLS.get(currency, currency)


def format_percent(value: Decimal) -> str:
    """Format a percentage with its sign and no superfluous zeros, such as `4,5 %`."""
    return f"{_format_decimal(value)}{NO_BREAK}%"


def format_plain_percent(value: Decimal) -> str:
    """Format a percentage for a form field, without sign: `4,5`."""
    return _format_decimal(value)


def format_weight(grams: int | None) -> str:
    """Format grams as `300 g` below a kilogram, then as `1,9 kg`, in English `1.9 kg`."""
    if grams is None:
        return ""
    if abs(grams) < 1000:
        return f"{grams}{NO_BREAK}g"
    return f"{_format_decimal(Decimal(grams) / 1000)}{NO_BREAK}kg"


def format_volume(millilitres: int | None) -> str:
    """Format millilitres as `500 ml` below a litre, then as `1,5 lít`, in English `1.5 l`."""
    if millilitres is None:
        return ""
    if abs(millilitres) < 1000:
        return f"{millilitres}{NO_BREAK}ml"
    return f"{_format_decimal(Decimal(millilitres) / 1000)}{NO_BREAK}{litre_symbol()}"


def litre_symbol() -> str:
    return pgettext("after an amount", "l")


def format_number(value: int | None) -> str:
    """Format a count as the language groups digits, such as `12.345`, in English `12,345`."""
    if value is None:
        return ""
    grouped = f"{value:,}"
    return grouped.replace(",", ".") if _has_decimal_comma() else grouped


def translated_reason(reason: str | None) -> str:
    """Translate a stored reason line by line. Lines without translation stay unchanged."""
    return " ".join(_(line) for line in (reason or "").splitlines() if line.strip())


def keep_names_together(text: str) -> str:
    """Keep names, ranges and measures within a text on one line.

    For example Bạch Thông in "Quýt Bạch Thông", or 1,5–2 kg. It is for headings and addresses on phones.
    Vietnamese separates syllables by spaces, so lines would break within names.
    """
    joined = _BEFORE_MEASURE.sub(NO_BREAK, _KEPT_TOGETHER.sub(_join_name, text))
    return _RANGE_DASH.sub(f"–{_WORD_JOINER}", joined)


def format_phone_number(number: str | None) -> str:
    """Format a stored number: `0987 654 321`."""
    return format_phone(number) if number else ""


def format_day(value: datetime.date | None) -> str:
    """Format a date: `27/11/2026`, in English `27 Nov 2026`. An instant is converted to Vietnam's date."""
    if not value:
        return ""
    day = _vietnam_date(value)
    return f"{day:%d/%m/%Y}" if _has_numeric_months() else f"{day.day} {day:%b %Y}"


def format_short_day(value: datetime.date | None) -> str:
    """Format a near date: `27/11`, in English `27 Nov`, since some read `01/12` as 12 January."""
    if not value:
        return ""
    day = _vietnam_date(value)
    return f"{day:%d/%m}" if _has_numeric_months() else f"{day.day} {day:%b}"


def weekday(value: datetime.date | int | None) -> str:
    """Return the weekday, for use in a sentence, of a date or number (0 is Monday)."""
    if value is None:
        return ""
    return str(weekday_name(value if isinstance(value, int) else _vietnam_date(value).weekday()))


def short_weekday(value: datetime.date | int | None) -> str:
    """Return "T2" to "CN", or "Mon" to "Sun"."""
    if value is None:
        return ""
    return str(_SHORT_WEEKDAYS[value if isinstance(value, int) else _vietnam_date(value).weekday()])


def weekday_and_day(value: datetime.date | None) -> str:
    """Format a near date with its weekday: `Chủ nhật 29/11`."""
    return f"{weekday(value)} {format_short_day(value)}" if value else ""


def days_between(first: datetime.date | None, last: datetime.date | None) -> str:
    """Format near dates with their weekdays: `thứ Ba 01/12`, `thứ Ba 01/12 – thứ Tư 02/12`.

    No line begins with the dash.
    """
    if first is None or last is None or first == last:
        return weekday_and_day(last or first)
    return f"{weekday_and_day(first)}{NO_BREAK}– {weekday_and_day(last)}"


def format_time(value: datetime.time | datetime.datetime | None) -> str:
    """Format a time: `14:05`. An instant is converted to Vietnam's time."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        value = value.astimezone(VIETNAM)
    return f"{value:%H:%M}"


def format_hour(value: datetime.time | datetime.datetime | None) -> str:
    """Format a full hour as `17 giờ`, other times as `14:05`."""
    text = format_time(value)
    if not text.endswith(":00"):
        return text
    return _("%(hour)s:00") % {"hour": int(text[:2])}


def format_hour_range(start: datetime.time, end: datetime.time) -> str:
    """Format a time span: `6–10 giờ`, `06:30–10:00`."""
    first, last = format_time(start), format_time(end)
    if first.endswith(":00") and last.endswith(":00"):
        return _("%(start)s:00–%(end)s:00") % {"start": int(first[:2]), "end": int(last[:2])}
    return f"{first}–{last}"


def _has_numeric_months() -> bool:
    return get_language() != "en"


def _join_name(match: re.Match[str]) -> str:
    """Join the whole name, or only its first two words if it is too long for a line."""
    return match[0].replace(" ", NO_BREAK, -1 if len(match[0]) <= _MAX_CHARACTERS_ON_CARD else 1)


def _vietnam_date(value: datetime.date) -> datetime.date:
    if isinstance(value, datetime.datetime):
        return vietnam_date(value) if value.tzinfo else value.date()
    return value


def _format_decimal(value: Decimal) -> str:
    whole_units, _point, fraction = f"{value.normalize():f}".partition(".")
    grouped = format_number(int(whole_units))
    return f"{grouped}{_decimal_mark()}{fraction}" if fraction else grouped


def _decimal_mark() -> str:
    return "," if _has_decimal_comma() else "."


def _has_decimal_comma() -> bool:
    return bool(formats.get_format("DECIMAL_SEPARATOR", get_language()) == ",")
