"""Match addresses written before 1 July 2025 to today's communes."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from shop.core.models.geography import Division, DivisionLevel, FormerPlace, remove_type_word
from shop.core.texts.folding import fold

MAX_SUGGESTIONS = 12  # if more communes match, the person adds the district or the province
MAX_READ_CHARACTERS = 200

_SEPARATORS = re.compile(r"[,;\n]")
# Without commas, the next part begins with its type. "quan" alone occurs in too many names.
_NEXT_TYPE = re.compile(
    r"\s+(?=(?:(?<!thị )xã|phường|thị trấn|huyện|quận|thị xã|tỉnh|thành phố|tp\.?)\s+\S)", re.IGNORECASE
)
_NEXT_TYPE_FOLDED = re.compile(
    r"\s+(?=(?:(?<!thi )xa|phuong|thi tran|huyen|thi xa|tinh|thanh pho|tp\.?)\s+\S)", re.IGNORECASE
)
_COMMUNE_TYPES = {
    "xa": re.compile(r"^(?:xa\b|x\.)"),
    "phuong": re.compile(r"^(?:phuong\b|p\.)"),
    "thi tran": re.compile(r"^(?:thi tran\b|tt\.?\s)"),
    "dac khu": re.compile(r"^dac khu\b"),
}
_UPPER_TYPES = re.compile(r"^(?:huyen|quan|thi xa|tinh|thanh pho|tx|tp|[hqt]\.)(?=\W)")
_ABBREVIATIONS = {"hcm": "ho chi minh", "sai gon": "ho chi minh", "hn": "ha noi"}


@dataclass(slots=True)
class Suggestion:
    """A commune of today, the former places that match the address, and the text before them.

    `street` is the hamlet or house ("thôn Nà Ít"), which is kept.
    """

    commune: Division
    street: str
    former: list[FormerPlace] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _AddressPart:
    entered: str
    folded: str

    @property
    def name(self) -> str:
        bare = remove_type_word(self.folded)
        return _ABBREVIATIONS.get(bare, bare)

    @property
    def commune_type(self) -> str:
        """The commune type written before the name, or ""."""
        return next((word for word, start in _COMMUNE_TYPES.items() if start.match(self.folded)), "")

    @property
    def has_upper_type(self) -> bool:
        """Whether a district or province type is written before the name."""
        return bool(_UPPER_TYPES.match(self.folded))


def suggest_communes(text: str, *, day: datetime.date) -> list[Suggestion]:
    """Return the communes in force on a day that match an old address, in alphabetical order.

    `text` is a commune with or without its surroundings, such as "thôn Nà Ít, xã Vi Hương, huyện Bạch Thông,
    tỉnh Bắc Kạn" or "Vi Hương, Bắc Kạn". Diacritics, types and commas may be missing. District and province,
    old or new, narrow the result. If a commune was divided, every successor is returned and the person
    chooses. Runs three queries.
    """
    parts = _split_parts(text[:MAX_READ_CHARACTERS])
    names = {part.name for part in parts}
    if not names:
        return []
    provinces = _read_province_names()
    current = Division.objects.current(day=day).filter(level=DivisionLevel.COMMUNE)
    former_places = (
        FormerPlace.objects.filter(folded__in=names, division__in=current)
        .select_related("division__parent")
        .order_by("division__sort_key", "division", "pk")
    )
    matches_by_name = _group_by_name(
        former_places, current.filter(folded__in=names).select_related("parent").in_order()
    )
    for position in _commune_candidates(parts, provinces):
        part, names_above = parts[position], {above.name for above in parts[position + 1 :]}
        matches = _narrow_matches(
            matches_by_name.get(part.name, []), part.commune_type, names_above, provinces
        )
        if matches:
            street = ", ".join(below.entered for below in parts[:position])
            return _suggestions(matches, street)[:MAX_SUGGESTIONS]
    return []


def _split_parts(text: str) -> list[_AddressPart]:
    text = unicodedata.normalize("NFC", text)
    separator = _NEXT_TYPE if fold(text) != " ".join(text.lower().split()) else _NEXT_TYPE_FOLDED
    parts = [piece for chunk in _SEPARATORS.split(text) for piece in separator.split(chunk)]
    entered = [" ".join(piece.split()).strip(" .") for piece in parts]
    return [_AddressPart(piece, fold(piece)) for piece in entered if piece]


def _read_province_names() -> set[str]:
    """Return the folded names of all current and former provinces."""
    rows = Division.objects.filter(level=DivisionLevel.PROVINCE).values_list(
        "folded", "former_places__folded"
    )
    return {name for names in rows for name in names if name}


def _commune_candidates(parts: Sequence[_AddressPart], provinces: Collection[str]) -> Iterable[int]:
    """Return the indexes of parts that may name the commune, likeliest first."""
    typed = [position for position, part in enumerate(parts) if part.commune_type]
    if typed:
        return typed
    last = len(parts) - 1
    return [
        position
        for position, part in enumerate(parts)
        if not part.has_upper_type and not (position == last > 0 and part.name in provinces)
    ]


@dataclass(frozen=True, slots=True)
class CommuneMatch:
    """A match of a commune, by its own name or by a former place's name."""

    commune: Division
    former: FormerPlace | None = None

    @property
    def provinces(self) -> set[str]:
        province_names = {self.commune.parent.folded} if self.commune.parent else set()
        return province_names | ({fold(self.former.province)} if self.former else set())

    @property
    def district(self) -> str:
        return remove_type_word(fold(self.former.district)) if self.former else ""

    @property
    def type_word(self) -> str:
        return fold(self.former.type_word if self.former else self.commune.type_word)


def _group_by_name(
    former_places: Iterable[FormerPlace], current: Iterable[Division]
) -> dict[str, list[CommuneMatch]]:
    matches_by_name: dict[str, list[CommuneMatch]] = {}
    for former_place in former_places:
        matches_by_name.setdefault(former_place.folded, []).append(
            CommuneMatch(former_place.division, former_place)
        )
    for commune in current:
        matches_by_name.setdefault(commune.folded, []).append(CommuneMatch(commune))
    return matches_by_name


def _narrow_matches(
    matches: Sequence[CommuneMatch], type_word: str, names_above: Collection[str], provinces: Collection[str]
) -> Sequence[CommuneMatch]:
    """Narrow matches by province, perhaps to none, then by district and type.

    A district or type without matches is ignored.
    """
    if any(name in provinces for name in names_above):
        matches = [match for match in matches if match.provinces & set(names_above)]
    matches = [match for match in matches if match.district in names_above] or matches
    return [match for match in matches if match.type_word == type_word] or matches


def _suggestions(matches: Iterable[CommuneMatch], street: str) -> list[Suggestion]:
    suggestions_by_commune: dict[int, Suggestion] = {}
    for match in matches:
        suggestion = suggestions_by_commune.setdefault(match.commune.pk, Suggestion(match.commune, street))
        if match.former is not None:
            suggestion.former.append(match.former)
    return sorted(
        suggestions_by_commune.values(),
        key=lambda suggestion: (suggestion.commune.sort_key, suggestion.commune.pk),
    )
