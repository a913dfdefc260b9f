"""Seasons of products in words."""

from __future__ import annotations

from django.utils.dates import MONTHS
from django.utils.translation import get_language

from catalog.models import ALL_MONTHS


def months_text(season: int) -> str:
    """Return the months of a season as ranges, such as `1, 6-9`. If it lasts all year, the text is empty."""
    if season == ALL_MONTHS:
        return ""
    months = [month for month in range(1, 13) if season & 1 << (month - 1)]
    ranges: list[tuple[int, int]] = []
    for month in months:
        if ranges and ranges[-1][1] == month - 1:
            ranges[-1] = (ranges[-1][0], month)
        else:
            ranges.append((month, month))
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def month_in_sentence(month: int | None) -> str:
    """Return a month's name within a sentence ("September", "tháng 9"); empty if there is no month."""
    if month is None:
        return ""
    return f"tháng {month}" if get_language() == "vi" else str(MONTHS[month])
