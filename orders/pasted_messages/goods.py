"""Read the goods of a message, each with the variants and quantities that it may mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from orders.pasted_messages.goods_names import GoodsCatalogue, NamedProduct, NameMatch, SoldVariant
from orders.pasted_messages.goods_options import Doubt, GoodsOption, goods_options, has_fit
from orders.pasted_messages.message_tokens import Message, Token
from orders.pasted_messages.quantities import Amount, read_amount, read_price
from orders.pasted_messages.vocabulary import read_vocabulary

_MAX_OPTIONS = 12
_CONJUNCTIONS = frozenset({"va", "voi", "vs", "cung", "them"})


@dataclass(frozen=True, slots=True)
class ReadGoods:
    """Goods of a message as written, what they may be, and why a person has to look.

    Without doubts there is one option.
    """

    text: str
    options: Sequence[GoodsOption]
    doubts: frozenset[Doubt]

    @property
    def is_certain(self) -> bool:
        """Whether the goods and the quantity are beyond doubt."""
        return not self.doubts


@dataclass(slots=True)
class _Item:
    """Words and amounts that belong together while a message is read."""

    words: list[int] = field(default_factory=list)
    before: list[Amount] = field(default_factory=list)
    after: list[Amount] = field(default_factory=list)
    used: list[tuple[int, int]] = field(default_factory=list)  # amounts and prices, as spans
    price: int | None = None
    unit_words: list[int] = field(default_factory=list)  # tokens of units that are also words of names
    coded: SoldVariant | None = None  # the variant that a code of a livestream stands for

    @property
    def amounts(self) -> list[Amount]:
        return self.before + self.after

    @property
    def is_empty(self) -> bool:
        return not (self.words or self.amounts or self.coded)

    def takes(self, amount: Amount, *, is_name_next: bool) -> bool:
        """Return whether a further amount tells more of these goods, and does not begin the next ones."""
        if not (self.words or self.coded) or not self.amounts:
            return True
        if is_name_next and self.before:
            return False
        has_measure = any(known.is_measure for known in self.amounts)
        has_count = any(known.count for known in self.amounts)
        if amount.is_measure:
            return not has_measure and has_count
        if amount.is_multiplier:
            return not any(known.is_multiplier for known in self.amounts)
        return not has_count or (not has_measure and len(self.amounts) == 1)

    def continues(self, other: _Item) -> bool:
        """Return whether it holds only amounts, which tell more of the goods of the piece before."""
        if self.words or self.coded or not self.amounts or not (other.words or other.coded):
            return False
        return not other.amounts or all(other.takes(amount, is_name_next=False) for amount in self.amounts)

    def repeats(self, other: _Item) -> bool:
        """Return whether it asks for another pack of the goods before: ", 1 hũ 200 g"."""
        has_pack = any(amount.units for amount in self.amounts)
        return bool(not self.words and other.words and other.amounts and len(self.amounts) > 1 and has_pack)


def read_goods(message: Message, catalogue: GoodsCatalogue) -> list[ReadGoods]:
    """Return the goods of a message in its order, and mark what was understood."""
    items: list[_Item] = []
    for first, last in message.pieces():
        new_items = _split_items(message, catalogue, first, last)
        if items and new_items and new_items[0].continues(items[-1]):
            continued = new_items.pop(0)  # "chè Shan tuyết - 2 gói"
            items[-1].after += continued.amounts
            items[-1].used += continued.used
        elif items and new_items and new_items[0].repeats(items[-1]):
            new_items[0].words = list(items[-1].words)
        items += new_items
    read = [_read_item(message, catalogue, item) for item in items]
    return [goods for goods in read if goods is not None]


def _split_items(message: Message, catalogue: GoodsCatalogue, first: int, last: int) -> list[_Item]:
    items: list[_Item] = []
    item = _Item()
    position = first
    while position < last:
        if not message.is_free(position):
            if not item.is_empty:
                items.append(item)
                item = _Item()
            position += 1
            continue
        code = _read_code(message, catalogue, position)
        if code is not None:
            if item.words or item.coded:
                items.append(item)
                item = _Item()
            item.coded = code[0]
            item.used.append((position, code[1]))
            position = code[1]
            continue
        price = read_price(message, position)
        if price is not None:
            item.price = price[0]
            item.used.append((position, price[1]))
            message.use(position, price[1], "price")
            position = price[1]
            continue
        if _is_list_number(message, position, first):
            message.use(position, position + 2, "list number")
            position += 2
            continue
        amount = _read_count_of_code(message, catalogue, position) or read_amount(message, position)
        if amount is not None and amount[1] <= last:
            is_name_next = _is_name_next(message, catalogue, amount[1], last)
            is_prose = is_name_next and not item.amounts and not _has_known_word(message, catalogue, item)
            is_prose = is_prose and item.coded is None
            if is_prose or not item.takes(amount[0], is_name_next=is_name_next):
                items.append(item)
                item = _Item()
            (item.after if item.words or item.coded else item.before).append(amount[0])
            item.used.append((position, amount[1]))
            if (unit := amount[0].unit_position) is not None and message.tokens[
                unit
            ].folded in catalogue.words:
                item.unit_words.append(unit)
            position = amount[1]
            continue
        token = message.tokens[position]
        if token.folded in _CONJUNCTIONS and item.words and item.amounts:
            items.append(item)
            item = _Item()
        elif _is_name_word(message, token, catalogue, item):
            if item.words and item.after and (catalogue.is_head(token) or not catalogue.is_known(token)):
                items.append(item)
                item = _Item()
            item.words.append(position)
        position += 1
    if not item.is_empty:
        items.append(item)
    return items


def _read_code(message: Message, catalogue: GoodsCatalogue, first: int) -> tuple[SoldVariant, int] | None:
    """Return the variant of a livestream's code that begins at a token, and the position after it."""
    tokens = message.tokens
    follows_word = first > 0 and (tokens[first - 1].is_word or tokens[first - 1].is_number)
    if not catalogue.codes or (tokens[first].is_glued and follows_word):
        return None
    last = first + 1
    while last < len(tokens) and tokens[last].is_glued and (tokens[last].is_word or tokens[last].is_number):
        last += 1
    for end in range(last, first, -1):  # "m12x2" is M12, twice
        variant = catalogue.variant_of_code("".join(token.text for token in tokens[first:end]))
        if variant is not None:
            return variant, end
    return None


def _read_count_of_code(
    message: Message, catalogue: GoodsCatalogue, position: int
) -> tuple[Amount, int] | None:
    """Return the count before a code. "1 g1" is one of G1, and no gram."""
    token = message.tokens[position]
    is_before = position + 1 < len(message.tokens) and message.is_free(position + 1)
    if not (token.text.isdecimal() and len(token.text) < 5 and int(token.text) and is_before):
        return None
    if _read_code(message, catalogue, position + 1) is None:
        return None
    return Amount(count=Fraction(int(token.text))), position + 1


def _is_name_word(message: Message, token: Token, catalogue: GoodsCatalogue, item: _Item) -> bool:
    """Return whether a word may be of the goods' name. A common word is so only after another one."""
    if not token.is_word:
        return False
    vocabulary = read_vocabulary()
    if token.folded in vocabulary.fillers:
        is_same_word = not message.has_marks or token.text.lower() in catalogue.written_words
        return token.folded in catalogue.words and is_same_word and bool(item.words or item.unit_words)
    return token.folded in catalogue.words or token.folded not in vocabulary.packs


def _has_known_word(message: Message, catalogue: GoodsCatalogue, item: _Item) -> bool:
    return any(catalogue.is_known(message.tokens[position]) for position in item.words)


def _is_name_next(message: Message, catalogue: GoodsCatalogue, position: int, last: int) -> bool:
    """Return whether the next word that says something begins a name."""
    vocabulary = read_vocabulary()
    while position < last and message.is_free(position):
        token = message.tokens[position]
        if token.folded in _CONJUNCTIONS:
            return False
        if _read_code(message, catalogue, position) is not None:
            return True
        if token.is_word and catalogue.is_head(token) and token.folded not in vocabulary.fillers:
            return True
        if token.is_word and token.folded not in vocabulary.fillers and token.folded not in vocabulary.packs:
            return False
        if token.is_number:
            return False
        position += 1
    return False


def _is_list_number(message: Message, position: int, first: int) -> bool:
    """Return whether a number only numbers a line: "1. miến dong", "2) mật ong"."""
    tokens = message.tokens
    if position != first or not tokens[position].is_number or position + 1 >= len(tokens):
        return False
    starts_line = position == 0 or tokens[position - 1].text == "\n"
    return starts_line and tokens[position + 1].text in (".", ")") and tokens[position + 1].is_glued


def _read_item(message: Message, catalogue: GoodsCatalogue, item: _Item) -> ReadGoods | None:
    if item.coded is not None:
        return _read_coded(message, item, item.coded)
    tokens, vocabulary = message.tokens, read_vocabulary()
    groups = _find_groups(message, catalogue, item)
    named = {item.words[index] for match in (groups[0] if groups else ()) for index in match.positions}
    strange = [
        position
        for position in item.words
        if position not in named
        and tokens[position].folded not in vocabulary.qualities
        and tokens[position].folded not in vocabulary.fillers
    ]
    if not groups:
        is_order = any(row.units or row.is_measure or row.is_multiplier for row in item.amounts)
        if not is_order or not strange:
            return None
        text = _use(message, item, set(strange))
        return ReadGoods(text, (), frozenset({Doubt.UNKNOWN_GOODS}))
    is_bare = all(not (row.units or row.is_measure or row.is_multiplier) for row in item.amounts)
    if is_bare and any(_is_proper_name(message, position) for position in strange):
        return None  # "5 Cát Bi" is a street
    if not item.amounts and not (len(named) > 1 and any(match.has_head for match in groups[0])):
        return None
    may_be_other = any(amount.units for amount in item.amounts)  # "2 hũ nghệ" is no fresh root
    fitting = (
        next((group for group in groups if has_fit(group, item.amounts)), None) if may_be_other else None
    )
    if fitting is not None and not named <= {item.words[at] for match in fitting for at in match.positions}:
        fitting = None
    options, doubts = goods_options(fitting or groups[0], item.amounts, item.price)
    if fitting is not None and fitting is not groups[0]:
        doubts.add(Doubt.OTHER_NAME)
        named = {item.words[index] for match in fitting for index in match.positions}
    text = _use(message, item, named)
    if any(abs(position - other) <= 1 for position in strange for other in named):
        doubts.add(Doubt.EXTRA_WORDS)
    return ReadGoods(text, tuple(options[:_MAX_OPTIONS]), frozenset(doubts))


def _read_coded(message: Message, item: _Item, variant: SoldVariant) -> ReadGoods:
    """Read goods that a code names. A code alone asks for one."""
    match = NameMatch(
        product=NamedProduct((), [variant]),
        score=1,
        variant_scores={variant.variant_id: 0},
        positions=frozenset(),
        has_head=True,
    )
    amounts = item.amounts or [Amount(count=Fraction(1))]
    options, doubts = goods_options([match], amounts, item.price)
    return ReadGoods(_use(message, item, set()), tuple(options), frozenset(doubts))


def _is_proper_name(message: Message, position: int) -> bool:
    text = message.tokens[position].text
    return (
        position > 0
        and message.tokens[position - 1].text != "\n"
        and text[0].isupper()
        and not text.isupper()
    )


def _find_groups(message: Message, catalogue: GoodsCatalogue, item: _Item) -> list[list[NameMatch]]:
    """Return the products that the words name. A unit may be part of the name: "1 bao thai", "2 goi co"."""
    groups = catalogue.find_products([message.tokens[position] for position in item.words])
    if groups or not item.unit_words:
        return groups
    words = sorted({*item.words, *item.unit_words})
    groups = catalogue.find_products([message.tokens[position] for position in words])
    used = {words[index] for match in (groups[0] if groups else ()) for index in match.positions}
    taken = [position for position in item.unit_words if position in used]
    if taken:
        item.words = words
        item.before = [_without_unit(amount, taken) for amount in item.before]
        item.after = [_without_unit(amount, taken) for amount in item.after]
    return groups if taken else []


def _without_unit(amount: Amount, positions: Sequence[int]) -> Amount:
    return replace(amount, units=frozenset()) if amount.unit_position in positions else amount


def _use(message: Message, item: _Item, words: set[int]) -> str:
    """Mark what an item was read from, and return it as written."""
    spans = [*item.used, *((position, position + 1) for position in words)]
    for first, last in spans:
        message.use(first, last, "goods")
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    for position in range(first, last):
        vocabulary, token = read_vocabulary(), message.tokens[position]
        if message.is_free(position) and (
            token.folded in vocabulary.packs
            or token.folded in vocabulary.fillers
            or token.folded in vocabulary.qualities
            or not token.is_word
        ):
            message.use(position, position + 1, "goods")
    return message.written(first, last)
