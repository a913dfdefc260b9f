"""Page numbers of long lists."""

from __future__ import annotations

from collections.abc import Iterator

from django import template
from django.core.paginator import Paginator
from django.utils.functional import Promise

register = template.Library()


@register.filter
def page_numbers(paginator: Paginator[object], number: int) -> Iterator[int | str | Promise]:
    """Return the pages to link around page `number`, which are the first, the last and the neighbours."""
    return paginator.get_elided_page_range(number, on_each_side=1, on_ends=1)
