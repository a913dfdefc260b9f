"""What a misspelt word may have been meant to be: a slip of one letter, or syllables written as one.

Trigrams, the usual way, are no help here: syllables are so short that "trnag" and "trang" share hardly any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catalog.models import KnownWord, Misspelling
from catalog.search.term_matching import Choice, Term, begun

SHORTEST = 3  # letters of a word that may be a slip of another
MOST_MEANT = 4  # words that one slip is taken for


def misspellings(word: str) -> set[str]:
    """What a slip of one letter in the word has in common with it: the word, and it without each letter."""
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}


def meant(words: Sequence[str]) -> list[list[list[str]]] | None:
    """For each word the phrases that it may stand for, the likeliest first; None where there is nothing new.

    A word that nothing begins with may be a slip or syllables in one; where all words are known and yet
    nothing holds them together, each may be a slip. Somebody who writes of more than half of several words
    what nobody sells looks for something else: nothing is made of that.
    """
    known = _known(words)
    unknown = [word for word in words if word not in known]
    parted = {word: parts for word in unknown if (parts := _parted(word))}
    if len(unknown) - len(parted) > max(1, len(words) // 2):
        return None
    doubtful = [word for word in unknown or words if len(word) >= SHORTEST]
    likely = _slips(doubtful)
    phrases: list[list[list[str]]] = []
    for word in words:
        others = [[each] for each in likely.get(word, ()) if each != word]
        if word in parted:
            others.insert(0, parted[word])
        phrases.append([*([[word]] if word in known else []), *others])
    if not all(phrases) or phrases == [[[word]] for word in words]:
        return None
    return phrases


def choices_of(phrases: Iterable[Sequence[Sequence[str]]]) -> list[Choice]:
    """What to look for where each word may stand for any of its phrases."""
    return [
        [[begun(word) if len(phrase) == 1 else Term(word) for word in phrase] for phrase in each]
        for each in phrases
    ]


def distance(one: str, other: str) -> int:
    """How many letters were left out, added, exchanged or swapped with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(other, 1):
            least = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                least = min(least, last[j - 2] + 1)
            row.append(least)
    return row[-1]


def _known(words: Sequence[str]) -> set[str]:
    """Those with which a word of the catalogue begins."""
    return {word for word in words if KnownWord.objects.filter(word__startswith=word).exists()}


def _slips(words: Sequence[str]) -> dict[str, list[str]]:
    """Known words that these may be slips of: the nearest first, of equally near ones the commonest."""
    left = {word: misspellings(word) for word in words}
    rows = Misspelling.objects.filter(left__in=set().union(*left.values())).values_list(
        "left", "word__word", "word__goods"
    )
    found: dict[str, dict[str, tuple[int, int]]] = {word: {} for word in words}
    for rest, other, goods in rows:
        for word in words:
            if rest in left[word]:
                found[word][other] = (distance(word, other), -goods)
    return {
        word: [each for each, _rank in sorted(others.items(), key=lambda item: (item[1], item[0]))][
            :MOST_MEANT
        ]
        for word, others in found.items()
    }


def _parted(word: str) -> list[str]:
    """The fewest known words that make up this one, one after another; nothing where there are none."""
    pieces = {word[i:j] for i in range(len(word)) for j in range(i + 1, len(word) + 1)}
    known = set(KnownWord.objects.filter(word__in=pieces).values_list("word", flat=True))
    best: list[list[str] | None] = [[]]
    for end in range(1, len(word) + 1):
        ways = [
            [*before, word[start:end]]
            for start, before in enumerate(best)
            if before is not None and word[start:end] in known
        ]
        best.append(min(ways, key=len, default=None))
    return best[-1] or []
