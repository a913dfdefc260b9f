"""Addresses as they were written before 1 July 2025, and the communes of today that they may mean."""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from shop.core.models.geography import Division, FormerPlace, Level, bare_name
from shop.core.texts.folding import fold

MOST = 12  # suggestions; whoever has more of them writes what was above the commune, too
LONGEST = 200  # letters of an address that are read

_BETWEEN = re.compile(r"[,;\n]")
# Where people write no commas, the next part begins with its type. "quan" alone is in too many names.
_NEXT = re.compile(
    r"\s+(?=(?:(?<!thị )xã|phường|thị trấn|huyện|quận|thị xã|tỉnh|thành phố|tp\.?)\s+\S)", re.IGNORECASE
)
_NEXT_UNMARKED = re.compile(
    r"\s+(?=(?:(?<!thi )xa|phuong|thi tran|huyen|thi xa|tinh|thanh pho|tp\.?)\s+\S)", re.IGNORECASE
)
_COMMUNE_TYPES = {
    "xa": re.compile(r"^(?:xa\b|x\.)"),
    "phuong": re.compile(r"^(?:phuong\b|p\.)"),
    "thi tran": re.compile(r"^(?:thi tran\b|tt\.?\s)"),
    "dac khu": re.compile(r"^dac khu\b"),
}
_ABOVE = re.compile(r"^(?:huyen|quan|thi xa|tinh|thanh pho|tx|tp|[hqt]\.)(?=\W)")
_SHORT = {"hcm": "ho chi minh", "sai gon": "ho chi minh", "hn": "ha noi"}


@dataclass(slots=True)
class Suggestion:
    """A commune of today, the former places that the address names, and what was written before them.

    `street` is the hamlet or house ("thôn Nà Ít"), to be kept.
    """

    commune: Division
    street: str
    former: list[FormerPlace] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Part:
    written: str
    folded: str

    @property
    def name(self) -> str:
        bare = bare_name(self.folded)
        return _SHORT.get(bare, bare)

    @property
    def commune_type(self) -> str:
        """The type of commune that is written before the name, "" where none is."""
        return next((word for word, start in _COMMUNE_TYPES.items() if start.match(self.folded)), "")

    @property
    def is_above(self) -> bool:
        """Whether a district's or a province's type is written before the name."""
        return bool(_ABOVE.match(self.folded))


def suggest_from_old(text: str, *, on: datetime.date) -> list[Suggestion]:
    """The communes in force on a day that an old address may mean, in the order of the alphabet.

    `text` is a commune with or without what was around it: "thôn Nà Ít, xã Vi Hương, huyện Bạch Thông, tỉnh
    Bắc Kạn", "Vi Hương, Bắc Kạn"; marks, types and commas may be missing. District and province, old or
    new, narrow the answer. Where a commune was divided, each of its heirs is in it: the person chooses, never
    the program. Three queries.
    """
    parts = _parts(text[:LONGEST])
    names = {part.name for part in parts}
    if not names:
        return []
    provinces = _province_names()
    current = Division.objects.current(on=on).filter(level=Level.COMMUNE)
    former = (
        FormerPlace.objects.filter(folded__in=names, division__in=current)
        .select_related("division__parent")
        .order_by("division__sort_key", "division", "pk")
    )
    found = _by_name(former, current.filter(folded__in=names).select_related("parent").in_order())
    for place in _candidates(parts, provinces):
        part, above = parts[place], {each.name for each in parts[place + 1 :]}
        hits = _narrowed(found.get(part.name, []), part.commune_type, above, provinces)
        if hits:
            street = ", ".join(each.written for each in parts[:place])
            return _suggestions(hits, street)[:MOST]
    return []


def _parts(text: str) -> list[_Part]:
    text = unicodedata.normalize("NFC", text)
    between = _NEXT if fold(text) != " ".join(text.lower().split()) else _NEXT_UNMARKED
    pieces = [piece for chunk in _BETWEEN.split(text) for piece in between.split(chunk)]
    written = [" ".join(piece.split()).strip(" .") for piece in pieces]
    return [_Part(piece, fold(piece)) for piece in written if piece]


def _province_names() -> set[str]:
    """Every province of today and before, folded."""
    rows = Division.objects.filter(level=Level.PROVINCE).values_list("folded", "former_places__folded")
    return {name for pair in rows for name in pair if name}


def _candidates(parts: Sequence[_Part], provinces: Collection[str]) -> Iterable[int]:
    """The places of the parts that may be the commune, likeliest first."""
    typed = [place for place, part in enumerate(parts) if part.commune_type]
    if typed:
        return typed
    last = len(parts) - 1
    return [
        place
        for place, part in enumerate(parts)
        if not part.is_above and not (place == last > 0 and part.name in provinces)
    ]


@dataclass(frozen=True, slots=True)
class _Hit:
    """A commune of today, by its own name or by that of a former place."""

    commune: Division
    former: FormerPlace | None = None

    @property
    def provinces(self) -> set[str]:
        named = {self.commune.parent.folded} if self.commune.parent else set()
        return named | ({fold(self.former.province)} if self.former else set())

    @property
    def district(self) -> str:
        return bare_name(fold(self.former.district)) if self.former else ""

    @property
    def type_word(self) -> str:
        return fold(self.former.type_word if self.former else self.commune.type_word)


def _by_name(former: Iterable[FormerPlace], current: Iterable[Division]) -> dict[str, list[_Hit]]:
    found: dict[str, list[_Hit]] = {}
    for place in former:
        found.setdefault(place.folded, []).append(_Hit(place.division, place))
    for commune in current:
        found.setdefault(commune.folded, []).append(_Hit(commune))
    return found


def _narrowed(
    hits: Sequence[_Hit], type_word: str, above: Collection[str], provinces: Collection[str]
) -> Sequence[_Hit]:
    """Those in the province that is named, if one is; of these those of the district and type, if any."""
    if any(name in provinces for name in above):
        hits = [hit for hit in hits if hit.provinces & set(above)]
    hits = [hit for hit in hits if hit.district in above] or hits
    return [hit for hit in hits if hit.type_word == type_word] or hits


def _suggestions(hits: Iterable[_Hit], street: str) -> list[Suggestion]:
    found: dict[int, Suggestion] = {}
    for hit in hits:
        suggestion = found.setdefault(hit.commune.pk, Suggestion(hit.commune, street))
        if hit.former is not None:
            suggestion.former.append(hit.former)
    return sorted(found.values(), key=lambda each: (each.commune.sort_key, each.commune.pk))
