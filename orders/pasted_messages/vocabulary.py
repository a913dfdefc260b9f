"""Read the words that messages are made of."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from orders.pasted_messages.message_tokens import Message, Token
from shop.core.texts.folding import fold

_FILE = Path(__file__).parent / "data" / "vocabulary.toml"


@dataclass(frozen=True, slots=True)
class Phrases:
    """Words and phrases with their diacritics. A word without any diacritics may be one of them."""

    marked: frozenset[tuple[str, ...]]
    longest: int

    @classmethod
    def from_texts(cls, texts: Sequence[str]) -> Phrases:
        phrases = frozenset(tuple(text.split()) for text in texts)
        return cls(phrases, max(map(len, phrases)))

    @property
    def folded(self) -> frozenset[tuple[str, ...]]:
        """The phrases without diacritics."""
        return _folded_phrases(self.marked)

    def has(self, token: Token) -> bool:
        """Return whether a single word is one of them."""
        return (token.text.lower(),) in self.marked or (
            not token.has_marks and (token.folded,) in self.folded
        )

    def position_after(self, message: Message, first: int) -> int:
        """Return the position after the longest phrase that begins at a token, or `first`."""
        for last in range(min(first + self.longest, len(message.tokens)), first, -1):
            tokens = message.tokens[first:last]
            written = tuple(token.text.lower() for token in tokens)
            is_bare = not any(token.has_marks for token in tokens)
            if written in self.marked or (is_bare and written in self.folded):
                return last
        return first


@cache
def _folded_phrases(phrases: frozenset[tuple[str, ...]]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(fold(word) for word in phrase) for phrase in phrases)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words by meaning. `packs` gives sales units, and `similar_units` those people mix up."""

    name_label: str
    numbers: Mapping[str, int]
    number_words: frozenset[str]
    dozen_words: frozenset[str]
    pairs: frozenset[str]
    not_units: frozenset[str]
    grams: Mapping[str, int]
    millilitres: Mapping[str, int]
    packs: Mapping[str, frozenset[str]]
    similar_units: Mapping[str, frozenset[str]]
    money: Mapping[str, int]
    labels: Mapping[str, Sequence[str]]
    note_cues: Phrases
    payments: Mapping[str, Sequence[str]]
    fillers: frozenset[str]
    kin: Phrases
    capital_kin: frozenset[str]
    name_cues: Phrases
    family_names: Phrases
    middle_names: frozenset[str]
    street_words: Phrases
    only_marked_streets: frozenset[str]
    address_starts: Phrases
    provinces: Mapping[str, Sequence[str]]
    qualities: frozenset[str]

    def is_kin(self, token: Token) -> bool:
        """Return whether a word is a form of address before a name."""
        if not self.kin.has(token):
            return False
        return token.has_marks or token.text.islower() or token.folded in self.capital_kin

    def is_street_word(self, message: Message, position: int) -> bool:
        """Return whether a street, hamlet or house is named from a token on."""
        token = message.tokens[position]
        if not token.has_marks and token.folded in self.only_marked_streets:
            return False
        return self.street_words.position_after(message, position) > position


@cache
def read_vocabulary() -> Vocabulary:
    """Return the vocabulary of the data file."""
    with _FILE.open("rb") as file:
        table = tomllib.load(file)
    multipliers = {"thousand": 1000, "million": 1_000_000, "plain": 1}
    return Vocabulary(
        name_label=table["name_label"],
        numbers=table["numbers"],
        number_words=frozenset(table["number_words"]),
        dozen_words=frozenset(table["dozen_words"]),
        pairs=frozenset(table["pairs"]),
        not_units=frozenset(table["not_units"].split()),
        grams=table["grams"],
        millilitres=table["millilitres"],
        packs={word: frozenset(units.split()) for word, units in table["packs"].items()},
        similar_units={unit: frozenset(group) for group in table["similar_units"] for unit in group},
        money={word: multipliers[name] for name, words in table["money"].items() for word in words},
        labels=table["labels"],
        note_cues=Phrases.from_texts(table["notes"]["cues"]),
        payments=table["payments"],
        fillers=frozenset(table["fillers"]["words"]),
        kin=Phrases.from_texts(table["kin"]["words"]),
        capital_kin=frozenset(table["kin"]["capital"]),
        name_cues=Phrases.from_texts(table["name_cues"]["words"]),
        family_names=Phrases.from_texts(table["family_names"]["words"]),
        middle_names=frozenset(table["family_names"]["middle"]),
        street_words=Phrases.from_texts(table["street"]["words"]),
        only_marked_streets=frozenset(table["street"]["only_with_marks"]),
        address_starts=Phrases.from_texts(table["street"]["starts"]),
        provinces=table["provinces"],
        qualities=frozenset(table["qualities"]["words"]),
    )
