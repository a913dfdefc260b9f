"""Labels of filter options, and their values in URLs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from pyroaring import BitMap

from catalog.models import Category, Unit
from catalog.search.facet_index import PRICE_BAND_STARTS, FacetIndex, union_sets
from catalog.search.sort_orders import SortOrder
from cooperatives.models import CertificateKind, Cooperative
from shop.core.database.compiled_query import compiled_query
from shop.core.models import show_in_language
from shop.core.models.geography import Division
from shop.core.texts.formatting import format_money, format_number
from shop.core.texts.marked_texts import translated, untranslated

OptionLabels = dict[object, tuple[str, str]]  # by key, each with the value in URLs and the label as HTML


def read_cooperative_labels(keys: Sequence[Any]) -> OptionLabels:
    rows = _cooperatives(keys)
    show_in_language(rows, "name")
    return {row.pk: (row.slug, translated(row, "name")) for row in rows}


def read_cooperatives_by_slug(slugs: Sequence[str]) -> dict[str, int]:
    if not slugs:
        return {}
    return dict(Cooperative.objects.selling().filter(slug__in=slugs).order_by("pk").values_list("slug", "pk"))


def read_division_labels(keys: Sequence[Any]) -> OptionLabels:
    return {code: (code, untranslated(name)) for code, name in _divisions(keys)} if keys else {}


def find_communes_with_products(provinces: Sequence[str], index: FacetIndex) -> list[str]:
    """Return codes of the provinces' communes that have products."""
    return [code for code in _communes(list(provinces)) if code in index.communes] if provinces else []


def find_products_by_category(categories: Iterable[Category], index: FacetIndex) -> dict[str, BitMap]:
    """Return products of each category including its descendants, by slug."""
    paths = {key: path for key, path in _category_paths() if key in index.categories}
    return {
        category.slug: union_sets(
            index.categories[key]
            for key, path in paths.items()
            if (path or "").startswith(category.branch_path)
        )
        for category in categories
    }


@compiled_query
def _cooperatives(keys: Collection[int]) -> QuerySet[Cooperative]:
    return Cooperative.objects.filter(pk__in=keys).only("slug", "name").order_by("pk")


@compiled_query
def _divisions(codes: Collection[str]) -> QuerySet[Any, Any]:
    divisions = Division.objects.filter(code__in=codes, valid_until=None)
    return divisions.order_by("pk").values_list("code", "name")


@compiled_query
def _communes(provinces: Collection[str]) -> QuerySet[Any, str]:
    divisions = Division.objects.filter(parent__code__in=provinces, valid_until=None)
    return divisions.order_by("pk").values_list("code", flat=True)


@compiled_query
def _category_paths() -> QuerySet[Any, Any]:
    return Category.objects.order_by("pk").values_list("pk", "path")


def price_band_label(band: int) -> str:
    """Return `Dưới 50.000 ₫`, `50.000–100.000 ₫` or `Từ 500.000 ₫`."""
    position = PRICE_BAND_STARTS.index(band)
    if position == len(PRICE_BAND_STARTS) - 1:
        return _("From %(price)s") % {"price": format_money(PRICE_BAND_STARTS[position])}
    if position == 0:
        return _("Under %(price)s") % {"price": format_money(PRICE_BAND_STARTS[1])}
    return f"{format_number(PRICE_BAND_STARTS[position])}–{format_money(PRICE_BAND_STARTS[position + 1])}"


def unit_label(unit: str) -> str:
    return str(Unit(unit).label)


def stars_label(count: int) -> str:
    return ngettext("%(count)s star", "%(count)s stars", count) % {"count": count}


def certificate_label(kind: str) -> str:
    return str(CertificateKind(kind).label)


def price_range_label(lowest: int | None, highest: int | None) -> str:
    if lowest is None:
        return _("Up to %(price)s") % {"price": format_money(highest)}
    if highest is None:
        return _("From %(price)s") % {"price": format_money(lowest)}
    return f"{format_number(lowest)}–{format_money(highest)}"


def sort_order_choices(*, is_search: bool) -> list[tuple[str, str]]:
    """Sort orders to choose from, the default first."""
    default_orders = [(SortOrder.RELEVANCE, _("Best match"))] if is_search else []
    other_orders = [
        (SortOrder.SEASON, _("In season first")),
        (SortOrder.NEWEST, _("Newest first")),
        (SortOrder.CHEAPEST, _("Price: low to high")),
        (SortOrder.DEAREST, _("Price: high to low")),
        (SortOrder.BY_NAME, _("Name: A to Z")),
        (SortOrder.NEAREST, _("Nearest first")),
    ]
    return [(str(order), label) for order, label in (*default_orders, *other_orders)]
