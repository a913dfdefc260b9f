"""Find communes while their name is typed, by new and by former names."""

from __future__ import annotations

import datetime
import re

from django.db.models import Case, Q, Value, When

from shop.core.geography.old_addresses import MAX_READ_CHARACTERS, Suggestion, suggest_communes
from shop.core.models.geography import Division, DivisionLevel, FormerPlace, remove_type_word
from shop.core.texts.folding import fold

MAX_FOUND = 8
_MIN_LETTERS = 2
_MAX_ROWS = 60
_SEPARATORS = re.compile(r"[^a-z0-9]+")
_DISTRICT_TYPES = ("quan ", "huyen ", "thi xa ")


def find_communes(text: str, *, province_code: str, day: datetime.date) -> list[Suggestion]:
    """Return at most `MAX_FOUND` communes in force on a day that match what was typed so far.

    Each word begins a word of the commune's new or former name, or of its province's. Names that begin with
    the text come first. Among these, the order is: communes of `province_code`, if one is chosen, whole
    names, communes of the type typed ("phường"), new names, and those with the diacritics as typed. A former
    district such as "quận 1" finds the communes of its area. A whole old address such as "thôn Nà Ít, xã Vi
    Hương, Bắc Kạn" is matched by `suggest_communes`. It takes at most five queries.
    """
    text = text[:MAX_READ_CHARACTERS]
    folded_text = " ".join(fold(text).split())
    folded = remove_type_word(folded_text)
    words = [word for word in _SEPARATORS.split(folded) if word]
    found = _find_by_district(folded_text, day) if folded_text.startswith(_DISTRICT_TYPES) else []
    if not found and len("".join(words)) < _MIN_LETTERS:
        return []
    found = found or (suggest_communes(text, day=day) if "," in text else [])
    found = found or _find_by_words(folded, words, province_code, day)
    found = found or suggest_communes(text, day=day)

    def rank(suggestion: Suggestion) -> tuple[bool, bool, bool, bool, bool, bool, str, int]:
        commune = suggestion.commune
        names = [commune.folded, *(former.folded for former in suggestion.former)]
        shown = " ".join([commune.full_name, *(former.name for former in suggestion.former)])
        return (
            not any(name.startswith(folded) for name in names),
            bool(province_code) and commune.parent is not None and commune.parent.code != province_code,
            folded not in names,
            folded_text != folded and not fold(commune.full_name).startswith(folded_text),
            not commune.folded.startswith(folded),
            text.strip().lower() not in shown.lower(),
            commune.sort_key,
            commune.pk,
        )

    return sorted(found, key=rank)[:MAX_FOUND]


def _find_by_words(folded: str, words: list[str], province_code: str, day: datetime.date) -> list[Suggestion]:
    """Return communes with words in their names, or their provinces' names, that begin with these words.

    If there are many, those that begin with the whole text and those of the chosen province are kept.
    """
    current = Division.objects.current(day=day).filter(level=DivisionLevel.COMMUNE)
    first, *others = words
    by_new_name = _word_filter("folded", first)
    by_former_name = _word_filter("folded", first)
    for word in others:
        by_new_name &= _word_filter("folded", word) | _word_filter("parent__folded", word)
        by_former_name &= (
            _word_filter("folded", word)
            | _word_filter("division__folded", word)
            | _word_filter("division__parent__folded", word)
        )
    suggestions = {
        commune.pk: Suggestion(commune, "")
        for commune in current.filter(by_new_name)
        .select_related("parent")
        .order_by(
            _last_unless(folded__startswith=folded), _last_unless(parent__code=province_code), "sort_key"
        )[:_MAX_ROWS]
    }
    former_places = (
        FormerPlace.objects.filter(by_former_name, division__in=current)
        .select_related("division__parent")
        .order_by(
            _last_unless(folded__startswith=folded),
            _last_unless(division__parent__code=province_code),
            "division__sort_key",
            "division",
            "pk",
        )
    )
    for former in former_places[:_MAX_ROWS]:
        suggestion = suggestions.setdefault(former.division_id, Suggestion(former.division, ""))
        suggestion.former.append(former)
    return list(suggestions.values())


def _find_by_district(folded_text: str, day: datetime.date) -> list[Suggestion]:
    """Return communes with an area of the former district that the text names.

    If several districts match, the one with the whole name counts.
    """
    districts = [
        district
        for district in FormerPlace.objects.order_by().values_list("district", flat=True).distinct()
        if fold(district) == folded_text
    ]
    suggestions: dict[int, Suggestion] = {}
    former_places = FormerPlace.objects.filter(
        district__in=districts, division__in=Division.objects.current(day=day)
    )
    for former in former_places.select_related("division__parent").order_by("division__sort_key", "pk"):
        suggestion = suggestions.setdefault(former.division_id, Suggestion(former.division, ""))
        suggestion.former.append(former)
    return list(suggestions.values())


def _last_unless(**conditions: str) -> Case:
    return Case(When(**conditions, then=Value(0)), default=Value(1))


def _word_filter(column: str, word: str) -> Q:
    return Q(**{f"{column}__startswith": word}) | Q(**{f"{column}__contains": f" {word}"})
