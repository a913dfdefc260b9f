"""Match words of a message to the names of the goods that a seller has."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from orders.pasted_messages.message_tokens import Token
from shop.core.texts.folding import folded_words, marked_word, words_with_diacritics
from shop.core.texts.keyboards import is_typing_error

_MIN_LETTERS_WITH_TYPING_ERROR = 4
_HEADLESS_PENALTY = 0.5
_ERROR_PENALTY = 0.25
_VARIANT_WORD_SCORE = 0.9
_MAX_DISTINCTIVE = 2  # products with a word that may stand for the whole name


@dataclass(frozen=True, slots=True)
class SoldVariant:
    """A variant as messages are matched to it. `price` is in minor units, and None if it has none."""

    variant_id: int
    product_id: int
    product: str
    name: str
    unit: str
    grams: int | None = None
    millilitres: int | None = None
    count: int | None = None
    count_unit: str = ""
    price: int | None = None


@dataclass(frozen=True, slots=True)
class NameWord:
    """A word of a name: folded, and with its diacritics."""

    folded: str
    marked: str

    def score(self, token: Token, *, is_exact_word: bool = False) -> float:
        """Return 1 if the token is the word, less with a typing error, and 0 if it is another one.

        A token without diacritics may be any word that folds alike. One that is a word of the catalogue
        itself (`is_exact_word`) has no typing error.
        """
        if token.folded == self.folded:
            same_marks = not token.has_marks or str(marked_word(token.text)) == self.marked
            return 1 if same_marks else _ERROR_PENALTY
        if is_exact_word:
            return 0
        is_long = min(len(token.folded), len(self.folded)) >= _MIN_LETTERS_WITH_TYPING_ERROR
        if is_long and is_typing_error(token.folded, self.folded):
            return 1 - _ERROR_PENALTY
        return 0


@dataclass(frozen=True, slots=True)
class NamedProduct:
    """A product with each way to say its name, by the market's synonyms, and its variants."""

    names: Sequence[Sequence[NameWord]]
    variants: Sequence[SoldVariant]


@dataclass(frozen=True, slots=True)
class NameMatch:
    """A product that words of a message name, and the positions of these words among them."""

    product: NamedProduct
    score: float
    variant_scores: Mapping[int, float]
    positions: frozenset[int]
    has_head: bool


@dataclass(frozen=True)
class GoodsCatalogue:
    """What a seller sells, and the market's synonym sets, each of phrases.

    `codes` are those of a livestream, in capitals: "M12" for a variant's id.
    """

    variants: Sequence[SoldVariant]
    synonyms: Sequence[Sequence[str]] = field(default=())
    codes: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def products(self) -> Sequence[NamedProduct]:
        by_product: dict[int, list[SoldVariant]] = {}
        for variant in self.variants:
            by_product.setdefault(variant.product_id, []).append(variant)
        return [NamedProduct(self._names(variants[0].product), variants) for variants in by_product.values()]

    @cached_property
    def heads(self) -> frozenset[str]:
        """The folded first words of names."""
        return frozenset(name[0].folded for product in self.products for name in product.names if name)

    @cached_property
    def words(self) -> frozenset[str]:
        """All folded words of names of products and variants."""
        in_products = {word.folded for row in self.products for name in row.names for word in name}
        in_variants = {word for variant in self.variants for word in folded_words(variant.name)}
        return frozenset(in_products | in_variants)

    @cached_property
    def written_words(self) -> frozenset[str]:
        """All words of names as written, in lower case."""
        in_names = {
            word for row in self.variants for word in words_with_diacritics(f"{row.product} {row.name}")
        }
        in_synonyms = {word for row in self.synonyms for text in row for word in words_with_diacritics(text)}
        return frozenset(in_names | in_synonyms)

    @cached_property
    def product_counts(self) -> Mapping[str, int]:
        """How many products have a word in their name."""
        counts: dict[str, int] = {}
        for product in self.products:
            for word in {word.folded for name in product.names for word in name}:
                counts[word] = counts.get(word, 0) + 1
        return counts

    def variant_of_code(self, code: str) -> SoldVariant | None:
        """Return the variant that a code of the livestream stands for."""
        variant_id = self.codes.get(code.upper())
        return next((row for row in self.variants if row.variant_id == variant_id), None)

    def find_products(self, tokens: Sequence[Token]) -> list[list[NameMatch]]:
        """Return the products that fit the words, in groups that fit alike, the best first."""
        matches = [match for product in self.products if (match := self._match(product, tokens))]
        scores = sorted({match.score for match in matches}, reverse=True)
        return [[match for match in matches if match.score == score] for score in scores]

    def is_known(self, token: Token) -> bool:
        """Return whether the word may be of a product's or variant's name."""
        return token.folded in self.words or any(
            word.score(token) >= 1 - _ERROR_PENALTY
            for product in self.products
            for name in product.names
            for word in name
        )

    def is_head(self, token: Token) -> bool:
        """Return whether a product's name begins with the word."""
        return token.folded in self.heads

    def _names(self, name: str) -> list[list[NameWord]]:
        words = name_words(name)
        names = [words]
        for phrases in self.synonyms:
            for phrase in phrases:
                typed = name_words(phrase)
                for first in range(len(words) - len(typed) + 1):
                    if words[first : first + len(typed)] == typed:
                        names += [
                            [*words[:first], *name_words(other), *words[first + len(typed) :]]
                            for other in phrases
                            if other != phrase
                        ]
        return names

    def _match(self, product: NamedProduct, tokens: Sequence[Token]) -> NameMatch | None:
        best: NameMatch | None = None
        for name in product.names:
            match = self._match_name(product, name, tokens)
            if match is not None and (best is None or match.score > best.score):
                best = match
        return best

    def _match_name(
        self, product: NamedProduct, name: Sequence[NameWord], tokens: Sequence[Token]
    ) -> NameMatch | None:
        score, positions, has_head, matched_words = 0.0, set[int](), False, list[str]()
        for index, word in enumerate(name):
            found = self._best_position(word, tokens, positions)
            if found is None:
                continue
            position, word_score = found
            score += word_score
            positions.add(position)
            matched_words.append(word.folded)
            has_head = has_head or index == 0
        if not positions or score < 1 - _ERROR_PENALTY:
            return None
        is_distinctive = any(self.product_counts[word] <= _MAX_DISTINCTIVE for word in matched_words)
        if not has_head and len(positions) < 2 and not is_distinctive:
            return None
        variant_scores: dict[int, float] = {}
        variant_positions: set[int] = set()
        for variant in product.variants:
            variant_score = 0.0
            own_positions: set[int] = set()
            for word in name_words(variant.name):
                found = self._best_position(word, tokens, own_positions)
                if found is not None and not word.folded.isdecimal():
                    variant_score += found[1] * (1 if found[0] not in positions else 0.5)
                    own_positions.add(found[0])
            variant_scores[variant.variant_id] = variant_score
            variant_positions |= own_positions
        score += _VARIANT_WORD_SCORE * len(variant_positions - positions)
        return NameMatch(
            product=product,
            score=score - (0 if has_head else _HEADLESS_PENALTY),
            variant_scores=variant_scores,
            positions=frozenset(positions | variant_positions),
            has_head=has_head,
        )

    def _best_position(
        self, word: NameWord, tokens: Sequence[Token], used: Collection[int]
    ) -> tuple[int, float] | None:
        scores = [
            (word.score(token, is_exact_word=token.folded in self.words), -position)
            for position, token in enumerate(tokens)
            if position not in used
        ]
        score, position = max(scores, default=(0.0, 0))
        return (-position, score) if score else None


def name_words(name: str) -> list[NameWord]:
    """Return the words of a name."""
    return [
        NameWord(folded, str(marked_word(marked)))
        for folded, marked in zip(folded_words(name), words_with_diacritics(name), strict=False)
    ]
