"""How money, weights, days and hours are written, in either language."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

from django import template
from django.utils import formats
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext as _

from shop.core.dates.calendar import VIETNAM, day_of, weekday_name
from shop.core.identifiers.phones import shown as shown_phone
from shop.core.money import Money, TaxedMoney, minor_digits

register = template.Library()

NO_BREAK = "\u00a0"
MINUS = "\u2212"
_SYMBOLS = {"VND": "₫"}

# Two syllables with capitals are a name, but at the beginning, where every text has a capital.
_CAPITAL = f"[{''.join(chr(code) for code in range(0x1EFA) if chr(code).isupper())}]"
_NAME = rf"{_CAPITAL}\w* {_CAPITAL}\w*"
_TOGETHER = re.compile(rf"(?<= )(?!HTX ){_NAME}(?: {_CAPITAL}\w*)?")
_LONG = 15  # signs that a card has room for

_SHORT_WEEKDAYS = (
    pgettext_lazy("weekday, short", "Mon"),
    pgettext_lazy("weekday, short", "Tue"),
    pgettext_lazy("weekday, short", "Wed"),
    pgettext_lazy("weekday, short", "Thu"),
    pgettext_lazy("weekday, short", "Fri"),
    pgettext_lazy("weekday, short", "Sat"),
    pgettext_lazy("weekday, short", "Sun"),
)


@register.filter
def money(amount: int | Money | TaxedMoney | None, currency: str = "VND") -> str:
    """Minor units as people write them: `1.234.567 ₫` in both languages, never broken over a line.

    Currencies with decimals follow the language: `1.234,50 USD` or `1,234.50 USD`. Nothing for None.
    """
    if amount is None:
        return ""
    if isinstance(amount, Money):
        return money(amount.amount, amount.currency)
    if isinstance(amount, TaxedMoney):
        return money(amount.gross, amount.currency)
    digits = minor_digits(currency)
    whole, fraction = divmod(abs(amount), 10**digits)
    grouped = f"{whole:,}"
    if not digits or _has_decimal_comma():
        grouped = grouped.replace(",", ".")
    if digits:
        grouped += f"{_decimal_mark()}{fraction:0{digits}}"
    sign = MINUS if amount < 0 else ""
    return f"{sign}{grouped}{NO_BREAK}{_SYMBOLS.get(currency, currency)}"


@register.filter
def weight(grams: int | None) -> str:
    """Grams as `300 g` below a kilogram, `1,9 kg` from there on."""
    if grams is None:
        return ""
    if abs(grams) < 1000:
        return f"{grams}{NO_BREAK}g"
    return f"{_trimmed(Decimal(grams) / 1000)}{NO_BREAK}kg"


@register.filter
def volume(millilitres: int | None) -> str:
    """Millilitres as `500 ml` below a litre, `1,5 l` from there on."""
    if millilitres is None:
        return ""
    if abs(millilitres) < 1000:
        return f"{millilitres}{NO_BREAK}ml"
    return f"{_trimmed(Decimal(millilitres) / 1000)}{NO_BREAK}l"


@register.filter
def number(value: int | None) -> str:
    """A count with its thousands apart, as money is: `12.345`."""
    return "" if value is None else f"{value:,}".replace(",", ".")


@register.filter
def as_said(reason: str | None) -> str:
    """A kept reason in the reader's language: lines that are ours are translated, others stay as written."""
    return " ".join(_(line) for line in (reason or "").splitlines() if line.strip())


@register.filter(is_safe=True)
def held(text: str) -> str:
    """Names within a text on one line each: Bạch Thông in "Quýt Bạch Thông", Yến Dương in "HTX Yến Dương".

    For headings and addresses on phones. Vietnamese parts its syllables, so a line breaks within a name
    unless it is held.
    """
    return _TOGETHER.sub(_hold, text)


@register.filter
def phone(number: str | None) -> str:
    """A kept number as people write it: `0987 654 321`."""
    return shown_phone(number) if number else ""


@register.filter
def day(value: datetime.date | None) -> str:
    """`27/11/2026`, Vietnam's day where an instant is given."""
    return f"{_vietnams_day(value):%d/%m/%Y}" if value else ""


@register.filter
def short_day(value: datetime.date | None) -> str:
    """`27/11`, for days close by."""
    return f"{_vietnams_day(value):%d/%m}" if value else ""


@register.filter
def weekday(value: datetime.date | int | None) -> str:
    """The weekday within a sentence, of a day or of a number (0 is Monday)."""
    if value is None:
        return ""
    return str(weekday_name(value if isinstance(value, int) else _vietnams_day(value).weekday()))


@register.filter
def short_weekday(value: datetime.date | int | None) -> str:
    """`T2` … `CN`, `Mon` … `Sun`."""
    if value is None:
        return ""
    return str(_SHORT_WEEKDAYS[value if isinstance(value, int) else _vietnams_day(value).weekday()])


@register.filter
def weekday_and_day(value: datetime.date | None) -> str:
    """`Chủ nhật 29/11`, as days close by are told."""
    return f"{weekday(value)} {short_day(value)}" if value else ""


@register.filter
def clock(value: datetime.time | datetime.datetime | None) -> str:
    """`14:05`, in Vietnam's time where an instant is given."""
    if value is None:
        return ""
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        value = value.astimezone(VIETNAM)
    return f"{value:%H:%M}"


@register.filter
def hour(value: datetime.time | datetime.datetime | None) -> str:
    """A round hour as people say it, `17 giờ`; others by the clock."""
    told = clock(value)
    if not told.endswith(":00"):
        return told
    return _("%(hour)s:00") % {"hour": int(told[:2])}


@register.filter
def hour_to(start: datetime.time, end: datetime.time) -> str:
    """From an hour to an hour: `6–10 giờ`, `06:30–10:00`."""
    first, last = clock(start), clock(end)
    if first.endswith(":00") and last.endswith(":00"):
        return _("%(start)s:00–%(end)s:00") % {"start": int(first[:2]), "end": int(last[:2])}
    return f"{first}–{last}"


def _hold(found: re.Match[str]) -> str:
    """All of it, or its first two words where all would be too long for a line."""
    return found[0].replace(" ", NO_BREAK, -1 if len(found[0]) <= _LONG else 1)


def _vietnams_day(value: datetime.date) -> datetime.date:
    if isinstance(value, datetime.datetime):
        return day_of(value) if value.tzinfo else value.date()
    return value


def _trimmed(value: Decimal) -> str:
    text = f"{value.normalize():f}"
    return text.replace(".", _decimal_mark())


def _decimal_mark() -> str:
    return "," if _has_decimal_comma() else "."


def _has_decimal_comma() -> bool:
    return bool(formats.get_format("DECIMAL_SEPARATOR", get_language()) == ",")
