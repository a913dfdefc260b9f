"""Load the communes and provinces that phrases may name, by current and by former names."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from shop.core.geography.old_addresses import CommuneMatch
from shop.core.models.geography import Division, DivisionLevel, FormerPlace, remove_type_word
from shop.core.texts.folding import fold


@dataclass(frozen=True, slots=True)
class NamedPlaces:
    """Places by folded name. `provinces` holds for each current or former name the current provinces.

    `districts` holds the communes with an area of a former district.
    """

    communes: Mapping[str, Sequence[CommuneMatch]]
    provinces: Mapping[str, Sequence[Division]]
    districts: Mapping[str, Sequence[CommuneMatch]]


def load_named_places(phrases: Collection[str], *, day: datetime.date) -> NamedPlaces:
    """Load the places with one of the folded names. It takes six queries."""
    current = Division.objects.current(day=day)
    communes: dict[str, list[CommuneMatch]] = {}
    current_communes = current.filter(level=DivisionLevel.COMMUNE, folded__in=phrases)
    for commune in current_communes.select_related("parent").in_order():
        communes.setdefault(commune.folded, []).append(CommuneMatch(commune))
    former_places = FormerPlace.objects.filter(division__level=DivisionLevel.COMMUNE, division__in=current)
    former_places = former_places.select_related("division__parent").order_by("division__sort_key", "pk")
    for former in former_places.filter(folded__in=phrases):
        communes.setdefault(former.folded, []).append(CommuneMatch(former.division, former))
    provinces: dict[str, list[Division]] = {}
    for province in current.provinces().prefetch_related("former_places"):
        for name in {province.folded, *(former.folded for former in province.former_places.all())}:
            provinces.setdefault(name, []).append(province)
    names = FormerPlace.objects.exclude(district="").order_by().values_list("district", flat=True).distinct()
    named = {name for name in names if remove_type_word(fold(name)) in phrases}
    districts: dict[str, list[CommuneMatch]] = {}
    for former in former_places.filter(district__in=named):
        name = remove_type_word(fold(former.district))
        districts.setdefault(name, []).append(CommuneMatch(former.division, former))
    return NamedPlaces(communes=communes, provinces=provinces, districts=districts)
