"""Words that the search index holds for a product, with prefixes that tell where they occur.

The columns of a product hold folded words. A word behind MARKED has its diacritics. Neighbouring words are
also joined: "caphe" finds "cà phê".

`search_name` has the words of the name without a prefix. It has the first word of the name behind FIRST.
Behind SUBJECT it has the words of the origin, of the seller's place, and of a category of one kind of goods.

`catalog.models.product.Product.search_text` has all of these and the seller's name without a prefix. It has
the words of a category of several kinds behind CATEGORY, the ingredients behind INGREDIENT, the names of the
options behind OPTION, and joined neighbours of the description behind MENTIONED.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from shop.core.texts.folding import fold, folded_words, marked_word, search_words, words_with_diacritics

# The prefixes are not ASCII, because SQLite's tokenizer splits words at ASCII separators.
MARKED, FIRST, SUBJECT, CATEGORY, INGREDIENT, OPTION, MENTIONED = "·", "⊢", "¦", "‡", "◦", "◇", "†"
_PUNCTUATION = re.compile(r"[.,;:!?()/]+")
_SEVERAL_KINDS = re.compile(r",|\bva\b")  # in a folded category name: "Gạo, miến", "Gà và trứng"


@dataclass(frozen=True, slots=True)
class IndexedTexts:
    """The texts of a product that searches read.

    `places` are its origin and its seller's place, `options` the names of its variants.
    """

    name: str
    seller: str
    category: str
    places: tuple[str, ...]
    ingredients: str
    description: str
    options: tuple[str, ...] = ()

    def name_column(self) -> str:
        """Return the text of the column `search_name`."""
        first = [FIRST + word for word in _all_words(self.name.partition(" ")[0])]
        subjects = self.places if self._has_several_kinds() else (self.category, *self.places)
        return _join_distinct(_all_words(self.name), first, _with_prefix(SUBJECT, *subjects))

    def text_column(self) -> str:
        """Return the text of the column `catalog.models.product.Product.search_text`."""
        texts = [self.name, *self.places, self.seller]
        if not self._has_several_kinds():
            texts.append(self.category)
        return _join_distinct(
            _all_words(*texts),
            _with_prefix(CATEGORY, self.category) if self._has_several_kinds() else (),
            _with_prefix(INGREDIENT, self.ingredients),
            _with_prefix(OPTION, *self.options),
            _joined_neighbours(MENTIONED, self.description),
        )

    def _has_several_kinds(self) -> bool:
        return bool(_SEVERAL_KINDS.search(fold(self.category)))


def plain_name_words(search_name: str) -> set[str]:
    """Return the folded words of a column `search_name`, with joined neighbours."""
    words = {word.removeprefix(SUBJECT) for word in search_name.split()}
    return {word for word in words if word.isascii()}


def _all_words(*texts: str) -> list[str]:
    """Return the words of texts, folded, joined, and with their diacritics."""
    marked = [MARKED + str(marked_word(word)) for text in texts for word in words_with_diacritics(text)]
    return [*search_words(*texts).split(), *marked]


def _joined_neighbours(prefix: str, text: str) -> list[str]:
    """Return joined neighbouring words, none of them across a comma or a full stop."""
    parts = map(folded_words, _PUNCTUATION.split(text))
    return [prefix + first + second for words in parts for first, second in pairwise(words)]


def _with_prefix(prefix: str, *texts: str) -> list[str]:
    return [prefix + word for word in _all_words(*texts)]


def _join_distinct(*lists: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(word for words in lists for word in words))
