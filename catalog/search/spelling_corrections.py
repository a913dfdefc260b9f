"""Spelling corrections: one-letter typos, and syllables written without a space.

Trigrams do not help here: Vietnamese syllables are so short that "trnag" and "trang" share hardly any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catalog.models import KnownWord, Misspelling
from catalog.search.term_matching import Choice, Term, prefix_term

MIN_WORD_LENGTH = 3  # shorter words are not corrected
MAX_CORRECTIONS = 4  # corrections considered for one word


def deletion_variants(word: str) -> set[str]:
    """The word itself and the word without each of its letters, for matching one-letter typos."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def correct_words(words: Sequence[str]) -> list[list[list[str]]] | None:
    """Possible phrases for each word, the likeliest first; None if there is nothing to correct.

    An unknown word may be a typo or joined syllables. If all words are known but no product has all of them,
    any of them may be a typo. If more than half of several words are unknown, nothing is corrected: the buyer
    wants something not sold here.
    """
    known = _known_words(words)
    unknown = [word for word in words if word not in known]
    split_words = {word: parts for word in unknown if (parts := _split_into_known_words(word))}
    if len(unknown) - len(split_words) > max(1, len(words) // 2):
        return None
    doubtful = [word for word in unknown or words if len(word) >= MIN_WORD_LENGTH]
    likely = _typo_candidates(doubtful)
    phrases: list[list[list[str]]] = []
    for word in words:
        others = [[each] for each in likely.get(word, ()) if each != word]
        if word in split_words:
            others.insert(0, split_words[word])
        phrases.append([*([[word]] if word in known else []), *others])
    if not all(phrases) or phrases == [[[word]] for word in words]:
        return None
    return phrases


def search_choices(phrases: Iterable[Sequence[Sequence[str]]]) -> list[Choice]:
    """Search choices in which each word may be any of its phrases."""
    return [
        [[prefix_term(word) if len(phrase) == 1 else Term(word) for word in phrase] for phrase in each]
        for each in phrases
    ]


def edit_distance(one: str, other: str) -> int:
    """Damerau-Levenshtein distance (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, requested in enumerate(other, 1):
            least = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != requested))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == requested:
                least = min(least, last[j - 2] + 1)
            row.append(least)
    return row[-1]


def _known_words(words: Sequence[str]) -> set[str]:
    """The words that are a prefix of a word in the catalogue."""
    return {word for word in words if KnownWord.objects.filter(word__startswith=word).exists()}


def _typo_candidates(words: Sequence[str]) -> dict[str, list[str]]:
    """Known words within one typo: by distance, then by frequency."""
    left = {word: deletion_variants(word) for word in words}
    rows = Misspelling.objects.filter(left__in=set().union(*left.values())).values_list(
        "left", "word__word", "word__goods"
    )
    candidates: dict[str, dict[str, tuple[int, int]]] = {word: {} for word in words}
    for remainder, other, product_count in rows:
        for word in words:
            if remainder in left[word]:
                candidates[word][other] = (edit_distance(word, other), -product_count)
    return {
        word: [each for each, _rank in sorted(others.items(), key=lambda item: (item[1], item[0]))][
            :MAX_CORRECTIONS
        ]
        for word, others in candidates.items()
    }


def _split_into_known_words(word: str) -> list[str]:
    """The fewest known words whose concatenation is this word; empty if impossible."""
    pieces = {word[i:j] for i in range(len(word)) for j in range(i + 1, len(word) + 1)}
    known = set(KnownWord.objects.filter(word__in=pieces).values_list("word", flat=True))
    best: list[list[str] | None] = [[]]
    for end in range(1, len(word) + 1):
        splits = [
            [*before, word[start:end]]
            for start, before in enumerate(best)
            if before is not None and word[start:end] in known
        ]
        best.append(min(splits, key=len, default=None))
    return best[-1] or []
