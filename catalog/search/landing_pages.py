"""Find the page that a query names, such as a certificate, a province, a cooperative or the season."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.text import capfirst
from pyroaring import BitMap

from catalog.search.facet_index import FacetIndex, union_sets
from catalog.search.query_phrases import query_phrases, without_opening_phrases, without_start
from cooperatives.models import CertificateKind, Cooperative
from shop.core.models.geography import Division, DivisionLevel
from shop.core.texts.folding import folded_words, slugify

_STARS = re.compile(r"(?:ocop )?([345]) (?:sao|stars?)(?: ocop)?|ocop ([345])(?: sao| stars?)?")
_MAX_WORDS = 8


class LandingKind(StrEnum):
    OCOP = "ocop"
    CERTIFICATE = "certificate"
    PROVINCE = "province"
    COOPERATIVE = "cooperative"
    COOPERATIVES = "cooperatives"
    SEASONS = "seasons"


@dataclass(frozen=True, slots=True)
class LandingPage:
    """A page that a query names, and the page's products.

    `stars` is set for the page of OCOP stars. `certificate` is a `CertificateKind`. A province may have no
    products.
    """

    kind: LandingKind
    product_ids: BitMap = field(default_factory=BitMap)
    stars: int | None = None
    certificate: str = ""
    province: Division | None = None
    former_name: str = ""
    cooperative: Cooperative | None = None

    @property
    def product_count(self) -> int:
        return len(self.product_ids)

    @property
    def province_slug(self) -> str:
        return slugify(self.province.name) if self.province else ""

    @property
    def certificate_label(self) -> str:
        return capfirst(str(CertificateKind(self.certificate).label)) if self.certificate else ""


def find_landing_page(
    query: str, index: FacetIndex, cooperatives: Collection[Cooperative] = ()
) -> LandingPage | None:
    """Return the page that the query names. `cooperatives` are those that match the query."""
    words = folded_words(query[:200])
    if not words or len(words) > _MAX_WORDS:
        return None
    names = without_opening_phrases(" ".join(words))
    pages = (_fixed_page(name, index) or _province_page(name, index) for name in names)
    page = next(filter(None, pages), None)
    return page or next(filter(None, (_cooperative_page(name, index, cooperatives) for name in names)), None)


def _fixed_page(name: str, index: FacetIndex) -> LandingPage | None:
    phrases = query_phrases()
    stars = _STARS.fullmatch(name)
    if stars:
        count = int(stars[1] or stars[2])
        return LandingPage(LandingKind.OCOP, index.stars.get(count, BitMap()), stars=count)
    if name in phrases.ocop:
        return LandingPage(LandingKind.OCOP, union_sets(index.stars.values()))
    if kind := phrases.certificates.get(name):
        return LandingPage(LandingKind.CERTIFICATE, index.certificates.get(kind, BitMap()), certificate=kind)
    if name in phrases.seasons:
        return LandingPage(LandingKind.SEASONS)
    return LandingPage(LandingKind.COOPERATIVES) if name in phrases.cooperatives else None


def _province_page(name: str, index: FacetIndex) -> LandingPage | None:
    """Return a province's page by its name or, if it has products, by a name before the mergers of 2025."""
    joined_name = name.replace(" ", "")
    province = index.provinces_by_name.get(joined_name)
    if province is not None:
        return LandingPage(LandingKind.PROVINCE, index.products_from(province), province=province)
    for place in index.places:
        former_place = next(
            (former_place for former_place in place.former if former_place.joined == joined_name), None
        )
        if place.division.level == DivisionLevel.PROVINCE and former_place is not None:
            products = index.products_from(place.division)
            return LandingPage(
                LandingKind.PROVINCE, products, province=place.division, former_name=former_place.full_name
            )
    return None


def _cooperative_page(
    name: str, index: FacetIndex, cooperatives: Collection[Cooperative]
) -> LandingPage | None:
    own_name = _own_name(name)
    for cooperative in cooperatives:
        if own_name == _own_name(" ".join(folded_words(cooperative.name))):
            products = index.cooperatives.get(cooperative.pk, BitMap())
            return LandingPage(LandingKind.COOPERATIVE, products, cooperative=cooperative)
    return None


def _own_name(folded_name: str) -> str:
    """Return a cooperative's name without its type and spaces. "HTX Thiên An" gives "thienan"."""
    return without_start(folded_name, query_phrases().seller_types).replace(" ", "")
