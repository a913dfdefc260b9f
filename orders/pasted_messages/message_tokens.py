"""Split a pasted message into words, numbers and signs, and keep which of them were understood."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from shop.core.texts.folding import fold
from shop.core.texts.keyboards import decode_typed_word

MAX_MESSAGE_LENGTH = 4000
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+|\n|[^\w\s]|_")
_SEPARATORS = frozenset("\n,;+&|•*")


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or sign, with its place in the message. `folded` has no diacritics."""

    text: str
    folded: str
    start: int
    end: int
    is_glued: bool  # to the token before it, as in "3gói"

    @property
    def is_number(self) -> bool:
        """Whether it is written in digits."""
        return self.text[0].isdecimal()

    @property
    def is_word(self) -> bool:
        """Whether it is written in letters."""
        return self.text[0].isalpha()

    @property
    def is_separator(self) -> bool:
        """Whether a new piece of the message begins after it."""
        return self.text in _SEPARATORS

    @property
    def has_marks(self) -> bool:
        """Whether it was written with diacritics."""
        return self.text.lower() != self.folded


@dataclass(slots=True)
class Message:
    """A message as tokens. `uses` tells for each token what it was understood as, or ""."""

    text: str
    tokens: Sequence[Token]
    uses: list[str] = field(default_factory=list)

    @property
    def has_marks(self) -> bool:
        """Whether the person writes with diacritics."""
        return any(token.has_marks for token in self.tokens)

    def is_free(self, position: int) -> bool:
        return 0 <= position < len(self.tokens) and not self.uses[position]

    def use(self, first: int, last: int, purpose: str) -> None:
        """Mark the tokens from `first` up to but without `last`."""
        for position in range(first, last):
            self.uses[position] = purpose

    def written(self, first: int, last: int) -> str:
        """Return the text of the tokens from `first` up to but without `last`, on one line."""
        if first >= last:
            return ""
        return " ".join(self.text[self.tokens[first].start : self.tokens[last - 1].end].split())

    def position_after(self, first: int, phrases: Iterable[str]) -> int:
        """Return the position after the longest of the folded phrases that begins at `first`, or `first`."""
        longest = first
        for phrase in phrases:
            words = phrase.split()
            last = first + len(words)
            if last > longest and [token.folded for token in self.tokens[first:last]] == words:
                longest = last
        return longest

    def pieces(self) -> list[tuple[int, int]]:
        """Return the spans of tokens between separators and the ends of sentences."""
        spans: list[tuple[int, int]] = []
        first = 0
        for position in range(len(self.tokens) + 1):
            if position == len(self.tokens) or self.ends_piece(position):
                if position > first:
                    spans.append((first, position))
                first = position + 1
        return spans

    def ends_piece(self, position: int) -> bool:
        """Return whether the token separates pieces. A full stop does so before a space: not in "TP.HCM"."""
        token = self.tokens[position]
        if token.is_separator:
            return True
        followed = position + 1 < len(self.tokens) and self.tokens[position + 1].is_glued
        if token.text in ".!?":
            return not followed
        return token.text in "-–—/" and not followed and not token.is_glued


def split_message(text: str) -> Message:
    """Return a message of at most `MAX_MESSAGE_LENGTH` characters as tokens, none of them understood."""
    text = unicodedata.normalize("NFC", text[:MAX_MESSAGE_LENGTH]).replace("\r\n", "\n")
    tokens: list[Token] = []
    end = -1
    for match in _TOKEN.finditer(text):
        word = match.group()
        token = Token(
            text=word,
            folded=_fold_word(word),
            start=match.start(),
            end=match.end(),
            is_glued=match.start() == end,
        )
        tokens.append(token)
        end = match.end() if word != "\n" else -1
    return Message(text, tokens, [""] * len(tokens))


def _fold_word(word: str) -> str:
    """Fold a word. What was typed in Telex with the input method off is read as meant: "goij" is "goi"."""
    folded = fold(word) or word
    if not word.isalpha() or folded != word.lower() or len(folded) < 4:
        return folded
    decoded = decode_typed_word(folded)
    return fold(decoded) if decoded else folded
