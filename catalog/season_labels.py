"""Seasons of products in words."""

from __future__ import annotations

from django.utils.dates import MONTHS
from django.utils.translation import get_language

from catalog.models import ALL_MONTHS, Product


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


def month_of_return(product: Product, month: int) -> str:
    """Return the month after `month` in which the season begins again, as it stands within a sentence.

    It is empty if the product is in season in `month`, or has no season.
    """
    if month in product.months or not product.months:
        return ""
    begins = next((later for later in product.months if later > month), product.months[0])
    return f"tháng {begins}" if get_language() == "vi" else str(MONTHS[begins])
