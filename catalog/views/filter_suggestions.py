"""Links that remove filters, and suggestions of filters to remove when nothing matches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _

from catalog.search.facet_index import FacetIndex
from catalog.search.market_search import search_market
from catalog.search.query_words import typed_words
from catalog.views import filter_labels
from catalog.views.product_filters import (
    BAND,
    COMMUNE,
    DELIVERED,
    FACET_PARAMETERS,
    HIGHEST,
    IN_SEASON,
    IN_STOCK,
    LOWEST,
    PLACE,
    WITH_OCOP,
    Facet,
    ProductFilters,
)


@dataclass(frozen=True, slots=True)
class FilterRemoval:
    """A removable filter, with its label, the URL without it, and the number of products then."""

    label: str
    url: str
    count: int = 0


def applied_filters(
    filters: ProductFilters, facets: Sequence[Facet], query: QueryDict
) -> list[FilterRemoval]:
    """Return one removal link for each chosen option."""
    links = [
        FilterRemoval(option.label, query_string_without(query, facet.name, value=option.value))
        for facet in facets
        for option in facet.options
        if option.is_chosen
    ]
    if filters.lowest is not None or filters.highest is not None:
        price_range = filter_labels.price_range_label(filters.lowest, filters.highest)
        links.append(FilterRemoval(price_range, query_string_without(query, LOWEST, HIGHEST)))
    return links


def relaxed_filters(
    filters: ProductFilters, facets: Sequence[Facet], query: QueryDict
) -> list[FilterRemoval]:
    """Return the filters whose removal helps if nothing matches, the most products first.

    Offers removing all filters if no single removal helps.
    """
    selection = filters.selection
    names = {facet.name: facet.label for facet in facets} | _toggle_names()
    names[PLACE] = names.get(PLACE) or names.get(COMMUNE) or _("Place of origin")
    names[BAND] = _("Price")
    links = [
        FilterRemoval(
            names.get(facet, facet),
            query_string_without(query, *FACET_PARAMETERS.get(facet, (facet,))),
            len(selection.products_matching_other_facets(facet)),
        )
        for facet in selection.facets
    ]
    useful = sorted((link for link in links if link.count), key=lambda link: -link.count)
    if useful or len(links) < 2 or not selection.all_product_ids:
        return useful
    all_names = [name for facet in selection.facets for name in FACET_PARAMETERS.get(facet, (facet,))]
    return [
        FilterRemoval(
            _("all filters"), query_string_without(query, *all_names), len(selection.all_product_ids)
        )
    ]


def find_shorter_queries(query: str, index: FacetIndex) -> list[FilterRemoval]:
    """Return queries without the last or the first word of this one, each with the number of its results.

    Only what the buyer wrote side by side is a query. "miến Côn Minh" is none of "miến giong Côn Minh".
    """
    typed = typed_words(query)
    links = []
    for words in (typed[:-1], typed[1:]) if len(typed) > 2 else ():
        fewer = " ".join(words)
        count = len(search_market(fewer, index).tiers.product_ids)
        if count:
            links.append(FilterRemoval(fewer, f"?{urlencode({'q': fewer})}", count))
    return links


def query_string_without(query: QueryDict, *names: str, value: str | None = None) -> str:
    """Return the query string without the page and these names, or without one `value` of a name."""
    remaining_parameters = [
        (name, present)
        for name, values in query.lists()
        for present in values
        if name != "page" and (name not in names or (value is not None and present != value))
    ]
    return f"?{urlencode(remaining_parameters)}"


def _toggle_names() -> dict[str, str]:
    return {
        IN_SEASON: _("In season"),
        IN_STOCK: _("In stock"),
        WITH_OCOP: _("OCOP rated"),
        DELIVERED: _("Delivers to me"),
    }
