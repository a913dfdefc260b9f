"""Parse product filters from the URL, and list all options with their counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.http import QueryDict
from django.utils.translation import gettext as _
from pyroaring import BitMap

from catalog.models import Category, Unit
from catalog.search.facet_index import PRICE_BAND_STARTS, FacetIndex, Sets, union_sets
from catalog.search.facet_selection import FacetSelection
from catalog.views import filter_labels
from cooperatives.models import CertificateKind
from shop.core.texts.folding import fold
from shop.core.texts.marked_texts import translated

Key = TypeVar("Key")
OPTIONS_SHOWN, MAX_OPTIONS = 8, 34  # options shown per facet, and the most that can be unfolded
MAX_CHOSEN = 50
MAX_PRICE = 999_999_999

# URL parameter of each facet. Communes belong to the facet PLACE.
CATEGORY, COOPERATIVE, PLACE, COMMUNE = "nhom", "htx", "noi", "xa"
BAND, LOWEST, HIGHEST, UNIT, STARS, CERTIFICATE = "muc", "tu", "den", "ban", "sao", "cn"
IN_SEASON, WITH_OCOP, DELIVERED, IN_STOCK = "mua", "ocop", "giao", "con"
TOGGLES = (IN_SEASON, IN_STOCK, WITH_OCOP, DELIVERED)
# Parameters to remove when a facet is cleared, if it has several.
FACET_PARAMETERS = {PLACE: (PLACE, COMMUNE), BAND: (BAND, LOWEST, HIGHEST)}
_VALUE = re.compile(r"[-\w]{1,120}")
# Price formats that people write: 50.000, 50 000 ₫, 50k, 50 nghìn, 1,5 triệu.
_PRICE = re.compile(
    r"(\d{1,3}(?:[., ]\d{3})+|\d+)(?:[.,](\d))? ?(k|nghin|ngan|tr|trieu)? ?(?:₫|d|dong|vnd)?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class FacetOption:
    """A filter option, and the number of products if it were the only choice of its facet.

    `label` may be HTML with a lang attribute.
    """

    value: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """The options of one facet. Those beyond `OPTIONS_SHOWN` are folded."""

    name: str
    label: str
    options: Sequence[FacetOption]

    @property
    def shown_options(self) -> Sequence[FacetOption]:
        return self.options[:OPTIONS_SHOWN]

    @property
    def further_options(self) -> Sequence[FacetOption]:
        return self.options[OPTIONS_SHOWN:]


class ProductFilters:
    """The filters of a URL applied to `product_ids` of the index. Invalid values are ignored.

    `subcategories` are the categories to choose from. Pass None as `delivering_cooperative_ids` if the
    buyer's location is unknown.
    """

    def __init__(
        self,
        query: QueryDict,
        product_ids: BitMap,
        index: FacetIndex,
        *,
        month: int,
        subcategories: Sequence[Category],
        delivering_cooperative_ids: Iterable[int] | None,
        paused_cooperative_ids: Iterable[int],
    ) -> None:
        self._query, self._index, self._subcategories = query, index, subcategories
        self._branches = filter_labels.find_products_by_category(subcategories, index)
        self._toggles = {
            IN_SEASON: index.seasonal_products(month),
            IN_STOCK: index.available - _any_of(index.cooperatives, paused_cooperative_ids),
            WITH_OCOP: union_sets(index.stars.values()),
        }
        if delivering_cooperative_ids is not None:
            self._toggles[DELIVERED] = _any_of(index.cooperatives, delivering_cooperative_ids)
        self._categories = self._values(CATEGORY, self._branches)
        self._cooperatives = filter_labels.read_cooperatives_by_slug(self._list(COOPERATIVE))
        self._provinces = self._values(PLACE, index.provinces)
        self._communes = self._values(COMMUNE, index.communes)
        self._bands = [int(band) for band in self._values(BAND, map(str, PRICE_BAND_STARTS))]
        self._units = self._values(UNIT, Unit.values)
        self._stars = [int(stars) for stars in self._values(STARS, ("3", "4", "5"))]
        self._certificates = self._values(CERTIFICATE, _OTHER_CERTIFICATES)
        self.lowest, self.highest = (_parse_price(query.get(name, "")) for name in (LOWEST, HIGHEST))
        self.invalid_prices = [
            name for name in (LOWEST, HIGHEST) if self._is_invalid_price(query.get(name, ""))
        ]
        self.selection = FacetSelection(product_ids, self._chosen())

    @staticmethod
    def _is_invalid_price(text: str) -> bool:
        """Return whether the text is neither empty nor a price."""
        return bool(text.strip()) and _parse_price(text) is None

    def _list(self, name: str) -> list[str]:
        """Return the well-formed values of a parameter, without repeats."""
        values = self._query.getlist(name)[:MAX_CHOSEN]
        return list(dict.fromkeys(value for value in values if _VALUE.fullmatch(value)))

    def _values(self, name: str, known_values: Iterable[object]) -> list[str]:
        value_set = known_values if isinstance(known_values, Container) else set(known_values)
        return [value for value in self._list(name) if value in value_set]

    def _chosen(self) -> dict[str, BitMap]:
        index = self._index
        sets: dict[str, BitMap] = {}
        if self._categories:
            sets[CATEGORY] = _any_of(self._branches, self._categories)
        if self._cooperatives:
            sets[COOPERATIVE] = _any_of(index.cooperatives, self._cooperatives.values())
        if self._provinces or self._communes:
            sets[PLACE] = self._products_in_places()
        if self._bands or self.lowest is not None or self.highest is not None:
            sets[BAND] = self._products_in_price_range()
        if self._units:
            sets[UNIT] = _any_of(index.units, self._units)
        if self._stars:
            sets[STARS] = _any_of(index.stars, self._stars)
        if self._certificates:
            sets[CERTIFICATE] = _any_of(index.certificates, self._certificates)
        return sets | {
            name: product_ids for name, product_ids in self._toggles.items() if self._query.get(name)
        }

    def _products_in_places(self) -> BitMap:
        """Return products of the chosen communes, and of chosen provinces without a chosen commune."""
        communes = _any_of(self._index.communes, self._communes)
        province_products = [self._index.provinces[code] for code in self._provinces]
        return communes | union_sets(
            product_ids for product_ids in province_products if product_ids.isdisjoint(communes)
        )

    def _products_in_price_range(self) -> BitMap:
        priced = self._index.priced(self.lowest, self.highest)
        return priced & _any_of(self._index.bands, self._bands) if self._bands else priced

    def toggles(self) -> dict[str, FacetOption]:
        """Return the on/off filters by name. DELIVERED counts no products while the location is unknown."""
        return {
            name: FacetOption(
                name,
                "",
                self.selection.count(name, self._toggles.get(name)),
                bool(self._query.get(name)),
            )
            for name in TOGGLES
        }

    def facets(self) -> list[Facet]:
        """Return the facets that offer a choice."""
        facets = [
            _facet(CATEGORY, _("Product type"), self.branches()),
            _facet(COOPERATIVE, _("Cooperative"), self._cooperative_options()),
            _facet(PLACE, _("Place of origin"), self._province_options()),
            _facet(COMMUNE, _("Commune or ward"), self._commune_options()),
            _facet(BAND, _("Price"), self._band_options()),
            _facet(UNIT, _("Sales unit"), self._unit_options()),
            _facet(STARS, _("OCOP stars"), self._stars_options()),
            _facet(CERTIFICATE, _("Certificate"), self._certificate_options()),
        ]
        return [facet for facet in facets if facet is not None]

    def branches(self) -> list[FacetOption]:
        """Return the categories to choose from, without empty ones."""
        names = {row.slug: translated(row, "name") for row in self._subcategories}
        return self._fixed_options(
            CATEGORY, names, self._branches, self._categories, lambda slug: names[slug]
        )

    def _cooperative_options(self) -> list[FacetOption]:
        return self._options(
            COOPERATIVE,
            self._index.cooperatives,
            self._cooperatives.values(),
            filter_labels.read_cooperative_labels,
        )

    def _province_options(self) -> list[FacetOption]:
        return self._options(
            PLACE, self._index.provinces, self._provinces, filter_labels.read_division_labels
        )

    def _commune_options(self) -> list[FacetOption]:
        """Return the communes of the chosen provinces, or of the only one that sells."""
        index = self._index
        provinces = self._provinces or ([*index.provinces] if len(index.provinces) == 1 else [])
        communes = {
            code: index.communes[code] for code in filter_labels.find_communes_with_products(provinces, index)
        }
        return self._options(PLACE, communes, self._communes, filter_labels.read_division_labels)

    def _band_options(self) -> list[FacetOption]:
        return self._fixed_options(
            BAND, PRICE_BAND_STARTS, self._index.bands, self._bands, filter_labels.price_band_label
        )

    def _unit_options(self) -> list[FacetOption]:
        return self._fixed_options(
            UNIT, Unit.values, self._index.units, self._units, filter_labels.unit_label
        )

    def _stars_options(self) -> list[FacetOption]:
        return self._fixed_options(
            STARS, (5, 4, 3), self._index.stars, self._stars, filter_labels.stars_label
        )

    def _certificate_options(self) -> list[FacetOption]:
        return self._fixed_options(
            CERTIFICATE,
            _OTHER_CERTIFICATES,
            self._index.certificates,
            self._certificates,
            filter_labels.certificate_label,
        )

    def _options(
        self,
        facet: str,
        sets: Sets,
        chosen_values: Iterable[object],
        label_options: Callable[[Sequence[Key]], filter_labels.OptionLabels],
    ) -> list[FacetOption]:
        """Return chosen options first, then by count, and at most as many as can be unfolded."""
        chosen_keys = set(chosen_values)
        counts = [(key, self.selection.count(facet, product_ids)) for key, product_ids in sets.items() if key]
        visible_counts = [(key, count) for key, count in counts if count or key in chosen_keys]
        visible_counts.sort(key=lambda entry: (entry[0] not in chosen_keys, -entry[1], str(entry[0])))
        names = label_options([key for key, _count in visible_counts[:MAX_OPTIONS]])
        return [
            FacetOption(*names[key], count, key in chosen_keys)
            for key, count in visible_counts[:MAX_OPTIONS]
            if key in names
        ]

    def _fixed_options(
        self,
        facet: str,
        keys: Iterable[Key],
        sets: Mapping[Key, BitMap],
        chosen_keys: Sequence[Key],
        label: Callable[[Key], str],
    ) -> list[FacetOption]:
        """Return options in a fixed order, without empty ones."""
        counts = [(key, self.selection.count(facet, sets.get(key))) for key in keys]
        return [
            FacetOption(str(key), label(key), count, key in chosen_keys)
            for key, count in counts
            if count or key in chosen_keys
        ]


_OTHER_CERTIFICATES = [kind.value for kind in CertificateKind if kind != CertificateKind.OCOP]


def _facet(name: str, label: str, options: Sequence[FacetOption]) -> Facet | None:
    """Return a facet, or None if there is nothing to choose."""
    if not options or (len(options) == 1 and not options[0].is_chosen):
        return None
    return Facet(name, label, options)


def _any_of(sets: Mapping[Key, BitMap], keys: Iterable[Key]) -> BitMap:
    return union_sets(sets[key] for key in keys if key in sets)


def _parse_price(text: str) -> int | None:
    """Parse a price such as `50.000`, `50k` or `1,5 triệu`, or None for anything else."""
    match = _PRICE.fullmatch(fold(text[:60]))
    if match is None or (match[2] and not match[3]):
        return None
    size = 1 if match[3] is None else 1_000_000 if match[3].startswith("tr") else 1_000
    whole_amount = int(re.sub(r"\D", "", match[1]))
    return min(whole_amount * size + int(match[2] or 0) * size // 10, MAX_PRICE)
