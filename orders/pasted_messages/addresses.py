"""Read the address of a message: what is before the commune, the commune or several, and the province."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orders.pasted_messages.message_tokens import Message
from orders.pasted_messages.vocabulary import read_vocabulary
from shop.core.geography.named_places import NamedPlaces
from shop.core.geography.old_addresses import CommuneMatch
from shop.core.models.geography import Division

_MAX_NAME_WORDS = 5
_MAX_CHOICES = 12
_COMMUNE_TYPES = {
    **dict.fromkeys(["xa", "x"], "xa"),
    **dict.fromkeys(["phuong", "p", "f"], "phuong"),
    **dict.fromkeys(["thi tran", "tt"], "thi tran"),
    "dac khu": "dac khu",
}
_UPPER_TYPES = ("huyen", "h", "quan", "q", "thi xa", "tx", "thanh pho", "tp", "tinh", "t")
_STREET_TYPES = frozenset(["duong", "pho", "ngo", "hem", "ngach", "so"])
_HAMLETS = frozenset(["thon", "xom", "ap"])
_MIN_SCORE = 3.5
_MAX_STREET_TOKENS = 40


@dataclass(frozen=True, slots=True)
class ReadAddress:
    """An address as read: the communes of today that it may be in, one if it is certain.

    `street` is the hamlet, street or house. Without a commune, `province` may be known.
    """

    street: str
    communes: Sequence[Division]
    province: Division | None

    @property
    def commune(self) -> Division | None:
        """The commune if it is certain."""
        return self.communes[0] if len(self.communes) == 1 else None


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Tokens that may name a commune: where its type or name begins, and where the address ends."""

    first: int
    last: int
    matches: Sequence[CommuneMatch]
    score: float


@dataclass(frozen=True, slots=True)
class _Upper:
    """The districts and provinces that follow a commune, and the position after them."""

    names: frozenset[str]
    districts: frozenset[str]
    provinces: frozenset[str]
    last: int


def place_phrases(message: Message) -> set[str]:
    """Return all phrases of a message that may be a place's name."""
    tokens = message.tokens
    phrases = set[str]()
    for first in range(len(tokens)):
        for last in range(first + 1, min(first + _MAX_NAME_WORDS, len(tokens)) + 1):
            if not (tokens[last - 1].is_word or tokens[last - 1].is_number):
                break
            phrases.add(_phrase(message, first, last))
    for names in read_vocabulary().provinces.values():
        phrases.update(names)
    return phrases


def read_address(message: Message, places: NamedPlaces) -> ReadAddress | None:
    """Return the likeliest address of a message, and mark its tokens. There may be none."""
    candidates = _candidates(message, places)
    best = max(candidates, key=lambda candidate: (candidate.score, -candidate.first), default=None)
    if best is None or best.score < _MIN_SCORE:
        return _read_district(message, places) or _read_province(message, places) or _read_street(message)
    communes = list({match.commune.pk: match.commune for match in best.matches}.values())
    street_first = _street_start(message, best.first)
    street = message.written(street_first, best.first).strip(" ,.-;:")
    message.use(street_first, best.last, "address")
    provinces = {commune.parent_id: commune.parent for commune in communes}
    province = next(iter(provinces.values())) if len(provinces) == 1 else None
    return ReadAddress(street, tuple(communes[:_MAX_CHOICES]), province)


def _phrase(message: Message, first: int, last: int) -> str:
    return " ".join(token.folded for token in message.tokens[first:last])


def _candidates(message: Message, places: NamedPlaces) -> list[_Candidate]:
    found: list[_Candidate] = []
    for first in range(len(message.tokens)):
        for last in range(first + 1, min(first + _MAX_NAME_WORDS, len(message.tokens)) + 1):
            if not message.is_free(last - 1) or not message.is_free(first):
                break
            matches = places.communes.get(_phrase(message, first, last))
            if matches and (candidate := _candidate(message, places, first, last, matches)):
                found.append(candidate)
    return found


def _candidate(
    message: Message, places: NamedPlaces, first: int, last: int, matches: Sequence[CommuneMatch]
) -> _Candidate | None:
    tokens = message.tokens
    name_first, commune_type = _type_before(message, first)
    upper = _read_upper(message, places, last)
    name = _phrase(message, first, last)
    if tokens[first].is_number and commune_type != "phuong":
        return None
    if not commune_type:
        is_short = last - first == 1 and not upper.names
        is_short = is_short or (first > 0 and tokens[first - 1].folded in ("huyen", "quan", "h", "q"))
        if is_short or name in places.provinces or _is_street_before(message, first):
            return None
    if upper.provinces:
        matches = [match for match in matches if _is_in_provinces(match, upper.provinces, places)]
        if not matches:
            return None
    in_district = [match for match in matches if match.district and match.district in upper.names]
    if upper.districts and not in_district:
        # Nobody knows a former commune of this name in the district that was written.
        matches = [match for match in matches if match.former is None]
        matches = matches or [row for district in upper.districts for row in places.districts[district]]
    matches = in_district or matches
    if commune_type:
        matches = [match for match in matches if match.type_word == commune_type] or matches
    elif not in_district:
        # "Bạch Thông, Bắc Kạn" is the former district as well as the commune of today.
        of_district = places.districts.get(name, ())
        matches = [
            *matches,
            *(row for row in of_district if not upper.provinces or row.provinces & upper.provinces),
        ]
    written = message.written(first, last).lower()
    has_marks = written != name
    shown = {(match.former or match.commune).name.lower() for match in matches}
    if has_marks and written not in shown:
        return None
    score = 3.0 * bool(commune_type) + 3 * bool(upper.provinces) + 2 * bool(in_district)
    score += 0.5 * (last - first) + has_marks + 2 * _is_after_start(message, name_first)
    return _Candidate(first=name_first, last=upper.last, matches=matches, score=score)


def _is_in_provinces(match: CommuneMatch, names: frozenset[str], places: NamedPlaces) -> bool:
    """Return whether a commune is in one of these provinces. A former name means today's province too.

    A former commune that had this province's former name is in it, and not others that joined it since.
    """
    if match.provinces & names:
        return True
    current = {row.pk for name in names for row in places.provinces.get(name, ())}
    return match.former is None and match.commune.parent_id in current


def _type_before(message: Message, first: int) -> tuple[int, str]:
    """Return where the type before a name begins, and the type: "thi tran" of "TT Phủ Thông"."""
    tokens = message.tokens
    position = first - 1
    if position >= 1 and tokens[position].text == ".":
        position -= 1
    if position >= 1 and message.is_free(position - 1):
        two = f"{tokens[position - 1].folded} {tokens[position].folded}"
        if two in _COMMUNE_TYPES:
            return position - 1, _COMMUNE_TYPES[two]
    if position >= 0 and message.is_free(position) and tokens[position].folded in _COMMUNE_TYPES:
        is_district = (
            position >= 1 and tokens[position].folded == "xa" and tokens[position - 1].folded == "thi"
        )
        if not is_district:
            return position, _COMMUNE_TYPES[tokens[position].folded]
    return first, ""


def _read_upper(message: Message, places: NamedPlaces, position: int) -> _Upper:
    """Read the district and province after a commune: ", huyện Bạch Thông, tỉnh Bắc Kạn"."""
    names, districts, provinces, last = set[str](), set[str](), set[str](), position
    for _step in range(3):
        found = _read_upper_name(message, places, last)
        if found is None:
            break
        name, of_provinces, last = found
        names.add(name)
        provinces |= of_provinces
        if not of_provinces:
            districts.add(name)
    return _Upper(
        names=frozenset(names | provinces),
        districts=frozenset(districts),
        provinces=frozenset(provinces),
        last=last,
    )


def _read_upper_name(
    message: Message, places: NamedPlaces, position: int
) -> tuple[str, frozenset[str], int] | None:
    tokens = message.tokens
    while position < len(tokens) and tokens[position].text in ",.-–/(;\n":
        position += 1
    typed = message.position_after(position, _UPPER_TYPES)
    has_type = typed > position
    while has_type and typed < len(tokens) and tokens[typed].text == ".":
        typed += 1
    for first in (typed, position) if has_type else (position,):
        for last in range(min(first + _MAX_NAME_WORDS, len(tokens)), first, -1):
            if not all(message.is_free(place) for place in range(first, last)):
                continue
            phrase = _phrase(message, first, last)
            names = _province_names(phrase, places)
            if names:
                return phrase, names, last
            if phrase in places.districts and (has_type or not phrase.isdecimal()):
                return phrase, frozenset(), last
    return None


def _province_names(phrase: str, places: NamedPlaces) -> frozenset[str]:
    """Return the folded names of the provinces that a phrase names, current or former."""
    short = read_vocabulary().provinces.get(phrase)
    if short:
        return frozenset(short)
    return frozenset([phrase]) if phrase in places.provinces else frozenset()


def _is_street_before(message: Message, first: int) -> bool:
    """Return whether a name is of a street: after a number or "đường", "phố"."""
    if first == 0 or not message.is_free(first - 1):
        return False
    token = message.tokens[first - 1]
    return token.is_number or token.folded in _STREET_TYPES


def _is_after_start(message: Message, first: int) -> bool:
    """Return whether an address was announced: "ship về", "ở", "địa chỉ:"."""
    position = first
    while position > 0 and message.tokens[position - 1].text != "\n" and first - position < 16:
        position -= 1
        is_start = message.is_free(position) and _is_start(message, position)
        if is_start or message.uses[position] == "address label":
            return True
    return False


def _is_start(message: Message, position: int) -> bool:
    return read_vocabulary().address_starts.has(message.tokens[position])


def _street_start(message: Message, commune: int) -> int:
    """Return where the address begins, before the commune: at "thôn", "ngõ", "số" or a house number."""
    start = commune
    first, last = _piece_before(message, commune)
    while True:
        found = _start_in_piece(message, first, last) if first < last else None
        if found is not None:
            start = found
        is_over = found is None and first < last
        boundary = first - 1
        if is_over or (found is not None and found > first) or boundary < 0 or not message.is_free(boundary):
            return start
        if message.tokens[boundary].text in ".!?" and start < commune:
            return start
        if commune - boundary > _MAX_STREET_TOKENS:
            return start
        first, last = _piece_before(message, boundary)


def _piece_before(message: Message, end: int) -> tuple[int, int]:
    """Return the free tokens before a position, back to the separator before them."""
    first = end
    while first > 0 and message.is_free(first - 1) and not message.ends_piece(first - 1):
        first -= 1
    return first, end


def _start_in_piece(message: Message, first: int, last: int) -> int | None:
    """Return where the address begins in a piece, or None if the piece is no part of it."""
    tokens, vocabulary = message.tokens, read_vocabulary()
    starts = [position for position in range(first, last) if _is_start(message, position)]
    begin, has_goods = starts[-1] + 1 if starts else first, False
    for position in range(begin, last):
        token = tokens[position]
        if token.is_number:
            has_goods = has_goods or _is_amount(message, position)
            is_code = token.is_glued and position > 0 and tokens[position - 1].is_word
            if not has_goods and not is_code:
                return position
        elif vocabulary.is_street_word(message, position):
            return position
    return begin if starts and begin < last and not has_goods else None


def _is_amount(message: Message, position: int) -> bool:
    """Return whether a number is of goods: a unit in small letters follows."""
    if position + 1 >= len(message.tokens):
        return False
    vocabulary, following = read_vocabulary(), message.tokens[position + 1]
    is_unit = following.folded in vocabulary.grams or following.folded in vocabulary.packs
    return is_unit and following.text[0].islower() and not vocabulary.is_street_word(message, position + 1)


def _read_district(message: Message, places: NamedPlaces) -> ReadAddress | None:
    """Read an address that names only a former district: its communes are choices."""
    for first in range(len(message.tokens)):
        typed = message.position_after(first, _UPPER_TYPES)
        if not message.is_free(first):
            continue
        found = _read_upper_name(message, places, first)
        if found is None or found[1] or typed == first:
            continue
        upper = _read_upper(message, places, found[2])
        matches = [
            match
            for match in places.districts[found[0]]
            if not upper.provinces or match.provinces & upper.provinces
        ]
        communes = list({match.commune.pk: match.commune for match in matches}.values())
        if communes:
            street_first = _street_start(message, first)
            street = message.written(street_first, first).strip(" ,.-;:")
            message.use(street_first, upper.last, "address")
            return ReadAddress(street, tuple(communes[:_MAX_CHOICES]), communes[0].parent)
    return None


def _read_province(message: Message, places: NamedPlaces) -> ReadAddress | None:
    """Read an address that names only a province: "ship Hà Nội"."""
    for first in range(len(message.tokens)):
        if not message.is_free(first):
            continue
        found = _read_upper_name(message, places, first)
        if found is None or not found[1] or (found[2] - first == 1 and not _is_after_start(message, first)):
            continue
        provinces = {row.pk: row for name in found[1] for row in places.provinces.get(name, ())}
        street_first = _street_start(message, first)
        street = message.written(street_first, first).strip(" ,.-;:")
        message.use(street_first, found[2], "address")
        province = next(iter(provinces.values())) if len(provinces) == 1 else None
        return ReadAddress(street, (), province)
    return None


def _read_street(message: Message) -> ReadAddress | None:
    """Read an address without commune and province: "thôn Nà Ít", or what follows a label."""
    for first, last in message.pieces():
        for position in range(first, last):
            is_labelled = message.uses[position] == "address label" and position + 1 < last
            begin = position + 1 if is_labelled else position
            is_hamlet = message.is_free(position) and message.tokens[position].folded in _HAMLETS
            is_hamlet = is_hamlet and (position == first or _is_start(message, position - 1))
            if not (is_labelled or is_hamlet) or not message.is_free(begin) or begin + 1 >= last:
                continue
            end = begin
            while end < last and message.is_free(end):
                end += 1
            street = message.written(begin, end).strip(" ,.-;:")
            message.use(begin, end, "address")
            return ReadAddress(street, (), None)
    return None
